from canary_conformance.model.stage_plan import Plan
from canary_conformance.scenario.observations import with_cookie
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.traffic.voter import Voter
from canary_conformance.verdicts import both, every, expect, matrix, served_by, whole_page
from canary_conformance.voting.cookie_matrix import versions_by_cookie
from canary_conformance.voting.distinguished_answers import (
    any_request,
    expect_answers,
    expect_every_condition_is_probed,
)
from canary_conformance.voting.feature_flag import NEAR_MISSES, OPENING
from canary_conformance.voting.model_agreement import agree, pages_are_whole, settled
from canary_conformance.voting.observed_outcomes import seen_on_pages
from canary_conformance.voting.page_checks import routed_to
from canary_conformance.voting.stage_rules import EVERYONE, open_everyones_pages
from canary_conformance.voting.static.model_questions import page
from fixtures.marks import model_of, requirement


@requirement("R5.1")
def test_everyone_sees_2_0(namespace: NamespaceUnderTest) -> None:
    pages = namespace.once(EVERYONE, lambda: open_everyones_pages(namespace.voter))
    expect(pages, every(both(whole_page, served_by("2.0"))))


@requirement("R5.1")
def test_the_flag_makes_no_difference_any_more(voter: Voter) -> None:
    pages = open_everyones_pages(voter.with_flag())
    expect(pages, every(both(whole_page, served_by("2.0"))))


@requirement("R5.1")
def test_no_cookie_leads_anywhere_else(namespace: NamespaceUnderTest) -> None:
    cookies = (*OPENING, *NEAR_MISSES)
    seen = namespace.once("cookies", lambda: versions_by_cookie(namespace.voter, cookies))
    expect(seen, matrix(dict.fromkeys(cookies, routed_to("2.0")), "cookies", sent=with_cookie))


@requirement("R5.1")
def test_every_request_that_the_routes_distinguish_reaches_2_0(namespace: NamespaceUnderTest) -> None:
    expect_answers(namespace, any_request)


@requirement("R5.1")
def test_every_condition_on_the_way_to_a_page_can_be_probed(namespace: NamespaceUnderTest) -> None:
    expect_every_condition_is_probed(namespace)


@model_of("R5.1")
def test_model_and_mesh_agree_on_every_cookie(namespace: NamespaceUnderTest, plan: Plan) -> None:
    seen = namespace.once("cookies", lambda: versions_by_cookie(namespace.voter, (*OPENING, *NEAR_MISSES)))
    model = settled(plan, 5)
    predicted = {cookie: page(model, cookie) for cookie in seen}
    agree(seen_on_pages(seen, whole=pages_are_whole(model)), predicted, "cookies")
