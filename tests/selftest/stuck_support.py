"""Pods that don't get ready, and what is diagnosed: for the tests of voting.unready_causes."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any, cast

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.pod_access import PodName
from canary_conformance.cluster.pod_state import Trouble
from canary_conformance.errors import NotJudged
from canary_conformance.scenario.observations import Call, Opening, Reply, ReplyKind
from canary_conformance.scenario.stages import ObjectRef
from canary_conformance.traffic.callers import Callers
from canary_conformance.voting.unready_causes import Stuck
from tests.selftest.support import FakeClock

Object = dict[str, Any]
PORTS = {"voting-app": 8080, "voting-analytics": 8080, "voting-storage": 6379}
PAGE = b"HTTP/1.1 200 OK\r\n\r\nCats"
PONG = b"+PONG\r\n"
MYSQL = b"\x4a\x00\x00\x00\x0a8.4.0"
NOT_YET = "Readiness probe failed: HTTP probe failed with statuscode: 503"
SAYS_NOT_YET = {"voting-storage:6379": PONG, "10.0.0.7:8080": b"HTTP/1.1 503 Unavailable"}


def pod(app: str, version: str = "1.0", *, ready: bool = False, port: int = 0, **env: str) -> Object:
    name = f"{app}-{version.replace('.', '-')}"
    containers = [
        {"name": "istio-proxy", "image": "proxy"},
        {
            "name": app,
            "ports": [{"containerPort": port or PORTS[app]}],
            "readinessProbe": {"periodSeconds": 1},
            "env": [{"name": name, "value": value} for name, value in env.items()],
        },
    ]
    return {
        "metadata": {
            "name": f"{name}-77-x",
            "namespace": "voting",
            "labels": {"app": app, "version": version, "pod-template-hash": "77"},
            "uid": f"uid-{name}",
            "ownerReferences": [{"kind": "ReplicaSet", "name": f"{name}-77", "controller": True}],
        },
        "spec": {"containers": containers},
        "status": {"podIP": "10.0.0.7", "conditions": [{"type": "Ready", "status": str(ready)}]},
    }


def service(name: str, app: str = "") -> Object:
    return {"metadata": {"name": name}, "spec": {"selector": {"app": app or name}}}


SERVICES = [service("voting-storage"), service("voting-analytics")]
STORE, ANALYTICS = pod("voting-storage"), pod("voting-analytics")
READY_STORE, READY_ANALYTICS = pod("voting-storage", ready=True), pod("voting-analytics", ready=True)


class Cluster:
    """Pods, Services and what their ports answer; the probes of each pod fail once a look."""

    def __init__(self, pods: Sequence[Object], answers: Mapping[str, bytes] | None = None) -> None:
        self.pods, self.services, self.answers = list(pods), deepcopy(SERVICES), dict(answers or {})
        self.words = "Readiness probe failed: HTTP probe failed with statuscode: 500"
        self.failures, self.failing = 0, True
        self.calling: list[str] = []
        self.called: set[str] = set()
        self.unresolved: set[str] = set()
        self.refusing = False

    def list(self, _: str, kind: str, namespace: str) -> list[Object]:
        assert namespace == "voting"
        if kind == "Event":
            self.failures += self.failing
            about = [one["metadata"]["name"] for one in self.pods]
            return [
                {
                    "reason": "Unhealthy",
                    "involvedObject": {"name": name},
                    "count": self.failures,
                    "message": self.words,
                }
                for name in about
            ]
        return {"Pod": self.pods, "Service": self.services}[kind]

    def start(self, pods: Sequence[PodName]) -> None:
        self.calling += [pod.name for pod in pods]

    def runs_in(self, pod: PodName) -> bool:
        return pod.name in self.calling

    def call(self, pod: PodName, calls: Sequence[tuple[Call, Opening]]) -> Mapping[Call, Reply]:
        self.called.add(pod.name)
        if self.refusing:
            raise NotJudged("the pod is gone")
        return {
            call: Reply(ReplyKind.UNRESOLVED, b"", "", 0.1)
            if call.host in self.unresolved
            else self._reply(self.answers.get(f"{call.host}:{call.port}", b""))
            for call, _ in calls
        }

    def _reply(self, received: bytes) -> Reply:
        return Reply(ReplyKind.ANSWERED if received else ReplyKind.REFUSED, received, "", 0.1)


def diagnosed(
    cluster: Cluster,
    *,
    seconds: int = 20,
    change: Callable[[], None] | None = None,
    at: int = 0,
    deployments: Sequence[str] = (),
    refused: Sequence[str] = (),
) -> tuple[Trouble | None, float]:
    """Look five times a second; return what was diagnosed, and after how many seconds."""
    clock = FakeClock()
    started = clock.now()
    names = deployments or [one["metadata"]["name"].removesuffix("-77-x") for one in cluster.pods]
    refs = [ObjectRef("Deployment", name) for name in names]
    api, callers = cast(Api, cluster), cast(Callers, cluster)
    look = Stuck(api, "voting", refs, callers, lambda: None, lambda _: refused, clock)
    for _ in range(seconds * 5):
        if change and clock.now() - started >= at:
            change()
            change = None
        trouble = look.stuck()
        if trouble:
            return trouble, clock.now() - started
        clock.sleep(0.2)
    return None, clock.now() - started


def found(looked: tuple[Trouble | None, float]) -> tuple[Trouble, float]:
    """Return what a look found, and after how many seconds; fails where it found nothing."""
    trouble, after = looked
    assert trouble is not None
    return trouble, after
