from canary_conformance.model.stage_plan import Plan
from canary_conformance.scenario.observations import with_cookie
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.traffic.browser import Browser
from canary_conformance.verdicts import (
    both,
    every,
    expect,
    flag_is,
    matrix,
    nothing,
    same,
    served_by,
    shows,
    to_find_leak_of,
    whole_page,
)
from canary_conformance.voting.cookie_matrix import versions_by_cookie, versions_by_header, with_flag_in
from canary_conformance.voting.distinguished_answers import (
    expect_answers,
    expect_every_condition_is_probed,
    expect_no_cookie_changed_for_some,
    flagged,
    ordinary,
    varies_the_cookie_alone,
)
from canary_conformance.voting.feature_flag import FLAG, NEAR_MISSES, OPENING, OTHER_HEADERS
from canary_conformance.voting.model_agreement import agree, pages_are_whole, settled
from canary_conformance.voting.observed_outcomes import seen_on_pages
from canary_conformance.voting.page_checks import routed_to
from canary_conformance.voting.page_results import DIFFERENT_VOTES
from canary_conformance.voting.reachability import pages_of_chain
from canary_conformance.voting.static.model_questions import page
from fixtures.marks import model_of, requirement


@requirement("R4.3")
def test_voter_without_the_flag_never_sees_2_0(old_chain: NamespaceUnderTest) -> None:
    pages = pages_of_chain(old_chain, "1.0")
    expect(pages, every(both(whole_page, served_by("1.0"))))


@requirement("R4.4")
def test_voter_with_the_flag_always_sees_2_0(namespace: NamespaceUnderTest) -> None:
    pages = pages_of_chain(namespace, "2.0")
    expect(pages, every(both(whole_page, served_by("2.0"))))


@requirement("R4.8")
def test_not_one_page_of_chain_1_0_shows_the_votes_of_2_0(old_chain: NamespaceUnderTest) -> None:
    """Each request of an app to analytics is routed by itself: its page shows where it went."""
    pages = pages_of_chain(old_chain, "1.0")
    expect(pages, every(both(whole_page, shows(DIFFERENT_VOTES["1.0"]))))


@requirement("R4.8")
def test_not_one_page_of_chain_2_0_shows_the_votes_of_1_0(namespace: NamespaceUnderTest) -> None:
    pages = pages_of_chain(namespace, "2.0")
    expect(pages, every(both(whole_page, shows(DIFFERENT_VOTES["2.0"]))))


@requirement("R4.6")
def test_the_pages_own_buttons_switch_a_browser_to_2_0_and_back(browser: Browser) -> None:
    expect(browser.open_page(), every(both(served_by("1.0"), flag_is("clear"))))
    expect(browser.set_flag(), every(both(served_by("2.0"), flag_is("set"))))
    expect(browser.cookies, same({"featureflag": "on"}, "cookies"))
    expect(browser.open_page(times=to_find_leak_of(0.5)), every(both(served_by("2.0"), flag_is("set"))))
    expect(browser.clear_flag(), every(both(served_by("1.0"), flag_is("clear"))))
    expect(browser.cookies, nothing("cookies"))
    expect(browser.open_page(times=to_find_leak_of(0.5)), every(both(served_by("1.0"), flag_is("clear"))))


@requirement("R4.5")
def test_the_flag_opens_2_0_wherever_it_stands(namespace: NamespaceUnderTest) -> None:
    seen = namespace.once("opening cookies", lambda: versions_by_cookie(namespace.voter, OPENING))
    expect(seen, matrix(dict.fromkeys(OPENING, routed_to("2.0")), "cookies", sent=with_cookie))


@requirement("R4.5")
def test_near_misses_stay_on_1_0(old_chain: NamespaceUnderTest) -> None:
    seen = old_chain.once("near misses", lambda: versions_by_cookie(old_chain.voter, NEAR_MISSES))
    expect(seen, matrix(dict.fromkeys(NEAR_MISSES, routed_to("1.0")), "cookies", sent=with_cookie))


@requirement("R4.5")
def test_the_flag_in_another_header_opens_nothing(old_chain: NamespaceUnderTest) -> None:
    seen = old_chain.once("other headers", lambda: versions_by_header(old_chain.voter, OTHER_HEADERS))
    expect(seen, matrix(dict.fromkeys(OTHER_HEADERS, routed_to("1.0")), "headers", sent=with_flag_in))


@model_of("R4.5")
def test_model_and_mesh_agree_on_every_cookie(old_chain: NamespaceUnderTest, plan: Plan) -> None:
    seen = {
        **old_chain.once("opening cookies", lambda: versions_by_cookie(old_chain.voter, OPENING)),
        **old_chain.once("near misses", lambda: versions_by_cookie(old_chain.voter, NEAR_MISSES)),
    }
    model = settled(plan, 4)
    predicted = {cookie: page(model, cookie) for cookie in seen}
    agree(seen_on_pages(seen, whole=pages_are_whole(model)), predicted, "cookies")


@model_of("R4.5")
def test_model_and_mesh_agree_on_every_other_header(old_chain: NamespaceUnderTest, plan: Plan) -> None:
    seen = old_chain.once("other headers", lambda: versions_by_header(old_chain.voter, OTHER_HEADERS))
    model = settled(plan, 4)
    predicted = {header: page(model, headers={header: FLAG}) for header in seen}
    agree(seen_on_pages(seen, whole=pages_are_whole(model)), predicted, "headers")


@requirement("R4.3")
def test_no_request_without_the_flag_opens_2_0_whatever_the_routes_distinguish(
    namespace: NamespaceUnderTest,
) -> None:
    expect_answers(namespace, ordinary)


@requirement("R4.4")
def test_every_request_with_the_flag_opens_2_0_whatever_the_routes_distinguish(
    namespace: NamespaceUnderTest,
) -> None:
    expect_answers(namespace, flagged)


@requirement("R4.5")
def test_every_class_of_cookies_that_the_routes_distinguish_reaches_its_version(
    namespace: NamespaceUnderTest,
) -> None:
    expect_answers(namespace, varies_the_cookie_alone)


@requirement("R4.6")
def test_no_route_changes_cookies_for_some_voters_only(namespace: NamespaceUnderTest) -> None:
    expect_no_cookie_changed_for_some(namespace)


@requirement("R4.3", "R4.4", "R4.5")
def test_every_condition_on_the_way_to_a_page_can_be_probed(namespace: NamespaceUnderTest) -> None:
    expect_every_condition_is_probed(namespace)
