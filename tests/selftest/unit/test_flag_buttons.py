"""Set and clear reach a browser by their cookie: what loses it fails R4.6, what may do so is not judged."""

import pytest

from canary_conformance.paths import MANIFESTS
from tests.selftest.changed_manifests import failed, results_of, unjudged
from tools.mutants.edit_sites import sources_of
from tools.mutants.mistake import before
from tools.mutants.variants import Change, Variant

SOURCES = sources_of(MANIFESTS)
ORDINARY, CANARY = "spec.http[1].route", "spec.http[0].route"


def judged(route: str, headers: str) -> tuple[set[str], set[str]]:
    """Return which requirements fail and which are not judged with these headers at a route of the page."""
    change = Change("istio/step-3", "VirtualService/voting-app", (before(route, f"headers:\n  {headers}"),))
    results = results_of(Variant("x", (change,)).made(SOURCES).overlay)
    return failed(results), unjudged(results)


@pytest.mark.parametrize(
    ("route", "headers"),
    [
        # The cookie of the answer is lost.
        (ORDINARY, "response: {remove: [Set-Cookie]}"),
        (CANARY, "response: {remove: [Set-Cookie]}"),
        (ORDINARY, "response: {set: {set-cookie: a=1}}"),
        (CANARY, "response: {set: {set-cookie: a=1}}"),
        # The page shows the flag wrongly.
        (CANARY, "request: {remove: [Cookie]}"),
        (CANARY, "request: {set: {cookie: a=1}}"),
        (ORDINARY, "request: {set: {cookie: featureflag=on}}"),
    ],
)
def test_a_lost_cookie_or_a_flag_that_the_page_shows_wrongly_fails(route: str, headers: str) -> None:
    assert judged(route, headers) == ({"R4.6"}, set())


@pytest.mark.parametrize(
    ("route", "headers"),
    [
        # Sent again where it is set.
        (CANARY, "request: {set: {cookie: featureflag=on}}"),
        (ORDINARY, "request: {remove: [cookie]}"),
        (ORDINARY, "response: {set: {content-security-policy: default-src 'self'}}"),
        (ORDINARY, "response: {set: {Cache-Control: 'public, max-age=3600'}}"),
        (ORDINARY, "response: {remove: [cache-control]}"),
        (ORDINARY, "response: {set: {content-disposition: attachment}}"),
    ],
)
def test_what_a_browser_may_take_either_way_is_not_judged_there_and_nowhere_else(
    route: str, headers: str
) -> None:
    assert judged(route, headers) == (set(), {"R4.6"})


@pytest.mark.parametrize(
    "headers",
    [
        "response: {add: {set-cookie: a=1}}",
        "response: {set: {strict-transport-security: max-age=1}}",
        "response: {set: {cache-control: 'private, no-store', expires: '0'}}",
        "request: {set: {x-team: voting}}",
    ],
)
def test_what_leaves_the_cookie_there_holds(headers: str) -> None:
    assert judged(ORDINARY, headers) == (set(), set())


def test_what_may_keep_the_page_from_coming_leaves_its_requirements_unjudged() -> None:
    failed, unjudged = judged(ORDINARY, "response: {set: {content-type: text/plain}}")
    assert failed == set()
    assert {"R4.1", "R4.3", "R4.6"} <= unjudged
    assert not unjudged & {"R3.7", "R4.8", "R5.1"}


def test_a_request_header_that_sets_envoys_timeouts_leaves_pages_not_judged() -> None:
    failed, unjudged = judged(ORDINARY, "request: {set: {x-envoy-upstream-rq-timeout-ms: '1'}}")
    assert failed == set()
    assert {"R4.3", "R4.5"} <= unjudged
