"""Names that lead nowhere are found, each with its line; a mesh in which all is there has none."""

import pytest

from tests.selftest.routing_support import (
    OPEN,
    TWO,
    at_gate,
    deployment,
    documents,
    in_mesh,
    istio,
    model,
    peer_authentication,
    service,
)

ROUTE = "http: [{route: [{destination: {host: web, subset: v1, port: {number: 8080}}}]}]"


def found(*texts: str) -> list[str]:
    return [str(finding) for finding in model(*texts).references()]


def test_nothing_dangles_where_all_is_there() -> None:
    policy = peer_authentication("selector: {matchLabels: {app: web}}\nmtls: {mode: STRICT}")
    assert found(TWO, OPEN, at_gate(ROUTE), in_mesh(ROUTE, name="mesh"), policy) == []


@pytest.mark.parametrize(
    ("edit", "finding"),
    [
        (("host: web", "host: wep"), "2.yaml:7: VirtualService/web: Service wep.voting.svc"),
        (
            ("subset: v1", "subset: v9"),
            "2.yaml:7: VirtualService/web: DestinationRule/web does not define subset v9",
        ),
        (("number: 8080", "number: 8081"), "2.yaml:7: VirtualService/web: Service/web has no port 8081"),
        (("[gate]", "[gat]"), "2.yaml:1: VirtualService/web: Gateway voting/gat"),
    ],
)
def test_what_a_route_names(edit: tuple[str, str], finding: str) -> None:
    [text] = found(documents(TWO, OPEN), at_gate(ROUTE).replace(*edit))
    assert text.startswith(finding)


def test_hosts_of_a_service_entry_are_there() -> None:
    entry = istio("ServiceEntry", "out", "hosts: ['*.example.com']\nports: [{number: 443, name: tls}]")
    rule = istio("DestinationRule", "out", "host: api.example.com")
    route = istio(
        "VirtualService",
        "out",
        "hosts: [api.example.com]\n" + ROUTE.replace("web, subset: v1", "api.example.com"),
    )
    assert len(found(TWO, rule, route)) == 3
    assert found(TWO, entry, rule, route) == []


def test_a_subset_that_no_rule_tells() -> None:
    texts = documents(deployment("web"), service("web"))
    assert "no DestinationRule defines subset v1 of web" in found(texts, in_mesh(ROUTE))[0]


def test_routes_without_a_host_that_nobody_delegates_to() -> None:
    lonely = in_mesh(ROUTE).replace("hosts: ['web']\n", "")
    assert found(TWO, lonely) == [
        "2.yaml:1: VirtualService/web: it has no host, and no route delegates to it"
    ]
    root = at_gate("http: [{delegate: {name: web}}]", name="root")
    assert found(TWO, OPEN, root, lonely) == []


def test_a_subset_without_pods_is_fine() -> None:
    empty = TWO.replace('{version: "1"}', "{version: none}")
    assert found(empty, in_mesh(ROUTE)) == []


def test_a_route_that_tells_no_port_of_several() -> None:
    several = TWO.replace("targetPort: http}", "targetPort: http}, {name: b, port: 81, targetPort: 8080}")
    text = found(several, in_mesh(ROUTE.replace(", port: {number: 8080}", "")))
    assert "has several ports" in text[0]


def test_hosts_of_rules_and_routes_without_a_service() -> None:
    rule = istio("DestinationRule", "other", "host: other")
    [text] = found(TWO, rule)
    assert text == "2.yaml:1: DestinationRule/other: Service other.voting.svc.cluster.local does not exist"
    [text] = found(TWO, in_mesh(ROUTE, host="other"))
    assert text == "2.yaml:1: VirtualService/web: Service other.voting.svc.cluster.local does not exist"


def test_two_routes_for_one_host_in_the_mesh() -> None:
    [text] = found(TWO, in_mesh(ROUTE), in_mesh(ROUTE, name="again"))
    assert text.startswith("3.yaml:1: VirtualService/again: host web.voting.svc.cluster.local is")


def test_selectors_that_select_nothing() -> None:
    closed = OPEN.replace("ingressgateway", "ingress")
    assert "2.yaml:5: Gateway/gate: its selector selects no gateway's pods" in found(TWO, closed)
    assert "its selector selects no pods" in found(service("web"))[0]
    policy = peer_authentication("selector: {matchLabels: {app: other}}\nmtls: {mode: STRICT}")
    assert found(TWO, policy) == ["2.yaml:5: PeerAuthentication/default: its selector selects no pods"]


def test_a_port_of_a_service_that_no_pod_has() -> None:
    named = documents(deployment("web"), service("web", "{name: http, port: 8080, targetPort: page}"))
    assert found(named) == ["1.yaml:20: Service/web: none of its pods has a port called page"]


def test_a_port_that_no_route_asks_for_may_have_lost_its_pods() -> None:
    ports = "{name: http, port: 8080, targetPort: http}, {name: redis, port: 6379, targetPort: redis}"
    two_ports = TWO.replace("{name: http, port: 8080, targetPort: http}", ports)
    assert len(found(two_ports)) == 1
    assert found(two_ports, in_mesh(ROUTE)) == []


def test_what_pods_need() -> None:
    needs = deployment("web") + "          envFrom: [{secretRef: {name: key}}]\n"
    assert found(needs) == ["1.yaml:14: Secret/key does not exist, and Deployment/web needs it"]
