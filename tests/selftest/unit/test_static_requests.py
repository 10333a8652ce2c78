"""Requests that differ in all but the cookie are made of the routes' own conditions, each met once."""

from __future__ import annotations

import pytest

from canary_conformance.errors import NotSpoken
from canary_conformance.voting.feature_flag import FLAG
from canary_conformance.voting.static.static_requests import answers
from tests.selftest.routing_support import at_ingress

pytestmark = pytest.mark.selftest

TO_2 = "route: [{destination: {host: web, subset: v2}}]"
TO_1 = "route: [{destination: {host: web, subset: v1}}]"
FLAGGED = f"- match: [{{headers: {{cookie: {{regex: '.*{FLAG}.*'}}}}}}]\n  {TO_2}\n"


def strays(match: str, cookie: str = "") -> list[str]:
    """Return the requests that a route above the canary's takes to the other version."""
    wrong, to = ("web 1", TO_1) if cookie else ("web 2", TO_2)
    of = at_ingress(f"http:\n- match: [{match}]\n  {to}\n{FLAGGED}- {TO_1}\n")
    return [asked for asked, answer in answers(of, cookie, other=wrong).items() if answer.share_of(wrong)]


@pytest.mark.parametrize(
    ("match", "asked"),
    [
        ("{method: {exact: POST}, uri: {exact: /}}", "POST /"),
        ("{method: {exact: DELETE}}", "DELETE /"),
        ("{uri: {prefix: /beta}}", "GET /beta"),
        ("{uri: {regex: '/(new|beta)/.*'}}", "GET /new/"),
        ("{headers: {x-user: {regex: 'tester-[0-9]+'}}}", "GET / with x-user: tester-0"),
        ("{queryParams: {canary: {exact: 'yes'}}}", "GET /?canary=yes"),
        ("{headers: {x-canary: {exact: 'true'}}}", "GET / with x-canary: true"),
        ("{headers: {x-canary: {}}}", "GET / with x-canary: 1"),
    ],
)
def test_what_a_route_asks_for_is_asked(match: str, asked: str) -> None:
    assert asked in strays(match)


def test_a_pattern_without_an_example_is_not_judged() -> None:
    with pytest.raises(NotSpoken, match="no text that matches the pattern"):
        strays("{headers: {x-user: {regex: '\\pL+'}}}")


@pytest.mark.parametrize("name", ["iPhone", "Android", "Firefox", "curl"])
def test_browsers_are_known_by_name(name: str) -> None:
    found = strays(f"{{headers: {{user-agent: {{regex: '.*{name}.*'}}}}}}")
    assert found
    assert all(name in asked for asked in found)


def test_what_a_route_excludes_is_asked_too() -> None:
    match = f"{{headers: {{cookie: {{regex: '.*{FLAG}.*'}}}}, withoutHeaders: {{x-old: {{exact: '1'}}}}}}"
    of = at_ingress(f"http:\n- match: [{match}]\n  {TO_2}\n- {TO_1}\n")
    found = answers(of, FLAG, other="web 1")
    assert [asked for asked, answer in found.items() if answer.share_of("web 1")] == ["GET / with x-old: 1"]


def test_paths_outside_of_the_contract_count_only_where_the_other_version_gets_them() -> None:
    health = f"http:\n- match: [{{uri: {{exact: /healthz}}}}]\n  directResponse: {{status: 200}}\n- {TO_1}\n"
    assert "GET /healthz" not in answers(at_ingress(health), "", other="web 2")
    beta = f"http:\n- match: [{{uri: {{exact: /beta}}}}]\n  {TO_2}\n- {TO_1}\n"
    assert "GET /beta" in answers(at_ingress(beta), "", other="web 2")


def test_routes_by_the_cookie_alone_have_no_strays() -> None:
    of = at_ingress(f"http:\n{FLAGGED}- {TO_1}\n")
    assert {str(a.outcomes[0].pods[0]) for a in answers(of, "", other="web 2").values()} == {"web 1"}
    assert {str(a.outcomes[0].pods[0]) for a in answers(of, FLAG, other="web 1").values()} == {"web 2"}
