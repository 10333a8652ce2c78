from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from canary_conformance.scenario.observations import Transition
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.stages.pod_health import failing_liveness_probes
from canary_conformance.traffic.browser import Browser
from canary_conformance.verdicts import (
    both,
    counted,
    every,
    expect,
    expect_all,
    failed_page,
    flag_is,
    no_failed_page,
    nothing,
    only_before,
    same,
    served_by,
    to_find_leak_of,
    whole_page,
)
from canary_conformance.verdicts.exact_judges import listed_objects
from canary_conformance.voting.reachability import pages_of_chain
from canary_conformance.voting.scenario_objects import (
    applied_objects,
    counted_pods,
    endpoints,
    page_routed_at,
    warnings_of,
)
from canary_conformance.voting.stage_rules import FLAGGED, ORDINARY
from canary_conformance.voting.transition_traffic import expect_answered_all_along, expect_votes_kept
from canary_conformance.voting.vote_samples import WITH_THE_FLAG, WITHOUT_THE_FLAG, expect_counted, votes_of
from fixtures.marks import beside, requirement

if TYPE_CHECKING:  # it needs the library that drives a browser, which most runs don't
    from canary_conformance.traffic.chromium import Chromium

VERSION_2_0 = {"voting-app 2.0": 3, "voting-analytics 2.0": 1, "voting-storage 2.0": 1}


@requirement("R0.1")
def test_canary_creates_and_configures_what_the_source_lists(
    namespace: NamespaceUnderTest, transition: Transition
) -> None:
    expect(applied_objects(transition), listed_objects(namespace.scenario.stage(4).required()))
    expect(warnings_of(transition), nothing("warnings"))


@requirement("R4.1")
def test_ordinary_voters_never_see_2_0_nor_an_error_during_the_roll_out(
    transition: Transition, namespace: NamespaceUnderTest
) -> None:
    pages = namespace.pages_of(transition, ORDINARY)
    expect_all(
        pages,
        every(both(whole_page, served_by("1.0"))),
        no_failed_page(page_routed_at(namespace, transition)),
    )


@requirement("R4.1")
def test_ordinary_voters_lose_no_vote_during_the_roll_out(
    transition: Transition, namespace: NamespaceUnderTest
) -> None:
    expect_votes_kept(namespace, transition, [ORDINARY])


@requirement("R4.1")
def test_ordinary_voters_are_answered_all_along_during_the_roll_out(
    transition: Transition, namespace: NamespaceUnderTest
) -> None:
    expect_answered_all_along(namespace, transition, [ORDINARY])


@requirement("R4.1")
def test_flagged_voters_see_no_1_0_once_the_routes_are_live(
    transition: Transition, namespace: NamespaceUnderTest
) -> None:
    pages = namespace.pages_of(transition, FLAGGED)
    expect(pages, only_before(page_routed_at(namespace, transition), served_by("1.0")))


@requirement("R4.1")
def test_flagged_voters_see_no_error_once_2_0_is_ready(
    transition: Transition, namespace: NamespaceUnderTest
) -> None:
    pages = namespace.pages_of(transition, FLAGGED)
    expect(pages, only_before(transition.steps[-1].live_at, failed_page))


@requirement("R4.2")
@pytest.mark.usefixtures("rolled_out")
def test_three_apps_one_analytics_and_one_storage_of_2_0_are_ready(namespace: NamespaceUnderTest) -> None:
    pods = [workload for workload in namespace.workloads() if workload.version == "2.0"]
    expect(counted_pods(pods), counted(VERSION_2_0, "pods ready"))


@requirement("R4.2")
def test_no_pod_of_2_0_is_about_to_be_killed_by_its_own_liveness_probe(namespace: NamespaceUnderTest) -> None:
    expect(failing_liveness_probes(namespace, version="2.0"), nothing("liveness probes that fail"))


@requirement("R4.2")
def test_storage_service_has_the_ports_of_both_stores(namespace: NamespaceUnderTest) -> None:
    expect(sorted(endpoints(namespace, "voting-storage")), same([3306, 6379], "ports"))


@requirement("R4.2")
def test_secret_is_there_and_the_claim_is_bound(namespace: NamespaceUnderTest) -> None:
    secret = namespace.api.get("v1", "Secret", "voting-storage-secret", namespace.name) or {}
    keys = ["MYSQL_DATABASE", "MYSQL_PASSWORD", "MYSQL_ROOT_PASSWORD", "MYSQL_USER"]
    found = [key for key in secret.get("data", {}) if key in keys]
    expect(found, same(keys, "keys of the Secret"))
    claim = namespace.api.get("v1", "PersistentVolumeClaim", "mysql-pv-claim", namespace.name) or {}
    expect(claim.get("status", {}).get("phase"), same("Bound", "phase of the claim"))


@requirement("R4.3")
@pytest.mark.usefixtures("mysql_restarts")
@pytest.mark.routing
def test_voter_without_the_flag_never_sees_2_0(namespace: NamespaceUnderTest) -> None:
    pages = pages_of_chain(namespace, "1.0")
    expect(pages, every(both(whole_page, served_by("1.0"))))


@requirement("R4.4")
@pytest.mark.routing
@beside("R4.3")
def test_voter_with_the_flag_always_sees_2_0(namespace: NamespaceUnderTest) -> None:
    pages = pages_of_chain(namespace, "2.0")
    expect(pages, every(both(whole_page, served_by("2.0"))))


@requirement("R4.3")
@pytest.mark.routing
def test_votes_without_the_flag_are_never_counted_by_2_0(namespace: NamespaceUnderTest) -> None:
    expect_counted(votes_of(namespace, WITHOUT_THE_FLAG), "1.0")


@requirement("R4.4")
@pytest.mark.routing
@beside("R4.3")
def test_votes_with_the_flag_are_always_counted_by_2_0(namespace: NamespaceUnderTest) -> None:
    expect_counted(votes_of(namespace, WITH_THE_FLAG), "2.0")


@requirement("R4.6")
@pytest.mark.routing
def test_the_pages_own_buttons_switch_a_browser_to_2_0_and_back(browser: Browser) -> None:
    expect(browser.open_page(), every(both(served_by("1.0"), flag_is("clear"))))
    expect(browser.set_flag(), every(both(served_by("2.0"), flag_is("set"))))
    expect(browser.cookies, same({"featureflag": "on"}, "cookies"))
    expect(browser.open_page(times=to_find_leak_of(0.5)), every(both(served_by("2.0"), flag_is("set"))))
    expect(browser.clear_flag(), every(both(served_by("1.0"), flag_is("clear"))))
    expect(browser.cookies, nothing("cookies"))
    expect(browser.open_page(times=to_find_leak_of(0.5)), every(both(served_by("1.0"), flag_is("clear"))))


@requirement("R4.6")
def test_chromium_is_switched_to_2_0_and_back_by_the_pages_own_buttons(chromium: Chromium) -> None:
    """The twin comes first: a real browser without the flag stays on 1.0."""
    expect(chromium.open_page(), every(both(served_by("1.0"), flag_is("clear"))))
    expect(chromium.reload(times=3), every(both(served_by("1.0"), flag_is("clear"))))
    expect(chromium.press_set(), every(both(served_by("2.0"), flag_is("set"))))
    expect(chromium.cookies, same({"featureflag": "on"}, "cookies"))
    expect(chromium.reload(times=3), every(both(served_by("2.0"), flag_is("set"))))
    expect(chromium.open_tab(), every(both(served_by("2.0"), flag_is("set"))))
    expect(chromium.press_clear(), every(both(served_by("1.0"), flag_is("clear"))))
    expect(chromium.cookies, nothing("cookies"))
    expect(chromium.reload(times=3), every(both(served_by("1.0"), flag_is("clear"))))
