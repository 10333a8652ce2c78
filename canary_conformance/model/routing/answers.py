"""Working out an answer: from the request to the routes, and from the chosen route to the pods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from canary_conformance.model.objects.host_names import DOMAIN, MESH, closest_domain, without_port
from canary_conformance.model.objects.questions import Answer, Ending, Outcome, Request, Rule, Source, Speech
from canary_conformance.model.objects.state import State
from canary_conformance.model.routing.answer_causes import no_gateway, no_route, unused_route
from canary_conformance.model.routing.authorization import Call
from canary_conformance.model.routing.clusters import Clusters
from canary_conformance.model.routing.connection_ends import Client
from canary_conformance.model.routing.destinations import Destinations, Way
from canary_conformance.model.routing.gateways import Opens
from canary_conformance.model.routing.outcomes import (
    ALL,
    blamed,
    delayed,
    ended,
    faulty,
    known,
    nothing,
    put_together,
    scaled,
    unknown,
)
from canary_conformance.model.routing.route_matching import Where, rewritten
from canary_conformance.model.routing.routes import Chain, Entry, Listener, Routes
from canary_conformance.model.routing.services import Protocol, Service, ServicePort, dns_names


class Answers:
    """The answers of a state. What was worked out once is kept."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.clusters = Clusters(state)
        self.routes = Routes(state)
        self.destinations = Destinations(self.clusters)
        self.ingress = state.mesh.ingress([gateway.selector for gateway in self.routes.gateways])
        self._names: dict[str, dict[str, Service]] = {}
        self._unclear = {str(one): one.problems[0] for one in self.clusters.workloads if one.problems}

    def answer(self, request: Request) -> Answer:
        """Return everything that can become of a request."""
        if request.source.gateway:
            request = replace(request, source=self.ingress)
        problem = self._unclear.get(request.source.name) or self._touched(request.source)
        if problem:
            return Answer((unknown(problem),))
        return self._at_ingress(request) if request.source.gateway else self._in_cluster(request)

    def hidden_from(self, source: Source, service: Service) -> Rule | None:
        """Return the Sidecar that does not show a Service to a pod's proxy, None where it knows it."""
        home = self._home(source)
        sidecar = self.routes.sidecars.of(source.labels, home)
        if sidecar is None:
            return None
        routes = [one for one in self.routes.virtual_services if one.is_for(MESH, home)]
        if sidecar.shows(service.host, service.namespace, home, routes):
            return None
        how = "refuses it" if sidecar.registered_only else "passes it through in plaintext"
        sentence = f"{sidecar} does not show {service.host} to its pods (spec.egress.hosts)"
        return Rule(sidecar.place, f"{sentence}, and their proxy {how}")

    def _home(self, source: Source) -> str:
        return source.namespace or self.state.namespace

    def _touched(self, source: Source) -> Rule | None:
        """Return what can touch the traffic of a source's proxy and the model does not support."""
        home, unsupported = self._home(source), self.clusters.unsupported
        if source.gateway:
            return unsupported.of_gateway(home, source.labels)
        problem = unsupported.of_client(home, source.labels)
        if problem or not source.sidecar:
            return problem
        return self.routes.sidecars.problem(source.labels, home)

    def service_called(self, host: str, namespace: str) -> Service | None:
        """Return the Service that a pod of a namespace ("" for the scenario's) reaches by a name."""
        home = namespace or self.state.namespace
        if home not in self._names:
            services = self.clusters.services.values()
            self._names[home] = {name: service for service in services for name in dns_names(service, home)}
        return self._names[home].get(host)

    def where(self, source: Source, port: int) -> Where:
        """Return the proxy of a source, as routes see it."""
        return Where(source.labels, self._home(source), MESH, port)

    def chain_in_mesh(self, source: Source, service: Service, port: ServicePort, speaks: Speech) -> Chain:
        """Return the routes that a sidecar has for a port."""
        where = self.where(source, port.number)
        return self.routes.in_mesh(service, where, http=speaks_http(port, speaks))

    def _at_ingress(self, request: Request) -> Answer:
        listener = self.routes.at_gateway(self.where(request.source, request.port))
        if listener is None:
            # Seen is a 404 then where somebody else's Gateway opens the port, as the suite's own does.
            reason = f"no Gateway of these manifests opens port {request.port} of the ingress gateway"
            cause = no_gateway(self.routes.gateways, request.source.labels, request.port)
            return nothing(Ending.NO_LISTENER, cause.sentence if cause else reason, known(cause))
        if listener.problem:
            return Answer((unknown(listener.problem),))
        if listener.opens is Opens.TLS:
            reason = "the gateway accepts TLS only at this port"
            return nothing(Ending.RESET, reason, (listener.place_rule,))
        return self._at_listener(request, listener)

    def _at_listener(self, request: Request, listener: Listener) -> Answer:
        host = without_port(request.host)
        domain = closest_domain(listener.chains, host)
        if domain is None:
            cause = no_route(self.routes.virtual_services, self.routes.gateways, host, request.source)
            reason = cause.sentence if cause else f"no VirtualService is bound to the Gateway for host {host}"
            return nothing(Ending.NO_ROUTE, reason, (*known(cause), listener.place_rule))
        chain = listener.chains[domain]
        if chain.to_https:
            return nothing(Ending.REDIRECT, chain.to_https.sentence, (chain.to_https,))
        return self._by_http(request, chain)

    def chains_at_ingress(self, port: int) -> Mapping[str, Chain]:
        """Return the routes of the ingress gateway at a port by their domains ("*"), empty without any."""
        listener = self.routes.at_gateway(self.where(self.ingress, port))
        return listener.chains if listener else {}

    def chain_of_call(self, request: Request) -> Chain | None:
        """Return the routes that a sidecar has for a pod's HTTP request, None where none routes it."""
        source = request.source
        service = self.service_called(without_port(request.host), source.namespace)
        port = service.port(request.port) if service else None
        bare = not source.sidecar or source.bypass or source.past.get(request.port)
        if service is None or port is None or bare or not speaks_http(port, request.speaks):
            return None
        return self.chain_in_mesh(source, service, port, request.speaks)

    def _in_cluster(self, request: Request) -> Answer:
        source, host = request.source, without_port(request.host)
        service = self.service_called(host, source.namespace)
        # With a dot at its end a name is complete: no search domain makes a short one a Service's (RFC 1034).
        if service and request.host.partition(":")[0].endswith("."):
            service = service if host == service.host else None
        if service is None or source.no_dns:
            problem = self.clusters.unsupported.of_host(host)
            return Answer((unknown(problem),)) if problem else _no_such_host(host, source.no_dns)
        if service.problems:
            return Answer((unknown(service.problems[0]),))
        port = service.port(request.port)
        if port is None or port.protocol is Protocol.UDP:
            reason = f"Service/{service.name} has no port {request.port} for TCP"
            return nothing(Ending.NO_LISTENER, reason, (Rule(service.place, reason),))
        past = source.bypass or source.past.get(request.port)
        if past or not source.sidecar:
            call = self._call(request, http=speaks_http(port, request.speaks))
            return _suspected(self.clusters.past_proxies(service, port, call), past)
        hidden = self.hidden_from(source, service)
        if hidden:
            return self._unregistered(request, service, port, hidden)
        return self._by_sidecar(request, service, port)

    def _unregistered(self, request: Request, service: Service, port: ServicePort, hidden: Rule) -> Answer:
        """Return what becomes of a call to a Service that no Sidecar shows to the caller's proxy."""
        http = speaks_http(port, request.speaks)
        client = Client.HTTP_PROXY if http else Client.TCP_PROXY
        sidecar = self.routes.sidecars.of(request.source.labels, self._home(request.source))
        if sidecar is not None and sidecar.registered_only:
            return nothing(Ending.UNAVAILABLE if http else Ending.RESET, hidden.sentence, (hidden,))
        found = self.clusters.past_proxies(service, port, self._call(request, http=http), client)
        return _suspected(found, hidden)

    def _by_sidecar(self, request: Request, service: Service, port: ServicePort) -> Answer:
        chain = self.chain_in_mesh(request.source, service, port, request.speaks)
        if chain.problem:
            return Answer((unknown(chain.problem),), chain.passed_over)
        if not speaks_http(port, request.speaks):
            return self._by_tcp(request, service, port, chain)
        if request.speaks is Speech.TCP:
            reason = f"port {port.number} is declared to be HTTP, and what is sent isn't"
            return nothing(Ending.UNAVAILABLE, reason, (Rule(port.place, reason),))
        if chain.entries:
            return self._by_http(request, chain)
        return self._default(request, service, port, chain, Client.HTTP_PROXY)

    def _by_tcp(self, request: Request, service: Service, port: ServicePort, chain: Chain) -> Answer:
        if port.protocol is Protocol.TLS and any(one.has_tls for one in self.routes.virtual_services):
            return Answer((unknown(Rule(port.place, "the model does not support routes of TLS")),))
        if not chain.entries or port.protocol is Protocol.TLS:
            return self._default(request, service, port, chain, Client.TCP_PROXY)
        entry, call = chain.entries[-1], self._call(request, http=False)
        outcomes = self.destinations.outcomes(entry, self._way(request, chain, Client.TCP_PROXY, call))
        return Answer(put_together(outcomes), chain.passed_over)

    def _default(
        self, request: Request, service: Service, port: ServicePort, chain: Chain, client: Client
    ) -> Answer:
        """Return what becomes of a call that no route is for: any pod of the Service may serve it."""
        home = self._home(request.source)
        call = self._call(request, http=client is Client.HTTP_PROXY)
        cluster = self.clusters.cluster(service.host, "", port.number, home)
        unused = unused_route(self.routes.virtual_services, service, self.clusters.services, home)
        suspect = unused or next(iter(chain.passed_over), None)
        outcomes = self.clusters.through_proxy(cluster, client, call)
        if suspect:
            outcomes = tuple(replace(one, suspect=suspect) for one in outcomes)
        return Answer(outcomes, chain.passed_over)

    def _way(self, request: Request, chain: Chain, client: Client, call: Call) -> Way:
        """Return how a request gets to the destinations of a route."""
        return Way(self._home(request.source), chain.port, client, call, at_gateway=request.source.gateway)

    def _call(self, request: Request, *, http: bool, path: str = "") -> Call:
        """Return what the server's policies see of a request."""
        asked = (path or request.path).partition("?")[0]
        return Call(self._home(request.source), request.source.account, asked, request.method, http)

    def _by_http(self, request: Request, chain: Chain) -> Answer:
        if chain.problem:
            return Answer((unknown(chain.problem),), chain.passed_over)
        passed = list(chain.passed_over)
        for entry in chain.entries:
            why_not = entry.match.why_not(request) if entry.match else ""
            if not why_not:
                outcomes = tuple(self._by_route(request, entry, chain))
                way = self._way(request, chain, Client.HTTP_PROXY, self._call(request, http=True))
                return Answer(put_together(outcomes), tuple(passed), self.destinations.copies(entry, way))
            passed.append(entry.rule(why_not))
        cause = known(next(iter(passed), None))
        return Answer(nothing(Ending.NO_ROUTE, "no route matches", cause).outcomes, tuple(passed))

    def _by_route(self, request: Request, entry: Entry, chain: Chain) -> Iterator[Outcome]:
        left, about = ALL, f"{entry.owner} {entry.route.label}"
        for fault in (one for one in entry.route.faults if one.aborts):
            yield faulty(fault, about, left * fault.share)
            left *= 1 - fault.share
        outcomes = list(self._act(request, entry, chain))
        for fault in (one for one in entry.route.faults if not one.aborts):
            yield from (delayed(outcome, fault, about, left * fault.share) for outcome in outcomes)
            left *= 1 - fault.share
        yield from (scaled(outcome, left) for outcome in outcomes)

    def _act(self, request: Request, entry: Entry, chain: Chain) -> Iterator[Outcome]:
        route = entry.route
        if route.answers:
            ending = Ending.REDIRECT if route.redirects else Ending.FAULT
            yield ended(ending, route.answers, (entry.rule(route.answers),))
            return
        asked = rewritten(request.path, route.rewrites, entry.match)
        call = self._call(request, http=True, path=asked)
        for outcome in self.destinations.outcomes(entry, self._way(request, chain, Client.HTTP_PROXY, call)):
            if asked != request.path and outcome.ending is Ending.SERVED:
                yield replace(outcome, ending=Ending.REWRITTEN, reason=f"the pod gets the path {asked}")
            else:
                yield outcome


def _suspected(outcomes: tuple[Outcome, ...], why: Rule | None) -> Answer:
    """Return the answer to a call that no proxy routed; where it fails, why none did is responsible."""
    if why is None:
        return Answer(outcomes)
    return Answer(
        tuple(
            replace(one, suspect=why)
            if one.ending in {Ending.SERVED, Ending.UNKNOWN}
            else replace(blamed(one, why), reason=f"{why.sentence}; {one.reason}")
            for one in outcomes
        )
    )


def speaks_http(port: ServicePort, speaks: Speech) -> bool:
    """Return whether a sidecar routes what is sent to a port as HTTP."""
    if port.protocol is Protocol.SNIFFED:
        return speaks is not Speech.TCP
    return port.protocol in {Protocol.HTTP, Protocol.HTTP2}


def _no_such_host(host: str, no_dns: Rule | None) -> Answer:
    if no_dns is not None:
        return nothing(Ending.NO_LISTENER, no_dns.sentence, (no_dns,))
    outside = "." in host and not host.endswith((f".svc.{DOMAIN}", ".svc"))
    if outside and host.count(".") > 1:
        return nothing(Ending.UNKNOWN, f"host {host} isn't of this cluster")
    return nothing(Ending.NO_LISTENER, f"no Service is called {host} where the request comes from")
