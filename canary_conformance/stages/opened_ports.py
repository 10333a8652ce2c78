"""The ports that Services and pods open to the outside, and where each can be tried."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from canary_conformance.cluster.base import Address, Cluster
from canary_conformance.cluster.node_conditions import node_addresses
from canary_conformance.cluster.rollouts import owner_of
from canary_conformance.scenario.stages import ObjectRef

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a port is tried: at an address that this machine reaches, and at one in the cluster.

    None is where it can't be; `inside` counts where this machine has no address, or one of a relay.
    """

    here: Address | None
    inside: Address | None = None


def place_at(address: Address) -> Place:
    """Return the place of an address that this machine reaches."""
    return Place(address, address.behind)


def ports_of_services(cluster: Cluster, services: Sequence[Object]) -> dict[str, Place]:
    """Return the ports of nodes, external addresses and load balancers that lead to Services.

    Source: Kubernetes, "Service" (nodePort, externalIPs, status.loadBalancer). An external address that is
    not a node's is routed to it by a network that this machine does not know: in the cluster it would be
    answered whether there is such a network or not.
    """
    found: dict[str, Place] = {}
    nodes = [] if cluster.node_address else node_addresses(cluster.api.list("v1", "Node"))
    for service in services:
        name, spec = f"Service/{service['metadata']['name']}", service["spec"]
        balancer = (service.get("status") or {}).get("loadBalancer") or {}
        given = [one.get("ip") or one.get("hostname") for one in balancer.get("ingress") or ()]
        for port in spec.get("ports", []):
            number = port["port"]
            if opened := port.get("nodePort"):
                reached = cluster.address_of(service, number)
                unreached = Place(None, Address(nodes[0], opened) if nodes else None)
                found[f"{name} port {opened} of the node"] = place_at(reached) if reached else unreached
            for ip in spec.get("externalIPs") or ():
                found[f"{name} port {number} of {ip}"] = _of_node(cluster, ip, number, nodes)
            # A balancer may lead to pods without any port of the nodes (allocateLoadBalancerNodePorts).
            for host in () if port.get("nodePort") else filter(None, given):
                found[f"{name} port {number} of the load balancer {host}"] = Place(Address(host, number))
    return found


def ports_of_pods(cluster: Cluster, pods: Sequence[Object], listening: Collection[int]) -> dict[str, Place]:
    """Return the ports of the node that pods take: host ports, and all of theirs on the node's own network.

    Source: Kubernetes, API reference of ContainerPort (hostPort) and PodSpec (hostNetwork).
    """
    found: dict[str, Place] = {}
    for pod in pods:
        name = str(owner_of(pod) or ObjectRef("Pod", pod["metadata"]["name"]))
        spec, node = pod["spec"], (pod.get("status") or {}).get("hostIP", "")
        declared = [
            port["hostPort"]
            for container in (*spec.get("initContainers", ()), *spec["containers"])
            for port in container.get("ports", ())
            if port.get("hostPort")
        ]
        # A component may listen at ports that its pod does not declare.
        undeclared = listening if spec.get("hostNetwork") else ()
        for port in (*declared, *undeclared):
            host = cluster.node_address
            place = Place(Address(host, port) if host else None, Address(node, port) if node else None)
            found[f"{name} port {port} of the node"] = place
    return found


def _of_node(cluster: Cluster, ip: str, port: int, nodes: Collection[str]) -> Place:
    if ip == cluster.node_address:
        return Place(Address(ip, port))
    return Place(None, Address(ip, port) if ip in nodes else None)
