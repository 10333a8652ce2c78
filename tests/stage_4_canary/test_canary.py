from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from canary_conformance.scenario.observations import Transition
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.stages.running_workloads import Workload
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
    whole_page,
)
from canary_conformance.voting.scenario_objects import (
    counted_pods,
    endpoints,
    page_routed_at,
)
from canary_conformance.voting.stage_rules import FLAGGED, ORDINARY
from fixtures.marks import requirement

if TYPE_CHECKING:  # it needs the library that drives a browser, which most runs don't
    from canary_conformance.traffic.chromium import Chromium

VERSION_2_0 = {"voting-app 2.0": 3, "voting-analytics 2.0": 1, "voting-storage 2.0": 1}


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
def test_flagged_voters_see_no_1_0_once_the_routes_have_propagated(
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
def test_three_apps_one_analytics_and_one_storage_of_2_0_are_ready(started_pods: Sequence[Workload]) -> None:
    pods = [pod for pod in started_pods if pod.version == "2.0"]
    expect(counted_pods(pods), counted(VERSION_2_0, "pods ready"))


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
