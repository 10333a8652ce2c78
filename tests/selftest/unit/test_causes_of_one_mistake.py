"""An everyday mistake in the manifests is one cause, at the line to change, of all that fails by it."""

import pytest

from canary_conformance.paths import MANIFESTS
from canary_conformance.report.failure_causes import failed_by_cause
from canary_conformance.report.run_record import Outcome, TestRecord
from canary_conformance.scenario.places import Finding
from tests.selftest.manifest_files import FIRST, LAST, LOCK, ROUTING
from tests.selftest.unit.test_manifest_causes import causes, mistaken

EVERYONE_ELSE = "            subset: v1-0\n            port:\n              number: 8080\n"
LEAK = (
    f"{EVERYONE_ELSE}          weight: 95\n        - destination:\n            host: voting-app\n"
    "            subset: v2-0\n            port:\n              number: 8080\n          weight: 5\n"
)
RULE = "kind: DestinationRule\nmetadata:\n  name: voting-analytics\n"


def grouped(found: dict[str, tuple[Finding, ...]]) -> list[Finding | None]:
    """The causes as a run lists them."""
    records = [
        TestRecord(node, ("R0.1",), 1, Outcome.FAILED, (), node, 0.0, causes=each)
        for node, each in found.items()
    ]
    return [one.finding for one in failed_by_cause(records)]


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    [
        ("scenario.yaml", "istio-injection: enabled", "team: voting", "the namespace has no label"),
        (LAST, "  MYSQL_PASSWORD: sample", "  PASSWORD: sample", "Secret/voting-storage-secret has"),
        (LAST, "claimName: mysql-pv-claim", "claimName: mysql", "PersistentVolumeClaim/mysql does"),
        (LAST, "targetPort: redis", "targetPort: 6380", "voting-storage 1.0:6380: nothing listens there"),
        (ROUTING, EVERYONE_ELSE, LEAK, "VirtualService/voting-app http[1]: routes to voting-app:8080"),
    ],
)
def test_a_mistake_is_the_one_cause(
    tmp_path_factory: pytest.TempPathFactory, file: str, old: str, new: str, sentence: str
) -> None:
    folder = tmp_path_factory.mktemp("mistake") / "m"
    first, *more = grouped(causes(mistaken(folder, file, old, new)))
    assert first is not None
    assert first.sentence.startswith(sentence)
    assert first.place.file == file
    assert not more


def test_a_port_that_the_pods_declare_and_nobody_listens_at_is_due_to_the_pods(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("mistake") / "m"
    found = causes(mistaken(folder, FIRST, "containerPort: 6379", "containerPort: 6380"))
    assert {first.place.file for first, *_ in found.values()} == {FIRST}


def test_a_rule_that_its_file_lacks_is_one_cause_of_both_lists(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    text = (MANIFESTS / LOCK).read_text()
    documents = text.split("---\n")
    (rule,) = (one for one in documents if RULE in one)
    folder = tmp_path_factory.mktemp("mistake") / "m"
    found = causes(mistaken(folder, LOCK, f"{rule}---\n", ""))
    lists = {node: each for node, each in found.items() if "_what_the_source_lists" in node}
    assert len(lists) == 2
    (cause,) = grouped(lists)
    assert cause is not None
    assert str(cause) == (
        f"{LOCK}:1: DestinationRule/voting-analytics does not exist in this file, and the scenario lists it"
    )
