from canary_conformance.model.stage_plan import Plan
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.verdicts import (
    ANY_LEAK,
    answers_with,
    every,
    expect,
    matrix,
    refused_by_reset,
    to_find_leak_of,
)
from canary_conformance.voting.chains import REDIS
from canary_conformance.voting.model_agreement import agree, settled
from canary_conformance.voting.observed_outcomes import seen_once
from canary_conformance.voting.other_names import expect_no_way_by_other_names
from canary_conformance.voting.reachability import reach, reach_often
from canary_conformance.voting.static.model_questions import call
from fixtures.marks import lasts_until, model_of, requirement

ANALYTICS_PODS = ("voting-analytics 1.0", "voting-analytics 1.1")


@requirement("R3.3")
@lasts_until(4)
def test_analytics_1_0_is_refused_by_storage_while_1_1_is_answered(namespace: NamespaceUnderTest) -> None:
    seen = namespace.once("analytics to Redis", lambda: reach(namespace, ANALYTICS_PODS, [REDIS]))
    expect(
        seen,
        matrix(
            {
                ("voting-analytics 1.0", "voting-storage:6379"): refused_by_reset,
                ("voting-analytics 1.1", "voting-storage:6379"): answers_with(b"+PONG"),
            },
            "connections",
        ),
    )


@model_of("R3.3")
def test_model_and_mesh_agree_on_who_may_send(namespace: NamespaceUnderTest, plan: Plan) -> None:
    replies = namespace.once("analytics to Redis", lambda: reach(namespace, ANALYTICS_PODS, [REDIS]))
    predicted = {leg: call(settled(plan, 3), leg[0], REDIS) for leg in replies}
    agree(seen_once(replies), predicted, "connections")


@requirement("R3.3")
@lasts_until(4)
def test_no_other_service_leads_analytics_1_0_to_storage(namespace: NamespaceUnderTest) -> None:
    expect_no_way_by_other_names(namespace, ["voting-analytics 1.0"], {})


@requirement("R3.3")
@lasts_until(4)
def test_not_one_connection_of_analytics_1_0_gets_through(namespace: NamespaceUnderTest) -> None:
    replies = reach_often(namespace, "voting-analytics 1.0", REDIS, to_find_leak_of(ANY_LEAK))
    expect(replies, every(refused_by_reset))
