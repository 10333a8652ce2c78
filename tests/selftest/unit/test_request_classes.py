"""Requests that routes treat alike are one class, which is what trying the routes one by one shows."""

import itertools
import random

import pytest

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.questions import INGRESS, Request
from canary_conformance.model.patterns.match_conditions import AUTHORITY, METHOD, PATH, Kind, Property
from canary_conformance.model.patterns.request_classes import NotDecided, RequestClass, Texts, request_classes
from canary_conformance.model.routing.route_matching import Match, read_match
from tests.selftest.routing_support import manifests

X, Y, Q = Property(Kind.HEADER, "x"), Property(Kind.HEADER, "y"), Property(Kind.QUERY, "q")


def matches(*items: str) -> list[Match]:
    """Read items of a route's match, each in YAML's flow style."""
    text = "apiVersion: v1\nkind: Any\nmetadata: {name: any}\nspec:\n" + "".join(
        f"- {{{one}}}\n" for one in items
    )
    [manifest] = manifests(text)
    return [read_match(part, "voting") for part in Part.whole(manifest)["spec"].items()]


def classes(*items: str) -> tuple[RequestClass, ...]:
    return request_classes(matches(*items), {}, {METHOD: ("GET",), PATH: ("/",)})


def request(texts: Texts) -> Request:
    headers = {of.name: text for of, text in texts.items() if of.kind is Kind.HEADER and text is not None}
    query = "&".join(
        f"{of.name}={text}" for of, text in texts.items() if of.kind is Kind.QUERY and text is not None
    )
    path = (texts.get(PATH) or "/") + (f"?{query}" if query else "")
    return Request(INGRESS, texts.get(AUTHORITY) or "a", 80, headers, path, texts.get(METHOD) or "GET")


def first(routes: list[Match], asked: Request) -> int | None:
    return next((number for number, one in enumerate(routes) if not one.why_not(asked)), None)


def test_each_match_takes_what_those_before_it_leave() -> None:
    found = classes("headers: {x: {exact: a}}", "headers: {x: {prefix: a}}", "method: {exact: POST}")
    taken = {one.taken_by: next(one.examples()) for one in found if one.taken_by is not None}
    assert taken[0][X] == "a"
    assert taken[1][X] == "aa"
    assert taken[2] == {METHOD: "POST", X: None}
    [left] = [one for one in found if one.taken_by is None]
    assert left.texts == {METHOD: ("GET",), X: (None, "1")}


def test_a_match_that_an_earlier_one_shadows_takes_nothing() -> None:
    found = classes("headers: {x: {regex: 'a+'}}", "headers: {x: {exact: aaa}}", "headers: {x: {exact: b}}")
    assert {one.taken_by for one in found} == {0, 2, None}


def test_what_is_not_sent_is_no_empty_text() -> None:
    found = classes("headers: {x: {exact: ''}}", "withoutHeaders: {x: {}}")
    assert {one.taken_by: next(one.examples())[X] for one in found} == {0: "", 1: None, None: "1"}


def test_a_scheme_that_no_request_has_takes_nothing() -> None:
    assert {one.taken_by for one in classes("scheme: {exact: https}")} == {None}


def test_other_patterns_are_told_apart_too() -> None:
    [one] = request_classes([None], {X: ("a.*", ".*b")}, {X: ("ab", None)})
    assert one.texts[X][:2] == ("ab", None)
    assert len(one.texts[X]) == 5
    kept = one.only(X, lambda text: text is not None and text.startswith("a"))
    assert kept is not None
    assert set(kept.texts[X]) == {"ab", "a"}
    assert one.only(X, lambda _: False) is None


def test_what_is_not_read_is_not_decided() -> None:
    with pytest.raises(
        NotDecided, match=r"mesh.yaml:5: the model does not compare the patterns of the header x"
    ):
        classes(r"headers: {x: {regex: '\pL+'}}")


def test_too_many_kinds_of_requests_are_not_decided() -> None:
    many = [f"headers: {{{', '.join(f'h{n}-{m}: {{exact: a}}' for m in range(8))}}}" for n in range(8)]
    with pytest.raises(NotDecided, match="too many kinds of requests"):
        classes(*many)


_TEXTS = ("{exact: a}", "{prefix: a}", "{regex: 'a|b.*'}", "{regex: '(?i)B+'}", "{}", "{exact: ''}")
_ITEMS = (
    *(f"headers: {{{name}: {text}}}" for name in "xy" for text in _TEXTS),
    *(f"withoutHeaders: {{{name}: {text}}}" for name in "xy" for text in _TEXTS),
    *(f"queryParams: {{q: {text}}}" for text in _TEXTS),
    "method: {exact: POST}",
    "method: {regex: 'P.*'}",
    "uri: {exact: /a}",
    "uri: {prefix: /A}, ignoreUriCase: true",
    "uri: {regex: '/a?'}",
    "authority: {prefix: b}",
)


def test_trying_all_requests_finds_no_other_classes() -> None:
    """By enumeration: each example is taken as decided, and no request by what nothing was decided for."""
    chosen = random.Random(22)
    values = (None, "", "a", "ab", "b", "bB")
    every = [
        {X: x, Y: y, Q: q, METHOD: method, PATH: path, AUTHORITY: host}
        for x, y, q in itertools.product(values, repeat=3)
        for method, path, host in itertools.product(("GET", "PUT"), ("/", "/a", "/Ab"), ("a", "bc"))
    ]
    for _ in range(25):
        routes = matches(*("{}, ".join(chosen.sample(_ITEMS, 1)) for _ in range(chosen.randint(1, 5))))
        found = request_classes(routes, {}, {})
        for one in found:
            for texts in itertools.islice(one.examples(*one.texts), 200):
                assert first(routes, request(texts)) == one.taken_by
        decided = {one.taken_by for one in found}
        assert {first(routes, request(texts)) for texts in chosen.sample(every, 300)} <= decided
