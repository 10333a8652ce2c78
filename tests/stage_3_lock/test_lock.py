from canary_conformance.scenario.observations import Transition
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.verdicts import expect, no_failed_page, only_before, same
from canary_conformance.voting.page_checks import formatted_as
from canary_conformance.voting.scenario_objects import behind_service
from canary_conformance.voting.stage_rules import FLAGGED, ORDINARY
from fixtures.marks import requirement

BOTH = ("voting-analytics 1.0", "voting-analytics 1.1")


@requirement("R3.2")
def test_analytics_1_0_still_runs_and_is_still_in_the_service(namespace: NamespaceUnderTest) -> None:
    versions = [str(workload) for workload in namespace.workloads("voting-analytics") if workload.ready]
    expect(versions, same(BOTH, "ready pods"))
    expect(behind_service(namespace, "voting-analytics", 8080), same(BOTH, "endpoints"))


@requirement("R3.7")
def test_locking_loses_no_request(transition: Transition, namespace: NamespaceUnderTest) -> None:
    live_at = transition.steps[-1].live_at
    for voter in (ORDINARY, FLAGGED):
        expect(namespace.pages_of(transition, voter), no_failed_page(live_at))


@requirement("R3.7")
def test_no_page_of_the_old_format_after_the_lock_has_propagated(
    transition: Transition, namespace: NamespaceUnderTest
) -> None:
    live_at = transition.steps[-1].live_at
    for voter in (ORDINARY, FLAGGED):
        expect(namespace.pages_of(transition, voter), only_before(live_at, formatted_as("plain")))
