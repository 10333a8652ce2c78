"""The load balancers of a cluster on this machine: an address of the node for each Service of that type.

A node of kind's is a container in the engine's network, so each address beside its own that it has there is
reached from this machine, and kube-proxy answers on it for the Service whose status names it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, ip_address
from typing import Any

from canary_conformance.cluster.nodes import node_of
from canary_conformance.errors import EnvironmentFailed
from canary_conformance.images.engine import docker
from canary_conformance.repeating import repeating
from tools.own_cluster.plain_cluster import PlainCluster

LOOK_EVERY = 1.0
# kind's network has 65,536 addresses, which the engine hands out from its beginning.
_FIRST, _EACH = 200 << 8, 8


def balance(cluster: PlainCluster) -> list[str]:
    """Give an address to each Service of type LoadBalancer that has none; return those that got one.

    Raises EnvironmentFailed where the node has no address left.
    """
    api = cluster.api()
    services = [one for one in api.list("v1", "Service") if one["spec"].get("type") == "LoadBalancer"]
    taken = {one["ip"] for service in services for one in _ingress(service)}
    given = []
    for service in services:
        if not _ingress(service):
            address = _free_address(cluster, taken)
            taken.add(address)
            docker("exec", cluster.node, "ip", "address", "replace", f"{address}/32", "dev", "eth0")
            metadata = service["metadata"]
            status = {"status": {"loadBalancer": {"ingress": [{"ip": address}]}}}
            words = ("--namespace", metadata["namespace"], "--subresource=status", "--type=merge")
            cluster.kubectl("patch", "service", metadata["name"], *words, f"--patch={json.dumps(status)}")
            given.append(f"{metadata['namespace']}/{metadata['name']} {address}")
    return given


def _ingress(service: dict[str, Any]) -> list[dict[str, Any]]:
    return list(service["status"].get("loadBalancer", {}).get("ingress") or ())


def _free_address(cluster: PlainCluster, taken: Collection[str]) -> str:
    node = node_of(cluster.name)
    first = ip_address(node.address) if node else None
    if not isinstance(first, IPv4Address):
        raise EnvironmentFailed(f"the node of cluster {cluster.name} has no IPv4 address")
    network, number = int(first) >> 16 << 16, int(first) & 0xFF
    own = (str(IPv4Address(network + _FIRST + number * _EACH + each)) for each in range(_EACH))
    address = next((one for one in own if one not in taken), None)
    if address is None:
        raise EnvironmentFailed(f"cluster {cluster.name} has more than {_EACH} Services of type LoadBalancer")
    return address


@contextmanager
def balancing(cluster: PlainCluster) -> Iterator[None]:
    """Give addresses to new Services until the end."""
    with repeating(lambda: balance(cluster), LOOK_EVERY, "load balancer"):
        yield
