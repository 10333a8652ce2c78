"""What the ingress gateway has open, and which VirtualServices are bound to it."""

import pytest

from canary_conformance.model.objects.questions import Ending, Wire
from tests.selftest.routing_support import OPEN, TWO, at_gate, at_ingress, endings, istio, model, only, page

TO_1 = "http: [{route: [{destination: {host: web, subset: v1, port: {number: 8080}}}]}]"
TO_2 = TO_1.replace("v1", "v2")
ROUTE = at_gate(TO_1)


def gate(server: str = "", selector: str = "{istio: ingressgateway}", name: str = "gate") -> str:
    told = server or "port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']"
    return istio("Gateway", name, f"selector: {selector}\nservers: [{{{told}}}]")


def bound(hosts: str, spec: str = TO_1, name: str = "web", gateways: str = "gate") -> str:
    return istio("VirtualService", name, f"hosts: [{hosts}]\ngateways: [{gateways}]\n{spec}")


def test_nothing_listens_without_a_gateway() -> None:
    assert only(page(model(TWO, ROUTE))).ending is Ending.NO_LISTENER


def test_a_gateway_without_routes_knows_no_page() -> None:
    assert only(page(model(TWO, OPEN))).ending is Ending.NO_ROUTE


def test_the_gateways_proxy_uses_mutual_tls_towards_sidecars() -> None:
    assert only(page(model(TWO, OPEN, ROUTE))).wire is Wire.MTLS


@pytest.mark.parametrize(
    ("selector", "opens"),
    [
        ("{istio: ingressgateway}", True),
        ("{istio: ingressgateway, app: istio-ingressgateway}", True),
        ("{}", True),
        ("{istio: ingress}", False),
        ("{istio: ingressgateway, app: other}", False),
    ],
)
def test_a_gateway_opens_the_pods_that_it_selects(selector: str, opens: bool) -> None:
    outcome = only(page(model(TWO, gate(selector=selector), ROUTE)))
    assert outcome.ending is (Ending.SERVED if opens else Ending.NO_LISTENER)


@pytest.mark.parametrize(
    ("port", "protocol", "ending"),
    [
        (80, "HTTP", Ending.SERVED),
        (8080, "HTTP", Ending.SERVED),
        (81, "HTTP", Ending.NO_LISTENER),
        (443, "HTTP", Ending.NO_LISTENER),
        (80, "HTTP2", Ending.SERVED),
        (80, "http", Ending.SERVED),
        (80, "HTTPS", Ending.RESET),
        (80, "TCP", Ending.NO_LISTENER),
        (80, "SMTP", Ending.UNKNOWN),
    ],
)
def test_ports_that_the_service_leads_to_and_protocols_of_servers(
    port: int, protocol: str, ending: Ending
) -> None:
    server = f"port: {{number: {port}, name: http, protocol: {protocol}}}, hosts: ['*']"
    assert only(page(model(TWO, gate(server), ROUTE))).ending is ending


def test_a_route_for_a_port_means_the_servers_port() -> None:
    matched = TO_1.replace("[{route", "[{match: [{port: 80}], route")
    assert only(page(at_ingress(matched))).ending is Ending.SERVED
    server = "port: {number: 8080, name: http, protocol: HTTP}, hosts: ['*']"
    assert only(page(model(TWO, gate(server), at_gate(matched)))).ending is Ending.NO_ROUTE


def test_a_server_may_redirect_all_to_https() -> None:
    server = "port: {number: 80, name: http, protocol: HTTP}, hosts: ['*'], tls: {httpsRedirect: true}"
    assert only(page(model(TWO, gate(server), ROUTE))).ending is Ending.REDIRECT
    assert only(page(model(TWO, gate(server)))).ending is Ending.REDIRECT


@pytest.mark.parametrize(
    ("server", "hosts", "host", "ending"),
    [
        ("'*'", "'*'", "192.0.2.1", Ending.SERVED),
        ("'*'", "'*'", "a.example:30080", Ending.SERVED),
        ("'*'", "a.example", "a.example:30080", Ending.SERVED),
        ("'*'", "a.example", "A.example", Ending.SERVED),
        ("'*'", "a.example", "192.0.2.1", Ending.NO_ROUTE),
        ("a.example", "'*'", "a.example", Ending.SERVED),
        ("a.example", "'*'", "b.example", Ending.NO_ROUTE),
        ("'*.example'", "a.example", "a.example", Ending.SERVED),
        ("'*.example'", "a.other", "a.other", Ending.NO_ROUTE),
        ("voting/a.example", "'*'", "a.example", Ending.SERVED),
        ("./a.example", "'*'", "a.example", Ending.SERVED),
        ("'*/a.example'", "'*'", "a.example", Ending.SERVED),
        ("other/a.example", "'*'", "a.example", Ending.NO_ROUTE),
    ],
)
def test_hosts_have_to_be_the_servers_and_the_routes(
    server: str, hosts: str, host: str, ending: Ending
) -> None:
    told = f"port: {{number: 80, name: http, protocol: HTTP}}, hosts: [{server}]"
    assert only(page(model(TWO, gate(told), bound(hosts)), host)).ending is ending


def test_the_closest_host_wins_whatever_the_age() -> None:
    of = model(TWO, OPEN, bound("'*'"), bound("'*.example'", TO_2, "b"), bound("a.example", TO_1, "c"))
    assert only(page(of, "a.example")).pods[0] == "web 1"
    assert only(page(of, "b.example")).pods[0] == "web 2"
    assert only(page(of, "other")).pods[0] == "web 1"


def test_several_for_one_host_are_put_together_the_oldest_first() -> None:
    special = TO_2.replace("[{route", "[{match: [{uri: {prefix: /a}}], route")
    of = model(TWO, OPEN, bound("'*'", TO_1, "all"), bound("'*'", special, "special"))
    # The route for all comes last, although it is older.
    assert only(page(of, path="/a")).pods[0] == "web 2"
    assert only(page(of, path="/b")).pods[0] == "web 1"
    twice = model(TWO, OPEN, bound("'*'", TO_1, "z"), bound("'*'", TO_2, "a"))
    assert only(page(twice)).pods[0] == "web 1"


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("gate", True),
        ("voting/gate", True),
        ("./gate", True),
        ("gate.voting.svc.cluster.local", True),
        ("other", False),
        ("other/gate", False),
        ("mesh", False),
    ],
)
def test_names_of_gateways(name: str, counts: bool) -> None:
    outcome = only(page(model(TWO, OPEN, bound("'*'", gateways=name))))
    assert outcome.ending is (Ending.SERVED if counts else Ending.NO_ROUTE)


def test_a_route_in_the_mesh_only_is_not_the_gateways() -> None:
    plain = istio("VirtualService", "web", f"hosts: ['*']\n{TO_1}")
    assert only(page(model(TWO, OPEN, plain))).ending is Ending.NO_ROUTE


def test_what_is_kept_in_a_namespace_is_not_seen_by_the_gateway() -> None:
    hidden = at_gate(f"exportTo: ['.']\n{TO_1}")
    assert only(page(model(TWO, OPEN, hidden))).ending is Ending.NO_ROUTE
    rules = TWO.replace("  host: web\n", "  host: web\n  exportTo: ['.']\n")
    assert only(page(model(rules, OPEN, ROUTE))).ending is Ending.UNAVAILABLE


def test_a_destination_without_a_port_is_the_services_only_one() -> None:
    without = TO_1.replace(", port: {number: 8080}", "")
    assert only(page(at_ingress(without))).ending is Ending.SERVED
    more = TWO.replace("targetPort: http}", "targetPort: http}, {name: b, port: 90}")
    assert only(page(model(more, OPEN, at_gate(without)))).ending is Ending.UNAVAILABLE


def test_servers_of_several_protocols_at_one_port_are_unknown() -> None:
    other = "port: {number: 80, name: tls, protocol: HTTPS}, hosts: ['*'], tls: {mode: PASSTHROUGH}"
    assert endings(page(model(TWO, OPEN, gate(other, name="b"), ROUTE))) == {"unknown": 1}
