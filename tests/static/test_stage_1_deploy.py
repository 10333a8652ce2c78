import pytest

from canary_conformance.model.objects.questions import Answer
from canary_conformance.model.stage_plan import Plan
from canary_conformance.verdicts import counted, expect
from canary_conformance.voting.source_objects import check_pods_before_gateway
from canary_conformance.voting.static.app_settings import strange_words
from canary_conformance.voting.static.apply_order import applied_in_order, until_gateway
from canary_conformance.voting.static.manifest_causes import of_answers, of_replicas
from canary_conformance.voting.static.model_questions import call, page
from canary_conformance.voting.static.static_chains import chain_of
from canary_conformance.voting.static.static_judges import (
    answered_by,
    because,
    nothing_found,
    pods_ready,
    proxied,
)
from canary_conformance.voting.static.static_objects import (
    pods_of,
    sidecars,
    without_injection,
)
from canary_conformance.voting.static.static_pods import (
    foreign_hostnames,
    ready_pods,
    ways_past_the_gateway,
    why_not_ready,
)

requirement = pytest.mark.requirement

VERSION_1_0 = {"voting-app 1.0": 3, "voting-analytics 1.0": 1, "voting-storage 1.0": 1}


@requirement("R1.1")
def test_namespace_asks_for_sidecars(plan: Plan) -> None:
    expect(without_injection(plan.after(1)), nothing_found("reasons why no sidecar is injected"))


@requirement("R1.2")
def test_three_apps_one_analytics_and_one_storage_get_ready(plan: Plan) -> None:
    expect(why_not_ready(plan.after(1), VERSION_1_0), nothing_found("reasons why pods are not ready"))
    expect(ready_pods(plan.after(1)), pods_ready(VERSION_1_0, "pods ready", plan.after(1)))


@requirement("R1.3")
def test_every_pod_gets_a_proxy(plan: Plan) -> None:
    expect(sidecars(plan.after(1)), proxied(VERSION_1_0, plan.after(1)))


@requirement("R1.4")
def test_nothing_is_reachable_before_gateway_and_virtual_service_exist(plan: Plan) -> None:
    check_pods_before_gateway(one.ref for one in applied_in_order(plan, 1))
    seen: dict[object, Answer] = {moment: page(moment.model) for moment in until_gateway(plan, 1)}
    seen["before the first file"] = page(plan.before(1))
    expect(seen, answered_by("connection refused", "requests before the Gateway"))


@requirement("R1.4")
def test_no_service_and_no_pod_is_a_way_past_the_gateway(plan: Plan) -> None:
    expect(ways_past_the_gateway(plan.after(1)), nothing_found("ways past the Gateway"))


@requirement("R1.5")
def test_ingress_serves_the_page_to_every_client_of_its_address(plan: Plan) -> None:
    model = plan.after(1)
    seen = {"GET /": page(model), "POST /": page(model, method="POST")}
    expect(seen, answered_by("voting-app 1.0", "requests", model))


@requirement("R1.5")
def test_page_offers_the_contracts_words(plan: Plan) -> None:
    expect(strange_words(plan.after(1), "1.0"), nothing_found("unexpected wording on the page"))


@requirement("R1.6")
def test_page_is_served_by_app_1_0_alone(plan: Plan) -> None:
    expect({"GET /": page(plan.after(1))}, answered_by({"GET /": "voting-app 1.0"}, "pages", plan.after(1)))


@requirement("R1.6")
def test_every_replica_serves(plan: Plan) -> None:
    answer, pods = page(plan.after(1)), {"voting-app 1.0": 3}
    causes = (*of_answers([(answer, "voting-app 1.0")]), *of_replicas(plan.after(1), pods))
    expect(pods_of(answer), because(counted(pods, "pods serve the page"), lambda: causes))


@requirement("R1.6", "R1.7")
def test_every_replica_is_known_by_its_pods_name(plan: Plan) -> None:
    expect(
        foreign_hostnames(plan.after(1), "voting-app", "1.0"),
        nothing_found("hostnames that are no pod's name"),
    )


@requirement("R1.7")
def test_votes_are_counted_in_one_store(plan: Plan) -> None:
    """App and analytics, each by its own settings, lead to the same Redis."""
    expect(
        chain_of(plan.after(1), "voting-app 1.0", "voting-analytics 1.0"),
        answered_by(
            {
                "voting-app 1.0 -> analytics": "voting-analytics 1.0",
                "voting-app 1.0 -> store": "voting-storage 1.0",
                "voting-analytics 1.0 -> store": "voting-storage 1.0",
            },
            "connections",
            plan.after(1),
        ),
    )


@requirement("R1.7")
def test_the_stores_port_answers_app_and_analytics(plan: Plan) -> None:
    seen = {
        source: call(plan.after(1), source, ("voting-storage", 6379))
        for source in ("voting-app 1.0", "voting-analytics 1.0")
    }
    expect(seen, answered_by("voting-storage 1.0", "connections", plan.after(1)))
