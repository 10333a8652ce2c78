import pytest

from canary_conformance.model.stage_plan import Plan
from canary_conformance.scenario.observations import Reply
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.verdicts import (
    ANY_LEAK,
    answers_with,
    every,
    expect,
    matrix,
    refused_by_reset,
    to_find_leak_in_each,
)
from canary_conformance.verdicts.checks import Check, contains
from canary_conformance.voting.chain_requests import (
    expect_answers_of_the_own_chain,
    expect_every_condition_behind_pages_is_probed,
)
from canary_conformance.voting.chains import MYSQL, REDIS, REFUSED, WHO_MAY_REACH_WHOM
from canary_conformance.voting.model_agreement import agree, settled
from canary_conformance.voting.observed_outcomes import seen_once
from canary_conformance.voting.other_names import expect_no_way_by_other_names
from canary_conformance.voting.page_checks import greets_as_mysql
from canary_conformance.voting.page_results import DIFFERENT_VOTES
from canary_conformance.voting.reachability import reach_everyone, reach_often
from canary_conformance.voting.static.model_questions import call
from fixtures.marks import model_of, requirement

APP_AND_ANALYTICS = 2  # the sources of each chain
LOCKED_OUT = "voting-analytics 1.0"
PONG: Check[Reply] = answers_with(b"+PONG")
WHO_ANSWERS: dict[str, Check[Reply]] = {
    "voting-analytics 1.1": contains(DIFFERENT_VOTES["1.0"].encode()),
    "voting-analytics 2.0": contains(DIFFERENT_VOTES["2.0"].encode()),
    "voting-storage 1.0": PONG,
    "voting-storage 2.0": greets_as_mysql,
    REFUSED: refused_by_reset,
}


@requirement("R4.8")
def test_each_source_reaches_its_own_chain_and_no_other(namespace: NamespaceUnderTest) -> None:
    expected = {
        (source, f"{service}:{port}"): WHO_ANSWERS[who]
        for (source, (service, port)), who in WHO_MAY_REACH_WHOM.items()
    }
    seen = {leg: reply for leg, reply in reach_everyone(namespace).items() if leg in expected}
    expect(seen, matrix(expected, "connections"))


@requirement("R4.8")
def test_every_request_that_the_sidecars_distinguish_stays_in_its_chain(
    namespace: NamespaceUnderTest,
) -> None:
    expect_answers_of_the_own_chain(namespace)


@requirement("R4.8")
def test_every_condition_behind_a_page_can_be_probed(namespace: NamespaceUnderTest) -> None:
    expect_every_condition_behind_pages_is_probed(namespace)


@requirement("R4.8")
def test_no_other_service_leads_past_the_routes(namespace: NamespaceUnderTest) -> None:
    sources = list(dict.fromkeys(source for source, _ in WHO_MAY_REACH_WHOM))
    expect_no_way_by_other_names(namespace, sources, WHO_ANSWERS)


@requirement("R4.8")
@pytest.mark.parametrize("source", ["voting-app 1.0", "voting-analytics 1.1"])
def test_not_one_connection_of_chain_1_0_leads_to_mysql(old_chain: NamespaceUnderTest, source: str) -> None:
    times = to_find_leak_in_each(APP_AND_ANALYTICS, ANY_LEAK)
    expect(reach_often(old_chain, source, REDIS, times), every(PONG))


@requirement("R4.8")
@pytest.mark.parametrize("source", ["voting-app 2.0", "voting-analytics 2.0"])
def test_not_one_connection_of_chain_2_0_leads_to_redis(namespace: NamespaceUnderTest, source: str) -> None:
    times = to_find_leak_in_each(APP_AND_ANALYTICS, ANY_LEAK)
    expect(reach_often(namespace, source, MYSQL, times), every(greets_as_mysql))


@requirement("R4.8")
@pytest.mark.parametrize("destination", [REDIS, MYSQL], ids=["Redis", "MySQL"])
def test_not_one_connection_of_analytics_1_0_gets_through(
    namespace: NamespaceUnderTest, destination: tuple[str, int]
) -> None:
    times = to_find_leak_in_each(len((REDIS, MYSQL)), ANY_LEAK)
    expect(reach_often(namespace, LOCKED_OUT, destination, times), every(refused_by_reset))


@model_of("R4.8")
def test_model_and_mesh_agree_on_who_reaches_whom(namespace: NamespaceUnderTest, plan: Plan) -> None:
    predicted = {
        (source, f"{service}:{port}"): call(settled(plan, 4), source, (service, port))
        for source, (service, port) in WHO_MAY_REACH_WHOM
    }
    replies = reach_everyone(namespace)
    agree(seen_once({leg: replies[leg] for leg in predicted}), predicted, "connections")
