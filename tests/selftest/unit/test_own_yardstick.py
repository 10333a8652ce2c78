"""A folder brings a scenario.yaml of its own, and no weaker yardstick with it.

What the source demands is the suite's: objects may be added and files renamed, and nothing may be left out,
merged, or put in another order unnoticed.
"""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.manifests import load_manifests
from canary_conformance.scenario.scenario_folder import load_scenario
from canary_conformance.voting.source_objects import KNOWN
from canary_conformance.voting.static.static_runner import BAD_INPUT, static_verdicts
from tests.selftest.changed_manifests import content
from tests.selftest.manifest_files import SCENARIO

OURS: dict[str, Any] = yaml.safe_load((MANIFESTS / SCENARIO).read_text(encoding="utf-8"))
PEER_AUTHENTICATION = """
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata:
  name: default
spec:
  mtls:
    mode: STRICT
"""

Stages = dict[int, list[dict[str, Any]]]
Change = Callable[[Stages], object]


def judged(change: Change, files: dict[str, str] | None = None) -> tuple[set[str], set[str], str]:
    """Return the requirements that fail with a changed scenario.yaml, those not judged, and all words."""
    output = copy.deepcopy(OURS)
    stages = {stage["number"]: stage["steps"] for stage in output["stages"]}
    change(stages)
    output["stages"] = [{**stage, "steps": stages[stage["number"]]} for stage in output["stages"]
                      if stage["number"] in stages]  # fmt: skip
    overlay = {name: text.encode() for name, text in (files or {}).items()}
    results = static_verdicts(
        MANIFESTS, {**overlay, SCENARIO: yaml.safe_dump(output, sort_keys=False).encode()}
    )
    failed = {id_ for one in results if not one.held for id_ in one.requirements}
    unknown = {id_ for one in results if one.held and one.words for id_ in one.requirements}
    return failed, unknown, " ".join(" ".join(one.words.split()) for one in results)


def deleting(stage: int, *objects: str) -> Change:
    return lambda stages: stages[stage].append({"delete": list(objects)})


@pytest.mark.parametrize(
    ("change", "requirement"),
    [
        (lambda stages: stages[5].pop(), "R5.3"),
        (deleting(5, "Secret/voting-storage-secret"), "R0.1"),
        (deleting(5, "PeerAuthentication/default"), "R0.1"),
        (deleting(5, "PersistentVolumeClaim/mysql-pv-claim"), "R0.1"),
        (deleting(3, "Deployment/voting-analytics-1-0"), "R0.1"),
        (lambda stages: stages[2].extend(stages.pop(3)), "R2.2"),
        (lambda stages: stages[1].extend(stages.pop(2)), "R1.2"),
        (lambda stages: stages[4].reverse(), "R4.1"),
        (lambda stages: stages[5].insert(0, stages[5].pop()), "R5.3"),
        (lambda stages: stages[5].insert(0, stages[5].pop(1)), "R5.3"),
        (lambda stages: stages[5].pop(1), "R5.2"),
        (lambda stages: stages[4].pop(), "R4.2"),
        (lambda stages: stages[3].append(stages[3][0]), "R0.1"),
        (lambda stages: stages[4].insert(0, stages[3][0]), "R0.1"),
        (lambda stages: stages[2][0].update(wait_for="routes"), "R2.1"),
        (lambda stages: stages[4][1].update(wait_for="routes"), "R4.2"),
        (lambda stages: stages.update({6: [{"delete": ["Deployment/voting-app-2-0"]}]}), "R6.1"),
    ],
)  # fmt: skip
def test_what_the_source_demands_is_demanded_of_every_scenario(change: Change, requirement: str) -> None:
    failed, _, words = judged(change)
    assert requirement in failed, words


def test_an_object_that_the_scenario_neither_makes_nor_lists_is_missed() -> None:
    def forget(stages: Stages) -> None:
        stages[3][0]["created"].remove("PeerAuthentication/default")

    file = OURS["stages"][2]["steps"][0]["apply"]
    assert PEER_AUTHENTICATION in content(file)
    failed, _, words = judged(forget, {file: content(file).replace(PEER_AUTHENTICATION, "\n")})
    assert "R0.1" in failed
    assert "stage 3 leaves out PeerAuthentication/default, which the source has by then" in words


def test_two_files_whose_names_were_swapped_fail() -> None:
    lock, canary = OURS["stages"][2]["steps"][0]["apply"], OURS["stages"][3]["steps"][0]["apply"]
    failed, *_ = judged(lambda _: None, {lock: content(canary), canary: content(lock)})
    assert "R0.1" in failed


def test_a_gateway_before_the_pods_leaves_it_open_whether_it_was_needed() -> None:
    failed, unknown, words = judged(lambda stages: stages[1].reverse())
    assert (failed, unknown) == (set(), {"R1.4"})
    assert "the Gateway is applied before Deployment/voting-storage-1-0, Deployment/voting-analytics" in words


@pytest.mark.parametrize("stage", range(1, 7))
def test_a_stage_without_a_step_is_bad_input(stage: int) -> None:
    failed, _, words = judged(lambda stages: stages.update({stage: []}))
    assert failed == {BAD_INPUT}
    assert f"stages[{stage - 1}].steps has no step" in words


def test_a_stage_that_no_requirement_is_about_is_bad_input() -> None:
    told = copy.deepcopy(OURS)
    told["stages"].append({"number": 7, "name": "more", "steps": [{"delete": ["Namespace/voting"]}]})
    (refused,) = static_verdicts(MANIFESTS, {SCENARIO: yaml.safe_dump(told).encode()})
    assert refused.requirements == (BAD_INPUT,)
    assert "has stage 7 (more), of which there is no requirement" in refused.words


def test_an_object_more_fails_nothing() -> None:
    def add(stages: Stages) -> None:
        stages[4][0]["created"] = ["ConfigMap/more"]

    file = OURS["stages"][3]["steps"][0]["apply"]
    more = "\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: more\ndata: {}\n"
    failed, unknown, _ = judged(add, {file: content(file) + more})
    assert (failed, unknown) == (set(), set())
    unlisted, *_ = judged(lambda _: None, {file: content(file) + more})
    assert unlisted == {"R0.1"}


def test_files_may_be_merged_and_objects_of_another_kind_run_the_same_pods() -> None:
    def merge(stages: Stages) -> None:
        routing, pods = stages[4]
        stages[4][:] = [{**pods, "configured": [*routing["configured"], *pods["configured"]]}]

    routing, pods = (step["apply"] for step in OURS["stages"][3]["steps"])
    failed, unknown, words = judged(merge, {pods: f"{content(routing)}\n---\n{content(pods)}"})
    assert (failed, unknown) == (set(), set()), words


def test_our_own_folder_has_exactly_the_objects_of_the_source() -> None:
    folder = load_manifests(MANIFESTS, load_scenario(MANIFESTS))
    assert {one.ref for one in folder.objects} == KNOWN
