"""Knocking at the ingress gateway where no page is expected: before its Gateway exists, after it is gone."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

import requests

from canary_conformance.cluster.base import Address, Cluster
from canary_conformance.cluster.rollouts import owner_of
from canary_conformance.errors import NotJudged
from canary_conformance.scenario.observations import Reply, ReplyKind
from canary_conformance.scenario.stages import ObjectRef
from canary_conformance.timeouts import LIMITS
from canary_conformance.waiting import NotInTime, wait_until

Object = Mapping[str, Any]

UNREACHABLE = Reply(
    ReplyKind.UNTRIED, b"", "this machine can't reach the ports that are opened on nodes", 0.0
)


def knock_everywhere(
    gateway_url: str,
    cluster: Cluster,
    services: Sequence[Object],
    pods: Sequence[Object],
    listening: Collection[int],
) -> dict[str, Reply]:
    """Knock at the ingress and at every port that a Service or a pod opens to the outside (R1.4).

    Args:
        gateway_url: The ingress gateway's.
        cluster: It knows where these ports are reached.
        services: The scenario's, as the API server has them.
        pods: Likewise.
        listening: The ports at which components listen, declared or not.

    Returns:
        How each ended, by its name: "ingress gateway", "Service/voting-app port 30080 of the node",
        "Deployment/voting-storage-1-0 port 6379 of the node". A port that this machine can't reach is
        UNTRIED.
    """
    opened = {**_ports_of_services(cluster, services), **_ports_of_pods(cluster, pods, listening)}
    return {"ingress gateway": knock(gateway_url)} | {
        name: knock(address.url) if address else UNREACHABLE for name, address in opened.items()
    }


def ways_in(knocks: Mapping[str, Reply]) -> dict[str, str]:
    """Return how the knock at each way in ended.

    Raises:
        NotJudged: Some could not be tried, and nothing answered at the others.
    """
    untried = [name for name, reply in knocks.items() if reply.kind is ReplyKind.UNTRIED]
    tried = {name: str(reply.kind) for name, reply in knocks.items() if name not in untried}
    if untried and set(tried.values()) <= {str(ReplyKind.REFUSED)}:
        raise NotJudged(f"{', '.join(untried)}: {UNREACHABLE.detail}")
    return tried


def _ports_of_services(cluster: Cluster, services: Sequence[Object]) -> dict[str, Address | None]:
    """Return the ports of nodes, external addresses and load balancers that lead to Services.

    Source: Kubernetes, "Service" (nodePort, externalIPs, status.loadBalancer). An external address that is
    not the node's is routed to it by a network that this machine does not know.
    """
    found: dict[str, Address | None] = {}
    for service in services:
        name, spec = f"Service/{service['metadata']['name']}", service["spec"]
        balancer = (service.get("status") or {}).get("loadBalancer") or {}
        given = [one.get("ip") or one.get("hostname") for one in balancer.get("ingress") or ()]
        for port in spec.get("ports", []):
            number = port["port"]
            if port.get("nodePort"):
                place = f"{name} port {port['nodePort']} of the node"
                found[place] = cluster.address_of(service, number)
            for ip in spec.get("externalIPs") or ():
                reached = Address(ip, number) if ip == cluster.node_address else None
                found[f"{name} port {number} of {ip}"] = reached
            # A balancer may lead to pods without any port of the nodes (allocateLoadBalancerNodePorts).
            for host in () if port.get("nodePort") else filter(None, given):
                found[f"{name} port {number} of the load balancer {host}"] = Address(host, number)
    return found


def _ports_of_pods(
    cluster: Cluster, pods: Sequence[Object], listening: Collection[int]
) -> dict[str, Address | None]:
    """Return the ports of the node that pods take: host ports, and all of theirs on the node's own network.

    Source: Kubernetes, API reference of ContainerPort (hostPort) and PodSpec (hostNetwork).
    """
    found: dict[str, Address | None] = {}
    node = cluster.node_address
    for pod in pods:
        name = str(owner_of(pod) or ObjectRef("Pod", pod["metadata"]["name"]))
        spec = pod["spec"]
        declared = [
            port["hostPort"]
            for container in (*spec.get("initContainers", ()), *spec["containers"])
            for port in container.get("ports", ())
            if port.get("hostPort")
        ]
        # A component may listen at ports that its pod does not declare.
        undeclared = listening if spec.get("hostNetwork") else ()
        for port in (*declared, *undeclared):
            found[f"{name} port {port} of the node"] = None if node is None else Address(node, port)
    return found


def knock(url: str) -> Reply:
    """Ask the ingress once for the page, and say how that ended: R1.4 and R6.1 want no page of the app."""
    started = time.monotonic()
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(url, timeout=LIMITS.request)
    except requests.ConnectionError as error:
        kind = ReplyKind.REFUSED if _is_refused(error) else ReplyKind.RESET
        return Reply(kind, b"", str(error), time.monotonic() - started)
    except requests.RequestException as error:
        return Reply(ReplyKind.FAILED, b"", str(error), time.monotonic() - started)
    status = f"HTTP {answer.status_code}"
    return Reply(ReplyKind.ANSWERED, answer.content[:200], status, time.monotonic() - started)


def _is_refused(error: BaseException | None) -> bool:
    """Return whether a connection was refused, which the client library wraps several times."""
    while error is not None and not isinstance(error, ConnectionRefusedError):
        error = error.__cause__ or error.__context__
    return error is not None


def knock_until_refused(url: str) -> Reply:
    """Wait until nothing listens any more; return how the last request ended, whatever it was."""
    try:
        return wait_until(
            lambda: knock(url),
            until=lambda reply: reply.kind is ReplyKind.REFUSED,
            limit=LIMITS.ingress_closed,
            what="the ingress is closed",
        )
    except NotInTime as late:
        return cast(Reply, late.last)
