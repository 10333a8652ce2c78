"""What Istio's webhook refuses about a VirtualService, beyond its schema.

Sources: Istio, "Virtual Service" (hosts, gateways, delegates, weights, matches), and the webhook's answers.
Patterns are RE2, as Envoy's are.
"""

from __future__ import annotations

from collections.abc import Iterator

from canary_conformance.model.schemas.rules_http import http_parts
from canary_conformance.model.schemas.rules_names import (
    domain_problem,
    is_address,
    is_header_name,
    is_label,
    is_tag,
    pattern_problems,
)
from canary_conformance.model.schemas.rules_reading import LARGEST_PORT, Node, is_port
from canary_conformance.model.schemas.rules_traffic_policy import export_problems
from canary_conformance.model.schemas.schema_problems import Problem

_MESH = "mesh"
_KINDS_OF_ROUTES = ("http", "tls", "tcp")
_HEADERS = ("headers", "withoutHeaders")
_PSEUDO = frozenset({":method", ":scheme", ":authority", ":path", ":status"})
_SINGLE = ("scheme", "method", "authority")


def virtual_service(whole: Node) -> Iterator[Problem]:
    """Yield what is wrong with a VirtualService: hosts, gateways, and each of its routes."""
    spec = whole["spec"]
    gateways = spec["gateways"].items()
    mesh = not gateways or any(gateway.text == _MESH for gateway in gateways)
    if not spec["hosts"].items():
        yield from _delegate(spec)
    yield from _hosts(spec["hosts"], mesh=mesh)
    yield from _gateways(spec["gateways"])
    yield from export_problems(spec)
    if all(spec[kind].empty for kind in _KINDS_OF_ROUTES):
        yield spec.problem("has no route: http, tls or tcp")
    for route in spec["http"].items():
        yield from _http(route, delegated=not spec["hosts"].items())
    for route in spec["tls"].items():
        if not route["match"].items():
            yield route["match"].problem("missing: a TLS route needs the names (SNI) that it matches")
        yield from _stream(route)
    for route in spec["tcp"].items():
        yield from _stream(route)


def _delegate(spec: Node) -> Iterator[Problem]:
    """Yield what a VirtualService without hosts can't have: it is one that others delegate HTTP to."""
    for name in ("gateways", "tls", "tcp"):
        if spec[name].items():
            yield spec["hosts"].problem(f"missing, and only a delegate, which has no {name}, needs none")


def _hosts(hosts: Node, *, mesh: bool) -> Iterator[Problem]:
    found: list[str] = []
    for host in hosts.items():
        problem = domain_problem(host.text)
        if problem and not is_address(host.text):
            yield host.problem(problem)
        elif mesh and host.text == "*":
            yield host.problem("* is for the hosts of a named gateway, not for those of the mesh")
        else:
            twin = next((other for other in found if _overlap(other, host.text)), None)
            if twin is not None:
                yield host.problem(f"{host.text} is covered by {twin} already")
            found.append(host.text)


def _overlap(one: str, other: str) -> bool:
    """Return whether one host covers the other; * stands at the beginning for anything."""
    if one.startswith("*") and other.startswith("*"):
        return one[1:].endswith(other[1:]) or other[1:].endswith(one[1:])
    if one.startswith("*") or other.startswith("*"):
        wild, plain = (one, other) if one.startswith("*") else (other, one)
        return plain.endswith(wild[1:])
    return one == other


def _gateways(gateways: Node) -> Iterator[Problem]:
    for gateway in gateways.items():
        namespace, slash, name = gateway.text.partition("/")
        if not slash:
            problem = domain_problem(gateway.text, wild=False)
            if problem:
                yield gateway.problem(problem)
            # The webhook looks no further, either.
            return
        for part in (namespace, name):
            if not is_label(part):
                yield gateway.problem(f"{part!r} is not a valid namespace or name of a Gateway")


def _http(route: Node, *, delegated: bool) -> Iterator[Problem]:
    for match in route["match"].items():
        yield from _http_match(match)
    if route["delegate"] and not delegated:
        for name in ("redirect", "route"):
            if route[name]:
                yield route[name].problem("a route that delegates has no destination of its own")
    else:
        yield from _one_end(route)
        if route["delegate"]:
            yield route["delegate"].problem("a delegate delegates no further")
    if route["mirror"] and route["mirrors"].items():
        yield route["mirror"].problem("only one of mirror, mirrors can be here")
    if route["fault"] and not (route["fault"]["abort"] or route["fault"]["delay"]):
        yield route["fault"].problem("wants abort or delay")
    for mirror in (route["mirror"], *(one["destination"] for one in route["mirrors"].items())):
        yield from _destination(mirror)
    yield from _destinations(route["route"])
    yield from http_parts(route)


def _one_end(route: Node) -> Iterator[Problem]:
    """Yield what is wrong with where an HTTP route ends: at destinations, a redirect or an answer."""
    ends = [name for name in ("redirect", "directResponse") if route[name]]
    if not ends and not route["route"].items():
        yield route.problem("leads nowhere: wants route, redirect, directResponse or delegate")
    for end in ends[:1]:
        others = [name for name in ("route", "fault", "rewrite", *ends[1:]) if not route[name].empty]
        if others:
            yield route[others[0]].problem(f"can't stand beside {end}")


def _stream(route: Node) -> Iterator[Problem]:
    """Yield what is wrong with a route of TCP or TLS."""
    for match in route["match"].items():
        yield from _source(match)
    if not route["route"].items():
        yield route["route"].problem("missing: a route leads to a destination")
    yield from _destinations(route["route"])


def _destinations(destinations: Node) -> Iterator[Problem]:
    weights: list[int] = []
    for one in destinations.items():
        yield from _destination(one["destination"])
        weight = one["weight"].number or 0
        if weight < 0:
            yield one["weight"].problem(f"{weight} is less than nothing")
        weights.append(weight)
    if len(weights) > 1 and not sum(weights):
        yield destinations.problem("no destination has any weight")


def _destination(destination: Node) -> Iterator[Problem]:
    if not destination:
        return
    host, subset, port = destination["host"], destination["subset"], destination["port"]
    problem = "* is not a valid destination" if host.text == "*" else domain_problem(host.text)
    if problem and host:
        yield host.problem(problem)
    if subset.text and not is_label(subset.text):
        yield subset.problem(f"{subset.text!r} is not a valid name of a subset")
    if port and not is_port(port["number"].number or 0):
        yield port["number"].problem(f"wants a number between 1 and {LARGEST_PORT}")


def _http_match(match: Node) -> Iterator[Problem]:
    for group in _HEADERS:
        for name, text in match[group].entries().items():
            if (
                name not in _PSEUDO
                and not name.startswith("@request.auth.claims")
                and not is_header_name(name)
            ):
                yield text.problem(f"{name!r} is not a valid name of a header")
            if group == "headers" or text["regex"].text != "*":
                yield from _text(text)
    for text in (*(match[name] for name in _SINGLE), *match["queryParams"].entries().values()):
        yield from _text(text)
    # An empty prefix of a path is any path.
    yield from pattern_problems(match["uri"]["regex"])
    namespace = match["sourceNamespace"]
    if namespace.text and not is_label(namespace.text):
        yield namespace.problem(f"{namespace.text!r} is not a valid namespace")
    yield from _source(match)


def _text(text: Node) -> Iterator[Problem]:
    if text["prefix"].value == "":
        yield text["prefix"].problem("is empty")
    yield from pattern_problems(text["regex"])


def _source(match: Node) -> Iterator[Problem]:
    port = match["port"]
    if port.number and not is_port(port.number):
        yield port.problem(f"{port.number} isn't between 1 and {LARGEST_PORT}")
    for key, value in match["sourceLabels"].entries().items():
        if not is_tag(key, value.text):
            yield value.problem(f"{key}={value.text} is not a valid label")
    yield from _gateways(match["gateways"])
