import pytest

from canary_conformance.scenario.observations import Transition, with_cookie
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.traffic.voter import Voter
from canary_conformance.verdicts import (
    both,
    counted,
    every,
    expect,
    expect_all,
    matrix,
    no_failed_page,
    nothing,
    only_before,
    same,
    served_by,
    whole_page,
)
from canary_conformance.verdicts.exact_judges import listed_objects
from canary_conformance.voting.cookie_matrix import versions_by_cookie
from canary_conformance.voting.distinguished_answers import (
    any_request,
    expect_answers,
    expect_every_condition_is_probed,
)
from canary_conformance.voting.feature_flag import NEAR_MISSES, OPENING
from canary_conformance.voting.page_checks import routed_to
from canary_conformance.voting.scenario_objects import (
    applied_objects,
    counted_pods,
    dangling_rules,
    findings_of,
    page_routed_at,
    routing_objects,
    warnings_of,
)
from canary_conformance.voting.stage_rules import EVERYONE, FLAGGED, ORDINARY, open_everyones_pages
from canary_conformance.voting.static.static_objects import old_references, subsets_of
from canary_conformance.voting.transition_traffic import expect_answered_all_along, expect_votes_kept
from canary_conformance.voting.vote_samples import WITH_THE_FLAG, WITHOUT_THE_FLAG, expect_counted, votes_of
from fixtures.marks import requirement

ONLY_2_0 = {"voting-app 2.0": 3, "voting-analytics 2.0": 1, "voting-storage 2.0": 1}


@requirement("R0.1")
def test_finalize_configures_and_deletes_what_the_scenario_lists(
    namespace: NamespaceUnderTest, transition: Transition
) -> None:
    expect(applied_objects(transition), listed_objects(namespace.scenario.stage(5).required()))
    expect(warnings_of(transition), nothing("warnings"))


@requirement("R5.1")
@pytest.mark.routing
def test_everyone_sees_2_0(namespace: NamespaceUnderTest) -> None:
    pages = namespace.once(EVERYONE, lambda: open_everyones_pages(namespace.voter))
    expect(pages, every(both(whole_page, served_by("2.0"))))


@requirement("R5.1")
@pytest.mark.routing
def test_the_flag_makes_no_difference_any_more(voter: Voter) -> None:
    pages = open_everyones_pages(voter.with_flag())
    expect(pages, every(both(whole_page, served_by("2.0"))))


@requirement("R5.2")
def test_rules_and_subsets_of_old_versions_are_gone(namespace: NamespaceUnderTest) -> None:
    expect(
        [one.sentence for one in old_references(routing_objects(namespace), versions=("1.0", "1.1"))],
        nothing("rules and subsets of old versions"),
    )


@requirement("R5.2")
def test_every_component_has_a_subset_for_2_0(namespace: NamespaceUnderTest) -> None:
    components = ("voting-analytics", "voting-app", "voting-storage")
    expect(
        subsets_of(routing_objects(namespace), version="2.0"),
        same(components, "DestinationRules with a subset for 2.0"),
    )


@requirement("R5.1")
@pytest.mark.routing
def test_no_cookie_leads_anywhere_else(namespace: NamespaceUnderTest) -> None:
    cookies = (*OPENING, *NEAR_MISSES)
    seen = namespace.once("cookies", lambda: versions_by_cookie(namespace.voter, cookies))
    expect(seen, matrix(dict.fromkeys(cookies, routed_to("2.0")), "cookies", sent=with_cookie))


@requirement("R5.1")
@pytest.mark.routing
def test_every_request_that_the_routes_distinguish_reaches_2_0(namespace: NamespaceUnderTest) -> None:
    expect_answers(namespace, any_request)


@requirement("R5.1")
@pytest.mark.routing
def test_nothing_runs_on_the_pages_way_that_no_request_can_show(namespace: NamespaceUnderTest) -> None:
    expect_every_condition_is_probed(namespace)


@requirement("R5.1")
@pytest.mark.routing
@pytest.mark.parametrize("kind", [WITHOUT_THE_FLAG, WITH_THE_FLAG])
def test_everyones_votes_are_counted_by_2_0(namespace: NamespaceUnderTest, kind: str) -> None:
    expect_counted(votes_of(namespace, kind), "2.0")


@requirement("R5.2")
def test_nothing_dangles(namespace: NamespaceUnderTest) -> None:
    expect(findings_of(namespace), nothing("findings of istioctl analyze"))
    expect(dangling_rules(namespace), nothing("rules that lead nowhere"))


@requirement("R5.3")
def test_only_pods_of_2_0_remain(namespace: NamespaceUnderTest) -> None:
    expect(counted_pods(namespace.workloads()), counted(ONLY_2_0, "pods ready"))


@requirement("R5.3")
def test_old_deployments_are_deleted_without_one_failed_page(
    transition: Transition, namespace: NamespaceUnderTest
) -> None:
    for voter in (ORDINARY, FLAGGED):
        pages = namespace.pages_of(transition, voter)
        expect_all(pages, no_failed_page(transition.steps[-1].live_at))
    expect(
        namespace.pages_of(transition, ORDINARY),
        only_before(page_routed_at(namespace, transition), served_by("1.0")),
    )


@requirement("R5.3")
def test_finalizing_loses_no_vote(transition: Transition, namespace: NamespaceUnderTest) -> None:
    expect_votes_kept(namespace, transition)


@requirement("R5.3")
def test_voters_are_answered_all_along_while_old_deployments_are_deleted(
    transition: Transition, namespace: NamespaceUnderTest
) -> None:
    expect_answered_all_along(namespace, transition)
