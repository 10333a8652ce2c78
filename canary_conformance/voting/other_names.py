"""Services under other names than the contract's that lead to analytics or a store, called for real.

A route is for a host: what is called by another Service's name takes none of them, so a source may reach
there what it may not reach (R3.3, R4.8). A headless Service, one without a selector and an ExternalName count
like any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from canary_conformance.cluster.endpoints import ready_addresses
from canary_conformance.errors import NotJudged
from canary_conformance.scenario.observations import Call, Opening, Reply
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.traffic.first_bytes import REDIS_PING, http_get
from canary_conformance.verdicts import Saying, expect, matrix, nothing
from canary_conformance.verdicts.checks import Check
from canary_conformance.voting.chains import ANALYTICS, MYSQL, REDIS, REFUSED, WHO_MAY_REACH_WHOM
from canary_conformance.voting.contract import APP, CANARY, PATHS, STORAGE
from canary_conformance.voting.page_results import cast_different_votes
from canary_conformance.voting.reachability import source_pod

CONTRACT = frozenset({APP, ANALYTICS[0], STORAGE})
_OK = b"HTTP/1.1 200"
_DESTINATIONS = {STORAGE: REDIS, ANALYTICS[0]: ANALYTICS}


@dataclass(frozen=True, slots=True)
class OtherName:
    """A port of a Service that is not the contract's, and the component to which it leads."""

    service: str
    port: int
    component: str

    def __str__(self) -> str:
        return f"Service/{self.service}:{self.port} (leads to {self.component})"


def expect_no_way_by_other_names(
    namespace: NamespaceUnderTest, sources: Sequence[str], answered: Mapping[str, Check[Reply]]
) -> None:
    """Expect that no source reaches by another name what it may not reach by the contract's.

    Args:
        namespace: The namespace under test.
        sources: Who calls ("voting-analytics 1.0", "outside").
        answered: The check of the answer of each workload that a source may reach; see WHO_MAY_REACH_WHOM.
    """
    services = namespace.api.list("v1", "Service", namespace.name)
    if CONTRACT - {one["metadata"]["name"] for one in services}:
        raise NotJudged("a Service of the contract does not exist, so no other can be compared with it")
    names = list(_other_names(namespace, services))
    calls = f"calls by other names from {', '.join(sources)}"
    replies = namespace.once(calls, lambda: _call_all(namespace, sources, names))
    if replies:
        expect(
            replies, matrix({cell: _own_chain(*cell, answered) for cell in replies}, "calls by other names")
        )
        return
    fine = f"none of {len(services)} Services leads there by another name"
    expect(names, nothing("other names of analytics and storage", fine))


def _other_names(namespace: NamespaceUnderTest, services: Sequence[Mapping[str, Any]]) -> Iterator[OtherName]:
    slices = namespace.api.list("discovery.k8s.io/v1", "EndpointSlice", namespace.name)
    apps = {workload.address: workload.app for workload in namespace.workloads()}
    for service in services:
        name, spec = service["metadata"]["name"], service["spec"]
        if name in CONTRACT:
            continue
        components = {apps.get(address, "") for address in ready_addresses(slices, name)}
        components.add(str(spec.get("externalName", "")).partition(".")[0])
        for component in sorted(components & _DESTINATIONS.keys()):
            ports = [port["port"] for port in spec.get("ports") or []]
            # An ExternalName needs no ports of its own.
            for port in ports or [one[1] for one in (ANALYTICS, REDIS, MYSQL) if one[0] == component]:
                yield OtherName(name, port, component)


def _call_all(
    namespace: NamespaceUnderTest, sources: Sequence[str], names: Sequence[OtherName]
) -> Mapping[tuple[str, OtherName], Reply]:
    if not names:
        return {}
    if namespace.stage >= CANARY:
        # They tell by its answer which analytics a call came to.
        cast_different_votes(namespace.voter)
    pods = {source: source_pod(namespace, source) for source in sources}
    namespace.callers.prepare([pod for pod in pods.values() if pod != namespace.outside])

    def ask(source: str) -> dict[tuple[str, OtherName], Reply]:
        calls = {name: _call(namespace, source, name) for name in names}
        replies = namespace.callers.call(pods[source], list(calls.values()))
        return {(source, name): replies[call] for name, (call, _) in calls.items()}

    with ThreadPoolExecutor(len(pods)) as pool:
        return {cell: reply for found in pool.map(ask, pods) for cell, reply in found.items()}


def _call(namespace: NamespaceUnderTest, source: str, name: OtherName) -> tuple[Call, Opening]:
    host = f"{name.service}.{namespace.name}.svc.cluster.local"
    opening = Opening(REDIS_PING, listens=namespace.stage >= CANARY)
    if name.component == ANALYTICS[0]:
        opening = Opening(http_get(host, name.port, PATHS[name.component]), listens=False)
    return Call(source, host, name.port), opening


def _own_chain(source: str, name: OtherName, answered: Mapping[str, Check[Reply]]) -> Saying[Reply]:
    """The call was answered by who may answer the source, or by nobody: what a proxy says is no answer."""
    # A source without a row of its own may reach none of them.
    may = WHO_MAY_REACH_WHOM.get((source, _DESTINATIONS[name.component]), REFUSED)

    def check(reply: Reply) -> str:
        if not reply.received or (name.component == ANALYTICS[0] and _OK not in reply.received):
            return ""
        return f"received {reply.received[:24]!r}" if may == REFUSED else answered[may](reply)

    return Saying("refused" if may == REFUSED else f"answered by {may} or refused", check)
