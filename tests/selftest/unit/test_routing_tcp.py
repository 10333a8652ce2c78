"""Which TCP route takes a connection, and how a connection ends that leads nowhere."""

from fractions import Fraction

import pytest

from canary_conformance.model.objects.questions import Ending, Source
from tests.selftest.routing_support import call, deployment, documents, in_mesh, istio, model, only, service

PORTS = "{name: redis, port: 6379}, {name: mysql, port: 3306}"
STORES = documents(
    deployment("one", "1", app="store", ports="{containerPort: 6379}"),
    deployment("two", "2", app="store", ports="{containerPort: 3306}"),
    service("store", PORTS),
    istio(
        "DestinationRule",
        "store",
        """
        host: store
        subsets: [{name: v1, labels: {version: "1"}}, {name: v2, labels: {version: "2"}}]
        """,
    ),
)
TO_1 = "route: [{destination: {host: store, subset: v1, port: {number: 6379}}}]"
TO_2 = "route: [{destination: {host: store, subset: v2, port: {number: 3306}}}]"
CALLER = Source("caller", {"app": "a", "version": "1"})


def rules(*routes: str) -> str:
    return in_mesh("tcp:\n" + "".join(f"- {{{route}}}\n" for route in routes), host="store", name="store")


def reached(*routes: str, port: int = 6379, source: Source = CALLER) -> set[str]:
    return set(only(call(model(STORES, rules(*routes)), "store", port, source)).pods)


def test_the_source_decides_not_the_port() -> None:
    routes = (f"match: [{{sourceLabels: {{app: a}}}}], {TO_1}", TO_2)
    for port in (6379, 3306):
        assert reached(*routes, port=port) == {"store 1"}
        assert reached(*routes, port=port, source=Source("other", {"app": "b"})) == {"store 2"}


def test_a_connection_that_no_route_is_for_reaches_any_pod() -> None:
    assert reached(f"match: [{{sourceLabels: {{app: b}}}}], {TO_1}") == {"store 1", "store 2"}


@pytest.mark.parametrize(
    ("match", "counts"),
    [
        ("{port: 6379}", True),
        ("{port: 3306}", False),
        ("{sourceLabels: {app: a, version: '1'}}", True),
        ("{sourceLabels: {app: a, version: '2'}}", False),
        ("{gateways: [mesh]}", True),
        ("{gateways: [gate]}", False),
        # Unlike an HTTP match, all of it counts.
        ("{gateways: [mesh], sourceLabels: {app: b}}", False),
        ("{sourceNamespace: voting}", True),
        ("{sourceNamespace: other}", False),
        ("{sourceLabels: {app: b}}, {port: 6379}", True),
    ],
)
def test_what_a_match_asks_for(match: str, counts: bool) -> None:
    assert reached(f"match: [{match}], {TO_1}", TO_2) == ({"store 1"} if counts else {"store 2"})


def test_weights() -> None:
    first = "{weight: 9, destination: {host: store, subset: v1, port: {number: 6379}}}"
    second = "{weight: 1, destination: {host: store, subset: v2, port: {number: 3306}}}"
    answer = call(model(STORES, rules(f"route: [{first}, {second}]")), "store", 6379)
    assert answer.share_of("store 2") == Fraction(1, 10)


@pytest.mark.parametrize(
    "destination",
    [
        "host: nowhere",
        "host: store, subset: v3, port: {number: 6379}",
        "host: store, port: {number: 1}",
        "host: store, subset: empty, port: {number: 6379}",
    ],
)
def test_a_destination_without_pods_ends_the_connection(destination: str) -> None:
    stores = STORES.replace("subsets: [", "subsets: [{name: empty, labels: {version: none}}, ")
    assert "empty" in stores
    of = model(stores, rules(f"route: [{{destination: {{{destination}}}}}]"))
    assert only(call(of, "store", 6379)).ending is Ending.RESET


def test_a_destination_without_a_port_gets_the_callers_when_there_are_several() -> None:
    route = "route: [{destination: {host: store, subset: v1}}]"
    assert reached(route) == {"store 1"}
    # No pod of version 1 is listed as listening at 3306, but the Service sends it there all the same.
    assert reached(route, port=3306) == {"store 1"}


def test_http_routes_do_not_count() -> None:
    http = in_mesh("http: [{route: [{destination: {host: store, subset: v2}}]}]", host="store")
    assert len(only(call(model(STORES, http), "store", 6379)).pods) == 2


def test_several_for_one_host_are_tried_the_oldest_first() -> None:
    first = rules(f"match: [{{sourceLabels: {{app: b}}}}], {TO_1}")
    second = rules(TO_2).replace("name: store}\nspec", "name: younger}\nspec")
    of = model(STORES, first, second)
    assert set(only(call(of, "store", 6379, CALLER)).pods) == {"store 2"}
    assert set(only(call(of, "store", 6379, Source("b", {"app": "b"}))).pods) == {"store 1"}


@pytest.mark.parametrize("match", ["{destinationSubnets: [10.0.0.0/8]}", "{uri: {exact: /}}", "{port: all}"])
def test_what_the_model_does_not_speak_is_unknown(match: str) -> None:
    outcome = only(call(model(STORES, rules(f"match: [{match}], {TO_1}")), "store", 6379))
    assert outcome.ending is Ending.UNKNOWN
    assert outcome.reason.startswith("VirtualService/store spec.tcp[0].match[0]")
