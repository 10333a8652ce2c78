"""Requests to analytics that the running sidecars distinguish: each comes to the source's own chain (R4.8).

Some are fixed: with the flag's cookie and a header, which the app may pass on. The answer shows the votes of
its chain; where a request gets none (another method or path), the counters of the source's own proxy show to
whose pods it went.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from canary_conformance.errors import NotJudged
from canary_conformance.mesh.routes.conditions import HEADER, METHOD, PATH
from canary_conformance.mesh.routes.endpoint_requests import CLUSTERS, requests_by_address
from canary_conformance.scenario.observations import Call, Opening, Sent
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.traffic.first_bytes import http_request
from canary_conformance.verdicts import expect, matrix, same
from canary_conformance.verdicts.checks import exactly
from canary_conformance.voting.chains import ANALYTICS
from canary_conformance.voting.contract import CHAINS, PATHS
from canary_conformance.voting.distinguished_requests import COOKIE, Derived, Probe, derive
from canary_conformance.voting.feature_flag import FLAG
from canary_conformance.voting.page_results import DIFFERENT_VOTES, cast_different_votes
from canary_conformance.voting.reachability import source_pod
from canary_conformance.voting.running_routes import expect_derived, way_behind

FIXED = (Probe(), Probe(((COOKIE, FLAG),)), Probe(((f"{HEADER}x-canary", "true"),)))
MOST_REQUESTS = 500
_SERVICE, _PORT = ANALYTICS
_PATH = PATHS[_SERVICE]
_ANSWERED = "answered by {}"
Cell = tuple[str, str]
"""Who asks, and what, in words."""


class Answered(NamedTuple):
    """Who answered a request, in words, and how it is made again."""

    who: str
    sent: Sent | None


def expect_answers_of_the_own_chain(namespace: NamespaceUnderTest) -> None:
    """Expect every request of each app to come to the analytics of its chain."""
    seen = namespace.once("requests to analytics", lambda: _take(namespace))
    own = {chain.page: chain.counter for chain in CHAINS.values()}
    checks = {cell: exactly(_ANSWERED.format(own[cell[0]])) for cell in seen}
    who = {cell: answer.who for cell, answer in seen.items()}
    expect(who, matrix(checks, "requests to analytics", sent=lambda cell: seen[cell].sent))


def expect_every_condition_behind_pages_is_probed(namespace: NamespaceUnderTest) -> None:
    """Expect that nothing runs behind the page that requests cannot be derived from. Raises NotJudged."""
    way = way_behind(namespace)
    derived = dict.fromkeys(_derive(namespace).unread, ("the sidecars of the app",))
    expect_derived(namespace, {**way.unread, **derived})
    expect(bool(way.tables), same(True, "the routes to analytics are read"))


def _derive(namespace: NamespaceUnderTest) -> Derived:
    way = way_behind(namespace)
    groups = [*(route.conditions for table in way.tables for route in table.routes), *way.rules]
    return derive(groups, {}, {METHOD: "GET", PATH: _PATH})


def _take(namespace: NamespaceUnderTest) -> Mapping[Cell, Answered]:
    probes = list(dict.fromkeys([*FIXED, *_derive(namespace).probes]))
    if len(probes) > MOST_REQUESTS:
        raise NotJudged(f"the running routes to analytics distinguish {len(probes)} requests")
    cast_different_votes(namespace.voter)
    sources = [chain.page for chain in CHAINS.values()]
    with ThreadPoolExecutor(len(sources)) as pool:
        found = pool.map(lambda source: _ask(namespace, source, probes), sources)
        return {cell: answered for answers in found for cell, answered in answers.items()}


def _ask(namespace: NamespaceUnderTest, source: str, probes: Sequence[Probe]) -> Mapping[Cell, Answered]:
    pod = source_pod(namespace, source)
    namespace.callers.prepare([pod])
    replies = namespace.callers.each(pod, [_call(namespace, source, probe) for probe in probes])
    seen = {}
    for probe, reply in zip(probes, replies, strict=True):
        shown = [
            chain.counter for app, chain in CHAINS.items() if DIFFERENT_VOTES[app].encode() in reply.received
        ]
        who = " and ".join(shown) or _counted(namespace, source, probe)
        seen[source, probe.described(_PATH)] = Answered(_ANSWERED.format(who), reply.sent)
    return seen


def _counted(namespace: NamespaceUnderTest, source: str, probe: Probe) -> str:
    """Return to whose pods a request goes, by the counters of the source's proxy."""
    pod = source_pod(namespace, source)
    proxy = namespace.proxies.of(pod)
    before = requests_by_address(proxy.get_json(CLUSTERS))
    (reply,) = namespace.callers.each(pod, [_call(namespace, source, probe)])
    moved: Counter[str] = requests_by_address(proxy.get_json(CLUSTERS)) - before
    names = sorted({str(one) for one in namespace.workloads(_SERVICE) if moved[one.address]})
    return " and ".join(names) or f"nobody ({reply.kind}: {reply.received[:12]!r})"


def _call(namespace: NamespaceUnderTest, source: str, probe: Probe) -> tuple[Call, Opening]:
    host = f"{_SERVICE}.{namespace.name}.svc.cluster.local"
    headers = {"host": f"{host}:{_PORT}", **probe.headers}
    return Call(source, host, _PORT), Opening(
        http_request(probe.method, probe.target(_PATH), headers), listens=False
    )
