"""Who may reach whom.

Real connections from each version of each component to each port of the other components. The source's labels
decide where a connection leads, not the port it asked for (R4.8). A connection to a store is always made by
listening first and then sending Redis's PING: MySQL greets, Redis answers, so one call shows which is there.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from canary_conformance.cluster.pod_access import PodName
from canary_conformance.errors import RequirementFailed
from canary_conformance.scenario.observations import Call, Opening, Page, Reply, Sample
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.stages.running_workloads import Workload
from canary_conformance.traffic.first_bytes import LISTEN
from canary_conformance.verdicts import ANY_LEAK, to_find_leak_in_each, to_find_leak_of
from canary_conformance.voting.chains import DESTINATIONS, MYSQL, OUTSIDE, WHO_MAY_REACH_WHOM
from canary_conformance.voting.contract import CANARY, DEPLOYED_AT, NEW, OLD
from canary_conformance.voting.mysql_restart import RESTART
from canary_conformance.voting.page_results import cast_different_votes
from canary_conformance.voting.requirements import BROKEN
from canary_conformance.voting.stage_rules import HALVES
from canary_conformance.voting.voting_app import VOTING_APP

Cell = tuple[str, str]
# Those without the flag open theirs while MySQL restarts, which takes as long as a whole sample.
# Bytes of an answer that the run's events have.
_SHOWN = 120
PAGES = {OLD.app: to_find_leak_of(ANY_LEAK), NEW.app: to_find_leak_in_each(HALVES, ANY_LEAK)}


def reach(
    namespace: NamespaceUnderTest, sources: Sequence[str], destinations: Sequence[tuple[str, int]]
) -> Mapping[Cell, Reply]:
    """Return how a connection ended from each source ("voting-app 1.0", "outside") to each service port."""
    with namespace.progress.phase(f"connections from {len(sources)} sources", quiet=True, kept=False):
        return _reach(namespace, sources, destinations)


def _reach(
    namespace: NamespaceUnderTest, sources: Sequence[str], destinations: Sequence[tuple[str, int]]
) -> Mapping[Cell, Reply]:
    pods = {source: source_pod(namespace, source) for source in sources}
    namespace.callers.prepare([pod for pod in pods.values() if pod != namespace.outside])
    ended = itertools.count(1)

    def ask(source: str) -> Mapping[Call, Reply]:
        replies = namespace.callers.call(
            pods[source], [_call(namespace, source, *one) for one in destinations]
        )
        namespace.progress.detail(f"{next(ended)} of {len(pods)} have called")
        return replies

    # Most of a call is waiting for a first word, so the sources call side by side.
    with ThreadPoolExecutor(len(pods)) as pool:
        replies = dict(zip(pods, pool.map(ask, pods), strict=True))
    seen = {
        (source, f"{service}:{port}"): replies[source][_call(namespace, source, service, port)[0]]
        for source in pods
        for service, port in destinations
    }
    rows = [[*cell, str(reply.kind), repr(reply.received[:_SHOWN])] for cell, reply in seen.items()]
    namespace.progress.event("connections_seen", stage=namespace.stage, rows=rows)
    return seen


def reach_everyone(namespace: NamespaceUnderTest) -> Mapping[Cell, Reply]:
    """Return how a connection ended from each source of R4.8's matrix to each destination; taken once.

    Different votes are cast first, which show by its answer which analytics a connection came to.
    """

    def take() -> Mapping[Cell, Reply]:
        cast_different_votes(namespace.voter)
        return reach(namespace, list(dict.fromkeys(source for source, _ in WHO_MAY_REACH_WHOM)), DESTINATIONS)

    return namespace.once("who reaches whom", take)


def pages_of_chain(namespace: NamespaceUnderTest, version: str) -> Sample[Page]:
    """Return a sample of a voter of version "1.0" (no cookie) or "2.0" (with the flag); taken once.

    Different votes were cast first, so that each page shows by its result which analytics and store it is of.
    """

    def take() -> Sample[Page]:
        # A restart of MySQL began with these votes, and MySQL takes none before its end.
        if not namespace.begun(RESTART):
            cast_different_votes(namespace.voter)
        voter = namespace.voter.with_flag() if version == NEW.app else namespace.voter
        return voter.open_page(PAGES[version])

    return namespace.once(f"pages of chain {version}", take)


def reach_often(
    namespace: NamespaceUnderTest, source: str, destination: tuple[str, int], times: int
) -> Sample[Reply]:
    """Return how so many new connections from one source to one (service, port) ended.

    Nothing is awaited first.
    """
    with namespace.progress.phase(f"{times} connections from {source}", quiet=True, kept=False):
        pod = source_pod(namespace, source)
        namespace.callers.prepare([pod])
        call, opened = _call(namespace, source, *destination)
        # MySQL resets a client that talks over its greeting, and here nobody waits for it first.
        return namespace.callers.sample(pod, call, LISTEN if destination == MYSQL else opened.send, times)


def source_pod(namespace: NamespaceUnderTest, source: str) -> PodName:
    """Return the first ready pod of a source. Raises RequirementFailed where none is ready."""
    if source == OUTSIDE:
        namespace.callers.ready_outside(namespace.outside)
        return namespace.outside
    app, _, version = source.partition(" ")
    return ready_workload(namespace, app, version).pod


def ready_workload(namespace: NamespaceUnderTest, app: str, version: str) -> Workload:
    """Return the first ready pod of a component's version. Raises RequirementFailed where none is ready."""
    ready = [workload for workload in namespace.workloads(app, version) if workload.ready]
    if not ready:
        breaks = BROKEN.by_pods(DEPLOYED_AT[version]) if version in DEPLOYED_AT else ""
        raise RequirementFailed(f"no pod of {app} {version} is ready", breaks=breaks)
    return ready[0]


def _call(namespace: NamespaceUnderTest, source: str, service: str, port: int) -> tuple[Call, Opening]:
    """Return the call and how it is opened; the name is whole, as the pod without sidecar lives elsewhere."""
    host = f"{service}.{namespace.name}.svc.cluster.local"
    opened = VOTING_APP.opening(service, host, port)
    # No server greets before MySQL is there.
    return Call(source, host, port), replace(opened, listens=opened.listens and namespace.stage >= CANARY)
