"""Whether the application's pods can be ready, and whether they would live on.

The latter is asked of their own liveness probes, made now from each pod's loopback. The kubelet
kills a container whose probe fails so many times in a row, one each period: that can be minutes from now, and
after the run (Kubernetes: "Configure Liveness, Readiness and Startup Probes"). Where there is a sidecar, the
probe leads to Istio's agent, which makes the application's own (Istio: "Health Checking of Istio Services").
Probes by other means than HTTP are left to the kubelet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.container_exits import habits
from canary_conformance.cluster.pod_access import OtherAnswer, PodName, PodPort
from canary_conformance.cluster.pod_state import pod_troubles
from canary_conformance.errors import RequirementFailed
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest

# What holds where the probe says nothing of it (Kubernetes API reference, Probe).
FAILURES = 3
SIDE_BY_SIDE = 8


@dataclass(frozen=True, slots=True)
class LivenessProbe:
    """A container's liveness probe by HTTP, and how often in a row it may not fail."""

    pod: PodName
    container: str
    port: int
    path: str
    failures: int

    def __str__(self) -> str:
        return f"{self.pod.name} {self.container}"


def failing_liveness_probes(
    namespace: NamespaceUnderTest, app: str = "", version: str = ""
) -> Mapping[str, str]:
    """Return which containers of a component's version, or of all, would be killed, and what was seen.

    Each probe is made as often as the kubelet would make it before it kills.
    """
    wanted = {workload.pod.name for workload in namespace.workloads(app, version)}
    pods = [
        pod for pod in namespace.api.list("v1", "Pod", namespace.name) if pod["metadata"]["name"] in wanted
    ]
    probes = [probe for pod in pods for probe in liveness_probes(pod, datetime.now(UTC))]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        seen = pool.map(lambda probe: _complaint(namespace.api, probe), probes)
        return {str(probe): complaint for probe, complaint in zip(probes, seen, strict=True) if complaint}


def liveness_probes(pod: Mapping[str, Any], now: datetime) -> Iterator[LivenessProbe]:
    """Yield the liveness probes by HTTP that a pod of the API server's declares and that are due."""
    name = PodName(pod["metadata"]["namespace"], pod["metadata"]["name"])
    statuses = {one["name"]: one for one in pod.get("status", {}).get("containerStatuses", [])}
    for container in pod["spec"]["containers"]:
        probe = container.get("livenessProbe") or {}
        asked = probe.get("httpGet")
        if not asked or asked.get("scheme", "HTTP") != "HTTP" or asked.get("host"):
            continue
        if _runs_for(statuses.get(container["name"], {}), now) >= probe.get("initialDelaySeconds", 0):
            failures = probe.get("failureThreshold", FAILURES)
            port = _number(asked["port"], container)
            yield LivenessProbe(name, container["name"], port, asked.get("path", "/"), failures)


def _runs_for(status: Mapping[str, Any], now: datetime) -> float:
    """Return for how many seconds a container has been running, less than 0 where it isn't."""
    started = status.get("state", {}).get("running", {}).get("startedAt")
    return (now - datetime.fromisoformat(started)).total_seconds() if started else -1.0


def _number(port: int | str, container: Mapping[str, Any]) -> int:
    """Return the number of a port, which may be called by its name; 0 for a name that no port has."""
    if isinstance(port, int):
        return port
    for one in container.get("ports", []):
        if one.get("name") == port:
            return int(one["containerPort"])
    return 0


def _complaint(api: Api, probe: LivenessProbe) -> str:
    """Return what a probe saw that fails so often in a row, "" for one that passes."""
    if not probe.port:
        return f"GET {probe.path} at a port by a name that the container does not declare"
    said = ""
    with closing(PodPort(api, probe.pod, probe.port)) as port:
        for _ in range(probe.failures):
            try:
                port.get(probe.path)
            except OtherAnswer as answer:
                # The kubelet takes a redirect for success too.
                if 200 <= answer.status < 400:
                    return ""
                said = f"GET {probe.path} answered {answer.status}"
            except OSError as error:
                said = f"GET {probe.path}: {error}"
            else:
                return ""
    return said


Failure = TypeVar("Failure", bound=RequirementFailed)


def own_trouble(
    namespace: NamespaceUnderTest, seen: str, kind: type[Failure], stage: int | None = None
) -> Failure | None:
    """Return the failure of pods that by their own status can't be ready, None where all of them can.

    Args:
        namespace: The namespace under test, which nothing disturbed.
        seen: What could not be looked at, for the message.
        kind: What to return.
        stage: The stage that it is on its way into; the one that it is at by default.
    """
    for pod in namespace.api.list("v1", "Pod", namespace.name):
        for trouble in (*pod_troubles(pod), *habits([pod])):
            breaks = namespace.rules.broken.by_pods_until(stage or namespace.stage)
            return kind(f"{trouble.reason}; by it: {seen}", breaks=breaks, concerns=trouble.concerns)
    return None
