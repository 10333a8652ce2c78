"""From a chosen route to its destinations: by weight, in time, with the headers that the route changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from canary_conformance.model.objects.questions import Ending, Outcome, Rule
from canary_conformance.model.routing.answer_causes import unknown_host, unknown_subset
from canary_conformance.model.routing.authorization import Call
from canary_conformance.model.routing.clusters import Cluster, Clusters
from canary_conformance.model.routing.connection_ends import Client
from canary_conformance.model.routing.outcomes import ALL, blamed, ended, scaled, unknown
from canary_conformance.model.routing.route_headers import HeaderOps
from canary_conformance.model.routing.route_timeouts import Keeps
from canary_conformance.model.routing.routes import Entry
from canary_conformance.model.routing.virtual_services import Destination


@dataclass(frozen=True, slots=True)
class Way:
    """How a request gets to a route's destinations.

    Attributes:
        home: the namespace of the client.
        listening: the port that the client called.
        client: the client's proxy.
        call: what the server's policies see.
        at_gateway: whether the proxy is the ingress gateway's.
    """

    home: str
    listening: int
    client: Client
    call: Call
    at_gateway: bool


class Destinations:
    """The destinations of a state's routes."""

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters

    def outcomes(self, entry: Entry, way: Way) -> Iterator[Outcome]:
        """Yield how a request ends that takes a route; the probabilities add up to 1."""
        total = sum(one.weight for one in entry.route.destinations)
        for destination in entry.route.destinations:
            if destination.weight:
                share = Fraction(destination.weight, total)
                rule = entry.rule(_about(destination, share))
                if share != ALL:
                    # What gets a part of the requests stands at its own destination, not at the match of all.
                    rule = replace(rule, place=destination.name_place)
                for outcome in self._outcomes(entry, destination, way):
                    yield scaled(_in_time(outcome, entry, whole_page=way.at_gateway), share, rule)

    def copies(self, entry: Entry, way: Way) -> tuple[Outcome, ...]:
        """Return where the copies end that a route makes of a request (mirror, mirrors)."""
        about = f"{entry.owner} {entry.route.label} copies requests"
        return tuple(
            scaled(outcome, ALL, Rule(copy.place, f"{about} {_about(copy).removeprefix('routes ')}"))
            for copy in entry.route.copies
            for outcome in self._outcomes(entry, copy, way)
        )

    def port_of(self, destination: Destination, way: Way) -> int:
        """Return a destination's port; without one it is its Service's only one, or the caller's."""
        if destination.port is not None:
            return destination.port
        service = self._clusters.services.get(destination.host)
        # For HTTP, a sidecar knows of each Service no port but the one that was called.
        in_mesh = way.client is Client.HTTP_PROXY and not way.at_gateway
        if service is None or len(service.ports) != 1 or in_mesh:
            return way.listening
        return service.ports[0].number

    def _outcomes(self, entry: Entry, destination: Destination, way: Way) -> Iterator[Outcome]:
        port = self.port_of(destination, way)
        cluster = self._clusters.cluster(destination.host, destination.subset, port, way.home)
        headers = entry.route.headers.followed_by(destination.headers)
        for outcome in self._clusters.through_proxy(cluster, way.client, way.call):
            yield _with_headers(self._explained(outcome, cluster, entry, destination), headers)

    def _explained(
        self, outcome: Outcome, cluster: Cluster, entry: Entry, destination: Destination
    ) -> Outcome:
        """Return an outcome that blames the route where it names what nothing defines."""
        if not cluster.missing or outcome.ending in {Ending.SERVED, Ending.UNKNOWN}:
            return outcome
        service = self._clusters.services.get(destination.host)
        if service is None:
            return blamed(outcome, *unknown_host(entry.owner, destination, self._clusters.services))
        if not cluster.subset_missing:
            cause = Rule(destination.place, f"{entry.owner} {entry.route.label}: {cluster.missing}")
            return blamed(outcome, cause)
        if cluster.cause:
            return blamed(outcome, cluster.cause)
        return blamed(outcome, *unknown_subset(entry.owner, destination, service, cluster.rule))


def _about(destination: Destination, share: Fraction = ALL) -> str:
    name = destination.host.partition(".")[0]
    subset = f" subset {destination.subset}" if destination.subset else ""
    port = f":{destination.port}" if destination.port is not None else ""
    part = f" ({float(100 * share):.4g} % of requests)" if share != ALL else ""
    return f"routes to {name}{port}{subset}{part}"


def _in_time(outcome: Outcome, entry: Entry, *, whole_page: bool) -> Outcome:
    """Return what is left of an outcome by the route's time limit."""
    limit = entry.route.limit
    if limit is None or outcome.ending is not Ending.SERVED:
        return outcome
    keeps = limit.keeps(whole_page=whole_page)
    if keeps is Keeps.ALL:
        return outcome
    if keeps is Keeps.UNCERTAIN:
        sentence = f"{limit.rule.sentence} is so short that answers may not come in time"
        return replace(unknown(Rule(limit.rule.place, sentence)), probability=outcome.probability)
    takes = "pages take about 10 ms" if whole_page else "answers take about 2 ms"
    cause = Rule(limit.rule.place, f"{limit.rule.sentence} is too short: {takes}")
    late = ended(Ending.TIMED_OUT, "", outcome.rules)
    # Now and then one of these pods is in time.
    return blamed(replace(late, probability=outcome.probability, pods=outcome.pods), cause)


def _with_headers(outcome: Outcome, headers: HeaderOps) -> Outcome:
    if outcome.ending is not Ending.SERVED:
        return outcome
    if headers.problem:
        return replace(unknown(headers.problem), probability=outcome.probability)
    return replace(
        outcome,
        loses_cookie=headers.loses_cookie,
        hides_flag=headers.hides_flag,
        shows_flag=headers.shows_flag,
        unclear=headers.unclear,
    )
