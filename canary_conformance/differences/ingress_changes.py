"""Which requests at the ingress change their answer at the end of a stage, decided for all of them."""

from __future__ import annotations

from collections.abc import Iterator

from canary_conformance.differences.answer_effects import (
    Effect,
    effect_of,
    in_words,
    settings_in_words,
    who_answers,
)
from canary_conformance.differences.request_regions import (
    ANY_HOST,
    Chains,
    Pair,
    Region,
    Unknown,
    regions,
)
from canary_conformance.differences.responsible_lines import lines_of
from canary_conformance.differences.route_actions import route_settings
from canary_conformance.differences.stage_ends import StageEnds, decided_lines
from canary_conformance.differences.values import AnswerChange, NotUnderstood, ShownRequest
from canary_conformance.model.model import Model
from canary_conformance.model.objects.questions import INGRESS, INGRESS_PORT, Request
from canary_conformance.model.routing.authorization import AUTHORIZATION_POLICY
from canary_conformance.model.routing.gateways import Opens, Server, gateways

# What can change the answer of a request that the model does not follow because it comes by TLS.
_ROUTING = frozenset(
    {"Gateway", "VirtualService", "DestinationRule", "Service", "PeerAuthentication", AUTHORIZATION_POLICY}
)


def ingress_changes(ends: StageEnds) -> Iterator[AnswerChange | NotUnderstood]:
    """Yield each kind of request at the ingress that changes its answer, and what is not known of others."""
    for port in _ports(ends):
        chains = [model.routes_at_ingress(port) or _NO_ROUTES for model in ends.models]
        pair = Pair(
            ends.models,
            (chains[0], chains[1]),
            lambda _, shown, port=port: request_at(port, shown),  # type: ignore[misc]
            policies_changed=AUTHORIZATION_POLICY in ends.changed_kinds(),
        )
        yield from _alike(ends, port, tuple(regions(pair)))
    yield from _not_followed(ends)


_NO_ROUTES: Chains = {"*": ()}


def request_at(port: int, shown: ShownRequest) -> Request:
    """Return a request at a port of the ingress gateway."""
    return Request(INGRESS, shown.host or ANY_HOST, port, shown.headers, shown.path, shown.method)


def _ports(ends: StageEnds) -> tuple[int, ...]:
    """Return the ports at which either side's Gateways serve HTTP, that of voters first."""
    ports = {one.port for model in ends.models for one in _servers(model) if one.opens is Opens.HTTP}
    return tuple(dict.fromkeys((INGRESS_PORT, *sorted(ports))))


def _servers(model: Model) -> Iterator[Server]:
    for gateway in gateways(model.state):
        yield from gateway.servers


def _not_followed(ends: StageEnds) -> Iterator[NotUnderstood]:
    """Yield the servers of TLS and TCP, where anything that routes differs."""
    if not ends.changed_kinds() & _ROUTING:
        return
    for port in {one.port for model in ends.models for one in _servers(model) if one.opens is not Opens.HTTP}:
        places = [
            [one.place for one in _servers(model) if one.port == port and one.opens is not Opens.HTTP]
            for model in ends.models
        ]
        sentence = (
            f"the model does not follow requests at port {port} of the ingress gateway, which is no HTTP"
        )
        yield NotUnderstood((ends.stage,), sentence, lines_of(*places))


def _alike(
    ends: StageEnds, port: int, found: tuple[Region | Unknown, ...]
) -> Iterator[AnswerChange | NotUnderstood]:
    """Yield one change for all regions that change alike by the same routes, shown by the shortest."""
    groups: dict[object, list[Region]] = {}
    for one in found:
        if isinstance(one, Unknown):
            yield not_known(ends.stage, one)
            continue
        places = tuple(entry and entry.route.place for entry in one.entries)
        groups.setdefault((one.before, one.after, places), []).append(one)
    for group in groups.values():
        first = min(group, key=lambda one: size(one.request))
        yield _change(ends, port, first, len(group) - 1)


def size(request: ShownRequest) -> tuple[int, int, int]:
    """Return how much a request has beyond the plain one."""
    parts = [*request.headers.values(), *request.path.partition("?")[2:]]
    return len(parts) + bool(request.host), sum(map(len, parts)), len(request.path)


def not_known(stage: int, one: Unknown) -> NotUnderstood:
    """Return requests of which it is not known what becomes of them."""
    place = [one.rule.place]
    return NotUnderstood((stage,), one.rule.sentence, lines_of(*([], place) if one.side else (place, [])))


def _change(ends: StageEnds, port: int, one: Region, alike: int) -> AnswerChange:
    same = one.before == one.after

    def ask(model: Model) -> tuple[Effect, object]:
        request = request_at(port, one.request)
        taken = taken_by(model, port, request) if same else None
        return effect_of(model.answer(request)), taken

    before, after = in_words(one.before, one.after)
    if same:
        before, after = settings_words(one)
    return AnswerChange(
        stages=(ends.stage,),
        clients=("ingress gateway",),
        destinations=(f"port {port}",),
        request=one.request,
        alike=alike,
        before=before,
        after=after,
        lines=ends.lines(ask, decided_lines(one.answers)),
        same_version=same,
    )


def settings_words(one: Region) -> tuple[str, str]:
    """Return the words of requests that the same pods answer, by a route that says something else."""
    who = who_answers(one.after)
    return who, f"{who}, by a route with other settings: {settings_in_words(*one.settings)}"


def taken_by(model: Model, port: int, request: Request) -> object:
    """Return the settings of the route that takes a request at the ingress, as a text."""
    for entries in model.routes_at_ingress(port).values():
        for entry in entries:
            if not (entry.match and entry.match.why_not(request)):
                return str(route_settings(model, entry))
    return None
