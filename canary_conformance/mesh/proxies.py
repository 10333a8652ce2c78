"""The proxies of the mesh, read through their own admin ports: what they answer is what they run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.pod_access import PodName, PodPort

T = TypeVar("T")

ADMIN_PORT = 15000
PROXY_CONTAINER = "istio-proxy"
PROXY_PORTS = frozenset({15000, 15001, 15004, 15006, 15008, 15020, 15021, 15053, 15090})
"""Where the proxy itself listens in a pod (Istio, "Application Requirements": ports used by Istio)."""
WORKERS = 8


class Proxies:
    """The admin ports of proxies, one kept connection each (Envoy: "Administration interface")."""

    def __init__(self, api: Api) -> None:
        """Start with none; a proxy's port is opened when it is first read."""
        self._api = api
        self._ports: dict[PodName, PodPort] = {}

    def of(self, pod: PodName) -> PodPort:
        """Return a proxy's admin port."""
        return self._ports.setdefault(pod, PodPort(self._api, pod, ADMIN_PORT))

    def ask(self, pods: Iterable[PodName], path: str) -> Mapping[PodName, Any]:
        """Return what each proxy answers to `GET path` as parsed JSON, all read at once. Raises OSError."""
        return self.each(pods, lambda port: port.get_json(path))

    def each(self, pods: Iterable[PodName], read: Callable[[PodPort], T]) -> Mapping[PodName, T]:
        """Return what is read from each proxy's admin port, all at once. Raises what `read` raises."""
        wanted = list(pods)
        with ThreadPoolExecutor(WORKERS) as pool:
            return dict(zip(wanted, pool.map(lambda pod: read(self.of(pod)), wanted), strict=True))

    def close(self) -> None:
        """Close every connection."""
        while self._ports:
            self._ports.popitem()[1].close()


def proxied_pods(pods: Iterable[Mapping[str, Any]]) -> list[PodName]:
    """Return those running pods that have Istio's proxy, as a native sidecar (since 1.27) or a container."""
    found = []
    for pod in pods:
        spec, metadata = pod["spec"], pod["metadata"]
        containers = [*spec.get("initContainers", []), *spec["containers"]]
        running = pod.get("status", {}).get("phase") == "Running" and "deletionTimestamp" not in metadata
        if running and any(container["name"] == PROXY_CONTAINER for container in containers):
            found.append(PodName(metadata["namespace"], metadata["name"]))
    return sorted(found)
