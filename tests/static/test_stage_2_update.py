import pytest

from canary_conformance.model.stage_plan import Plan
from canary_conformance.verdicts import expect, same
from canary_conformance.voting.chains import ANALYTICS
from canary_conformance.voting.static.manifest_causes import of_endpoints
from canary_conformance.voting.static.model_questions import call, page
from canary_conformance.voting.static.static_chains import chain_of
from canary_conformance.voting.static.static_judges import (
    answered_by,
    because,
    nothing_found,
    pods_ready,
    proxied,
)
from canary_conformance.voting.static.static_objects import behind, sidecars
from canary_conformance.voting.static.static_pods import ready_pods, why_not_ready

requirement = pytest.mark.requirement

BOTH = {"voting-analytics 1.0": 1, "voting-analytics 1.1": 1}


@requirement("R2.1")
def test_both_versions_of_analytics_run(plan: Plan) -> None:
    expect(why_not_ready(plan.after(2), BOTH), nothing_found("reasons why pods are not ready"))
    pods = ready_pods(plan.after(2))
    running = {name: count for name, count in pods.items() if name.startswith("voting-analytics ")}
    expect(running, pods_ready(BOTH, "pods ready", plan.after(2)))
    with_proxy = {name: injected for name, injected in sidecars(plan.after(2)).items() if name in running}
    expect(with_proxy, proxied(BOTH, plan.after(2)))


@requirement("R2.1")
def test_both_versions_are_behind_the_service(plan: Plan) -> None:
    model = plan.after(2)
    right = because(same(list(BOTH), "endpoints"), lambda: of_endpoints(model, "voting-analytics", BOTH))
    expect(behind(model, ANALYTICS), right)


@requirement("R2.1")
def test_page_is_served_at_every_moment_of_the_update(plan: Plan) -> None:
    seen = {moment: page(moment.model) for moment in plan.during(2)}
    expect(seen, answered_by("voting-app 1.0", "pages", plan.after(2)))


@requirement("R2.2")
def test_both_versions_have_their_share(plan: Plan) -> None:
    seen = {"voting-app 1.0 -> analytics": call(plan.after(2), "voting-app 1.0", ANALYTICS)}
    halves = "voting-analytics 1.0 (50 %) or voting-analytics 1.1 (50 %)"
    expect(seen, answered_by(halves, "connections", plan.after(2)))


@requirement("R2.3")
def test_both_versions_count_the_votes_of_one_store(plan: Plan) -> None:
    model = plan.after(2)
    for version in ("1.0", "1.1"):
        analytics = f"voting-analytics {version}"
        legs = ("voting-app 1.0 -> store", f"{analytics} -> store")
        seen = chain_of(model, "voting-app 1.0", analytics)
        right = dict.fromkeys(legs, "voting-storage 1.0")
        expect({leg: seen[leg] for leg in legs}, answered_by(right, "connections", model))
