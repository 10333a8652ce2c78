"""Where a connection can end once its destination is known: a Service's port, a subset of it, or a pod.

"Cluster" is Envoy's word for what a route leads to: a Service's port and subset, as one client sees it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from canary_conformance.model.objects.questions import Ending, Outcome, Rule, Wire
from canary_conformance.model.objects.state import State
from canary_conformance.model.pods.peer_authentication import policies
from canary_conformance.model.pods.workloads import Workload, workloads
from canary_conformance.model.routing.answer_causes import hidden_rule, nobody_behind
from canary_conformance.model.routing.authorization import Call, authorization_policies, denial, not_judged
from canary_conformance.model.routing.connection_ends import Client, End, Server, client_wire, join, server
from canary_conformance.model.routing.destination_rules import (
    ClientMode,
    ClientTls,
    DestinationRule,
    Hashing,
    destination_rules,
    rule_for,
)
from canary_conformance.model.routing.outcomes import ended, known, unknown
from canary_conformance.model.routing.services import Backend, Protocol, Service, ServicePort, services
from canary_conformance.model.unsupported_objects import Unsupported


@dataclass(frozen=True, slots=True)
class Cluster:
    """One destination as one client's proxy sees it.

    Attributes:
        missing: why the proxy has no such cluster, "" when it has.
        rule: the DestinationRule that shapes it.
        backends: the pods behind it.
        rules: the objects that decided so far; first the one that is responsible where nothing is there.
        subset_missing: whether it is the subset that no visible rule defines.
        cause: what is responsible for the lack of the cluster or of pods, as far as it is known here.
    """

    name: str
    missing: str
    rule: DestinationRule | None
    subset: str
    port: int
    backends: tuple[Backend, ...]
    rules: tuple[Rule, ...]
    problem: Rule | None = None
    subset_missing: bool = False
    cause: Rule | None = None


class Clusters:
    """The destinations of a state. What was worked out once is kept."""

    def __init__(self, state: State) -> None:
        self.policies = policies(state)
        self.workloads = workloads(state, self.policies)
        self.services = services(state)
        self.rules = destination_rules(state)
        self.authorization = authorization_policies(state)
        self.unsupported = Unsupported(state, self.policies.root_namespace)
        self._clusters: dict[tuple[str, str, int, str], Cluster] = {}
        self._outcomes: dict[object, tuple[Outcome, ...]] = {}

    def cluster(self, host: str, subset: str, port: int, namespace: str) -> Cluster:
        """Return a destination as proxies of a namespace see it. host: a full name; port: the Service's."""
        key = (host, subset, port, namespace)
        if key not in self._clusters:
            self._clusters[key] = self._cluster(host, subset, port, namespace)
        return self._clusters[key]

    def through_proxy(self, cluster: Cluster, client: Client, call: Call) -> tuple[Outcome, ...]:
        """Return how connections of a client's proxy to a destination end; the probabilities add up to 1."""
        key = (id(cluster), client, call if self.authorization else None)
        if key not in self._outcomes:
            self._outcomes[key] = self._through_proxy(cluster, client, call)
        return self._outcomes[key]

    def past_proxies(
        self, service: Service, port: ServicePort, call: Call, client: Client = Client.ITSELF
    ) -> tuple[Outcome, ...]:
        """Return how plaintext connections to a Service end whose pods the client does not choose itself."""
        backends = service.backends(port, self.workloads)
        touched = self.unsupported.of_host(service.host, port.number)
        problem = _first([*service.problems, *known(touched), *self._unclear(backends)])
        if problem:
            return (unknown(problem),)
        about = Rule(port.place, f"Service/{service.name} port {port.number}")
        if not backends:
            cause = nobody_behind(service, port, {}, None, self.workloads)
            rules = (cause, about) if cause else (about,)
            return (ended(Ending.NO_LISTENER, _nobody(f"{service.name}:{port.number}", cause), rules),)
        return self.plaintext(backends, call, (about,), client)

    def plaintext(
        self,
        backends: Iterable[Backend],
        call: Call,
        rules: tuple[Rule, ...] = (),
        client: Client = Client.ITSELF,
    ) -> tuple[Outcome, ...]:
        """Return how plaintext connections straight to pods end, each pod as likely as any other."""
        found = tuple(backends)
        problem = _first((*self.policies.problems, *self._unclear(found)))
        if problem:
            return (unknown(problem),)
        ends = []
        for backend in found:
            end = join(Wire.PLAIN, client, self.server(backend), backend)
            # What the pod takes decides about plaintext, before the Service that leads there.
            end = replace(end, rules=(*end.rules, *rules))
            ends.append((backend, self._authorized(end, call, backend)))
        return _shared(ends)

    def server(self, backend: Backend) -> Server:
        """Return what a backend's port takes."""
        return server(self.policies, backend.workload, backend.port)

    def is_http(self, workload: Workload, port: int) -> bool:
        """Return whether a pod's proxy reads a port's traffic as HTTP, by the Services that lead there."""
        return any(
            found.protocol in {Protocol.HTTP, Protocol.HTTP2, Protocol.SNIFFED}
            for service in self.services.values()
            for found in service.ports
            if Backend(workload, port) in service.backends(found, [workload])
        )

    def rule_for(self, service: Service, namespace: str) -> DestinationRule | None:
        """Return the DestinationRule that shapes what proxies of a namespace send to a Service."""
        homes = (namespace, service.namespace, self.policies.root_namespace)
        return rule_for(self.rules, service.host, homes, namespace)

    def _cluster(self, host: str, subset: str, port: int, namespace: str) -> Cluster:
        name = f"{host.partition('.')[0]}:{port}" + (f" subset {subset}" if subset else "")
        service = self.services.get(host)
        if service is None:
            problem = self.unsupported.of_host(host, port)
            return Cluster(name, f"Service {host} does not exist", None, subset, port, (), (), problem)
        problem = _first(service.problems) or self.unsupported.of_host(host, port)
        if problem:
            return Cluster(name, "", None, subset, port, (), (), problem)
        found = service.port(port)
        if found is None:
            missing = f"Service/{service.name} has no port {port}"
            return Cluster(name, missing, None, subset, port, (), (Rule(service.place, missing),))
        about = Rule(found.place, f"Service/{service.name} port {port} to the pods' {found.target}")
        rule = self.rule_for(service, namespace)
        backends = service.backends(found, self.workloads)
        problem = _first(rule.problems if rule else ()) or _protocol_problem(service, found)
        whole = Cluster(name, "", rule, subset, port, backends, (about,), problem)
        if subset and not problem:
            return self._subset(whole, service, found, namespace)
        return (
            whole
            if backends
            else replace(whole, cause=nobody_behind(service, found, {}, None, self.workloads))
        )

    def _subset(self, cluster: Cluster, service: Service, port: ServicePort, namespace: str) -> Cluster:
        subset = cluster.rule.subsets.get(cluster.subset) if cluster.rule else None
        if cluster.rule is None or subset is None:
            who = f"{cluster.rule} does not define" if cluster.rule else "no DestinationRule defines"
            missing = f"{who} subset {cluster.subset} of {service.name}"
            hidden = hidden_rule(self.rules, service, self.services, namespace)
            undefined = f"so subset {cluster.subset} of {service.name} is undefined there"
            cause = hidden and Rule(hidden.place, f"{hidden.sentence}, {undefined}")
            return replace(cluster, missing=missing, backends=(), subset_missing=True, cause=cause)
        labels = ",".join(f"{name}={value}" for name, value in subset.labels.items()) or "all pods"
        about = Rule(subset.place, f"{subset.owner} subset {subset.name} ({labels})")
        wanted = subset.labels
        chosen = tuple(one for one in cluster.backends if wanted.items() <= one.workload.labels.items())
        cause = None if chosen else nobody_behind(service, port, wanted, about, self.workloads)
        return replace(cluster, backends=chosen, rules=(about, *cluster.rules), cause=cause)

    def _through_proxy(self, cluster: Cluster, client: Client, call: Call) -> tuple[Outcome, ...]:
        broken = Ending.UNAVAILABLE if client is Client.HTTP_PROXY else Ending.RESET
        problem = cluster.problem or _first(self._unclear(cluster.backends))
        if problem or (cluster.backends and self.policies.problems):
            return (unknown(problem or self.policies.problems[0]),)
        rules = (cluster.cause, *cluster.rules) if cluster.cause else cluster.rules
        if cluster.missing or not cluster.backends:
            reason = cluster.missing or _nobody(cluster.name, cluster.cause)
            return (ended(broken, reason, rules),)
        client_tls = cluster.rule.tls(cluster.subset, cluster.port) if cluster.rule else None
        if client_tls:
            rules = (Rule(client_tls.place, f"{client_tls.owner}: TLS mode {client_tls.mode}"), *rules)
        ends = []
        for backend in cluster.backends:
            wire = client_wire(client_tls, self.policies, backend)
            end = join(wire, client, self.server(backend), backend)
            end = replace(end, rules=_by_blame(end, client_tls, rules))
            ends.append((backend, self._authorized(end, call, backend)))
        hashing = cluster.rule.hashing(cluster.subset, cluster.port) if cluster.rule else None
        return tuple(_hashed(outcome, hashing) if hashing else outcome for outcome in _shared(ends))

    def _authorized(self, end: End, call: Call, backend: Backend) -> End:
        """Return how a connection ends once the pod's proxy has looked at its AuthorizationPolicies."""
        pod, labels = backend.workload, backend.workload.labels
        root = self.policies.root_namespace
        policies = [one for one in self.authorization if one.selects(pod.namespace, labels, root)]
        if end.ending is not Ending.SERVED or not policies or not pod.guards(backend.port):
            return end
        problem = not_judged(policies, call)
        if problem:
            return End(Ending.UNKNOWN, Wire.NONE, (problem,), problem.sentence)
        identified = end.wire is Wire.MTLS
        refused = denial(policies, call, backend.port, identified=identified, server=str(pod))
        if refused is None:
            return end
        ending = Ending.FORBIDDEN if call.http else Ending.RESET
        return End(ending, Wire.NONE, (refused, *end.rules), refused.sentence)

    def _unclear(self, backends: Iterable[Backend]) -> list[Rule]:
        """Return what the model does not support of these pods, or of what can touch their traffic."""
        pods = [one.workload for one in backends]
        touched = (self.unsupported.of_server(one.namespace, one.labels) for one in pods)
        return [*(problem for one in pods for problem in one.problems), *(one for one in touched if one)]


def _by_blame(end: End, client_tls: ClientTls | None, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Return the rules of an end: the server's first where a client that is right about TLS is refused."""
    right = client_tls is None or client_tls.mode is ClientMode.ISTIO_MUTUAL
    if end.ending is Ending.SERVED or not right:
        return (*rules, *end.rules)
    return (*end.rules, *rules)


def _nobody(name: str, cause: Rule | None) -> str:
    return f"no ready pod is behind {name}" + (f": {cause.sentence}" if cause else "")


def _hashed(outcome: Outcome, hashing: Hashing) -> Outcome:
    """Return an outcome whose pods are chosen by a hash: with one pod that makes no difference."""
    if len(outcome.pods) < 2:
        return outcome
    suspect = hashing.rule if hashing.constant and len(set(outcome.pods)) > 1 else outcome.suspect
    return replace(outcome, hashed=hashing.rule, one_pod=hashing.constant, suspect=suspect)


def _protocol_problem(service: Service, port: ServicePort) -> Rule | None:
    if port.protocol is not Protocol.HTTP2:
        return None
    sentence = (
        f"Service/{service.name}: port {port.number} is declared as HTTP/2, which no component supports"
    )
    return Rule(port.place, sentence)


def _shared(ends: list[tuple[Backend, End]]) -> tuple[Outcome, ...]:
    """Return the outcomes of connections that meet each pod equally often."""
    total = sum(backend.workload.ready for backend, _ in ends)
    groups: dict[tuple[End, int, Rule | None], list[Workload]] = {}
    for backend, end in ends:
        pods = backend.workload
        groups.setdefault((end, backend.port, pods.stranger), []).append(pods)
    found = []
    for (end, port, stranger), group in groups.items():
        pods_of = tuple(str(workload) for workload in group for _ in range(workload.ready))
        share = Fraction(len(pods_of), total)
        served = pods_of if end.ending is Ending.SERVED else ()
        outcome = Outcome(share, end.ending, served, port, end.wire, end.rules, end.reason)
        found.append(replace(outcome, suspect=stranger))
    return tuple(found)


def _first(problems: Iterable[Rule]) -> Rule | None:
    return next(iter(problems), None)
