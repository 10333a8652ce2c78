"""VirtualServices as values: for which hosts and proxies they count, and their routes in order.

Source: Istio, "Virtual Service". CORS and retries do not change who answers, and are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from canary_conformance.model.objects.host_names import EVERYWHERE, MESH, completed, gateway_name, is_shown_to
from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.questions import Rule
from canary_conformance.model.objects.state import InForce, State
from canary_conformance.model.routing.route_faults import Fault, read_faults
from canary_conformance.model.routing.route_headers import NOTHING, HeaderOps, header_ops
from canary_conformance.model.routing.route_matching import Match, read_match
from canary_conformance.model.routing.route_timeouts import Limit, limit_of
from canary_conformance.scenario.places import Place

_SPEC = frozenset({"hosts", "gateways", "http", "tls", "tcp", "exportTo"})
_HTTP = frozenset(
    {
        "name",
        "match",
        "route",
        "redirect",
        "directResponse",
        "rewrite",
        "timeout",
        "retries",
        "fault",
        "mirror",
        "mirrors",
        "mirrorPercent",
        "mirrorPercentage",
        "mirror_percent",
        "corsPolicy",
        "headers",
        "delegate",
    }
)
# What a delegate takes over from the route where it has none of its own, which the model does not follow.
_TAKEN_OVER = _HTTP - {"name", "match", "delegate", "corsPolicy", "retries"}
_TCP = frozenset({"match", "route"})
_TCP_MATCH = frozenset({"port", "sourceLabels", "gateways", "sourceNamespace"})
_DESTINATION = frozenset({"destination", "weight", "headers"})


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a route leads: the host's full name, subset and port ("" and None when not set), its weight.

    Attributes:
        headers: what is done to the headers of what goes this way.
        place: the line of the destination in its route.
        name_place: the line that names the subset, or else the host.
    """

    host: str
    subset: str
    port: int | None
    weight: int
    place: Place
    name_place: Place
    headers: HeaderOps = field(default=NOTHING, compare=False)


@dataclass(frozen=True, slots=True)
class Route:
    """One route. Without matches it takes all.

    Attributes:
        label: "http[0]" or "tcp[0]".
        answers: what the proxy answers by itself ("redirect to ...", "status 404"), "" when the route leads
            to destinations.
        redirects: whether that answer is a redirect.
        rewrites: the path, or its beginning, that the destinations are called with instead, "" for none.
        copies: where a copy of each request goes (mirror, mirrors), whose answer nobody waits for.
        headers: what is done to the headers of what goes this way.
        limit: how long answers may take, None without a limit.
        delegate: the name and namespace of the VirtualService whose routes stand for it, None for none.
    """

    label: str
    place: Place
    matches: tuple[Match, ...]
    destinations: tuple[Destination, ...]
    answers: str = ""
    redirects: bool = False
    rewrites: str = ""
    faults: tuple[Fault, ...] = ()
    copies: tuple[Destination, ...] = ()
    headers: HeaderOps = NOTHING
    limit: Limit | None = None
    delegate: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class VirtualService:
    """One VirtualService; `gateways` holds "mesh" when it counts for sidecars.

    Without hosts it is a delegate: no proxy has its routes but by one of another one that delegates to it.

    Attributes:
        has_tls: whether it routes TLS by name, which the model does not support.
        host_places: the line of each host.
        gateways_place: the line of its gateways.
        export_place: the line of its exportTo.
        problems: what the model does not support.
        delegated: whether a route delegates to it.
        lost: its routes that delegate to what is not there, which no proxy has.
    """

    name: str
    namespace: str
    hosts: tuple[str, ...]
    gateways: frozenset[str]
    export_to: tuple[str, ...]
    http: tuple[Route, ...]
    tcp: tuple[Route, ...]
    has_tls: bool
    place: Place
    problems: tuple[Rule, ...]
    host_places: tuple[Place, ...]
    gateways_place: Place
    export_place: Place
    delegated: bool = False
    lost: tuple[Rule, ...] = ()

    def is_for(self, gateway: str, namespace: str) -> bool:
        """Return whether it counts at a gateway ("mesh" for sidecars) whose proxies live in a namespace."""
        return gateway in self.gateways and is_shown_to(self.export_to, self.namespace, namespace)

    def __str__(self) -> str:
        return f"VirtualService/{self.name}"


def virtual_services(state: State) -> tuple[VirtualService, ...]:
    """Return the VirtualServices of a state, the oldest first."""
    flag = state.application.canary_cookie.partition("=")[0]
    read = partial(_virtual_service, flag=flag)
    return tuple(state.once("VirtualService", read, one) for one in state.of("VirtualService"))


def _virtual_service(one: InForce, flag: str) -> VirtualService:
    whole = Part.whole(one.manifest)
    spec = whole["spec"]
    spec.only(_SPEC)
    home = one.key.namespace
    gateways = frozenset(gateway_name(gateway, home) for gateway in spec["gateways"].texts())
    hosts = tuple(completed(host, home) for host in spec["hosts"].texts())
    host_places = tuple(part.place for part in spec["hosts"].items() if part.text())
    if spec["hosts"].problems and not hosts:
        # Hosts that can't be read may be any.
        hosts, host_places = (EVERYWHERE,), (spec["hosts"].place,)
    return VirtualService(
        name=one.key.name,
        namespace=home,
        hosts=hosts,
        gateways=gateways or frozenset({MESH}),
        export_to=spec["exportTo"].texts(),
        http=tuple(_http(part, home, index, flag) for index, part in enumerate(spec["http"].items())),
        tcp=tuple(_tcp(part, home, index, flag) for index, part in enumerate(spec["tcp"].items())),
        has_tls=bool(spec["tls"].items()),
        place=whole.place,
        problems=tuple(whole.problems),
        host_places=host_places,
        gateways_place=spec["gateways"].place,
        export_place=spec["exportTo"].place,
    )


def _http(part: Part, home: str, index: int, flag: str) -> Route:
    part.only(_HTTP)
    part["rewrite"].only({"uri", "authority"})
    redirect, direct = part["redirect"], part["directResponse"]
    answers = ""
    if redirect:
        answers = f"redirect to {redirect['authority'].text() or '-'}{redirect['uri'].text()}"
    elif direct:
        answers = f"status {direct['status'].number(0)}"
    destinations = _destinations(part, home, flag)
    delegate = _delegate(part, home)
    if not answers and not destinations and not delegate:
        part.problem("leads nowhere: it has no route, redirect or directResponse")
    return Route(
        label=f"http[{index}]",
        place=part.place,
        matches=tuple(read_match(match, home) for match in part["match"].items()),
        destinations=destinations,
        answers=answers,
        redirects=bool(redirect),
        rewrites=part.at("rewrite", "uri").text(),
        faults=read_faults(part["fault"]),
        copies=tuple(_copies(part, home, flag)),
        headers=header_ops(part["headers"], flag),
        limit=limit_of(part),
        delegate=delegate,
    )


def _delegate(part: Part, home: str) -> tuple[str, str] | None:
    to = part["delegate"]
    if not to:
        return None
    to.only({"name", "namespace"})
    for name in _TAKEN_OVER:
        if part[name]:
            part[name].problem("the model does not support what a delegate takes over")
    return to["name"].text(), to["namespace"].text() or home


def _tcp(part: Part, home: str, index: int, flag: str) -> Route:
    part.only(_TCP)
    for match in part["match"].items():
        match.only(_TCP_MATCH)
    return Route(
        label=f"tcp[{index}]",
        place=part.place,
        matches=tuple(read_match(match, home) for match in part["match"].items()),
        destinations=_destinations(part, home, flag),
    )


def _destinations(part: Part, home: str, flag: str) -> tuple[Destination, ...]:
    routes = part["route"].items()
    found = []
    for route in routes:
        route.only(_DESTINATION)
        weight = route["weight"].number(0) or 0
        if weight < 0:
            route["weight"].refuse("0 or more")
        # The only destination takes all, whatever its weight; of several, those without a weight none.
        if len(routes) == 1:
            weight = 1
        found.append(_destination(route, route["destination"], home, weight, flag))
    if found and not any(one.weight > 0 for one in found):
        part["route"].problem("has no destination with a weight")
    return tuple(found)


def _destination(route: Part, to: Part, home: str, weight: int, flag: str) -> Destination:
    to.only({"host", "subset", "port"})
    return Destination(
        host=completed(to["host"].text(), home),
        subset=to["subset"].text(),
        port=to.at("port", "number").number(),
        weight=weight,
        place=route.place,
        name_place=(to["subset"] or to["host"]).place,
        headers=header_ops(route["headers"], flag),
    )


def _copies(part: Part, home: str, flag: str) -> Iterator[Destination]:
    """Yield where copies of requests go: without a percentage, those of all requests."""
    whole = part.at("mirrorPercentage", "value") or part["mirrorPercent"] or part["mirror_percent"]
    mirrors = [(part["mirror"], whole)]
    mirrors += [(one["destination"], one.at("percentage", "value")) for one in part["mirrors"].items()]
    for to, percentage in mirrors:
        if to and percentage.value != 0:
            yield replace(_destination(to, to, home, 1, flag), headers=NOTHING)
