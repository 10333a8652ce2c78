"""Pods are waited for while they can still get ready, and not a moment longer."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import MaxRetryError

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.container_exits import habits
from canary_conformance.cluster.pod_readiness import (
    Diagnosis,
    NoDiagnosis,
    Readiness,
    last_log_lines,
    look,
    wait_for_rollouts,
)
from canary_conformance.cluster.pod_state import HOPELESS, Trouble, is_ready, pod_troubles
from canary_conformance.errors import StageFailed
from canary_conformance.scenario.stages import ObjectRef
from canary_conformance.timeouts import LIMITS
from tests.selftest.support import FakeClock

pytestmark = pytest.mark.selftest

Object = dict[str, Any]
LOGS = {(True, "storage"): "starting\nno space left", (False, "storage"): "starting"}


def deployment(
    name: str = "storage", *, replicas: int | None = 1, ready: int = 0, **status: object
) -> Object:
    counts = {field: ready for field in ("updatedReplicas", "availableReplicas", "replicas") if ready}
    return {
        "metadata": {"name": name, "generation": 2},
        "spec": {} if replicas is None else {"replicas": replicas},
        "status": {"observedGeneration": 2, **counts, **status},
    }


def pod(name: str = "storage-x", **status: object) -> Object:
    return {"metadata": {"name": name}, "status": status}


def container(reason: str = "", message: str = "", *, name: str = "storage", restarts: int = 0) -> Object:
    state = {"waiting": {"reason": reason, "message": message}} if reason else {"running": {}}
    ended = {"terminated": {"exitCode": 1, "reason": "Error"}} if restarts else {}
    return {"name": name, "state": state, "restartCount": restarts, "lastState": ended}


def crashing(restarts: int, name: str = "storage") -> Object:
    return container(
        "CrashLoopBackOff", "back-off 10s restarting failed container", name=name, restarts=restarts
    )


def unschedulable(message: str = "0/1 nodes are available: 1 Insufficient memory.") -> Object:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    return pod(conditions=[condition])


class FakeApi:
    """Lists what a test gives, look after look; the last look is repeated. Logs are those of LOGS."""

    def __init__(
        self,
        *looks: tuple[Sequence[Object], Sequence[Object]],
        events: Sequence[Object] = (),
        claims: Sequence[str] = (),
    ) -> None:
        self._looks = list(looks)
        claimed = [{"metadata": {"name": name}} for name in claims]
        self._others = {"Event": list(events), "PersistentVolumeClaim": claimed}
        self._pods: Sequence[Object] = ()
        self.looks = 0

    def list(self, api_version: str, kind: str, namespace: str) -> list[Object]:
        assert namespace == "voting"
        if kind == "Deployment":
            assert api_version == "apps/v1"
            deployments, self._pods = self._looks[min(self.looks, len(self._looks) - 1)]
            self.looks += 1
            return copy.deepcopy(list(deployments))
        return copy.deepcopy(list(self._others[kind] if kind != "Pod" else self._pods))

    def log(self, pod: str, namespace: str, *, container: str, previous: bool, lines: int) -> str:
        assert (namespace, lines > 0) == ("voting", True)
        assert pod
        if (previous, container) not in LOGS:
            raise ApiException(400)
        return LOGS[previous, container]


def waited(api: FakeApi, *names: str) -> float:
    """Wait for Deployments, "storage" unless named, and return the seconds of the fake clock that it took."""
    clock = FakeClock()
    started = clock.now()
    wait_for_rollouts(cast(Api, api), "voting", deployments(*names or ("storage",)), clock=clock)
    return clock.now() - started


def deployments(*names: str) -> list[ObjectRef]:
    return [ObjectRef("Deployment", name) for name in names]


class Finds(NoDiagnosis):
    """Knows what keeps pods that run from getting ready, and which pods wait for others."""

    def __init__(self, trouble: Trouble | None = None, victims: Sequence[str] = ()) -> None:
        self._trouble = trouble
        self._victims = victims

    def stuck(self) -> Trouble | None:
        return self._trouble

    def waiting_for_others(self, _: Sequence[Mapping[str, Any]]) -> Collection[str]:
        return self._victims


def failed(api: FakeApi, diagnosis: Diagnosis | None = None) -> tuple[StageFailed, float]:
    """Wait for a Deployment that never gets ready, and return how that ended and when."""
    clock = FakeClock()
    started = clock.now()
    with pytest.raises(StageFailed) as ended:
        wait_for_rollouts(cast(Api, api), "voting", deployments("storage"), diagnosis=diagnosis, clock=clock)
    return ended.value, clock.now() - started


# --- rolled out ------------------------------------------------------------------------------------------


def seen(*states: Object, names: Sequence[str] = ("storage",)) -> Readiness:
    return look(cast(Api, FakeApi((states, ()))), "voting", deployments(*names))


@pytest.mark.parametrize(
    ("state", "waiting"),
    [
        (deployment(ready=1), ()),
        (deployment(replicas=None, ready=1), ()),
        (deployment(replicas=0), ()),
        (deployment(replicas=3, ready=3), ()),
        (deployment(), ("storage: 0 of 1 available",)),
        (deployment(replicas=3, ready=2), ("storage: 2 of 3 available",)),
        (deployment(ready=1, observedGeneration=1), ("storage: not looked at yet",)),
        ({**deployment(ready=1), "status": {}}, ("storage: not looked at yet",)),
    ],
)
def test_rolled_out_is_what_kubectl_calls_complete(state: Object, waiting: tuple[str, ...]) -> None:
    assert seen(state).waiting == waiting


@pytest.mark.parametrize("field", ["updatedReplicas", "availableReplicas", "replicas"])
@pytest.mark.parametrize("count", [0, 2])
def test_each_count_has_to_be_the_wanted_one(field: str, count: int) -> None:
    state = deployment(ready=1)
    state["status"][field] = count
    assert seen(state).waiting != ()


def test_a_deployment_that_is_not_there_is_waited_for_and_others_are_not() -> None:
    other = deployment("other")
    assert seen(other).waiting == ("storage: not there",)
    assert seen(deployment(ready=1), other).waiting == ()


def test_a_look_reads_as_a_sentence() -> None:
    assert repr(seen(deployment(ready=1))) == "all ready"
    assert repr(seen(deployment())) == "storage: 0 of 1 available"


def test_the_wait_ends_when_every_deployment_is_rolled_out() -> None:
    one, both = [deployment("app", ready=1)], [deployment("app", ready=1), deployment(ready=1)]
    api = FakeApi((one, ()), (one, ()), (both, ()))
    assert waited(api, "app", "storage") == pytest.approx(0.4)
    assert api.looks == 3


# --- hopeless --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", sorted(HOPELESS))
@pytest.mark.parametrize("statuses", ["containerStatuses", "initContainerStatuses"])
def test_a_container_that_no_time_heals_fails_at_once_with_its_reason(reason: str, statuses: str) -> None:
    broken = pod() | {"status": {statuses: [container(reason, "what the kubelet reports")]}}
    ended, after = failed(FakeApi(([deployment()], [broken])))
    assert ended.reason == f"container storage of pod storage-x: {reason}: what the kubelet reports"
    assert (ended.log, after) == ((), 0)


@pytest.mark.parametrize("reason", ["ContainerCreating", "PodInitializing", ""])
def test_a_container_that_is_on_its_way_is_no_trouble(reason: str) -> None:
    assert pod_troubles(pod(containerStatuses=[container(reason)])) == []


@pytest.mark.parametrize("restarts", [1, 2])
def test_up_to_two_restarts_are_fine(restarts: int) -> None:
    crashed = pod(containerStatuses=[crashing(restarts) if restarts < 2 else container(restarts=2)])
    assert pod_troubles(crashed) == []
    assert waited(FakeApi(([deployment()], [crashed]), ([deployment(ready=1)], []))) > 0


@pytest.mark.parametrize("restarts", [2, 7])
def test_a_third_end_is_a_crash_loop_with_the_last_log_lines_of_the_ended_run(restarts: int) -> None:
    ended, after = failed(FakeApi(([deployment()], [pod(containerStatuses=[crashing(restarts)])])))
    assert ended.reason == (
        "container storage of pod storage-x is in a crash loop: "
        f"it ended {restarts + 1} times, last with exit code 1 (Error)"
    )
    assert (ended.log, after) == (("starting", "no space left"), 0)


def test_a_container_that_runs_again_is_no_trouble_however_often_it_crashed() -> None:
    again = pod(containerStatuses=[container(restarts=5)])
    assert waited(FakeApi(([deployment()], [again]), ([deployment(ready=1)], []))) > 0


def test_an_init_container_that_has_done_its_work_has_not_ended() -> None:
    done = {"name": "init", "state": {"terminated": {"exitCode": 0}}, "restartCount": 2, "lastState": {}}
    assert not list(habits([pod(initContainerStatuses=[done])]))
    failing = done | {"state": {"terminated": {"exitCode": 1}}}
    assert [one.container for one in habits([pod(initContainerStatuses=[failing])])] == ["init"]


def test_the_log_is_that_of_the_container_in_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LOGS, (True, "other"), "another story")
    both = [pod("a", containerStatuses=[crashing(3)]), pod("b", containerStatuses=[crashing(4, "other")])]
    ended, _ = failed(FakeApi(([deployment()], both)))
    assert "container storage of pod a" in ended.reason
    assert ended.log == ("starting", "no space left")
    absent = pod("a", containerStatuses=[container("ErrImagePull", "not found", name="other")])
    ended, _ = failed(FakeApi(([deployment()], [absent, both[1]])))
    assert "ErrImagePull" in ended.reason
    assert ended.log == ()


def test_the_running_containers_log_is_shown_where_the_ended_ones_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(LOGS, (True, "storage"))
    crashed = FakeApi(([deployment()], [pod(containerStatuses=[crashing(3)])]))
    assert failed(crashed)[0].log == ("starting",)
    monkeypatch.delitem(LOGS, (False, "storage"))
    assert failed(crashed)[0].log == ()


def test_what_is_on_its_way_out_is_no_trouble() -> None:
    leaving = pod(containerStatuses=[container("ErrImagePull")])
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert pod_troubles(leaving) == []
    assert pod_troubles(pod()) == []


def test_pods_do_not_matter_once_everything_is_rolled_out() -> None:
    broken = pod(containerStatuses=[container("ErrImagePull")])
    assert waited(FakeApi(([deployment(ready=1)], [broken]))) == 0


# --- hopeless after a while ------------------------------------------------------------------------------


def refused_by_a_webhook() -> tuple[Sequence[Object], Sequence[Object]]:
    condition = {"type": "ReplicaFailure", "status": "True", "message": "failed calling webhook"}
    return [deployment(conditions=[condition])], []


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (([deployment()], [unschedulable()]), "pod storage-x can't be scheduled: 0/1 nodes are available"),
        (refused_by_a_webhook(), "Deployment/storage can't make pods: failed calling webhook"),
    ],
    ids=["unschedulable", "no pods"],
)
def test_what_may_pass_fails_only_after_a_grace(
    trouble: tuple[Sequence[Object], Sequence[Object]], reason: str
) -> None:
    ended, after = failed(FakeApi(trouble))
    assert reason in ended.reason
    assert 2 < after < 10
    passing = [trouble] * 15
    assert waited(FakeApi(*passing, ([deployment(ready=1)], []))) > 2


NO_CLAIM = '0/1 nodes are available: persistentvolumeclaim "mysql" not found. not found'


def test_a_claim_that_came_after_the_scheduler_looked_is_waited_for_however_long_its_volume_takes() -> None:
    late = ([deployment()], [unschedulable(NO_CLAIM)])
    assert waited(FakeApi(*[late] * 60, ([deployment(ready=1)], []), claims=["mysql"])) > 10


def test_a_claim_that_is_not_there_ends_the_wait() -> None:
    ended, after = failed(FakeApi(([deployment()], [unschedulable(NO_CLAIM)]), claims=["another"]))
    assert 'persistentvolumeclaim "mysql" not found' in ended.reason
    assert after < 10


def test_the_grace_starts_again_when_the_trouble_went_away() -> None:
    trouble, none = ([deployment()], [unschedulable()]), ([deployment()], [pod()])
    looks = [*[trouble] * 15, none, *[trouble] * 15, ([deployment(ready=1)], [pod()])]
    assert waited(FakeApi(*looks)) == pytest.approx(0.2 * 31)


def test_a_hopeless_container_needs_no_grace_beside_an_unschedulable_pod() -> None:
    broken = pod("other", containerStatuses=[container("InvalidImageName", "no such thing")])
    ended, after = failed(FakeApi(([deployment()], [unschedulable(), broken])))
    assert ("InvalidImageName" in ended.reason, after) == (True, 0)
    assert ended.since is None, "it never ran"


# --- a closer look ---------------------------------------------------------------------------------------

STUCK = Trouble("a port where nothing listens", "storage-x", "storage", concerns=("Service/storage",))


def runs(restarts: int = 0) -> Object:
    return pod(containerStatuses=[container(restarts=restarts)])


def test_the_diagnosis_is_made_once_nothing_changes_any_more() -> None:
    ended, after = failed(FakeApi(([deployment()], [runs()])), Finds(STUCK))
    assert (ended.reason, ended.log) == (STUCK.reason, ("starting", "no space left"))
    assert (ended.concerns, ended.since) == (STUCK.concerns, FakeClock().now())
    assert after == pytest.approx(LIMITS.pods_steady, abs=0.21)


def test_the_kubelets_last_words_about_the_pod_stand_before_its_log() -> None:
    events = [event("storage-x", f"probe failed: {n}", f"2026-01-01T00:00:0{n}Z") for n in range(4)]
    events.append(event("other-x", "slow volume", "2026-01-01T00:00:09Z"))
    ended, _ = failed(FakeApi(([deployment()], [runs()]), events=events), Finds(STUCK))
    assert ended.log == (
        "storage-x: probe failed: 2",
        "storage-x: probe failed: 3",
        "starting",
        "no space left",
    )


def test_a_change_begins_the_time_anew() -> None:
    early, late = ([deployment()], [runs()]), ([deployment()], [runs(restarts=1)])
    _, after = failed(FakeApi(*[early] * 15, late), Finds(STUCK))
    assert after == pytest.approx(3 + LIMITS.pods_steady, abs=0.21)


def test_a_pod_that_ends_because_it_waits_for_others_is_no_change() -> None:
    looks = [
        ([deployment()], [runs(), pod("app-x", containerStatuses=[crashing(n // 20)])]) for n in range(39)
    ]
    ended, after = failed(FakeApi(*looks), Finds(STUCK, ["app-x"]))
    assert ended.reason == STUCK.reason
    assert after == pytest.approx(LIMITS.pods_steady, abs=0.21)
    with pytest.raises(AssertionError):
        assert failed(FakeApi(*looks), Finds(STUCK))[0].reason == STUCK.reason


def test_no_diagnosis_is_made_while_a_container_is_to_start() -> None:
    starting = pod("other", containerStatuses=[container("ContainerCreating")])
    ended, after = failed(FakeApi(([deployment()], [runs(), starting])), Finds(STUCK))
    assert after == pytest.approx(LIMITS.pods_ready)
    assert "not within" in ended.reason


def test_what_is_not_sure_is_waited_for() -> None:
    ready: tuple[list[Object], list[Object]] = ([deployment(ready=1)], [])
    assert waited(FakeApi(*[([deployment()], [runs()])] * 100, ready)) == pytest.approx(20)
    assert failed(FakeApi(([deployment()], [runs()])))[1] == pytest.approx(LIMITS.pods_ready)


# --- at the limit ----------------------------------------------------------------------------------------


def event(name: str, message: str, time: str, kind: str = "Warning") -> Object:
    return {"type": kind, "message": message, "lastTimestamp": time, "involvedObject": {"name": name}}


def test_at_the_limit_what_was_last_seen_and_the_last_warnings_are_shown() -> None:
    events = [
        event("storage-x", "Readiness probe failed: refused", "2026-01-01T00:00:02Z"),
        event("storage-x", "Pulled", "2026-01-01T00:00:03Z", "Normal"),
        event("storage", "slow volume", "2026-01-01T00:00:01Z"),
        event("storage-x", "first", "") | {"lastTimestamp": None, "eventTime": "2026-01-01T00:00:00Z"},
    ]
    ended, after = failed(FakeApi(([deployment()], [pod()]), events=events))
    assert after == pytest.approx(LIMITS.pods_ready)
    assert ended.reason.startswith("Deployment/storage rolled out: not within 120 s")
    assert "storage: 0 of 1 available" in ended.reason
    assert ended.log == (
        "storage-x: first",
        "storage: slow volume",
        "storage-x: Readiness probe failed: refused",
    )


# --- one pod ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "ready"),
    [
        (lambda _: None, True),
        (lambda one: one["metadata"].update(deletionTimestamp="now"), False),
        (lambda one: one["status"]["conditions"][1].update(status="False"), False),
        (lambda one: one["status"]["conditions"].pop(), False),
        (lambda one: one.pop("status"), False),
    ],
    ids=["ready", "leaving", "not ready", "no condition", "no status"],
)
def test_a_pod_is_ready_by_its_condition_unless_it_is_leaving(
    change: Callable[[Object], object], ready: bool
) -> None:
    conditions = [{"type": "Initialized", "status": "True"}, {"type": "Ready", "status": "True"}]
    one = pod(conditions=conditions)
    change(one)
    assert is_ready(one) is ready


@pytest.mark.parametrize("error", [ApiException(400), MaxRetryError(cast(Any, None), "/log"), TimeoutError()])
def test_a_log_that_can_not_be_read_is_left_out(error: Exception) -> None:
    def log(*_: object, previous: bool, **__: object) -> str:
        if previous:
            raise error
        return "starting"

    assert last_log_lines(cast(Api, SimpleNamespace(log=log)), "voting", "storage-x", "storage") == [
        "starting"
    ]


def test_a_defect_of_the_suite_is_not_taken_for_an_unreadable_log() -> None:
    def log(*_: object, **__: object) -> str:
        raise KeyError("a defect")

    with pytest.raises(KeyError, match="a defect"):
        last_log_lines(cast(Api, SimpleNamespace(log=log)), "voting", "storage-x", "storage")
