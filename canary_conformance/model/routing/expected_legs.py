"""The table of R3.4 as manifests alone foretell it: each client, service and port, and what the two ends do.

Which legs there are follows from the pods: the ingress leads to the application's entry, each pod to what its
component and version may call (scenario.application). A row is judged over every destination that the
client's traffic may take, and over all pods behind them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from canary_conformance.model.objects.host_names import full_name
from canary_conformance.model.objects.questions import INGRESS_PORT, Answer, Request, Source, Speech, Wire
from canary_conformance.model.pods.peer_authentication import PolicyInForce
from canary_conformance.model.routing.answers import Answers, speaks_http
from canary_conformance.model.routing.authorization import Call
from canary_conformance.model.routing.clusters import Cluster
from canary_conformance.model.routing.connection_ends import Client, Takes, client_wire, source_of
from canary_conformance.model.routing.destination_rules import ClientMode, DestinationRule
from canary_conformance.model.routing.destinations import Way
from canary_conformance.model.routing.routes import Entry
from canary_conformance.model.routing.services import Backend
from canary_conformance.scenario.application import Callee

_NONE = "-"
_OK, _CONFLICT, _UNKNOWN = "OK", "CONFLICT", "UNKNOWN"
# The row of a leg whose ends can't be compared (istioctl's STATUS is UNKNOWN there, and the rest "-").
NOTHING_TO_COMPARE = "no mutual TLS to compare: no route, no ready endpoint or no sidecar"
# The words of istioctl's table, the best protected first.
_WORDS = {Wire.MTLS: "mTLS", Wire.TLS: "TLS", Wire.PLAIN: "HTTP"}
_ACCEPTS = {
    Takes.STRICT: frozenset({Wire.MTLS}),
    Takes.PERMISSIVE: frozenset({Wire.MTLS, Wire.PLAIN}),
    Takes.DISABLE: frozenset({Wire.PLAIN}),
    Takes.NO_PROXY: frozenset({Wire.PLAIN}),
}
_SENT_BY = {
    ClientMode.ISTIO_MUTUAL: Wire.MTLS,
    ClientMode.DISABLE: Wire.PLAIN,
    ClientMode.SIMPLE: Wire.TLS,
    # Whatever its certificates are, they aren't those that the mesh gave to the workload.
    ClientMode.MUTUAL: Wire.TLS,
}


@dataclass(frozen=True, slots=True)
class Leg:
    """One client's way to a service: a row of the table; str is "CLIENT -> HOST:PORT".

    `client`, `server` are "mTLS", "mTLS/HTTP", "TLS", "HTTP" or "-"; `status` is "OK", "CONFLICT" or
    "UNKNOWN"; `authn_policy` and `destination_rule` are "NAME/NAMESPACE" or "-", as the live table has them.
    A rule is named when its TLS settings cause what the client does, and not for its subsets alone; rules of
    one host, which Istio merges, are named together ("NAME + NAME/NAMESPACE").
    `answer` is what becomes of a request on this leg.
    """

    source: Source
    host: str
    port: int
    status: str
    server: str
    client: str
    authn_policy: str
    destination_rule: str
    answer: Answer

    def __str__(self) -> str:
        return f"{self.source.name} -> {self.host}:{self.port}"

    @property
    def cells(self) -> str:
        """The row without its host, as canary_conformance.voting.mutual_tls has it."""
        return row_text(self.status, self.server, self.client, self.authn_policy, self.destination_rule)


def row_text(status: str, server: str, client: str, policy: str, rule: str) -> str:
    """Return a row without its host; one of which nothing is known as a sentence.

    Args:
        status: "OK", "CONFLICT" or "UNKNOWN".
        server: The modes that the server accepts; it and all that follow may be "-".
        client: The modes that the client uses.
        policy: The PeerAuthentication that causes the server's.
        rule: The DestinationRule that causes the client's.
    """
    cells = (server, client, policy, rule)
    if status == _UNKNOWN and set(cells) == {"-"}:
        return NOTHING_TO_COMPARE
    return " ".join((status, *cells))


@dataclass(frozen=True, slots=True)
class _Pair:
    """One backend of one destination: what the client sends, what is taken there, and by what policy."""

    sends: Wire | None
    takes: frozenset[Wire]
    policy: str

    @property
    def status(self) -> str:
        if self.sends is None:
            return _UNKNOWN
        return _OK if self.sends in self.takes else _CONFLICT


def legs(answers: Answers) -> tuple[Leg, ...]:
    """Return a row for each leg that the ready pods of a state have."""
    return tuple(_leg(answers, *ends) for ends in _ends(answers))


def required_row(rules: Mapping[str, str], service: str, namespace: str, policy: str) -> str:
    """Return the cells that R3.4 requires of a leg to a service.

    Args:
        rules: See cells_by_host.
        service: The name of the service.
        namespace: The namespace of the service and its rules.
        policy: What required_policy returns for the leg.
    """
    rule = rules.get(full_name(service, namespace), f"a DestinationRule for {service}")
    return f"{_OK} {_WORDS[Wire.MTLS]} {_WORDS[Wire.MTLS]} {policy} {rule}"


def required_policy(seen: str, everywhere: PolicyInForce | None, namespace: str) -> str:
    """Return the cell of the policy that R3.4 requires of a leg: `default`, or what refines it for some pods.

    A policy that selects pods beats the namespace's for them (Istio, "PeerAuthentication"). It may stand
    beside a `default` that is STRICT itself: what it makes of the leg is in the cell of the server.

    Args:
        seen: The cell as it is: "default/voting", or several ("a/voting, b/voting").
        everywhere: The policy that decides for pods that no other one selects.
        namespace: The namespace of the policies.
    """
    default = f"default/{namespace}"
    strict = str(everywhere) == default and everywhere is not None and everywhere.mode == Takes.STRICT
    own = all(name.endswith(f"/{namespace}") for name in seen.split(", "))
    return seen if strict and own else default


def _ends(answers: Answers) -> Iterator[tuple[Source, Callee]]:
    application = answers.state.application
    yield answers.ingress, application.entry
    for workload in answers.clusters.workloads:
        if workload.ready and not workload.stranger:
            for callee in application.callees(workload.app, workload.version):
                yield source_of(workload), callee


def _leg(answers: Answers, source: Source, callee: Callee) -> Leg:
    host, port = full_name(callee.service, answers.state.namespace), callee.port
    speaks = Speech.HTTP if callee.http else Speech.TCP
    request = Request(source, host, INGRESS_PORT if source.gateway else port, speaks=speaks)
    clusters = _clusters(answers, request, host, port)
    pairs = [pair for cluster in clusters for pair in _pairs(answers, cluster)]
    whole = bool(clusters) and all(cluster.backends for cluster in clusters)
    client = [wire for cluster in clusters for wire in _sent(answers, cluster)]
    if not clusters and _passes_through(answers, request):
        client = [Wire.PLAIN]
    return Leg(
        source=source,
        host=host,
        port=port,
        status=_status(pairs, whole=whole),
        server=_modes(wire for pair in pairs for wire in pair.takes),
        client=_modes(client),
        authn_policy=_listed(pair.policy for pair in pairs),
        destination_rule=_listed(_rule_name(cluster) for cluster in clusters),
        answer=answers.answer(request),
    )


def _passes_through(answers: Answers, request: Request) -> bool:
    """Return whether the client's proxy does not know the service, and sends what it gets as it is."""
    service = answers.clusters.services.get(request.host)
    return service is not None and answers.hidden_from(request.source, service) is not None


def _clusters(answers: Answers, request: Request, host: str, port: int) -> list[Cluster]:
    """Return every destination that the client's traffic to a service and port may take, each once."""
    home = request.source.namespace or answers.state.namespace
    if not request.source.gateway:
        keys = _mesh_keys(answers, request, host, port)
    else:
        listener = answers.routes.at_gateway(answers.where(request.source, request.port))
        chains = listener.chains.values() if listener else ()
        found = (
            key
            for chain in chains
            for key in _keys(answers, request.source, chain.entries, chain.port, Client.HTTP_PROXY)
        )
        keys = [key for key in found if key[0] == host and key[2] == port]
    return [answers.clusters.cluster(*key, home) for key in dict.fromkeys(keys)]


def _mesh_keys(answers: Answers, request: Request, host: str, port: int) -> list[tuple[str, str, int]]:
    service = answers.clusters.services.get(host)
    found = service.port(port) if service else None
    if service is None or found is None or not request.source.sidecar or request.source.bypass:
        return []
    if answers.hidden_from(request.source, service):
        return []
    chain = answers.chain_in_mesh(request.source, service, found, request.speaks)
    if not chain.entries:
        return [(host, "", port)]
    http = speaks_http(found, request.speaks)
    client = Client.HTTP_PROXY if http else Client.TCP_PROXY
    return list(_keys(answers, request.source, chain.entries, port, client))


def _keys(
    answers: Answers, source: Source, entries: Sequence[Entry], listening: int, client: Client
) -> Iterator[tuple[str, str, int]]:
    call = Call(source.namespace, source.account)
    way = Way(source.namespace, listening, client, call, at_gateway=source.gateway)
    for entry in entries:
        for destination in entry.route.destinations:
            if destination.weight:
                port = answers.destinations.port_of(destination, way)
                yield destination.host, destination.subset, port


def _pairs(answers: Answers, cluster: Cluster) -> Iterator[_Pair]:
    for backend in cluster.backends:
        server = answers.clusters.server(backend)
        sends = _sends(answers, cluster, backend)
        yield _Pair(sends, _ACCEPTS[server.takes], str(server.policy or _NONE))


def _sends(answers: Answers, cluster: Cluster, backend: Backend) -> Wire | None:
    client_tls = cluster.rule.tls(cluster.subset, cluster.port) if cluster.rule else None
    if client_tls and client_tls.mode is ClientMode.MUTUAL:
        return _SENT_BY[client_tls.mode]
    return client_wire(client_tls, answers.clusters.policies, backend)


def _sent(answers: Answers, cluster: Cluster) -> Iterator[Wire]:
    """Yield what the client sends to each backend; without any, what its settings demand."""
    if cluster.missing:
        return
    client_tls = cluster.rule.tls(cluster.subset, cluster.port) if cluster.rule else None
    if not cluster.backends and client_tls and client_tls.mode in _SENT_BY:
        yield _SENT_BY[client_tls.mode]
    for backend in cluster.backends:
        if wire := _sends(answers, cluster, backend):
            yield wire


def _rule_name(cluster: Cluster) -> str:
    rule = cluster.rule
    if rule is None or cluster.missing or not _tells_tls(rule, cluster.subset, cluster.port):
        return _NONE
    return rule.cell


def _tells_tls(rule: DestinationRule, subset: str, port: int) -> bool:
    own = rule.subsets[subset].policy if subset in rule.subsets else None
    policy = own if own and own.at(port) else rule.policy
    if policy is None or policy.at(port) is None:
        return False
    # Settings of the port itself that name no TLS leave it to automatic mutual TLS.
    return port not in policy.ports or policy.ports[port] is not policy.tls


def _status(pairs: Sequence[_Pair], *, whole: bool) -> str:
    seen = {pair.status for pair in pairs}
    if _CONFLICT in seen:
        return _CONFLICT
    return _OK if whole and seen == {_OK} else _UNKNOWN


def _modes(wires: Iterable[Wire]) -> str:
    wanted = frozenset(wires)
    return "/".join(word for wire, word in _WORDS.items() if wire in wanted) or _NONE


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(set(names))) or _NONE
