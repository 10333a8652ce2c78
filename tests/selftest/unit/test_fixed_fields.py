"""An object that is applied again may change, but for the fields that the API server holds fixed."""

import pytest

from canary_conformance.paths import MANIFESTS
from tests.selftest.changed_manifests import changed, failed, results_of, unjudged, words_of
from tests.selftest.manifest_files import EVERYONE, FIRST, LAST

LISTED = "configured:\n          - VirtualService/voting-app\n"
LISTED += "        wait_for: routes\n      - apply: istio/step-5"


def again(file: str, ref: str, *edits: tuple[str, str]) -> dict[str, bytes]:
    """Return an overlay in which stage 5 applies an object of an earlier file once more, edited."""
    kind, _, name = ref.partition("/")
    documents = (MANIFESTS / file).read_text().split("---\n")
    text = next(one for one in documents if f"kind: {kind}\nmetadata:\n  name: {name}\n" in one)
    for old, new in edits:
        assert old in text
        text = text.replace(old, new, 1)
    everyone = f"{(MANIFESTS / EVERYONE).read_text()}---\n{text}".encode()
    listed = LISTED.replace("VirtualService/voting-app\n", f"VirtualService/voting-app\n          - {ref}\n")
    return {EVERYONE: everyone, **changed("scenario.yaml", LISTED, listed)}


LABELS = "    matchLabels:\n      app: voting-app\n"
APP, CLAIM, SECRET = (
    "Deployment/voting-app-2-0",
    "PersistentVolumeClaim/mysql-pv-claim",
    "Secret/voting-storage-secret",
)


@pytest.mark.parametrize(
    ("ref", "edit", "field"),
    [
        (APP, (f"{LABELS}      version: \"2.0\"\n", LABELS), "spec.selector"),
        (CLAIM, ("ReadWriteOnce", "ReadWriteOncePod"), "spec.accessModes"),
        (SECRET, ("type: Opaque", "type: example.com/account"), "type"),
    ],
)  # fmt: skip
def test_a_field_that_never_changes_is_refused(ref: str, edit: tuple[str, str], field: str) -> None:
    results = results_of(again(LAST, ref, edit))
    assert "R0.1" in failed(results)
    assert f"{ref} {field} is another than before" in words_of(results, "R0.1")


def test_whether_a_claim_may_grow_is_not_known() -> None:
    results = results_of(again(LAST, CLAIM, ("storage: 1Gi", "storage: 2Gi")))
    assert "R0.1" in unjudged(results)
    assert failed(results) == set()


def test_other_changes_are_taken() -> None:
    results = results_of(again(LAST, APP, ("  replicas: 3\n", "  replicas: 3\n  revisionHistoryLimit: 2\n")))
    assert (failed(results), unjudged(results)) == (set(), set())


def test_a_stage_that_does_not_wait_for_the_pods_that_it_changes_fails() -> None:
    results = results_of(again(LAST, APP, ("voting-app:2.0", "voting-app:1.0")))
    assert "the stage ends before its new pods are ready" in words_of(results, "R5.3")
    assert "R5.3" in failed(results)


def test_a_store_that_is_applied_again_unchanged_is_not_waited_for() -> None:
    text = (MANIFESTS / EVERYONE).read_text() + "---\n" + (MANIFESTS / FIRST).read_text().split("---\n")[0]
    assert failed(results_of({EVERYONE: text.encode()})) == set()
