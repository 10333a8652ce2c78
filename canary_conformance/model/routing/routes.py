"""Which routes count at a proxy, in the order in which Envoy tries them.

What depends on the proxy alone (its gateway, port, labels, namespace) is decided here, once a proxy; what
depends on the request is left to the Matches. Sources: Istio, "Virtual Service", "Traffic Management
Problems" (several VirtualServices for one host), and what istiod of Istio 1.31 builds for a proxy:

* A sidecar takes, of several VirtualServices for a Service, the oldest that has any HTTP route for it; with
  none the Service's own default counts, and so it does where no TCP route is for the source.
* A gateway puts the routes of all of them together, the oldest first, those that take every request last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from canary_conformance.model.objects.host_names import MESH, covers, is_wild, shared_hosts
from canary_conformance.model.objects.questions import Rule
from canary_conformance.model.objects.state import State
from canary_conformance.model.routing.delegates import with_delegates
from canary_conformance.model.routing.gateways import Gateway, Opens, Server, gateways
from canary_conformance.model.routing.route_matching import Match, Where
from canary_conformance.model.routing.services import Service
from canary_conformance.model.routing.sidecars import Sidecars
from canary_conformance.model.routing.virtual_services import Route, VirtualService, virtual_services


@dataclass(frozen=True, slots=True)
class Entry:
    """A route as a proxy has it: one of its matches, None when it takes every request."""

    owner: VirtualService
    route: Route
    match: Match | None

    @property
    def takes_all(self) -> bool:
        """Whether it is the last one that is ever tried."""
        return self.match is None or self.match.takes_all

    def rule(self, sentence: str) -> Rule:
        """Return the entry as what decided, or didn't."""
        place = self.match.place if self.match else self.route.place
        return Rule(place, f"{self.owner} {self.route.label}: {sentence}")


@dataclass(frozen=True, slots=True)
class Chain:
    """The routes to try, in order; `passed_over` are those that can't count at this proxy, each with why not.

    Without entries, the Service's own default counts. `port` is the port that a destination without one gets;
    `problem` is what the model can't understand; `to_https` is what redirects every request.
    """

    entries: tuple[Entry, ...]
    passed_over: tuple[Rule, ...]
    port: int
    problem: Rule | None = None
    to_https: Rule | None = None


@dataclass(frozen=True, slots=True)
class Listener:
    """What a gateway's pod has open at a port: chains by their domains. `problem`: not to be understood."""

    opens: Opens
    place_rule: Rule
    chains: dict[str, Chain] = field(hash=False)
    problem: Rule | None = None


class Routes:
    """The routes of a state. What was worked out once is kept."""

    def __init__(self, state: State) -> None:
        self.virtual_services = with_delegates(virtual_services(state))
        self.gateways = gateways(state)
        self.sidecars = Sidecars(state, state.mesh.root_namespace)
        self._targets = state.mesh.gateway_targets
        self._mesh: dict[object, Chain] = {}
        self._listeners: dict[object, Listener | None] = {}

    def in_mesh(self, service: Service, where: Where, *, http: bool) -> Chain:
        """Return the routes that a sidecar has for a Service's port."""
        key = (service.host, _key(where), http)
        if key not in self._mesh:
            self._mesh[key] = self._in_mesh(service, where, http=http)
        return self._mesh[key]

    def at_gateway(self, where: Where) -> Listener | None:
        """Return what a gateway's pod listens for; None when nothing listens. where: without a gateway."""
        key = _key(where)
        if key not in self._listeners:
            self._listeners[key] = self._at_gateway(where)
        return self._listeners[key]

    def _in_mesh(self, service: Service, where: Where, *, http: bool) -> Chain:
        idle = (one for one in self.virtual_services if not one.hosts and not one.delegated)
        passed = [Rule(one.place, f"{one}: has no host") for one in idle]
        for owner in self._for_service(service, where, http=http):
            if owner.problems:
                return Chain((), tuple(passed), where.port, owner.problems[0])
            entries = list(_http(owner, where, passed) if http else _tcp(owner, where, passed))
            if entries:
                return Chain(tuple(entries), tuple(passed), where.port)
        return Chain((), tuple(passed), where.port)

    def _for_service(self, service: Service, where: Where, *, http: bool) -> list[VirtualService]:
        found = []
        sidecar = self.sidecars.of(where.labels, where.namespace)
        for owner in self.virtual_services:
            if sidecar is not None and not sidecar.shows_route(owner, where.namespace):
                continue
            covering = [host for host in owner.hosts if covers(host, service.host)]
            if covering and owner.is_for(MESH, where.namespace):
                closest = max(covering, key=lambda host: (not is_wild(host), len(host)))
                found.append((owner, closest))
        if not http:
            return [owner for owner, _ in found]
        exact = [owner for owner, host in found if not is_wild(host)]
        longest = max((len(host) for _, host in found), default=0)
        return exact or [owner for owner, host in found if len(host) == longest][:1]

    def _at_gateway(self, where: Where) -> Listener | None:
        servers = [
            (gateway, server)
            for gateway in self.gateways
            if gateway.opens_at(where.labels)
            for server in gateway.servers
            if self._pod_port(server.port) == self._pod_port(where.port)
        ]
        unread = [gateway for gateway in self.gateways if gateway.problems]
        if unread:
            problem = unread[0].problems[0]
            return Listener(Opens.HTTP, problem, {}, problem)
        if not servers:
            return None
        gateway, first = servers[0]
        about = Rule(first.place, f"{gateway} port {first.port}")
        if len({server.opens for _, server in servers}) > 1:
            problem = Rule(first.place, f"{gateway}: servers of several protocols share port {first.port}")
            return Listener(first.opens, about, {}, problem)
        if first.opens is Opens.TCP:
            return self._tcp_listener(gateway, about, where)
        return Listener(first.opens, about, self._domains(servers, where))

    def _pod_port(self, port: int) -> int:
        """Return the port of the gateway's pod at which a server for this port is opened."""
        return self._targets.get(port, port)

    def _tcp_listener(self, gateway: Gateway, about: Rule, where: Where) -> Listener | None:
        bound = [one for one in self.virtual_services if one.is_for(gateway.name, where.namespace)]
        if not any(one.tcp for one in bound):
            return None
        problem = Rule(about.place, f"{gateway}: the model does not support TCP routes of gateways")
        return Listener(Opens.TCP, about, {}, problem)

    def _domains(self, servers: Sequence[tuple[Gateway, Server]], where: Where) -> dict[str, Chain]:
        entries: dict[str, list[Entry]] = {}
        passed: dict[str, list[Rule]] = {}
        problems: dict[str, Rule] = {}
        redirecting: dict[str, Rule] = {}
        for gateway, server in servers:
            here = Where(where.labels, where.namespace, gateway.name, server.port)
            for owner in self.virtual_services:
                if not owner.is_for(gateway.name, where.namespace):
                    continue
                for domain in shared_hosts(server.hosts_for(owner.namespace), owner.hosts):
                    found = entries.setdefault(domain, [])
                    found += _http(owner, here, passed.setdefault(domain, []))
                    if owner.problems:
                        problems.setdefault(domain, owner.problems[0])
            if server.to_https:
                rule = Rule(server.place, f"{gateway}: every request is redirected to HTTPS")
                named = [host.rpartition("/")[2].lower() for host in server.hosts]
                redirecting |= dict.fromkeys([*named, *entries], rule)
        port = servers[0][1].port
        return {
            domain: Chain(
                tuple(sorted(entries.get(domain, ()), key=_is_last)),
                tuple(passed.get(domain, ())),
                port,
                problems.get(domain),
                redirecting.get(domain),
            )
            for domain in {**entries, **redirecting}
            if entries.get(domain) or domain in problems or domain in redirecting
        }


def _http(owner: VirtualService, where: Where, passed: list[Rule]) -> Iterator[Entry]:
    for route in owner.http:
        if not route.matches:
            yield Entry(owner, route, None)
            return
        for match in route.matches:
            entry = Entry(owner, route, match)
            if why_not := match.why_not_here(where, http=True):
                passed.append(entry.rule(why_not))
                continue
            yield entry
            if match.takes_all:
                return


def _tcp(owner: VirtualService, where: Where, passed: list[Rule]) -> Iterator[Entry]:
    for route in owner.tcp:
        if not route.destinations:
            continue
        if not route.matches:
            yield Entry(owner, route, None)
            return
        for match in route.matches:
            entry = Entry(owner, route, match)
            why_not = match.why_not_here(where, http=False)
            if not why_not:
                yield entry
                return
            passed.append(entry.rule(why_not))


def _is_last(entry: Entry) -> bool:
    return entry.takes_all


def _key(where: Where) -> object:
    return frozenset(where.labels.items()), where.namespace, where.gateway, where.port
