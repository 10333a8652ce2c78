from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from canary_conformance.errors import NotJudged
from canary_conformance.scenario.observations import Page, Sample
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.verdicts import ANY_LEAK, every, expect, expect_all, same, to_find_leak_of, whole_page
from canary_conformance.voting.mutual_tls import NO_TRAFFIC, inbound
from canary_conformance.voting.page_checks import formatted_as
from canary_conformance.voting.reachability import ready_workload
from fixtures.marks import lasts_until, requirement


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
def test_page_shows_only_the_format_of_analytics_1_1(counted: CountedPages) -> None:
    expect_all(counted.pages, every(whole_page), every(formatted_as("percent")))


@requirement("R3.2")
@lasts_until(4)
def test_analytics_1_0_gets_no_request_while_pages_are_served(counted: CountedPages) -> None:
    """The twin is the positive control: the same counter of analytics 1.1 moved with every page."""
    expect(counted.requests["1.0"], same(0, "requests to analytics 1.0"))
    if (control := counted.requests["1.1"]) < len(counted.pages):
        raise NotJudged(
            f"the proxy of analytics 1.1 counted {control} requests for {len(counted.pages)} pages, so its "
            "counter does not show each one (as where the name of a Service's port declares no protocol)"
        )
