"""Random lists of routes for the page: right and wrong ones, of all that a match can ask for."""

from __future__ import annotations

import random
from typing import Any

from canary_conformance.voting.feature_flag import FLAG, OPENS

_PATTERNS = (
    OPENS,
    "(?i)" + OPENS,
    r".*\bfeatureflag=on\b.*",
    r"^(.*?[;,] ?)?(featureflag=on)([;,].*)?$",
    r"(.*;\s*)?feature_?flag=(on|true|1)(;.*)?",
    "[^;]*",
    ".*beta=1.*",
    "a+|b?",
)
_TEXTS = ("a", "true", "iPhone", "")
_VALUES = (
    *({"regex": one} for one in _PATTERNS),
    *({"exact": one} for one in (FLAG, *_TEXTS)),
    *({"prefix": one} for one in ("featureflag=", *filter(None, _TEXTS))),
    {},
)
_PATHS = (
    {"exact": "/"},
    {"exact": "/featureflag/set"},
    {"prefix": "/"},
    {"prefix": "/FEATURE"},
    {"prefix": "/new"},
    {"regex": "/(new|beta)/.*"},
    {"regex": "/.?"},
)
_METHODS = ({"exact": "POST"}, {"exact": "GET"}, {"regex": "P.*|HEAD"}, {"prefix": "G"}, {"exact": "get"})
_AUTHORITIES = ({"exact": "beta.example.com"}, {"prefix": "b"}, {"regex": ".*[.]com"})


def random_routes(seed: int) -> list[dict[str, Any]]:
    """Return the `http` of a VirtualService for the page, the same one for the same seed."""
    chance = random.Random(seed)  # noqa: S311 (anyone can draw them again)
    routes = [_route(chance) for _ in range(chance.randint(1, 4))]
    return [*routes, *([{"route": [_to("v1-0")]}] if chance.random() < 0.9 else [])]


def _route(chance: random.Random) -> dict[str, Any]:
    route: dict[str, Any] = {"match": [_match(chance) for _ in range(chance.randint(1, 3))]}
    kind = chance.random()
    if kind < 0.1:
        return {**route, "redirect": {"uri": "/"}}
    if kind < 0.2:
        return {**route, "directResponse": {"status": chance.choice([200, 403, 503])}}
    if kind < 0.3:
        route["rewrite"] = {"uri": chance.choice(["/", "/new"])}
    first, second = chance.sample(["v1-0", "v2-0"], 2)
    if kind < 0.45:
        shares = chance.randint(1, 99)
        weighed = [{**_to(first), "weight": shares}, {**_to(second), "weight": 100 - shares}]
        return {**route, "route": weighed}
    return {**route, "route": [_to(first)]}


def _to(subset: str) -> dict[str, Any]:
    return {"destination": {"host": "voting-app", "subset": subset, "port": {"number": 8080}}}


def _match(chance: random.Random) -> dict[str, Any]:
    asked: dict[str, Any] = {}
    for kind in chance.sample(range(8), chance.choice([1, 1, 2, 3])):
        value = dict(chance.choice(_VALUES))
        if kind < 2:
            asked.setdefault("headers", {})["cookie"] = value
        elif kind == 2:
            asked.setdefault("headers", {})[chance.choice(["x-canary", "User-Agent"])] = value
        elif kind == 3:
            asked["withoutHeaders"] = {chance.choice(["cookie", "x-canary", "user-agent"]): value}
        elif kind == 4:
            asked["uri"] = dict(chance.choice(_PATHS))
            asked |= {"ignoreUriCase": True} if chance.random() < 0.3 else {}
        elif kind == 5:
            asked["method"] = dict(chance.choice(_METHODS))
        elif kind == 6:
            asked["queryParams"] = {chance.choice(["beta", "featureflag"]): value}
        else:
            asked["authority"] = dict(chance.choice(_AUTHORITIES))
    return asked
