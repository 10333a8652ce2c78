"""What a route does beside leading to its destinations: how it rewrites paths, and its other settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from canary_conformance.model.model import Model
from canary_conformance.model.objects.state import Key
from canary_conformance.model.routing.route_matching import How
from canary_conformance.model.routing.routes import Entry

# What a route says of itself and of its destinations, which the effect of an answer has.
_OF_THE_ROUTE = frozenset({"name", "match", "route", "delegate"})


def rewrites(entry: Entry | None) -> tuple[object, ...]:
    """Return how a route rewrites paths, empty where it leaves them as they are."""
    uri = entry.route.rewrites if entry else ""
    wanted = entry.match.uri if entry and entry.match else None
    if not uri:
        return ()
    if wanted is None or wanted.how is How.PRESENT:
        return () if uri == "/" else (uri, How.PREFIX, "/")
    if wanted.how is How.PREFIX:
        return () if uri == wanted.wanted else (uri, How.PREFIX, wanted.wanted)
    return (uri,)


def route_settings(model: Model, entry: Entry | None) -> Mapping[str, Any]:
    """Return what else the route of a VirtualService says, as it is written: headers, timeout, retries."""
    if entry is None:
        return {}
    kind, dot, number = entry.route.label.partition("[")
    state = model.state
    one = state.objects.get(Key("VirtualService", entry.owner.namespace, entry.owner.name))
    if one is None or not dot or not number.removesuffix("]").isdecimal():
        # A delegate's: its own fields are compared as an object's.
        return {}
    route = one.manifest.body["spec"][kind][int(number.removesuffix("]"))]
    headers = [to["headers"] for to in route.get("route") or () if isinstance(to, dict) and to.get("headers")]
    rest = {name: value for name, value in route.items() if name not in _OF_THE_ROUTE}
    return {**rest, **({"headers of destinations": headers} if headers else {})}
