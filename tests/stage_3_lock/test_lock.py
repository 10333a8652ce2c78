from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from canary_conformance.errors import NotJudged
from canary_conformance.scenario.observations import Page, Sample, Transition
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.verdicts import (
    ANY_LEAK,
    every,
    expect,
    expect_all,
    no_failed_page,
    nothing,
    only_before,
    same,
    to_find_leak_of,
    whole_page,
)
from canary_conformance.verdicts.exact_judges import listed_objects
from canary_conformance.voting.mutual_tls import NO_TRAFFIC, inbound
from canary_conformance.voting.page_checks import formatted_as
from canary_conformance.voting.reachability import ready_workload
from canary_conformance.voting.scenario_objects import applied_objects, behind_service, warnings_of
from canary_conformance.voting.stage_rules import FLAGGED, ORDINARY
from canary_conformance.voting.transition_traffic import expect_answered_all_along, expect_votes_kept
from fixtures.marks import beside, lasts_until, requirement

BOTH = ("voting-analytics 1.0", "voting-analytics 1.1")


@requirement("R0.1")
def test_lock_creates_and_configures_what_the_source_lists(
    namespace: NamespaceUnderTest, transition: Transition
) -> None:
    expect(applied_objects(transition), listed_objects(namespace.scenario.stage(3).required()))
    expect(warnings_of(transition), nothing("warnings"))


@dataclass(frozen=True)
class CountedPages:
    """A sample of pages, and how many requests each version of analytics had meanwhile, by its own Envoy."""

    pages: Sample[Page]
    requests: Mapping[str, int]


def count_pages(namespace: NamespaceUnderTest) -> CountedPages:
    analytics = {
        version: ready_workload(namespace, "voting-analytics", version) for version in ("1.0", "1.1")
    }
    before = {version: inbound(namespace, workload) for version, workload in analytics.items()}
    pages = namespace.voter.open_page(times=to_find_leak_of(ANY_LEAK))
    after = {version: inbound(namespace, workload) for version, workload in analytics.items()}
    requests = {
        version: sum(
            traffic.since(before[version].get(port, NO_TRAFFIC)).requests
            for port, traffic in after[version].items()
        )
        for version in analytics
    }
    return CountedPages(pages, requests)


@pytest.fixture
def counted(namespace: NamespaceUnderTest) -> CountedPages:
    return namespace.once("counted pages", lambda: count_pages(namespace))


@requirement("R3.1")
@lasts_until(4)
@pytest.mark.routing
def test_page_shows_only_the_format_of_analytics_1_1(counted: CountedPages) -> None:
    expect_all(counted.pages, every(whole_page), every(formatted_as("percent")))


@requirement("R3.2")
@lasts_until(4)
@beside("R3.1")
def test_analytics_1_0_gets_no_request_while_pages_are_served(counted: CountedPages) -> None:
    """The twin is the positive control: the same counter of analytics 1.1 moved with every page."""
    expect(counted.requests["1.0"], same(0, "requests to analytics 1.0"))
    if (control := counted.requests["1.1"]) < len(counted.pages):
        raise NotJudged(
            f"the proxy of analytics 1.1 counted {control} requests for {len(counted.pages)} pages, so its "
            "counter does not show each one (as where the name of a Service's port declares no protocol)"
        )


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
def test_locking_loses_no_vote(transition: Transition, namespace: NamespaceUnderTest) -> None:
    expect_votes_kept(namespace, transition)


@requirement("R3.7")
def test_voters_are_answered_all_along_while_the_lock_is_applied(
    transition: Transition, namespace: NamespaceUnderTest
) -> None:
    expect_answered_all_along(namespace, transition)


@requirement("R3.7")
def test_no_page_of_the_old_format_after_the_lock_is_live(
    transition: Transition, namespace: NamespaceUnderTest
) -> None:
    live_at = transition.steps[-1].live_at
    for voter in (ORDINARY, FLAGGED):
        expect(namespace.pages_of(transition, voter), only_before(live_at, formatted_as("plain")))
