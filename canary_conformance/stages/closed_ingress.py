"""Knocking at the ingress gateway where no page is expected: before its Gateway exists, after it is gone.

A relay that maps a port of the node to this machine accepts every connection, so that a port that nobody
listens at is not refused there. What such a knock comes to is decided by another one from inside.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import requests

from canary_conformance.cluster.base import Address, Cluster
from canary_conformance.errors import NotJudged
from canary_conformance.scenario.observations import Reply, ReplyKind
from canary_conformance.stages.opened_ports import Place, place_at, ports_of_pods, ports_of_services
from canary_conformance.timeouts import LIMITS
from canary_conformance.waiting import NotInTime, wait_until

Object = Mapping[str, Any]

UNREACHABLE = Reply(
    ReplyKind.UNTRIED, b"", "this machine can't reach the ports that are opened on nodes", 0.0
)


def knock_everywhere(
    gateway: Address,
    cluster: Cluster,
    services: Sequence[Object],
    pods: Sequence[Object],
    listening: Collection[int],
) -> dict[str, Reply]:
    """Knock at the ingress and at every port that a Service or a pod opens to the outside (R1.4).

    Args:
        gateway: The ingress gateway's address.
        cluster: It knows where these ports are reached. Its nodes knock where this machine can't, or where a
            relay answers in place of the port.
        services: The scenario's, as the API server has them.
        pods: Likewise.
        listening: The ports at which components listen, declared or not.

    Returns:
        How each ended, by its name: "ingress gateway", "Service/voting-app port 30080 of the node",
        "Deployment/voting-storage-1-0 port 6379 of the node". A port that can't be reached is UNTRIED.
    """
    places = {
        "ingress gateway": place_at(gateway),
        **ports_of_services(cluster, services),
        **ports_of_pods(cluster, pods, listening),
    }
    seen = {name: knock(place.here.url) if place.here else UNREACHABLE for name, place in places.items()}
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
    if untried and set(tried.values()) <= {str(ReplyKind.REFUSED)}:
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
    return Reply(ReplyKind.ANSWERED, answer.content[:200], status, time.monotonic() - started)


def knock_until_refused(gateway: Address, cluster: Cluster) -> Reply:
    """Wait until nothing listens any more; return how the last request ended, whatever it was.

    Raises:
        NotJudged: A relay answers in place of the gateway, and it can't be reached from inside.
    """
    try:
        return wait_until(
            lambda: _knock_at(gateway, cluster),
            until=lambda reply: reply.kind is ReplyKind.REFUSED,
            limit=LIMITS.ingress_closed,
            what="the ingress is closed",
        )
    except NotInTime as late:
        return cast(Reply, late.last)


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
