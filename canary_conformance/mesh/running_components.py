"""What runs, as each part itself reports it: the API server, the kubelets, the control plane, every proxy.

A run's options name what was wanted; a wrong image, a mesh that was kept or a rollout that hangs would make
that untrue.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.pod_access import PodName, PodPort
from canary_conformance.errors import EnvironmentFailed
from canary_conformance.mesh.proxies import Proxies
from canary_conformance.timeouts import LIMITS
from canary_conformance.waiting import SYSTEM_CLOCK, Clock, NotInTime, wait_until

# Where istiod answers about itself (Istio: "Ports used by Istio"), and the label of its pods.
MONITORING_PORT = 15014
CONTROL_PLANE = "app=istiod"
# How istiod logs that a proxy refused what it was sent: of what kind, to which connection, and why.
_REFUSAL = re.compile(r"ADS:(?P<type>\S+): ACK ERROR \S+ (?P<reason>.*)")


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """The versions of cluster and mesh, each as the part itself reports it."""

    api_server: str
    kubelets: tuple[str, ...]
    istiods: tuple[str, ...]

    @property
    def istio(self) -> tuple[str, ...]:
        """The versions of Istio without commit and state of the source (Istio: "BuildInfo")."""
        return tuple(sorted({version.rsplit("-", 2)[0] for version in self.istiods}))

    def __str__(self) -> str:
        kubelets, istiods = (", ".join(versions) for versions in (self.kubelets, self.istiods))
        return f"API server {self.api_server}, kubelet {kubelets}, istiod {istiods}"


@dataclass(frozen=True, slots=True, order=True)
class ProxyVersion:
    """What a proxy runs: the Istio of its agent, and its Envoy."""

    istio: str
    envoy: str

    def __str__(self) -> str:
        return f"Istio {self.istio} on Envoy {self.envoy}"


class ProxyVersions:
    """What every proxy ran that existed at a look; each is read once."""

    def __init__(self, proxies: Proxies) -> None:
        self._proxies = proxies
        self.seen: dict[PodName, ProxyVersion] = {}

    def look(self, pods: Iterable[PodName]) -> None:
        """Read those proxies that weren't read yet. Raises OSError when one doesn't answer."""
        self.seen |= proxy_versions(self._proxies, [pod for pod in pods if pod not in self.seen])

    def __str__(self) -> str:
        counts = sorted(Counter(self.seen.values()).items())
        return "; ".join(f"{count} of {ran}" for ran, count in counts)


def control_plane(api: Api, root_namespace: str) -> ControlPlane:
    """Return the versions of the API server, the kubelets and istiod. Raises EnvironmentFailed."""
    try:
        kubelets = {node["status"]["nodeInfo"]["kubeletVersion"] for node in api.list("v1", "Node")}
        server = server_version(api)
        istiods = {ask_istiod(api, pod, "/version") for pod in istiod_pods(api, root_namespace)}
    except OSError as error:
        raise EnvironmentFailed(f"the control plane does not report its version: {error}") from error
    return ControlPlane(server, tuple(sorted(kubelets)), tuple(sorted(istiods)))


def server_version(api: Api) -> str:
    """Return the version of the API server, like v1.36.4. Raises ApiException."""
    return str(json.loads(api.raw("/version"))["gitVersion"])


def answering_control_plane(api: Api, root_namespace: str, clock: Clock = SYSTEM_CLOCK) -> ControlPlane:
    """Return what control_plane() does, once an istiod answers. Raises EnvironmentFailed.

    A mesh that is kept starts anew with its node, while the API server still reports it as available.
    """
    try:
        return wait_until(
            lambda: control_plane(api, root_namespace),
            until=lambda seen: bool(seen.istiods),
            limit=LIMITS.mesh_reused,
            what="the control plane answers",
            passing=(EnvironmentFailed,),
            clock=clock,
        )
    except NotInTime as late:
        raise EnvironmentFailed(str(late)) from late


def check_runs(running: ControlPlane, *, kubernetes: str, istio: str) -> None:
    """Raise EnvironmentFailed unless the control plane is of these versions, written without a `v`."""
    versions = {running.api_server, *running.kubelets}
    if versions != {f"v{kubernetes}"} or running.istio != (istio,):
        wanted = f"Kubernetes v{kubernetes} with Istio {istio}"
        raise EnvironmentFailed(f"{wanted} was to run, and this runs: {running}")


def proxy_versions(proxies: Proxies, pods: Iterable[PodName]) -> dict[PodName, ProxyVersion]:
    """Return what each proxy runs, as it reports itself (Envoy: "GET /server_info"). Raises OSError."""
    answers = proxies.ask(pods, "/server_info")
    return {
        pod: ProxyVersion(
            istio=str(info["node"]["metadata"].get("ISTIO_VERSION", "unknown")),
            # commit/version/state/kind/TLS library
            envoy=str(info["version"]).split("/")[1],
        )
        for pod, info in answers.items()
    }


def refused_by_proxies(api: Api, root_namespace: str, *, within: float) -> list[str]:
    """Return what proxies refused in these last seconds of what istiod sent them, in Envoy's own words.

    Each text comes once, oldest first, as istiod logs it: "LDS Internal:Error adding/updating listener(s)
    ...".
    """
    found: list[str] = []
    for pod in istiod_pods(api, root_namespace):
        log = api.log(pod.name, pod.namespace, seconds=math.ceil(within))
        found += [f"{one['type']} {one['reason']}" for one in _REFUSAL.finditer(log)]
    return list(dict.fromkeys(found))


def istiod_pods(api: Api, root_namespace: str, labels: str = CONTROL_PLANE) -> list[PodName]:
    """Return the running pods of the control plane, of every revision; labels may select one."""
    return [
        PodName(root_namespace, pod["metadata"]["name"])
        for pod in api.list("v1", "Pod", root_namespace, labels)
        if "deletionTimestamp" not in pod["metadata"] and pod.get("status", {}).get("phase") == "Running"
    ]


def ask_istiod(api: Api, pod: PodName, path: str) -> str:
    """Return what a pod of the control plane answers at its monitoring port. Raises OSError."""
    with contextlib.closing(PodPort(api, pod, MONITORING_PORT)) as port:
        return port.get(path).decode(errors="replace").strip()
