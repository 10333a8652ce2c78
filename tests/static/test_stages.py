"""What is judged alike at several stages."""

import pytest

from canary_conformance.model.stage_plan import Plan
from canary_conformance.verdicts import expect
from canary_conformance.voting.static.apply_order import still_rolling, unawaited_pods
from canary_conformance.voting.static.fixed_fields import changed_fixed_fields
from canary_conformance.voting.static.listed_judges import as_in_the_source, as_listed
from canary_conformance.voting.static.stage_moments import pages_during, uninterrupted
from canary_conformance.voting.static.static_judges import (
    mutual_tls_on_every_leg,
    nothing_found,
    plaintext_refused,
    votes_on_a_claim,
)
from canary_conformance.voting.static.static_objects import applied, copied_requests, findings
from canary_conformance.voting.static.static_pods import other_proxies, replaced_stores
from canary_conformance.voting.static.static_requests import BALLOTS

at_stages = pytest.mark.at_stages


@at_stages({1: "R0.1", 2: "R0.1", 3: "R0.1", 4: "R0.1", 5: "R0.1"})
def test_a_stage_creates_configures_and_deletes_what_the_source_lists(plan: Plan, stage: int) -> None:
    expect(applied(plan, stage), as_listed(plan, stage))
    expect(plan, as_in_the_source(stage))


@at_stages({1: "R0.1", 2: "R0.1", 3: "R0.1", 4: "R0.1", 5: "R0.1"})
def test_every_object_is_of_its_schema(plan: Plan, stage: int) -> None:
    expect(findings(plan, stage), nothing_found())
    expect(changed_fixed_fields(plan, stage), nothing_found("changes that the API server refuses"))


@at_stages({1: "R1.2", 2: "R2.1", 4: "R4.2"})
def test_a_stage_waits_for_its_pods(plan: Plan, stage: int) -> None:
    expect(unawaited_pods(plan, stage), nothing_found("pods applied without waiting for them"))


@at_stages({3: "R3.7", 5: "R5.3"})
def test_a_stage_waits_for_the_pods_that_it_changes(plan: Plan, stage: int) -> None:
    expect(still_rolling(plan, stage), nothing_found("pods applied without waiting for them"))


@at_stages({1: "R1.3", 4: "R1.3"})
def test_every_proxy_is_the_running_control_planes(plan: Plan, stage: int) -> None:
    expect(other_proxies(plan.after(stage)), nothing_found("proxies of another release"))


@at_stages({3: "R3.7", 5: "R5.3"})
def test_every_page_is_whole_at_every_moment(plan: Plan, stage: int) -> None:
    expect(pages_during(plan, stage), uninterrupted())


@at_stages({2: "R2.1", 3: "R3.7", 4: "R4.1", 5: "R5.3"})
def test_no_store_is_replaced_with_the_votes_in_it(plan: Plan, stage: int) -> None:
    lost = replaced_stores(plan.before(stage), plan.after(stage))
    expect(lost, nothing_found("stores that lose their votes"))


@at_stages({1: "R1.7", 4: "R4.7"})
def test_no_vote_is_copied(plan: Plan, stage: int) -> None:
    expect(
        copied_requests(plan.after(stage)), nothing_found("routes that copy votes", tuple(BALLOTS.values()))
    )


@at_stages({4: "R4.9", 5: "R5.4"})
def test_votes_of_2_0_lie_on_a_claim(plan: Plan, stage: int) -> None:
    expect(plan.after(stage), votes_on_a_claim)


@at_stages({3: "R3.4", 4: "R4.10", 5: "R5.4"})
def test_every_leg_has_mutual_tls_by_the_policy_and_the_services_rule(plan: Plan, stage: int) -> None:
    expect(plan.after(stage), mutual_tls_on_every_leg(stage))


@at_stages({3: "R3.5", 4: "R4.10", 5: "R5.4"})
def test_plaintext_is_refused_at_every_workload_port(plan: Plan, stage: int) -> None:
    expect(plan.after(stage), plaintext_refused(stage))
