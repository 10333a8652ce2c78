import pytest

from canary_conformance.model.stage_plan import Plan
from canary_conformance.verdicts import expect, same
from canary_conformance.voting.chains import ANALYTICS, REDIS
from canary_conformance.voting.contract import OLD
from canary_conformance.voting.stage_contract import legs_at
from canary_conformance.voting.static.decided_judges import all_calls_reach
from canary_conformance.voting.static.decided_requests import calls_decided
from canary_conformance.voting.static.manifest_causes import of_endpoints
from canary_conformance.voting.static.model_questions import REFUSED, call, page
from canary_conformance.voting.static.other_services import strays_by_other_names
from canary_conformance.voting.static.static_chains import chain_of
from canary_conformance.voting.static.static_judges import (
    answered_by,
    because,
    legs_are,
    nothing_found,
    plaintext_answered,
    pods_ready,
)
from canary_conformance.voting.static.static_objects import behind
from canary_conformance.voting.static.static_pods import ready_pods, why_not_ready
from canary_conformance.voting.static.static_requests import copies_to

requirement = pytest.mark.requirement

BOTH = {"voting-analytics 1.0": 1, "voting-analytics 1.1": 1}


@requirement("R3.1")
def test_app_1_0_is_led_to_analytics_1_1_alone(plan: Plan) -> None:
    """And the page to app 1.0, which shows the answer of analytics."""
    model = plan.after(3)
    seen = {"page -> voting-app": page(model), **chain_of(model, "voting-app 1.0", "voting-analytics 1.1")}
    expect(
        seen,
        answered_by(
            {
                "page -> voting-app": "voting-app 1.0",
                "voting-app 1.0 -> analytics": "voting-analytics 1.1",
                "voting-app 1.0 -> store": "voting-storage 1.0",
                "voting-analytics 1.1 -> store": "voting-storage 1.0",
            },
            "connections",
            model,
        ),
    )


@requirement("R3.2")
def test_analytics_1_0_still_runs_and_is_still_in_the_service(plan: Plan) -> None:
    model = plan.after(3)
    expect(why_not_ready(model, BOTH), nothing_found("reasons why pods are not ready"))
    running = {name: n for name, n in ready_pods(model).items() if name.startswith("voting-analytics ")}
    expect(running, pods_ready(BOTH, "pods ready", model))
    right = because(same(list(BOTH), "endpoints"), lambda: of_endpoints(model, "voting-analytics", BOTH))
    expect(behind(model, ANALYTICS), right)


@requirement("R3.2")
def test_analytics_1_0_gets_no_request_of_any_app(plan: Plan) -> None:
    """Whatever headers it has."""
    model = plan.after(3)
    seen = {OLD.page: calls_decided(model, OLD.page, ANALYTICS)}
    expect(seen, all_calls_reach({OLD.page: OLD.counter}, model))


@requirement("R3.2")
def test_analytics_1_0_gets_no_copy_of_a_request(plan: Plan) -> None:
    seen = copies_to(plan.after(3), "voting-analytics 1.0")
    expect(seen, nothing_found("copies of requests to analytics 1.0"))


@requirement("R3.3")
def test_analytics_1_0_is_refused_by_storage_while_1_1_is_answered(plan: Plan) -> None:
    model = plan.after(3)
    seen = {name: call(model, name, REDIS) for name in ("voting-analytics 1.0", "voting-analytics 1.1")}
    right = {"voting-analytics 1.0": REFUSED, "voting-analytics 1.1": "voting-storage 1.0"}
    expect(seen, answered_by(right, "connections to storage", model))


@requirement("R3.3")
def test_no_other_service_leads_analytics_1_0_to_storage(plan: Plan) -> None:
    found = strays_by_other_names(plan.after(3), ["voting-analytics 1.0"])
    expect(found, nothing_found("other ways from analytics 1.0 to storage"))


@requirement("R3.5")
def test_the_same_calls_were_answered_before_the_lock(plan: Plan) -> None:
    """The positive control: the calls themselves are right, so that their refusal means the lock.

    To the ports at which a component listens by the contract: any other port that a container declares only
    informs (Kubernetes, "Container": ports), and nothing has to listen there.
    """
    expect(plan.before(3), plaintext_answered(3))


@requirement("R3.6")
def test_both_ends_of_every_leg_show_the_meshs_certificate(plan: Plan) -> None:
    right = dict.fromkeys(legs_at(3), "mTLS mTLS")
    expect(plan.after(3), legs_are(right, lambda row: " ".join(row.split()[1:3])))


@requirement("R3.7")
def test_no_page_of_the_old_format_after_the_lock(plan: Plan) -> None:
    seen = {"voting-app 1.0 -> analytics": call(plan.during(3)[-1].model, "voting-app 1.0", ANALYTICS)}
    expect(seen, answered_by("voting-analytics 1.1", "connections", plan.after(3)))
