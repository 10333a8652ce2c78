"""Pages opened one by one, with what else analytics was asked meanwhile: only idle pods are a fair coin.

LEAST_REQUEST compares the requests that a client's own proxy has in flight to two endpoints (Envoy: "Load
balancers", weighted least request). So what the sidecars of the app count is what decides: their requests to
analytics, and those that have no answer yet. Pages that found no other request were even draws; of all others
only the range of a share is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from canary_conformance.errors import NotJudged
from canary_conformance.mesh.tls.tls_counters import (
    CLUSTERS,
    in_flight_to,
    inbound_ports,
    inbound_traffic,
    outbound_traffic,
)
from canary_conformance.scenario.observations import Page, Sample
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.verdicts import LeastRequest, to_find_shift_of
from canary_conformance.voting.chains import ANALYTICS
from canary_conformance.voting.contract import APP

SHIFT = 0.2
"""The smallest shift of an even share that R2.2 is judged for, where nothing else was requested."""


@dataclass(frozen=True, slots=True)
class Split:
    """Pages opened one by one, and what the app's sidecars asked analytics while they were opened.

    Attributes:
        pages: The pages.
        requests: All requests to analytics meanwhile, those for the pages included.
        served: All requests that the app itself got meanwhile.
        in_flight: Requests that were under way before the first page or after the last.
    """

    pages: Sample[Page]
    requests: int
    served: int
    in_flight: int

    def policy(self) -> LeastRequest:
        """Return how the pages were drawn.

        Raises:
            NotJudged: Pages came without a request that the app's sidecars count.
        """
        n = len(self.pages)
        if self.requests < n:
            raise NotJudged(f"the app's sidecars count {self.requests} requests to analytics for {n} pages")
        # An app may request analytics several times, but equally often, for each page.
        alone = self.requests == n or (self.served == n and self.requests % n == 0)
        return LeastRequest(busy=not alone or self.in_flight > 0)


def split_of_analytics(namespace: NamespaceUnderTest) -> Split:
    """Return enough pages to judge how they are split between the versions of analytics; taken once."""
    return namespace.once("formats", lambda: _take(namespace))


def _take(namespace: NamespaceUnderTest) -> Split:
    apps = [workload.pod for workload in namespace.workloads(APP) if workload.has_proxy()]
    before = namespace.proxies.ask(apps, CLUSTERS)
    pages = namespace.voter.open_page_one_by_one(to_find_shift_of(SHIFT, share=0.5))
    after = namespace.proxies.ask(apps, CLUSTERS)
    host, port = f"{ANALYTICS[0]}.{namespace.name}.", ANALYTICS[1]

    def asked(clusters: Mapping[str, Any]) -> int:
        return outbound_traffic(clusters, host, port).requests

    def served(clusters: Mapping[str, Any]) -> int:
        return sum(inbound_traffic(clusters, at).requests for at in inbound_ports(clusters))

    return Split(
        pages,
        sum(asked(after[app]) - asked(before[app]) for app in apps),
        sum(served(after[app]) - served(before[app]) for app in apps),
        sum(in_flight_to(seen[app], host, port) for seen in (before, after) for app in apps),
    )
