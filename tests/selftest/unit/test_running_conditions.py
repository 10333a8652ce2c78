"""What a proxy asks of requests, read from excerpts of Envoy's own dump (Istio 1.31)."""

from collections.abc import Sequence
from typing import Any

import pytest

from canary_conformance.errors import NotJudged
from canary_conformance.mesh.routes.conditions import (
    AUTHORITY,
    METHOD,
    PATH,
    Condition,
    How,
    Unread,
    read_header,
)
from canary_conformance.mesh.routes.endpoint_requests import requests_by_address
from canary_conformance.mesh.routes.foreign_filters import access_rules, foreign_in_dump, running_listeners
from canary_conformance.mesh.routes.route_tables import RunningRoute, dynamic_tables

PATTERN = "^(.*?; ?)?(featureflag=on)(;.*)?$"
PAGE = "outbound|8080|v2-0|voting-app.voting.svc.cluster.local"
CANARY = {
    "match": {
        "prefix": "/",
        "case_sensitive": True,
        "headers": [{"name": "cookie", "string_match": {"safe_regex": {"regex": PATTERN}}}],
    },
    "route": {"cluster": PAGE, "timeout": "0s", "max_grpc_timeout": "0s"},
    "metadata": {
        "filter_metadata": {
            "istio": {"config": "/apis/networking.istio.io/v1/namespaces/voting/virtual-service/voting-app"}
        }
    },
    "decorator": {"operation": "voting-app.voting.svc.cluster.local:8080/*"},
}
FILTERS = "type.googleapis.com/envoy.extensions.filters"


def route(**changes: Any) -> RunningRoute:
    """Return the canary's route as it is read, with other parts."""
    host = {"name": "*:80", "domains": ["*"], "routes": [{**CANARY, **changes}]}
    dump = {"configs": [{"route_config": {"name": "http.8080", "virtual_hosts": [host]}}]}
    return dynamic_tables(dump)["http.8080"][0].routes[0]


def listener(*http_filters: dict[str, Any], **manager: Any) -> dict[str, Any]:
    body = {
        "@type": f"{FILTERS}.network.http_connection_manager.v3.HttpConnectionManager",
        "http_filters": [*http_filters],
        **manager,
    }
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": body}]}
    found = {"name": "virtualInbound", "traffic_direction": "INBOUND", "filter_chains": [chain]}
    return {"configs": [{"active_state": {"listener": found}}]}


def http_filter(name: str, kind: str, **body: Any) -> dict[str, Any]:
    return {"name": name, "typed_config": {"@type": f"{FILTERS}.http.{kind}", **body}}


def test_the_canarys_route_has_one_condition_and_the_name_of_its_object() -> None:
    read = route()
    assert read.conditions == (Condition("header cookie", How.REGEX, PATTERN),)
    assert (read.origin, read.clusters) == ("virtual-service voting/voting-app", (PAGE,))
    assert (read.share, read.unread) == (1.0, ())


def test_methods_queries_authorities_and_paths_are_conditions() -> None:
    headers = [
        {"name": ":method", "string_match": {"exact": "POST"}},
        {"name": ":authority", "string_match": {"prefix": "beta."}},
        {"name": "x-beta", "present_match": True, "invert_match": True},
    ]
    query = [{"name": "beta", "string_match": {"exact": "1"}}]
    read = route(match={"path": "/beta", "headers": headers, "query_parameters": query})
    assert read.conditions == (
        Condition(PATH, How.EXACT, "/beta"),
        Condition(METHOD, How.EXACT, "POST"),
        Condition(AUTHORITY, How.PREFIX, "beta."),
        Condition("header x-beta", How.PRESENT, inverted=True),
        Condition("query beta", How.EXACT, "1"),
    )
    assert read.unread == ()


@pytest.mark.parametrize(
    ("changes", "unread"),
    [
        ({"match": {"prefix": "/", "runtime_fraction": {}}}, "a matcher of runtime_fraction"),
        ({"match": {"prefix": "/", "dynamic_metadata": []}}, "a matcher of dynamic_metadata"),
        ({"match": {"connect_matcher": {}}}, "a matcher of connect_matcher"),
        ({"route": {"cluster_header": "x-to"}}, "cluster_header"),
        ({"route": {"cluster": PAGE, "request_mirror_policies": []}}, "request_mirror_policies"),
        ({"filter_action": {}}, "filter_action"),
    ],
)
def test_what_is_not_understood_of_a_route_is_named(changes: dict[str, Any], unread: str) -> None:
    assert unread in route(**changes).unread


def test_the_smallest_share_counts_and_a_weight_of_nothing_does_not() -> None:
    clusters = [{"name": PAGE, "weight": 1}, {"name": "old", "weight": 99}, {"name": "none", "weight": 0}]
    read = route(route={"weighted_clusters": {"clusters": clusters}})
    assert (read.share, read.clusters) == (0.01, (PAGE, "old"))


def test_what_a_route_does_to_cookies_is_read_and_other_headers_are_left_alone() -> None:
    removed = route(response_headers_to_remove=["Set-Cookie", "server"])
    written = route(request_headers_to_add=[{"header": {"key": "cookie", "value": "featureflag=on"}}])
    assert (removed.cookies, removed.unread) == (("removes set-cookie of answers",), ())
    assert (written.cookies, route().cookies) == (("writes cookie of requests",), ())


@pytest.mark.parametrize("name", [":path", "content-length"])
def test_a_header_that_no_request_here_can_vary_is_not_read(name: str) -> None:
    with pytest.raises(Unread):
        read_header({"name": name, "present_match": True})


@pytest.mark.parametrize(
    ("condition", "text", "holds"),
    [
        (Condition("header a", How.EXACT, "on.1"), "on.1", True),
        (Condition("header a", How.EXACT, "on.1"), "onx1", False),
        (Condition("header a", How.CONTAINS, "on"), "a on b", True),
        (Condition("header a", How.SUFFIX, "on", ignore_case=True), "x=ON", True),
        (Condition("header a", How.PRESENT), "", True),
        (Condition("header a", How.PRESENT), None, False),
        (Condition("header a", How.EXACT, "on", inverted=True), None, True),
        (Condition("header a", How.REGEX, "on"), "on2", False),
    ],
)
def test_conditions_hold_as_in_envoy(condition: Condition, text: str | None, holds: bool) -> None:
    assert condition.holds(text) is holds


def test_the_filters_of_a_plain_mesh_are_not_foreign() -> None:
    plain = [
        http_filter("envoy.filters.http.grpc_stats", "grpc_stats.v3.FilterConfig", emit_filter_state=True),
        http_filter("envoy.filters.http.fault", "fault.v3.HTTPFault"),
        http_filter("envoy.filters.http.cors", "cors.v3.Cors"),
        http_filter("envoy.filters.http.router", "router.v3.Router", suppress_envoy_headers=True),
    ]
    wrapped = {
        "@type": "type.googleapis.com/udpa.type.v1.TypedStruct",
        "type_url": "type.googleapis.com/stats.PluginConfig",
        "value": {"disable_host_header_fallback": True},
    }
    (found,) = running_listeners(listener(*plain, {"name": "istio.stats", "typed_config": wrapped}))
    assert (found.foreign, found.inbound) == ((), True)


@pytest.mark.parametrize(
    "strange",
    [
        http_filter("envoy.filters.http.fault", "fault.v3.HTTPFault", delay={"fixed_delay": "2s"}),
        http_filter("envoy.filters.http.lua", "lua.v3.Lua"),
        http_filter("envoy.filters.http.router", "router.v3.Router", upstream_http_filters=[{}]),
        # A name is free text: the type decides.
        http_filter("envoy.filters.http.router", "local_ratelimit.v3.LocalRateLimit"),
    ],
)
def test_a_fault_and_filters_of_other_types_are_foreign(strange: dict[str, Any]) -> None:
    (found,) = running_listeners(listener(strange))
    (foreign,) = found.foreign
    assert str(foreign).startswith(f"{strange['name']} (envoy.extensions.filters.http.")


def test_what_changes_headers_before_routes_are_chosen_is_foreign() -> None:
    (found,) = running_listeners(listener(early_header_mutation_extensions=[{}]))
    assert [one.name for one in found.foreign] == ["early_header_mutation_extensions"]


def test_a_filter_chain_that_is_chosen_by_the_source_of_a_connection_is_foreign() -> None:
    dump = listener()
    chain = dump["configs"][0]["active_state"]["listener"]["filter_chains"][0]
    chain["filter_chain_match"] = {"destination_port": 8080, "source_prefix_ranges": []}
    (found,) = running_listeners(dump)
    assert [str(one) for one in found.foreign] == ["source_prefix_ranges at listener virtualInbound"]


@pytest.mark.parametrize(("weights", "foreign"), [((99, 1), ["weighted_clusters"]), ((100, 0), [])])
def test_connections_that_a_route_shares_out_are_foreign(weights: Sequence[int], foreign: list[str]) -> None:
    clusters = [{"name": f"v{at}", "weight": weight} for at, weight in enumerate(weights)]
    proxy = {
        "@type": f"{FILTERS}.network.tcp_proxy.v3.TcpProxy",
        "weighted_clusters": {"clusters": clusters},
    }
    dump = listener()
    chain = dump["configs"][0]["active_state"]["listener"]["filter_chains"][0]
    chain["filters"] = [{"name": "envoy.filters.network.tcp_proxy", "typed_config": proxy}]
    (found,) = running_listeners(dump)
    assert [one.name for one in found.foreign] == foreign


def test_a_fault_set_up_for_a_route_is_foreign_and_cors_is_not() -> None:
    kinds = {
        "envoy.filters.http.fault": {"@type": f"{FILTERS}.http.fault.v3.HTTPFault", "abort": {}},
        "envoy.filters.http.cors": {"@type": f"{FILTERS}.http.cors.v3.CorsPolicy", "max_age": "1"},
    }
    host = {"name": "*:80", "domains": ["*"], "routes": [{**CANARY, "typed_per_filter_config": kinds}]}
    found = foreign_in_dump({"configs": [{"route_config": {"name": "http.8080", "virtual_hosts": [host]}}]})
    assert [one.name for one in found["http.8080"]] == ["envoy.filters.http.fault"]


def test_rules_of_access_ask_requests_and_callers() -> None:
    identity = {"authenticated": {"principal_name": {"exact": "spiffe://cluster.local/ns/voting/sa/default"}}}
    path = {"url_path": {"path": {"prefix": "/admin"}}}
    agent = {"header": {"name": "user-agent", "string_match": {"contains": "curl"}}}
    policy = {
        "permissions": [{"and_rules": {"rules": [{"not_rule": path}, {"destination_port": 8080}]}}],
        "principals": [{"or_ids": {"ids": [identity, agent, {"metadata": {}}]}}],
    }
    (rule,) = access_rules({"rules": {"policies": {"ns[voting]": policy}}})
    assert rule.conditions == (
        Condition(PATH, How.PREFIX, "/admin"),
        Condition("header user-agent", How.CONTAINS, "curl"),
    )
    assert rule.unread == ("a rule of RBAC on metadata",)


def test_an_empty_answer_is_no_plain_mesh() -> None:
    with pytest.raises(NotJudged):
        running_listeners({"configs": []})
    with pytest.raises(NotJudged):
        dynamic_tables({})


def test_requests_are_counted_by_address_over_all_clusters() -> None:
    def cluster(name: str, address: str, count: str) -> dict[str, Any]:
        place = {"socket_address": {"address": address, "port_value": 8080}}
        stats = [{"name": "cx_total", "value": "9"}, {"name": "rq_total", "value": count}]
        return {"name": name, "host_statuses": [{"address": place, "stats": stats}]}

    found = [
        cluster("v1-0", "10.0.0.1", "2"),
        cluster("all", "10.0.0.1", "3"),
        cluster("v2-0", "10.0.0.2", "1"),
    ]
    assert requests_by_address({"cluster_statuses": found}) == {"10.0.0.1": 5, "10.0.0.2": 1}
