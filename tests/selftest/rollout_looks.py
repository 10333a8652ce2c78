"""Deployments and pods as an API server lists them, look after look."""

import copy
from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

import pytest
from kubernetes.client.exceptions import ApiException

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.pod_readiness import Diagnosis, NoDiagnosis, wait_for_rollouts
from canary_conformance.cluster.pod_state import Trouble
from canary_conformance.errors import StageFailed
from canary_conformance.scenario.stages import ObjectRef
from tests.selftest.support import FakeClock

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


def event(name: str, message: str, time: str, kind: str = "Warning") -> Object:
    return {"type": kind, "message": message, "lastTimestamp": time, "involvedObject": {"name": name}}
