"""Requests at the ingress gateway, and which version of the app each came to.

A whole page names its version. For what gets no page (another method, another path) the gateway's own
counters show to whose pods it went: first for all requests that are to come to one version together, and one
by one where another version had any.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import requests

from canary_conformance.mesh.routes.endpoint_requests import CLUSTERS, requests_by_address
from canary_conformance.scenario.observations import Page, Sample
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.traffic.http_exchange import plain_session, send
from canary_conformance.traffic.kept_connection import KeptConnection
from canary_conformance.traffic.voter import SIDE_BY_SIDE
from canary_conformance.voting.contract import APP
from canary_conformance.voting.cookie_matrix import ServedBy, served_by, until_unanswered
from canary_conformance.voting.distinguished_requests import Probe
from canary_conformance.voting.running_routes import ingress_pods

Required = Callable[[Probe], str]


def versions_by_request(
    namespace: NamespaceUnderTest, probes: Iterable[Probe], times: int, required: Required
) -> Mapping[Probe, ServedBy]:
    """Return what served each request, made so many times.

    Args:
        namespace: The namespace under test.
        probes: The requests.
        times: How often each is made.
        required: Returns the version to which a request is to come.
    """
    sending, known = _Sending(namespace.mesh.gateway.url, times), list(probes)
    paged = [probe for probe in known if _asks_for_a_page(probe)]
    seen = {probe: served_by(pages) for probe, pages in sending.all(paged).items()}
    groups: dict[str, list[Probe]] = {}
    for probe in known:
        if probe not in seen:
            groups.setdefault(required(probe), []).append(probe)
    for version, group in groups.items():
        together = _counted(namespace, sending, group)
        if together == ServedBy(frozenset({version})):
            seen.update(dict.fromkeys(group, together))
        else:
            # What was begun opens pages, too.
            namespace.taken.settle()
            seen.update({probe: _counted(namespace, sending, [probe]) for probe in group})
    return {probe: seen[probe] for probe in known}


def _asks_for_a_page(probe: Probe) -> bool:
    return probe.method == "GET" and probe.target().partition("?")[0] == "/"


def _counted(namespace: NamespaceUnderTest, sending: _Sending, probes: Sequence[Probe]) -> ServedBy:
    """Return to which versions' pods requests went, and the statuses where some went to none."""
    before = _requests(namespace)
    answers = [page for pages in sending.all(probes).values() for page in pages]
    moved = _requests(namespace) - before
    versions = {one.address: one.version for one in namespace.workloads(APP)}
    came = Counter({address: number for address, number in moved.items() if address in versions})
    statuses = frozenset(page.status for page in answers) if came.total() < len(answers) else frozenset()
    return ServedBy(frozenset(versions[address] for address in came), statuses)


def _requests(namespace: NamespaceUnderTest) -> Counter[str]:
    counted = namespace.proxies.ask(ingress_pods(namespace), CLUSTERS)
    return sum(map(requests_by_address, counted.values()), Counter())


class _Sending:
    """Sends requests side by side, each thread on a kept connection of its own."""

    def __init__(self, url: str, times: int) -> None:
        self._url = url
        self._times = times
        self._own = threading.local()

    def all(self, probes: Sequence[Probe]) -> Mapping[Probe, Sample[Page]]:
        """Return the answers to each request."""
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            return dict(zip(probes, pool.map(self._answers, probes), strict=True))

    def _answers(self, probe: Probe) -> Sample[Page]:
        session = self._session()
        url = self._url.rstrip("/") + probe.target()
        request = requests.Request(probe.method, url, headers=probe.headers).prepare()
        pages = tuple(until_unanswered(lambda: send(session, request, follow=False), self._times))
        return Sample(pages, f"{len(pages)} answers to {probe}")

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._own, "session", None)
        if session is None:
            session = self._own.session = plain_session()
            session.mount("http://", KeptConnection(urlsplit(self._url).netloc, ""))
        return session
