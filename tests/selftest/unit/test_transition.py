"""Stages that nobody watches are passed in one go: what is waited for, which stage is told to have failed."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from canary_conformance.cluster.base import Address
from canary_conformance.errors import RequirementFailed, StageFailed
from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.manifests import ManifestFolder, load_manifests
from canary_conformance.scenario.scenario_folder import load_scenario
from canary_conformance.scenario.stages import Apply, Delete, ObjectRef, WaitFor
from canary_conformance.stages import first_gateway, transition
from canary_conformance.stages.first_gateway import knock_before
from canary_conformance.stages.namespace_setting import Setting
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.stages.steps import Between, Made, Target
from canary_conformance.stages.transition import enter_in_one_step
from canary_conformance.traffic.continuous_traffic import ContinuousTraffic, VotersStalled
from canary_conformance.voting.stage_rules import EVERYONE, VOTING_RULES
from canary_conformance.voting.voting_app import VOTING_APP

LIVE_AT = 7.0  # seconds on the monotonic clock


class Parts:
    """What a namespace needs while it passes through stages; tells what it is asked for."""

    def __init__(self, told: list[str]) -> None:
        self.progress = self.sentinel = self
        self.told = told

    def detail(self, text: str) -> None:
        pass

    def create(self) -> None:
        self.told.append("sentinel")

    def event(self, *_: object, **__: object) -> None:
        pass


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is done to the namespace, in order; a file or a stage's pods that are in it beforehand fail."""
    done: list[str] = []

    def apply_file(_target: Target, step: Apply, _between: Between) -> Made:
        if f"refuse {step.file}" in done:
            raise StageFailed("refused", breaks="R0.1")
        done.append(step.file)
        return Made((), ())

    def wait_for_pods(
        _target: Target, step: Apply, stage: int, _tell: Any, _diagnose: Any,
        later: Collection[ObjectRef] = (), _deleted: Any = (),
    ) -> None:  # fmt: skip
        if f"no pods of {stage}" in done:
            raise StageFailed("never ready", breaks=f"stage {stage}")
        if "pods" in str(step.wait_for):
            done.append(f"pods of {stage}, not those of {len(later)} others")

    def delete(_target: Target, step: Delete, _stage: int) -> Made:
        done.append(str(step))
        return Made((), ())

    monkeypatch.setattr(transition, "apply_file", apply_file)
    monkeypatch.setattr(transition, "wait_for_pods", wait_for_pods)

    def propagated(_: NamespaceUnderTest, written: Collection[str] | None = None) -> float:
        of = "" if written is None else f" of {', '.join(sorted(written))}"
        done.append(f"live{of}")
        return LIVE_AT

    def observe(_: NamespaceUnderTest, number: int) -> None:
        done.append(f"look around at {number}")

    monkeypatch.setattr(transition, "delete_objects", delete)
    monkeypatch.setattr(transition, "wait_until_live", propagated)
    monkeypatch.setattr(transition, "observe_stage", observe)
    monkeypatch.setattr(transition, "apply_namespace", lambda *_: done.append("namespace"))
    return done


@pytest.fixture
def namespace(told: list[str]) -> NamespaceUnderTest:
    scenario = load_scenario(MANIFESTS)
    setting = Setting(scenario, load_manifests(MANIFESTS, scenario), cast(Any, None), VOTING_APP)

    class Cluster:
        api = None

    return NamespaceUnderTest(cast(Any, Cluster()), setting, VOTING_RULES, cast(Any, Parts(told)))


def test_pods_of_stages_start_side_by_side_and_routes_wait_for_them(
    namespace: NamespaceUnderTest, told: list[str]
) -> None:
    enter_in_one_step(namespace, [1, 2, 3])
    assert told == [
        "namespace",
        "kubernetes/step-1-create-voting-app.yaml",
        "istio/step-1-create-voting-app-gateway.yaml",
        "sentinel",
        "kubernetes/step-2-update-voting-analytics-to-1.1.yaml",
        "pods of 1, not those of 1 others",
        "pods of 2, not those of 0 others",
        "live",
        "istio/step-2-update-and-add-routing-for-all-components.yaml",
        "live",
        "look around at 3",
    ]
    assert (namespace.stage, namespace.live_at) == (3, LIVE_AT)


def test_the_first_stage_whose_pods_never_get_ready_is_the_one_that_fails(
    namespace: NamespaceUnderTest, told: list[str]
) -> None:
    told.append("no pods of 2")
    with pytest.raises(StageFailed) as failed:
        enter_in_one_step(namespace, [1, 2, 3])
    assert failed.value.breaks == "stage 2"
    assert namespace.stage == 1


def test_an_object_that_is_refused_fails_its_stage_after_those_before_are_ready(
    namespace: NamespaceUnderTest, told: list[str]
) -> None:
    told.append("refuse kubernetes/step-2-update-voting-analytics-to-1.1.yaml")
    with pytest.raises(StageFailed) as failed:
        enter_in_one_step(namespace, [1, 2, 3])
    assert failed.value.breaks == "R0.1"
    assert namespace.stage == 1
    assert "pods of 1, not those of 0 others" in told


def test_a_stage_before_fails_first_as_in_a_walk(namespace: NamespaceUnderTest, told: list[str]) -> None:
    told += ["refuse kubernetes/step-2-update-voting-analytics-to-1.1.yaml", "no pods of 1"]
    with pytest.raises(StageFailed) as failed:
        enter_in_one_step(namespace, [1, 2, 3])
    assert failed.value.breaks == "stage 1"
    assert namespace.stage == 0


def test_what_is_deleted_waits_for_what_came_before(namespace: NamespaceUnderTest, told: list[str]) -> None:
    namespace.reached.stage, namespace.reached.opened = 3, True
    enter_in_one_step(namespace, [4, 5])
    deleting = next(index for index, one in enumerate(told) if one.startswith("delete Deployment"))
    assert "live" in told[deleting - 1]
    assert namespace.stage == 5


def test_a_walk_waits_for_what_a_step_has_written(namespace: NamespaceUnderTest, told: list[str]) -> None:
    namespace.reached.opened = True
    steps = [step for number in (3, 4) for step in namespace.scenario.stage(number).steps]
    for step in steps:
        transition._make(namespace, step, 4, ContinuousTraffic({}), [], {})
    lock, routes, pods = [one for one in told if one.startswith("live")]
    assert lock == "live of DestinationRule, PeerAuthentication, VirtualService"
    assert routes == "live of DestinationRule, VirtualService"
    assert "Deployment" in pods


@pytest.mark.parametrize(
    ("judged", "deleted", "begun"),
    [("R5.1", "Deployment", True), ("R5.3", "Deployment", False), ("R5.1", "VirtualService", False)],
)
def test_everyones_pages_are_opened_while_the_old_deployments_go(
    namespace: NamespaceUnderTest, told: list[str], judged: str, deleted: str, begun: bool
) -> None:
    namespace.reached.opened = True
    stage = namespace.scenario.stage(5)
    *applied, last = stage.steps
    assert isinstance(last, Delete)
    last = replace(last, objects=(*last.objects, ObjectRef(deleted, "another")))
    scenario = replace(namespace.scenario, stages=(replace(stage, steps=(*applied, last)),))
    setting = replace(namespace.setting, scenario=scenario)
    namespace = replace(namespace, setting=setting, judged=frozenset({judged}))
    for step in applied:
        transition._make(namespace, step, 5, ContinuousTraffic({}), [], {})
        assert not namespace.taken.begun(f"5 {EVERYONE}")
    transition._make(namespace, last, 5, ContinuousTraffic({}), [], {})
    namespace.taken.settle()
    assert told[-2].startswith("delete Deployment")
    assert namespace.taken.begun(f"5 {EVERYONE}") == begun


@pytest.mark.parametrize("pods_first", [True, False])
def test_the_ways_in_are_tried_right_before_the_first_gateway_with_the_pods_ready(
    namespace: NamespaceUnderTest, told: list[str], monkeypatch: pytest.MonkeyPatch, *, pods_first: bool
) -> None:
    """Files may bring the Gateway in one with the pods; what comes after it can't answer yet."""
    pods, gateway = list(namespace.manifests.files.values())[:2]
    objects = (*pods, *gateway) if pods_first else (*gateway, *pods)
    step = Apply("one.yaml", (), (), WaitFor.PODS)
    folder = ManifestFolder(Path(), {"one.yaml": objects})
    mesh = cast(Any, SimpleNamespace(gateway=SimpleNamespace(address=Address("host", 80))))
    cluster = cast(Any, SimpleNamespace(api=SimpleNamespace(list=lambda *_: []), node_address="node"))
    setting = replace(namespace.setting, manifests=folder, mesh=mesh)
    namespace = replace(namespace, cluster=cluster, setting=setting)
    monkeypatch.setattr(first_gateway, "knock_everywhere", lambda *_: {"ingress gateway": "refused"})
    knocks: dict[str, Any] = {}
    for one in objects:
        knock_before(namespace, step, knocks, lambda: told.append("pods of 1"), one)
        told.append(str(one.ref.kind))
        assert bool(knocks) is ("Gateway" in told)
    waited = [text for text in told if text.startswith("pods of 1")]
    assert bool(waited) is pods_first
    assert not pods_first or told.index(waited[0]) < told.index("Gateway")


@pytest.mark.parametrize(
    ("raised", "breaks"),
    [
        (VotersStalled("few pages"), "R5.3"),
        (RequirementFailed("16 pages in a row had no answer"), "R5.3"),
        (StageFailed("no pod is ready", breaks="R4.2"), "R4.2"),
    ],
)
def test_voters_without_answers_fail_the_stages_own_requirement_alone(raised: Exception, breaks: str) -> None:
    namespace = cast(NamespaceUnderTest, SimpleNamespace(rules=VOTING_RULES))
    with pytest.raises(RequirementFailed) as failed, transition._failing_where_voters_stall(namespace, 5):
        raise raised
    assert failed.value.breaks == breaks
