"""A stage applied object by object: what fails, from which object until which, and by whose line."""

import re
from collections.abc import Mapping

from canary_conformance.paths import MANIFESTS
from canary_conformance.voting.static.static_runner import StaticResult, static_verdicts
from tests.selftest.manifest_files import EVERYONE, LOCK, ROUTING
from tools.mutants.edit_sites import sources_of
from tools.mutants.mistake import Step, before, documents_swapped, followed_by, to
from tools.mutants.variants import Change, Variant

SOURCES = sources_of(MANIFESTS)


def changed(file: str, ref: str, *steps: Step) -> Mapping[str, bytes]:
    return Variant("x", (Change(file, ref, steps),)).made(SOURCES).overlay


def told(results: tuple[StaticResult, ...], requirement: str, test: str) -> str:
    """Return the message of the one failed test that the name is part of, in one line."""
    (words,) = [
        one.words for one in results if not one.held and requirement in one.requirements and test in one.node
    ]
    return " ".join(words.split())


def red(results: tuple[StaticResult, ...]) -> set[str]:
    return {id_ for one in results if not one.held for id_ in one.requirements}


def test_a_route_before_the_subset_that_it_names_says_so_with_both_lines_and_when_it_is_mended() -> None:
    results = static_verdicts(
        MANIFESTS, changed("istio/step-2", "DestinationRule/voting-app", documents_swapped(4))
    )
    assert red(results) == {"R3.7"}
    words = told(results, "R3.7", "whole_at_every_moment")
    assert re.search(
        rf"voting-app answers 503: VirtualService/voting-app \({LOCK}:\d+\) routes to subset v1-0 before "
        rf"DestinationRule/voting-app \({LOCK}:\d+\) defines it",
        words,
    )
    assert f"from VirtualService/voting-app configured ({LOCK}) on" in words
    assert "until DestinationRule/voting-app created: 4 of 7 moments" in words


def test_the_same_file_in_the_right_order_loses_nothing() -> None:
    assert red(static_verdicts(MANIFESTS)) == set()


def test_the_canarys_route_before_its_subset_meets_only_voters_with_the_flag() -> None:
    swapped = changed("istio/step-3", "DestinationRule/voting-app", documents_swapped(1))
    assert red(static_verdicts(MANIFESTS, swapped)) == set()


def test_subsets_that_are_dropped_before_the_route_that_names_them_are_never_defined_again() -> None:
    results = static_verdicts(MANIFESTS, changed("istio/step-4", "VirtualService/voting-app", to(
        "spec.http[0].route[0].destination.subset", "v1-0"
    )))  # fmt: skip
    words = told(results, "R5.3", "whole_at_every_moment")
    assert "VirtualService/voting-app routes to subset v1-0, which DestinationRule/voting-app" in words
    assert "does not define; its subsets: v2-0" in words
    assert "and no later change mends it" in words


def test_one_cause_is_one_row_whichever_pods_and_voters_it_meets() -> None:
    policy = "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata:\n  name: later\nspec: {}"
    results = static_verdicts(
        MANIFESTS, changed("istio/step-2", "PeerAuthentication/default", followed_by(policy))
    )
    words = told(results, "R3.7", "whole_at_every_moment")
    seen = words.partition(" seen ")[2].partition(" look at ")[0]
    assert seen.count("AuthorizationPolicy/later does not allow the call to voting-app 1.0:8080") == 1
    assert "voting-app answers 403" in seen


def test_a_mistake_that_a_later_stage_mends_says_by_which_object() -> None:
    kept = changed("istio/step-1", "VirtualService/voting-app", before("spec.hosts", 'exportTo:\n  - "."'))
    words = told(static_verdicts(MANIFESTS, kept), "R3.7", "whole_at_every_moment")
    assert "VirtualService/voting-app is exported to its own namespace voting only (exportTo)" in words
    assert "until VirtualService/voting-app configured: 4 of 7 moments" in words


def test_pages_by_analytics_that_is_not_to_be_called_are_blamed_on_the_route_that_does_not_count() -> None:
    overlay = changed(
        "istio/step-2", "VirtualService/voting-analytics", to("spec.hosts[0]", "analytics.voting")
    )
    assert "R3.7" in red(static_verdicts(MANIFESTS, overlay))
    named = changed(
        "istio/step-2", "VirtualService/voting-analytics", to("spec.hosts[0]", "voting-analytics.voting")
    )
    words = told(static_verdicts(MANIFESTS, named), "R3.7", "whole_at_every_moment")
    assert "voting-analytics 1.0 is called and does not reach its store" in words
    assert "host voting-analytics.voting is no Service of the mesh; did you mean voting-analytics" in words


def test_a_page_of_the_wrong_version_names_the_route() -> None:
    overlay = changed(
        "istio/step-3", "VirtualService/voting-app", to("spec.http[1].route[0].destination.subset", "v2-0")
    )
    words = told(static_verdicts(MANIFESTS, overlay), "R4.1", "ordinary_voters")
    assert (
        "voting-app 2.0 serves the page instead of voting-app 1.0: VirtualService/voting-app http[1]" in words
    )
    assert f"({ROUTING}:" in words


def test_a_limit_that_lets_no_page_through_lasts_to_the_end() -> None:
    overlay = changed(
        "istio/step-4", "VirtualService/voting-app", before("spec.http[0].route", "timeout: 5ms")
    )
    words = told(static_verdicts(MANIFESTS, overlay), "R5.3", "whole_at_every_moment")
    assert (
        "voting-app answers 504: VirtualService/voting-app spec.http[0].timeout: 5ms is too short: pages "
        f"take about 10 ms ({EVERYONE}:" in words
    )
    assert "no later change mends it: 7 of 7 moments" in words
