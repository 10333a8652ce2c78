"""Random requests are the same for the same seed, and what comes back is compared with the model's answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from canary_conformance.model.objects.questions import INGRESS_PORT
from canary_conformance.model.patterns.match_conditions import METHOD, PATH
from canary_conformance.paths import MANIFESTS
from tests.selftest.routing_support import at_ingress, manifests
from tools.mutants.fuzz.comparison import as_request, differences
from tools.mutants.fuzz.fuzz_plan import Found, Table, add_found, read_found, read_plan, write_plan
from tools.mutants.fuzz.fuzz_run import status_of, table_text
from tools.mutants.fuzz.fuzz_tables import tables
from tools.mutants.fuzz.random_requests import RandomRequests, Sent
from tools.mutants.fuzz.random_routes import random_routes
from tools.mutants.fuzz.sent_requests import CameBack
from tools.mutants.fuzz.traced_routes import ROUTE, SUBSET, traced

FLAGGED = "- match: [{headers: {cookie: {exact: a}}}]\n  route: [{destination: {host: web, subset: v2}}]\n"
OTHERS = "- route: [{destination: {host: web, subset: v1}}]\n"
OURS = at_ingress(f"http:\n{FLAGGED}{OTHERS}")
CALLED = Sent("GET", "/", (("cookie", "a"),))


def wrong(came: CameBack, sent: Sent = CALLED) -> list[str]:
    _, found = differences(OURS, "192.0.2.1", [sent], [came])
    return [str(one) for one in found]


def test_the_same_seed_draws_the_same_requests() -> None:
    matches = [entry.match for entry in OURS.routes_at_ingress(INGRESS_PORT)["*"]]
    first, second = (RandomRequests(matches, 7) for _ in range(2))
    assert [first.next() for _ in range(50)] == [second.next() for _ in range(50)]
    sent = [first.next() for _ in range(500)]
    assert any(dict(one.headers).get("cookie") == "a" for one in sent)
    assert {one.method for one in sent} >= {"GET", "POST"}
    assert random_routes(3) == random_routes(3)
    assert METHOD != PATH


def test_a_host_that_is_sent_is_called() -> None:
    sent = Sent("GET", "/?q=1", (("cookie", "a"), ("host", "web.example")))
    assert as_request(sent, "192.0.2.1").headers == {"cookie": "a"}
    assert as_request(sent, "192.0.2.1").host == "web.example"
    assert as_request(CALLED, "192.0.2.1").host == "192.0.2.1"
    assert str(sent) == "GET /?q=1; cookie: 'a'; host: 'web.example'"


def test_routes_name_themselves_in_their_answers() -> None:
    text = (
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web}\n"
        "spec:\n  hosts: ['*']\n"
        "  http:\n  - redirect: {uri: /}\n  - headers: {response: {set: {x-a: b}}}\n"
        "    route: [{destination: {host: web, subset: v1}}, {destination: {host: web}}]\n"
    )
    [manifest] = traced(text.encode(), "routes.yaml", "voting")
    redirect, route = manifest.body["spec"]["http"]
    assert redirect["headers"]["response"]["set"] == {ROUTE: "VirtualService/web http[0]"}
    assert route["headers"]["response"]["set"] == {"x-a": "b", ROUTE: "VirtualService/web http[1]"}
    assert route["route"][0]["headers"] == {"response": {"set": {SUBSET: "v1"}}}
    assert "headers" not in route["route"][1]


def test_what_the_model_holds_possible_is_no_difference() -> None:
    assert not wrong(CameBack(200, upstream=True, route="VirtualService/web http[0]", subset="v2"))
    assert not wrong(CameBack(404, upstream=True, route="VirtualService/web http[0]", subset="v2"))


@pytest.mark.parametrize(
    "came",
    [
        CameBack(200, upstream=True, route="VirtualService/web http[1]", subset="v2"),
        CameBack(200, upstream=True, route="VirtualService/web http[0]", subset="v1"),
        CameBack(200, upstream=True, route="VirtualService/web http[0]", subset="v2", page="voting-app 1.0"),
        CameBack(404),
        CameBack(None, error="reset"),
    ],
)
def test_anything_else_is_a_difference_with_both_answers(came: CameBack) -> None:
    [text] = wrong(came)
    assert text.startswith("GET /; cookie: 'a'\n  the model: served by web 2 (1)")
    assert text.endswith(f"the mesh: {came}")


def test_a_route_that_answers_by_itself_may_have_any_status() -> None:
    direct = at_ingress("http:\n- directResponse: {status: 200}\n")
    came = CameBack(200, route="VirtualService/web http[0]")
    assert differences(direct, "192.0.2.1", [CALLED], [came]) == (1, [])
    assert differences(direct, "192.0.2.1", [CALLED], [CameBack(204, route=came.route)])[1]


def test_what_the_model_does_not_support_is_not_compared() -> None:
    unclear = at_ingress(f"http:\n- match: [{{headers: {{x-request-id: {{}}}}}}]\n  {OTHERS[2:]}")
    assert differences(unclear, "192.0.2.1", [CALLED], [CameBack(404)]) == (0, [])


def test_the_manifests_own_routes_come_first_then_broken_and_random_ones() -> None:
    drawn = list(tables(MANIFESTS, [], 3000, 2, 1))
    assert [one.name for one in drawn] == [
        "the manifests as they are",
        "random routes 1000",
        "random routes 1001",
    ]
    assert [one.requests for one in drawn] == [3000, 500, 500]
    assert all(manifests(one.text) for one in drawn)


def test_what_was_found_is_read_again(tmp_path: Path) -> None:
    plan = [Table("ours", "a: b", 10, 1)]
    write_plan(tmp_path, plan)
    assert read_plan(tmp_path) == plan
    assert read_found(tmp_path) == []
    fine, bad = Found("ours", 10, 10), Found("broken", 5, 4, ("broken: GET /",))
    for one in (fine, bad):
        add_found(tmp_path, one)
    assert read_found(tmp_path) == [fine, bad]
    assert status_of([fine], 1) == 0
    assert status_of([fine], 2) == 1
    assert status_of([fine, bad], 2) == 1
    assert status_of([Found("ours", skipped="refused")], 1) == 1
    assert table_text([fine, bad], 2).splitlines() == [
        "2 of 2 lists of routes",
        "15 random requests, 14 compared with the model",
        "lists of routes with a difference: 1",
        "  broken: 1 requests use what the model does not support",
        "broken: GET /",
    ]
