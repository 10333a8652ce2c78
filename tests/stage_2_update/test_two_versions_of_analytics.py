from collections.abc import Sequence

from canary_conformance.model.stage_plan import Plan
from canary_conformance.scenario.observations import Transition
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.stages.running_workloads import Workload
from canary_conformance.traffic.voter import Voter
from canary_conformance.verdicts import (
    all_seen,
    busiest_share,
    every,
    expect,
    expect_all,
    no_failed_page,
    same,
    shares,
    times_to_see_all,
)
from canary_conformance.voting.chains import ANALYTICS
from canary_conformance.voting.idle_split import split_of_analytics
from canary_conformance.voting.model_agreement import agree_on_shares, pages_are_whole, settled
from canary_conformance.voting.page_checks import results_format, right_arithmetic
from canary_conformance.voting.scenario_objects import behind_service
from canary_conformance.voting.stage_rules import ORDINARY
from canary_conformance.voting.static.model_questions import call
from fixtures.marks import model_of, requirement

FORMATS = {
    "voting-analytics 1.0": "plain",
    "voting-analytics 1.1": "percent",
    "voting-analytics 2.0": "percent",
}
BOTH = ("voting-analytics 1.0", "voting-analytics 1.1")
HALF_AND_HALF = {"plain": 0.5, "percent": 0.5}


@requirement("R2.1")
def test_both_versions_of_analytics_run(started_pods: Sequence[Workload]) -> None:
    running = [str(pod) for pod in started_pods if pod.app == "voting-analytics" and pod.ready]
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


@model_of("R2.2")
def test_model_and_mesh_agree_on_the_shares_of_analytics(namespace: NamespaceUnderTest, plan: Plan) -> None:
    split = split_of_analytics(namespace)
    model = settled(plan, 2)
    predicted = call(model, "voting-app 1.0", ANALYTICS)
    agree_on_shares(
        split.pages, results_format, predicted, FORMATS, whole=pages_are_whole(model), policy=split.policy()
    )


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
