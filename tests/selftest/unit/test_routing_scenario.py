"""What is known of the repository's own manifests, most of it seen on a real mesh, is what the model says."""

from fractions import Fraction

import pytest

from canary_conformance.model.model import Model
from canary_conformance.model.objects.questions import (
    INGRESS,
    OUTSIDE,
    Answer,
    Ending,
    Request,
    Source,
    Speech,
    Wire,
    explain,
)
from canary_conformance.model.stage_plan import Plan, plan_of
from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.manifests import load_manifests
from canary_conformance.scenario.scenario_folder import load_scenario
from canary_conformance.voting import chains
from canary_conformance.voting.feature_flag import NEAR_MISSES, OPENING, OTHER_HEADERS
from canary_conformance.voting.voting_app import VOTING_APP
from tests.selftest.manifest_files import ROUTING

FLAG = {"Cookie": "featureflag=on"}
REFUSED = {Ending.RESET, Ending.UNAVAILABLE}
ALL_MTLS = "OK mTLS mTLS default/voting {}/voting"


@pytest.fixture(scope="module")
def plan() -> Plan:
    scenario = load_scenario(MANIFESTS)
    return plan_of(scenario, load_manifests(MANIFESTS, scenario), VOTING_APP)


def page(model: Model, headers: dict[str, str] | None = None) -> Answer:
    return model.answer(Request(INGRESS, "192.0.2.1:30080", 80, headers or {}))


def call(model: Model, source: str, destination: tuple[str, int]) -> Answer:
    service, port = destination
    asking = OUTSIDE if source == chains.OUTSIDE else model.source(*source.split(" "))
    speaks = Speech.HTTP if port == 8080 else Speech.TCP
    return model.answer(Request(asking, f"{service}.voting.svc.cluster.local", port, speaks=speaks))


def served_by(answer: Answer) -> str:
    """Return the one workload that serves, or how the request ends."""
    if answer.endings <= REFUSED:
        return chains.REFUSED
    [outcome] = answer.outcomes
    return " and ".join(sorted(set(outcome.pods))) or str(outcome.ending)


@pytest.mark.parametrize(
    ("stage", "plain", "flagged"),
    [
        (1, "voting-app 1.0", "voting-app 1.0"),
        (2, "voting-app 1.0", "voting-app 1.0"),
        (3, "voting-app 1.0", "voting-app 1.0"),
        (4, "voting-app 1.0", "voting-app 2.0"),
        (5, "voting-app 2.0", "voting-app 2.0"),
        (6, "connection refused", "connection refused"),
    ],
)
def test_who_serves_the_page(plan: Plan, stage: int, plain: str, flagged: str) -> None:
    assert served_by(page(plan.after(stage))) == plain
    assert served_by(page(plan.after(stage), FLAG)) == flagged


def test_nothing_is_reachable_before_the_gateway_and_its_route(plan: Plan) -> None:
    ends = {moment.after.rpartition(" ")[0]: served_by(page(moment.model)) for moment in plan.during(1)}
    gateway = "apply istio/step-1-create-voting-app-gateway.yaml: Gateway/voting-app-gateway"
    assert ends.pop(gateway) == "voting-app 1.0"
    assert set(ends.values()) == {"connection refused"}


def test_pods_of_each_stage(plan: Plan) -> None:
    old = {"voting-app 1.0": 3, "voting-analytics 1.0": 1, "voting-storage 1.0": 1}
    new = {"voting-app 2.0": 3, "voting-analytics 2.0": 1, "voting-storage 2.0": 1}
    between = {"voting-analytics 1.1": 1}
    wanted = {1: old, 2: old | between, 3: old | between, 4: old | between | new, 5: new, 6: {}}
    assert {stage: plan.after(stage).counted_pods() for stage in wanted} == wanted
    assert all(workload.sidecar for workload in plan.after(4).pods())


def test_analytics_of_each_stage(plan: Plan) -> None:
    half = call(plan.after(2), "voting-app 1.0", chains.ANALYTICS)
    assert half.share_of("voting-analytics 1.0") == half.share_of("voting-analytics 1.1") == Fraction(1, 2)
    assert served_by(call(plan.after(1), "voting-app 1.0", chains.ANALYTICS)) == "voting-analytics 1.0"
    for stage in (3, 4):
        assert (
            served_by(call(plan.after(stage), "voting-app 1.0", chains.ANALYTICS)) == "voting-analytics 1.1"
        )


@pytest.mark.parametrize("cookie", OPENING)
def test_cookies_that_open_2_0(plan: Plan, cookie: str) -> None:
    assert served_by(page(plan.after(4), {"Cookie": cookie})) == "voting-app 2.0"


@pytest.mark.parametrize("cookie", NEAR_MISSES)
def test_near_misses_stay_on_1_0(plan: Plan, cookie: str) -> None:
    assert served_by(page(plan.after(4), {"Cookie": cookie} if cookie else {})) == "voting-app 1.0"


@pytest.mark.parametrize("header", OTHER_HEADERS)
def test_the_flag_in_another_header_stays_on_1_0(plan: Plan, header: str) -> None:
    assert served_by(page(plan.after(4), {header: "featureflag=on"})) == "voting-app 1.0"


@pytest.mark.parametrize(("cell", "wanted"), chains.WHO_MAY_REACH_WHOM.items(), ids=str)
def test_who_may_reach_whom(plan: Plan, cell: tuple[str, tuple[str, int]], wanted: str) -> None:
    assert served_by(call(plan.after(4), *cell)) == wanted


def test_storage_refuses_analytics_1_0_from_stage_3_on(plan: Plan) -> None:
    assert served_by(call(plan.after(2), "voting-analytics 1.0", chains.REDIS)) == "voting-storage 1.0"
    assert served_by(call(plan.after(3), "voting-analytics 1.0", chains.REDIS)) == chains.REFUSED
    assert served_by(call(plan.after(3), "voting-analytics 1.1", chains.REDIS)) == "voting-storage 1.0"


def test_plaintext_at_each_pod_is_answered_until_the_lock(plan: Plan) -> None:
    for stage, ending in [(2, Ending.SERVED), (3, Ending.RESET), (4, Ending.RESET), (5, Ending.RESET)]:
        model = plan.after(stage)
        for workload in model.pods():
            for _, port in workload.ports:
                assert model.answer_at_pod(str(workload), port).endings == {ending}, (stage, str(workload))


def test_the_table_of_mutual_tls(plan: Plan) -> None:
    locked = {
        "ingress gateway -> voting-app:8080": "voting-app",
        "voting-app 1.0 -> voting-analytics:8080": "voting-analytics",
        "voting-app 1.0 -> voting-storage:6379": "voting-storage",
        "voting-analytics 1.1 -> voting-storage:6379": "voting-storage",
    }
    new = {
        "voting-app 2.0 -> voting-analytics:8080": "voting-analytics",
        "voting-app 2.0 -> voting-storage:3306": "voting-storage",
        "voting-analytics 2.0 -> voting-storage:3306": "voting-storage",
    }
    ingress = dict(list(locked.items())[:1])
    for stage, rows in [(3, locked), (4, locked | new), (5, ingress | new)]:
        legs = plan.after(stage).legs()
        table = {str(leg).replace(".voting.svc.cluster.local", ""): leg.cells for leg in legs}
        assert table == {leg: ALL_MTLS.format(rule) for leg, rule in rows.items()}
        assert {outcome.wire for leg in legs for outcome in leg.answer.outcomes} == {Wire.MTLS}


def test_the_table_before_the_lock_is_automatic_and_permissive(plan: Plan) -> None:
    assert {leg.cells for leg in plan.after(2).legs()} == {"OK mTLS/HTTP mTLS - -"}


def test_no_ordinary_voter_notices_a_stage(plan: Plan) -> None:
    for stage in (2, 3, 4):
        for moment in plan.during(stage):
            assert served_by(page(moment.model)) == "voting-app 1.0", moment.after


def test_a_flagged_voter_waits_for_pods_of_2_0_and_sees_no_1_0_meanwhile(plan: Plan) -> None:
    seen = [served_by(page(moment.model, FLAG)) for moment in plan.during(4)]
    assert list(dict.fromkeys(seen)) == ["voting-app 1.0", chains.REFUSED, "voting-app 2.0"]
    assert seen[0] == "voting-app 1.0"
    assert seen[-1] == "voting-app 2.0"


@pytest.mark.parametrize("stage", range(1, 7))
def test_nothing_dangles(plan: Plan, stage: int) -> None:
    assert plan.after(stage).references() == ()


def test_an_answer_is_explained_with_the_lines_that_decided(plan: Plan) -> None:
    text = explain(page(plan.after(4), {"Cookie": "a=1;  featureflag=on"}))
    assert text.splitlines()[:3] == [
        f"does not match: {ROUTING}:34: VirtualService/voting-app http[0]: header cookie "
        "`a=1;  featureflag=on` does not match the regex "
        "'^(.*?; ?)?(featureflag=on)(;.*)?$' as a whole (RE2)",
        "served by voting-app 1.0 (3) at port 8080 over mTLS",
        f"  by {ROUTING}:42: VirtualService/voting-app http[1]: routes to voting-app:8080 subset v1-0",
    ]
    refused = explain(call(plan.after(4), "voting-analytics 1.0", chains.REDIS))
    assert "reset: no ready pod is behind voting-storage:6379 subset nobody" in refused


def test_the_environment_of_2_0_comes_from_the_secret(plan: Plan) -> None:
    app = plan.after(4).workload("voting-app", "2.0")
    assert app is not None
    assert app.env["MYSQL_USER"].value == "voting"
    assert app.env["MYSQL_USER"].origin == "Secret/voting-storage-secret:MYSQL_USER"
    assert app.listens == frozenset({8080})


def test_a_source_that_nobody_knows_is_routed_by_its_labels(plan: Plan) -> None:
    stranger = Source("stranger", {"app": "voting-app", "version": "3.0"})
    answer = plan.after(4).answer(Request(stranger, "voting-storage", 3306))
    assert served_by(answer) == chains.REFUSED
