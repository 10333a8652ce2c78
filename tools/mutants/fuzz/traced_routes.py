"""Routes that name themselves in their answers, so that a client sees which one took its request.

Each HTTP route of a VirtualService sets a header of the answer with its own name, and each of its
destinations one with its subset. Neither changes which requests a route takes.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import yaml

from canary_conformance.scenario.manifests import Manifest, parse_manifests

ROUTE, SUBSET = "x-traced-route", "x-traced-subset"


def traced(raw: bytes, file: str, namespace: str) -> tuple[Manifest, ...]:
    """Return the objects of a file with routes that name themselves, none where it cannot be read."""
    bodies = [_traced(one) for one in parse_manifests(raw, file, namespace).manifests]
    return parse_manifests(yaml.safe_dump_all(bodies).encode(), file, namespace).manifests


def _traced(manifest: Manifest) -> dict[str, Any]:
    body = copy.deepcopy(dict(manifest.body))
    spec = body.get("spec")
    routes = spec.get("http") if manifest.ref.kind == "VirtualService" and isinstance(spec, dict) else None
    for number, route in enumerate(routes if isinstance(routes, list) else []):
        if isinstance(route, dict):
            _answer_with(route, ROUTE, f"{manifest.ref} http[{number}]")
            ways = route.get("route")
            for way in ways if isinstance(ways, list) else []:
                to = way.get("destination") if isinstance(way, dict) else None
                if isinstance(to, Mapping) and to.get("subset"):
                    _answer_with(way, SUBSET, str(to["subset"]))
    return body


def _answer_with(part: dict[str, Any], name: str, text: str) -> None:
    below: Any = part
    for key in ("headers", "response", "set"):
        below = below.setdefault(key, {})
        if not isinstance(below, dict):
            return
    below[name] = text
