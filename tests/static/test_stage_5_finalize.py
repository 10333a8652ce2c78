import pytest

from canary_conformance.model.stage_plan import Plan
from canary_conformance.scenario.observations import with_cookie
from canary_conformance.verdicts import expect, same
from canary_conformance.voting.feature_flag import FLAG, NEAR_MISSES, OPENING
from canary_conformance.voting.static.analyzed_objects import analyzed
from canary_conformance.voting.static.decided_judges import all_reach, to_2_0
from canary_conformance.voting.static.decided_requests import EVERYONE, pages_decided
from canary_conformance.voting.static.model_questions import page
from canary_conformance.voting.static.static_chains import page_seen
from canary_conformance.voting.static.static_judges import (
    answered_by,
    nothing_found,
    pods_ready,
    whole_pages,
)
from canary_conformance.voting.static.static_objects import (
    empty_subsets,
    old_references,
    sources_of_nobody,
    subsets_of,
)
from canary_conformance.voting.static.static_pods import ready_pods

requirement = pytest.mark.requirement

ONLY_2_0 = {"voting-app 2.0": 3, "voting-analytics 2.0": 1, "voting-storage 2.0": 1}


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
def test_no_page_of_1_0_once_everyone_is_routed_to_2_0(plan: Plan) -> None:
    first, *_ = plan.scenario.stage(5).steps
    after = [moment for moment in plan.during(5) if moment.step != first]
    seen = {moment: page(moment.model) for moment in after}
    expect(seen, answered_by("voting-app 2.0", "pages", plan.after(5)))
