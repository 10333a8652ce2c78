"""Pods are waited for while they can still get ready, and not a moment longer."""

from collections.abc import Sequence
from typing import cast

import pytest

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.pod_readiness import Readiness, look
from canary_conformance.cluster.pod_state import Trouble
from canary_conformance.timeouts import LIMITS
from tests.selftest.rollout_looks import (
    FakeApi,
    Finds,
    Object,
    container,
    crashing,
    deployment,
    deployments,
    event,
    failed,
    pod,
    waited,
)
from tests.selftest.support import FakeClock


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
