import pytest

from canary_conformance.model.stage_plan import Plan
from canary_conformance.scenario.observations import with_cookie
from canary_conformance.verdicts import expect, same
from canary_conformance.voting.feature_flag import FLAG, NEAR_MISSES, OPENING
from canary_conformance.voting.static.analyzed_objects import analyzed
from canary_conformance.voting.static.apply_order import still_rolling
from canary_conformance.voting.static.decided_judges import all_reach, to_2_0
from canary_conformance.voting.static.decided_requests import EVERYONE, pages_decided
from canary_conformance.voting.static.fixed_fields import changed_fixed_fields
from canary_conformance.voting.static.listed_judges import as_in_the_source, as_listed
from canary_conformance.voting.static.model_questions import page
from canary_conformance.voting.static.stage_moments import pages_during, uninterrupted
from canary_conformance.voting.static.static_chains import page_seen
from canary_conformance.voting.static.static_judges import (
    answered_by,
    mutual_tls_on_every_leg,
    nothing_found,
    plaintext_refused,
    pods_ready,
    votes_on_a_claim,
    whole_pages,
)
from canary_conformance.voting.static.static_objects import (
    applied,
    empty_subsets,
    findings,
    old_references,
    sources_of_nobody,
    subsets_of,
)
from canary_conformance.voting.static.static_pods import ready_pods, replaced_stores

pytestmark = pytest.mark.static
requirement = pytest.mark.requirement

ONLY_2_0 = {"voting-app 2.0": 3, "voting-analytics 2.0": 1, "voting-storage 2.0": 1}


@requirement("R0.1")
def test_finalize_configures_and_deletes_what_the_scenario_lists(plan: Plan) -> None:
    expect(applied(plan, 5), as_listed(plan, 5))
    expect(plan, as_in_the_source(5))


@requirement("R0.1")
def test_every_object_of_stage_5_is_of_its_schema(plan: Plan) -> None:
    expect(findings(plan, 5), nothing_found())
    expect(changed_fixed_fields(plan, 5), nothing_found("changes that the API server refuses"))


@requirement("R5.1")
def test_no_cookie_leads_anywhere_but_to_2_0(plan: Plan) -> None:
    seen = {cookie: page(plan.after(5), cookie) for cookie in (*OPENING, *NEAR_MISSES)}
    expect(seen, answered_by("voting-app 2.0", "cookies", plan.after(5), sent=with_cookie))


@requirement("R5.1")
def test_no_property_of_a_request_leads_anywhere_but_to_2_0(plan: Plan) -> None:
    expect(pages_decided(plan.after(5), EVERYONE), all_reach(to_2_0, EVERYONE, plan.after(5)))


@requirement("R5.1")
def test_everyone_has_whole_pages(plan: Plan) -> None:
    seen = {cookie or "no cookie": page_seen(plan.after(5), cookie) for cookie in ("", FLAG)}
    expect(seen, whole_pages("pages", plan.after(5)))


@requirement("R5.2")
def test_rules_and_subsets_of_old_versions_are_gone(plan: Plan) -> None:
    expect(
        old_references(plan.after(5), ("1.0", "1.1"), before=plan.before(5)),
        nothing_found("rules and subsets of old versions"),
    )


@requirement("R5.2")
def test_every_component_has_a_subset_for_2_0(plan: Plan) -> None:
    components = ("voting-analytics", "voting-app", "voting-storage")
    expect(subsets_of(plan.after(5), "2.0"), same(components, "DestinationRules with a subset for 2.0"))


@requirement("R5.2")
def test_nothing_dangles(plan: Plan) -> None:
    expect(plan.after(5).references(), nothing_found("references to what does not exist"))
    expect(sources_of_nobody(plan.after(5)), nothing_found("rules for sources that do not exist"))
    expect(empty_subsets(plan.after(5)), nothing_found("subsets without pods"))
    expect(analyzed(plan.after(5)), nothing_found("findings of istioctl analyze"))


@requirement("R5.3")
def test_only_pods_of_2_0_remain(plan: Plan) -> None:
    expect(ready_pods(plan.after(5)), pods_ready(ONLY_2_0, "pods ready", plan.after(5)))


@requirement("R5.3")
def test_the_stage_waits_for_the_pods_that_it_changes(plan: Plan) -> None:
    expect(still_rolling(plan, 5), nothing_found("pods applied without waiting for them"))


@requirement("R5.3")
def test_no_store_is_replaced_with_the_votes_in_it(plan: Plan) -> None:
    expect(replaced_stores(plan.before(5), plan.after(5)), nothing_found("stores that lose their votes"))


@requirement("R5.3")
def test_every_page_is_whole_at_every_moment(plan: Plan) -> None:
    expect(pages_during(plan, 5), uninterrupted())


@requirement("R5.3")
def test_no_page_of_1_0_once_everyone_is_routed_to_2_0(plan: Plan) -> None:
    first, *_ = plan.scenario.stage(5).steps
    after = [moment for moment in plan.during(5) if moment.step != first]
    seen = {moment: page(moment.model) for moment in after}
    expect(seen, answered_by("voting-app 2.0", "pages", plan.after(5)))


@requirement("R5.4")
def test_the_votes_of_2_0_stay_on_their_claim(plan: Plan) -> None:
    expect(plan.after(5), votes_on_a_claim)


@requirement("R5.4")
def test_mutual_tls_is_still_strict_on_every_leg(plan: Plan) -> None:
    expect(plan.after(5), mutual_tls_on_every_leg(5))


@requirement("R5.4")
def test_plaintext_is_still_refused(plan: Plan) -> None:
    expect(plan.after(5), plaintext_refused(5))
