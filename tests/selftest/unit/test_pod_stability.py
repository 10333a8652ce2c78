"""Pods are steady while all of them run and none changes."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from canary_conformance.cluster.pod_readiness import Steady
from canary_conformance.cluster.pod_state import all_runs
from tests.selftest.support import FakeClock

Object = dict[str, Any]


def pod(name: str = "app-1", *, ready: bool = False, restarts: int = 0) -> Object:
    return {
        "metadata": {"name": name},
        "status": {
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [{"name": "app", "state": {"running": {}}, "restartCount": restarts}],
            "initContainerStatuses": [
                {"name": "istio-init", "state": {"terminated": {"exitCode": 0}}, "restartCount": 0},
                {"name": "istio-proxy", "state": {"running": {}}, "restartCount": 0},
            ],
        },
    }


def leave(one: Object) -> None:
    one["metadata"]["deletionTimestamp"] = "now"


def start_again(one: Object) -> None:
    one["status"]["containerStatuses"][0]["state"] = {"waiting": {"reason": "CrashLoopBackOff"}}


def start_sidecar(one: Object) -> None:
    one["status"]["initContainerStatuses"][1]["state"] = {"waiting": {"reason": "PodInitializing"}}


def be_unknown(one: Object) -> None:
    one["status"] = {"phase": "Pending"}


@pytest.mark.parametrize("change", [leave, start_again, start_sidecar, be_unknown])
def test_not_all_of_a_pod_runs_that(change: Callable[[Object], None]) -> None:
    one = pod()
    assert all_runs(one)
    change(one)
    assert not all_runs(one)


def test_a_pod_that_has_done_its_work_needs_not_run() -> None:
    one = pod()
    be_unknown(one)
    one["status"]["phase"] = "Succeeded"
    assert all_runs(one)


def seconds(*looks: list[Object]) -> float:
    """Return the seconds after looks a second apart."""
    clock = FakeClock()
    steady = Steady(clock)
    seconds = steady.seconds(looks[0])
    for pods in looks[1:]:
        clock.sleep(1)
        seconds = steady.seconds(copy.deepcopy(pods))
    return seconds


def test_pods_that_do_not_change_are_steady_since_they_were_first_seen() -> None:
    assert seconds([pod()]) == 0
    assert seconds([pod()], [pod()], [pod()]) == 2


@pytest.mark.parametrize(
    "change",
    [[pod(ready=True)], [pod(restarts=1)], [pod(), pod("app-2")], []],
    ids=["ready", "restarted", "one more", "gone"],
)
def test_every_change_begins_anew(change: list[Object]) -> None:
    assert seconds([pod()], [pod()], change) == 0
    assert seconds([pod()], [pod()], change, change) == 1


@pytest.mark.parametrize("change", [leave, start_again, start_sidecar, be_unknown])
def test_what_is_on_its_way_is_not_steady_however_long_it_takes(change: Callable[[Object], None]) -> None:
    other = pod("db-1")
    change(other)
    assert seconds([pod(), other], [pod(), other], [pod(), other]) == 0
