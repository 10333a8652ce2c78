"""The endpoints of a namespace's Services, and whether they are its ready pods.

A pod's readiness, its Deployment's status and the endpoints of its Services are written by three controllers,
one after the other; only when the last has caught up can a proxy know of the pod.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.pod_state import is_ready

SERVICE_LABEL = "kubernetes.io/service-name"


def stale_endpoints(api: Api, namespace: str) -> list[str]:
    """Return each Service whose ready endpoints are not the ready pods that it selects, with both counts."""
    pods = api.list("v1", "Pod", namespace)
    slices = api.list("discovery.k8s.io/v1", "EndpointSlice", namespace)
    stale = []
    for service in api.list("v1", "Service", namespace):
        selector = service["spec"].get("selector") or {}
        if not selector:
            continue
        name = service["metadata"]["name"]
        written, ready = ready_addresses(slices, name), _selected(pods, selector)
        if written != ready:
            stale.append(f"endpoints of Service {name}: {len(written)}, not yet {len(ready)} ready pods")
    return stale


def ready_endpoints(api: Api, namespace: str) -> frozenset[tuple[str, str]]:
    """Return (Service, address) of every ready endpoint of a namespace."""
    slices = api.list("discovery.k8s.io/v1", "EndpointSlice", namespace)
    services = {(one["metadata"].get("labels") or {}).get(SERVICE_LABEL, "") for one in slices}
    return frozenset((name, address) for name in services for address in ready_addresses(slices, name))


def ready_addresses(slices: Iterable[Mapping[str, Any]], service: str) -> set[str]:
    """Return the addresses of a Service's ready endpoints."""
    return {address for _, addresses in _ready(slices, service) for address in addresses}


def addresses_by_port(slices: Iterable[Mapping[str, Any]], service: str) -> dict[int, list[str]]:
    """Return each port of a Service's pods with the addresses of its ready endpoints."""
    found: dict[int, list[str]] = {}
    for item, addresses in _ready(slices, service):
        for port in item.get("ports") or []:
            found[port["port"]] = sorted([*found.get(port["port"], []), *addresses])
    return found


def _ready(
    slices: Iterable[Mapping[str, Any]], service: str
) -> Iterator[tuple[Mapping[str, Any], list[str]]]:
    """Yield each EndpointSlice of a Service with the addresses of its ready endpoints."""
    for item in slices:
        if (item["metadata"].get("labels") or {}).get(SERVICE_LABEL) == service:
            ready = [e for e in item.get("endpoints") or [] if (e.get("conditions") or {}).get("ready")]
            yield item, [address for endpoint in ready for address in endpoint["addresses"]]


def _selected(pods: Iterable[Mapping[str, Any]], selector: Mapping[str, str]) -> set[str]:
    return {
        pod["status"]["podIP"]
        for pod in pods
        if selector.items() <= (pod["metadata"].get("labels") or {}).items() and is_ready(pod)
    }
