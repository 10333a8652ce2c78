"""Knocking where no page is expected: at the ingress gateway before its Gateway exists and after it is gone.

Likewise at every port that a Service or a pod opens to the outside. A relay that maps a port of the node to
this machine accepts every connection, so that a port that nobody listens at is not refused there. What such a
knock comes to is decided by another one from inside.

In a cluster that others use, their load balancer or gateway may answer by itself. There the ingress counts as
closed where it answers as it did before the scenario; a page of the app, or any answer of a gateway that only
this run uses, does not.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import requests

from canary_conformance.cluster.base import Address, Cluster
from canary_conformance.cluster.node_conditions import node_addresses
from canary_conformance.cluster.rollouts import owner_of
from canary_conformance.errors import NotJudged
from canary_conformance.mesh.base import Gateway
from canary_conformance.scenario.observations import Reply, ReplyKind
from canary_conformance.scenario.stages import ObjectRef
from canary_conformance.timeouts import LIMITS
from canary_conformance.traffic.page import read_page
from canary_conformance.waiting import NotInTime, wait_until

Object = Mapping[str, Any]

INGRESS = "ingress gateway"
CLOSED = frozenset({str(ReplyKind.REFUSED), str(ReplyKind.UNCHANGED)})
# More of an answer than this is not read: the page is shorter.
_READ = 20_000
UNREACHABLE = Reply(
    ReplyKind.UNTRIED, b"", "this machine can't reach the ports that are opened on nodes", 0.0
)


def knock_everywhere(
    gateway: Gateway,
    cluster: Cluster,
    services: Sequence[Object],
    pods: Sequence[Object],
    listening: Collection[int],
    unopened: Reply | None = None,
) -> dict[str, Reply]:
    """Knock at the ingress and at every port that a Service or a pod opens to the outside (R1.4).

    Args:
        gateway: The ingress gateway.
        cluster: It knows where these ports are reached. Its nodes knock where this machine can't, or where a
            relay answers in place of the port.
        services: The scenario's, as the API server has them.
        pods: Likewise.
        listening: The ports at which components listen, declared or not.
        unopened: How the ingress answered before the scenario, None where nothing listened.

    Returns:
        How each ended, by its name: "ingress gateway", "Service/voting-app port 30080 of the node",
        "Deployment/voting-storage-1-0 port 6379 of the node". A port that can't be reached is UNTRIED.
    """
    places = {**ports_of_services(cluster, services), **ports_of_pods(cluster, pods, listening)}
    if unopened is None:
        places = {INGRESS: place_at(gateway.address), **places}
    seen = {name: knock(place.here.url) if place.here else UNREACHABLE for name, place in places.items()}
    if unopened is not None:
        seen = {INGRESS: _beside_others(gateway, unopened), **seen}
    unclear = {name: place.inside for name, place in places.items() if _is_unclear(place, seen[name])}
    try:
        return seen | _from_inside(unclear, cluster)
    except NotJudged as why:
        untried = replace(UNREACHABLE, detail=f"{UNREACHABLE.detail}, and {why}")
        return seen | dict.fromkeys(unclear, untried)


def ways_in(knocks: Mapping[str, Reply]) -> dict[str, str]:
    """Return how the knock at each way in ended.

    Raises:
        NotJudged: Some could not be tried, and nothing answered at the others.
    """
    untried = {name: reply for name, reply in knocks.items() if reply.kind is ReplyKind.UNTRIED}
    tried = {name: str(reply.kind) for name, reply in knocks.items() if name not in untried}
    if untried and CLOSED.issuperset(tried.values()):
        reasons = dict.fromkeys(reply.detail for reply in untried.values())
        raise NotJudged(f"{', '.join(untried)}: {'; '.join(reasons)}")
    return tried


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
    return Reply(ReplyKind.ANSWERED, answer.content[:_READ], status, time.monotonic() - started)


def knock_until_closed(gateway: Gateway, cluster: Cluster, unopened: Reply | None = None) -> Reply:
    """Wait until nothing of the scenario answers; return how the last request ended, whatever it was.

    Args:
        gateway: The ingress gateway.
        cluster: It can knock from inside.
        unopened: See knock_everywhere().

    Raises:
        NotJudged: A relay answers in place of the gateway, and it can't be reached from inside.
    """
    try:
        return wait_until(
            lambda: (
                _knock_at(gateway.address, cluster) if unopened is None else _beside_others(gateway, unopened)
            ),
            until=lambda reply: str(reply.kind) in CLOSED,
            limit=LIMITS.ingress_closed,
            what="the ingress is closed",
        )
    except NotInTime as late:
        return cast(Reply, late.last)


def _beside_others(gateway: Gateway, before: Reply) -> Reply:
    """Return how a knock at the ingress ended, by what it came to before the scenario."""
    reply = knock(gateway.url)
    if reply.kind is ReplyKind.REFUSED:
        return reply
    if _words(reply) == _words(before) and reply.received == before.received:
        return replace(reply, kind=ReplyKind.UNCHANGED)
    if reply.kind is ReplyKind.ANSWERED and (not gateway.shared or _is_of_app(reply)):
        return reply
    why = f"it {_words(reply)} and {_words(before)} before the scenario, and others may have changed that"
    return replace(reply, kind=ReplyKind.UNTRIED, detail=why)


def _is_of_app(reply: Reply) -> bool:
    page = read_page(reply.received.decode(errors="replace"))
    return bool(page.host and page.store)


def _words(reply: Reply) -> str:
    return f"answers {reply.detail}" if reply.kind is ReplyKind.ANSWERED else f"ends with {reply.kind}"


def _knock_at(address: Address, cluster: Cluster) -> Reply:
    reply, place = knock(address.url), place_at(address)
    return _from_inside({"": place.inside}, cluster)[""] if _is_unclear(place, reply) else reply


def _is_unclear(place: Place, reply: Reply) -> bool:
    """Return whether it has to be tried from inside, too.

    What a relay does without an answer from behind says nothing of the port: it may refuse by itself, too.
    """
    return place.inside is not None and (place.here is None or _silent_relay(place.here, reply))


def _silent_relay(here: Address, reply: Reply) -> bool:
    return here.behind is not None and reply.kind is not ReplyKind.ANSWERED


def _from_inside(places: Mapping[str, Address | None], cluster: Cluster) -> dict[str, Reply]:
    """Return how a knock from inside ended, by the same names. Raises NotJudged."""
    known = {name: address for name, address in places.items() if address is not None}
    if not known:
        return {}
    if cluster.nodes is None:
        raise NotJudged("its nodes do not run on this machine")
    return dict(zip(known, cluster.nodes.knock(list(known.values())), strict=True))


def _is_refused(error: BaseException | None) -> bool:
    """Return whether a connection was refused, which the client library wraps several times."""
    while error is not None and not isinstance(error, ConnectionRefusedError):
        error = error.__cause__ or error.__context__
    return error is not None


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
