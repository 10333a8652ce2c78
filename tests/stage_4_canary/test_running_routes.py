"""What the running proxies distinguish is sent to them, beside the fixed matrix of cookies."""

import pytest

from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.voting.distinguished_answers import (
    expect_answers,
    expect_every_condition_is_probed,
    expect_no_cookie_changed_for_some,
    flagged,
    ordinary,
    varies_the_cookie_alone,
)
from fixtures.marks import beside, requirement

pytestmark = pytest.mark.routing


@requirement("R4.3")
def test_no_request_without_the_flag_opens_2_0_whatever_the_routes_distinguish(
    namespace: NamespaceUnderTest,
) -> None:
    expect_answers(namespace, ordinary)


@requirement("R4.4")
@beside("R4.3")
def test_every_request_with_the_flag_opens_2_0_whatever_the_routes_distinguish(
    namespace: NamespaceUnderTest,
) -> None:
    expect_answers(namespace, flagged)


@requirement("R4.5")
@beside("R4.3")
def test_every_class_of_cookies_that_the_routes_distinguish_reaches_its_version(
    namespace: NamespaceUnderTest,
) -> None:
    expect_answers(namespace, varies_the_cookie_alone)


@requirement("R4.6")
@beside("R4.3")
def test_no_route_changes_cookies_for_some_voters_only(namespace: NamespaceUnderTest) -> None:
    expect_no_cookie_changed_for_some(namespace)


@requirement("R4.3", "R4.4", "R4.5")
@beside("R4.3")
def test_nothing_runs_on_the_pages_way_that_no_request_can_show(namespace: NamespaceUnderTest) -> None:
    expect_every_condition_is_probed(namespace)
