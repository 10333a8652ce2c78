import pytest

from canary_conformance.scenario.observations import Transition
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.stages.pod_health import failing_liveness_probes
from canary_conformance.traffic.voter import Voter
from canary_conformance.verdicts import (
    all_seen,
    busiest_share,
    every,
    expect,
    expect_all,
    no_failed_page,
    nothing,
    same,
    shares,
    times_to_see_all,
)
from canary_conformance.verdicts.exact_judges import listed_objects
from canary_conformance.voting.idle_split import split_of_analytics
from canary_conformance.voting.page_checks import results_format, right_arithmetic
from canary_conformance.voting.scenario_objects import applied_objects, behind_service, warnings_of
from canary_conformance.voting.stage_rules import ORDINARY
from canary_conformance.voting.transition_traffic import expect_votes_kept
from fixtures.marks import requirement

BOTH = ("voting-analytics 1.0", "voting-analytics 1.1")
HALF_AND_HALF = {"plain": 0.5, "percent": 0.5}


@requirement("R0.1")
def test_update_creates_what_the_source_lists(namespace: NamespaceUnderTest, transition: Transition) -> None:
    expect(applied_objects(transition), listed_objects(namespace.scenario.stage(2).required()))
    expect(warnings_of(transition), nothing("warnings"))


@requirement("R2.1")
def test_the_new_pod_is_not_about_to_be_killed_by_its_own_liveness_probe(
    namespace: NamespaceUnderTest,
) -> None:
    failing = failing_liveness_probes(namespace, "voting-analytics", "1.1")
    expect(failing, nothing("liveness probes that fail"))


@requirement("R2.1")
@pytest.mark.usefixtures("rolled_out")
def test_both_versions_of_analytics_run(namespace: NamespaceUnderTest) -> None:
    running = [str(workload) for workload in namespace.workloads("voting-analytics") if workload.ready]
    expect(running, same(BOTH, "ready pods"))


@requirement("R2.1")
def test_both_versions_are_behind_the_service(namespace: NamespaceUnderTest) -> None:
    expect(behind_service(namespace, "voting-analytics", 8080), same(BOTH, "endpoints"))


@requirement("R2.2")
def test_page_switches_between_the_two_formats_and_no_other(namespace: NamespaceUnderTest) -> None:
    pages = split_of_analytics(namespace).pages
    expect(pages, all_seen(results_format, ["plain", "percent"], smallest_share=busiest_share(2)))


@requirement("R2.2")
def test_both_versions_have_their_share(namespace: NamespaceUnderTest) -> None:
    split = split_of_analytics(namespace)
    expect(split.pages, shares(results_format, HALF_AND_HALF, split.policy()))


@requirement("R2.3")
def test_totals_and_percentages_are_right(voter: Voter) -> None:
    enough = times_to_see_all(2, busiest_share(2))
    voter.reset()
    expect(voter.open_page_one_by_one(enough), every(right_arithmetic))
    for choice, votes in (("Cats", 1), ("Dogs", 2), ("Dogs", 5)):
        voter.vote(choice, times=votes)
        pages = voter.open_page_one_by_one(enough)
        both_seen = all_seen(results_format, ["plain", "percent"], smallest_share=busiest_share(2))
        expect_all(pages, every(right_arithmetic), both_seen)
    voter.reset()


@requirement("R2.1")
def test_updating_loses_no_request(transition: Transition, namespace: NamespaceUnderTest) -> None:
    expect(namespace.pages_of(transition, ORDINARY), no_failed_page())


@requirement("R2.1")
def test_updating_loses_no_vote(transition: Transition, namespace: NamespaceUnderTest) -> None:
    expect_votes_kept(namespace, transition)
