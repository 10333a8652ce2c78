"""Requests on both sides of the conditions of running routes."""

from canary_conformance.mesh.routes.conditions import METHOD, PATH, Condition, How
from canary_conformance.voting.distinguished_answers import flagged, opens, ordinary, varies_the_cookie_alone
from canary_conformance.voting.distinguished_requests import COOKIE, Derived, Probe, derive
from canary_conformance.voting.feature_flag import FLAG, OPENS

CANARY = Condition(COOKIE, How.REGEX, OPENS)
PLAIN = {METHOD: "GET", PATH: "/"}


def derived(*groups: tuple[Condition, ...]) -> Derived:
    return derive(groups, {COOKIE: [OPENS]}, PLAIN, ("", FLAG))


def texts(found: Derived) -> list[str]:
    return [str(probe) for probe in found.probes]


def test_the_canarys_own_route_distinguishes_cookies_alone() -> None:
    found = derived((CANARY,))
    assert all(varies_the_cookie_alone(probe) for probe in found.probes)
    assert {opens(probe) for probe in found.probes} == {True, False}
    assert found.unread == ()


def test_a_wider_pattern_gives_a_cookie_that_only_it_matches() -> None:
    wider = Condition(COOKIE, How.REGEX, "^(.*?[;,] ?)?(featureflag=on)([;,].*)?$")
    found = derived((wider,))
    assert any(wider.holds(probe.cookie) and not opens(probe) for probe in found.probes)


def test_a_header_is_sent_on_both_sides_with_the_flag_and_without() -> None:
    found = derived((CANARY,), (Condition("header x-beta", How.EXACT, "1"),))
    assert {"GET /, x-beta: 1", f"GET /, cookie: {FLAG}, x-beta: 1"} <= set(texts(found))
    beta = [probe for probe in found.probes if "x-beta" in probe.headers]
    assert {probe.headers["x-beta"] == "1" for probe in beta} == {True, False}
    assert any(map(ordinary, beta))
    assert any(map(flagged, beta))


def test_conditions_of_one_route_are_fulfilled_together_and_missed_one_by_one() -> None:
    group = (Condition(METHOD, How.EXACT, "POST"), Condition("query beta", How.EXACT, "1"))
    found = set(texts(derived(group)))
    assert "POST /?beta=1" in found
    assert {"GET /?beta=1", "POST /"} <= found


def test_a_method_stands_for_all_that_the_routes_treat_alike() -> None:
    methods = {probe.method for probe in derived((Condition(METHOD, How.EXACT, "POST"),)).probes}
    assert methods == {"GET", "POST"}


def test_an_inverted_condition_is_fulfilled_by_a_header_that_is_not_sent() -> None:
    group = (Condition("header user-agent", How.CONTAINS, "Safari", inverted=True),)
    found = set(texts(derived(group)))
    assert {"GET /", "GET /, user-agent: Safari"} <= found


def test_conditions_that_no_request_fulfils_and_patterns_that_are_not_read_are_named() -> None:
    both = (Condition("header a", How.EXACT, "1"), Condition("header a", How.EXACT, "2"))
    strange = (Condition("header b", How.REGEX, "(?"),)
    unread = derived(both, strange).unread
    assert "no request fulfils header a exact '1' and header a exact '2'" in unread
    assert any(one.startswith("a pattern of header b") for one in unread)


def test_a_request_reads_as_it_is_sent() -> None:
    probe = Probe(((COOKIE, FLAG), (METHOD, "HEAD"), (PATH, "/beta"), ("query a", "1")))
    assert (probe.method, probe.target(), probe.headers) == ("HEAD", "/beta?a=1", {"cookie": FLAG})
    assert str(probe) == f"HEAD /beta?a=1, cookie: {FLAG}"
