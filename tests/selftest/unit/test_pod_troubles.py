"""What no time heals ends the wait at once, what may pass after a grace, each with its reason."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import MaxRetryError

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.container_exits import habits
from canary_conformance.cluster.pod_readiness import last_log_lines
from canary_conformance.cluster.pod_state import HOPELESS, is_ready, pod_troubles
from tests.selftest.rollout_looks import (
    LOGS,
    FakeApi,
    Object,
    container,
    crashing,
    deployment,
    failed,
    pod,
    unschedulable,
    waited,
)


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
