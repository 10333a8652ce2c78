"""Routes that delegate to a VirtualService without hosts, put in its place.

Source: Istio, "Delegate", and what istiod of Istio 1.31 makes of it: each item of the delegate's match is put
together with each of the route's; a delegate that is not there, or not shown, leaves the route out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from canary_conformance.model.objects.host_names import is_shown_to
from canary_conformance.model.objects.questions import Rule
from canary_conformance.model.routing.route_matching import Match
from canary_conformance.model.routing.virtual_services import Route, VirtualService

_Name = tuple[str, str]


def with_delegates(every: tuple[VirtualService, ...]) -> tuple[VirtualService, ...]:
    """Return VirtualServices whose routes lead somewhere, the delegates' in place of those that delegate."""
    if not any(route.delegate for one in every for route in one.http):
        return every
    known = {(one.name, one.namespace): one for one in every if not one.hosts}
    named = {route.delegate for one in every for route in one.http if route.delegate}
    joined = (_put_together(one, known) for one in every)
    return tuple(replace(one, delegated=(one.name, one.namespace) in named) for one in joined)


def _put_together(owner: VirtualService, known: Mapping[_Name, VirtualService]) -> VirtualService:
    routes: list[Route] = []
    lost: list[Rule] = []
    problems = list(owner.problems)
    for route in owner.http:
        if route.delegate is None:
            routes.append(route)
            continue
        to = known.get(route.delegate)
        if to is None or not is_shown_to(to.export_to, to.namespace, owner.namespace):
            how = (
                "does not exist" if to is None else f"is not shown to namespace {owner.namespace} (exportTo)"
            )
            what = f"{owner} {route.label} delegates to VirtualService/{route.delegate[0]}, which {how}"
            lost.append(Rule(route.place, what))
            continue
        problems += to.problems
        for own in to.http:
            if any(_both_ask(one, other) for one in route.matches for other in own.matches):
                sentence = (
                    f"the model does not support that both {owner} and its delegate {to} match the same"
                )
                problems.append(Rule(own.place, sentence))
            label = f"{route.label} by {to} {own.label}"
            routes.append(replace(own, label=label, matches=tuple(_matches(route, own))))
    return replace(owner, http=tuple(routes), problems=tuple(problems), lost=tuple(lost))


def _matches(route: Route, own: Route) -> Iterator[Match]:
    if not route.matches or not own.matches:
        yield from own.matches or route.matches
        return
    for inner in own.matches:
        for outer in route.matches:
            yield replace(
                inner,
                uri=inner.uri or outer.uri,
                ignore_case=inner.ignore_case or outer.ignore_case,
                texts=(*outer.texts, *inner.texts),
                headers=(*outer.headers, *inner.headers),
                without=(*outer.without, *inner.without),
                query=(*outer.query, *inner.query),
                port=inner.port or outer.port,
                labels={**outer.labels, **inner.labels},
                namespace=inner.namespace or outer.namespace,
                gateways=inner.gateways or outer.gateways,
            )


def _both_ask(outer: Match, inner: Match) -> bool:
    """Return whether two matches ask for the same property, which istiod takes for a conflict, or may."""
    pairs = (
        (outer.texts, inner.texts),
        (outer.headers, inner.headers),
        (outer.without, inner.without),
        (outer.query, inner.query),
    )
    named = any({name for name, _ in one} & {name for name, _ in other} for one, other in pairs)
    single = (outer.uri and inner.uri) or (outer.port and inner.port) or (outer.gateways and inner.gateways)
    proxy = (outer.namespace and inner.namespace) or set(outer.labels) & set(inner.labels)
    return bool(named or single or proxy or outer.ignore_case != inner.ignore_case)
