"""Objects that are applied again, or whose order in one file decides."""

from textwrap import dedent

import pytest

from tests.selftest.changed_manifests import content, results_of, standings, with_object
from tests.selftest.manifest_files import LAST, ROUTING, UPDATE

STORAGE = """\
    apiVersion: v1
    kind: Service
    metadata: {name: voting-storage, labels: {app: voting-storage}}
    spec:
      selector: {app: voting-storage}
      ports: [{name: redis, port: 6379, targetPort: redis}]
    """


def test_an_object_that_is_applied_again_as_it_is_is_unchanged_and_no_failure() -> None:
    failed, unjudged = standings(with_object(STORAGE, file=UPDATE))
    assert (failed, unjudged) == ({}, {})


def test_the_second_copy_that_differs_is_configured_and_not_listed() -> None:
    other = STORAGE.replace("labels: {app: voting-storage}", "labels: {app: storage}")
    failed, _ = standings(with_object(other, file=UPDATE))
    assert set(failed) == {"R0.1"}
    assert "unexpected objects: Service/voting-storage configured" in failed["R0.1"]
    assert f"{UPDATE}:" in failed["R0.1"]


def test_an_object_listed_as_configured_that_is_unchanged_fails() -> None:
    item = "          - Deployment/voting-analytics-1-1\n"
    listed = f"{item}        configured: [Service/voting-storage]\n"
    text = content("scenario.yaml").replace(item, listed, 1)
    file = f"{content(UPDATE)}\n---\n{dedent(STORAGE)}"
    failed, _ = standings({UPDATE: file.encode(), "scenario.yaml": text.encode()})
    assert "missing: Service/voting-storage configured" in failed["R0.1"]


def canary_in_one_file(*, routing_first: bool) -> dict[str, bytes]:
    parts = [content(ROUTING), content(LAST)]
    text = content("scenario.yaml")
    begin, end = text.index(f"      - apply: {ROUTING}"), text.index("  - number: 5")
    routing, pods = text[begin:end].split(f"      - apply: {LAST}\n")
    configured = [line for line in (routing + pods).splitlines() if line.startswith("          - ")]
    created = {
        line for line in pods.partition("configured:")[0].splitlines() if line.startswith("          - ")
    }
    step = [
        f"      - apply: {LAST}",
        "        created:",
        *sorted(created),
        "        configured:",
        *[line for line in configured if line not in created],
        "        wait_for: pods\n\n",
    ]
    return {
        LAST: "\n---\n".join(parts if routing_first else reversed(parts)).encode(),
        "scenario.yaml": (text[:begin] + "\n".join(step) + text[end:]).encode(),
    }


def test_the_canary_in_one_file_holds_with_its_routing_first() -> None:
    assert standings(canary_in_one_file(routing_first=True)) == ({}, {})


def test_the_canary_in_one_file_fails_with_its_pods_first() -> None:
    failed, _ = standings(canary_in_one_file(routing_first=False))
    assert set(failed) == {"R4.1"}
    text = " ".join(failed["R4.1"].split())
    assert "Deployment/voting-storage-2-0 comes before VirtualService/voting-storage" in text


def test_pods_that_no_step_waits_for_are_not_ready_when_the_stage_begins() -> None:
    text = content("scenario.yaml")
    at = text.index("wait_for: pods", text.index(LAST))
    failed, _ = standings({"scenario.yaml": f"{text[:at]}wait_for: routes{text[at + 14 :]}".encode()})
    assert {"R4.1", "R4.2"} <= set(failed)
    assert all(id_.startswith("R4.") for id_ in failed)
    assert "waits for routes, not until its pods are ready" in " ".join(failed["R4.2"].split())


@pytest.mark.parametrize("above", ["", "# A line more.\n"])
def test_a_stage_that_waits_for_no_pods_is_one_cause_at_the_line_that_says_so(above: str) -> None:
    text = above + content("scenario.yaml")
    at = text.index("wait_for: pods", text.index(LAST))
    changed_text = f"{text[:at]}wait_for: routes{text[at + 14 :]}"
    line = text[:at].count("\n") + 1
    broken = [one for one in results_of({"scenario.yaml": changed_text.encode()}) if not one.held]
    assert {(one.causes[0].place.file, one.causes[0].place.line) for one in broken} == {
        ("scenario.yaml", line)
    }
