"""A wrong answer names the line that is responsible, in plain words; a right one has no such line."""

import pytest

from canary_conformance.model.objects.questions import Answer, Ending, Outcome, Source
from tests.selftest.routing_support import (
    OPEN,
    TWO,
    at_gate,
    at_ingress,
    between_pods,
    call,
    deployment,
    documents,
    in_mesh,
    istio,
    model,
    only,
    page,
    peer_authentication,
    service,
)

TO_2 = "http: [{route: [{destination: {host: web, subset: v2}}]}]"
PODS = documents(
    deployment("one", "1", app="web", replicas=3), deployment("two", "2", app="web"), service("web")
)
SUBSETS = """
host: web
subsets: [{name: v1, labels: {version: "1"}}, {name: v2, labels: {version: "2"}}]
"""


def cause(answer: Answer) -> str:
    """Return what the one outcome is due to; fails when its line isn't known."""
    outcome = only(answer)
    assert outcome.cause is not None
    assert outcome.cause.place is not None
    if outcome.ending is not Ending.SERVED:
        assert outcome.rules[0] == outcome.cause
    return outcome.cause.sentence


def routes(hosts: str, spec: str = TO_2, more: str = "") -> str:
    return istio("VirtualService", "web", f"{more}hosts: [{hosts}]\n{spec}")


def rule(spec: str, name: str = "web") -> str:
    return istio("DestinationRule", name, spec)


TO_ALL = "http: [{route: [{destination: {host: web}}]}]"
ONE_POD = documents(deployment("two", "2", app="web"), service("web"))
CAUSES = {
    "a destination that is no Service": (
        (TWO, OPEN, at_gate(TO_2.replace("host: web", "host: web.voting"))),
        "VirtualService/web routes to host web.voting, which is no Service of the mesh; did you mean web "
        "or web.voting.svc.cluster.local?",
    ),
    "a rule for a host that is no Service": (
        (PODS, rule(SUBSETS.replace("host: web", "host: web.voting")), OPEN, at_gate(TO_2)),
        "DestinationRule/web: host web.voting is no Service of the mesh; did you mean web "
        "or web.voting.svc.cluster.local?, so subset v2 of web is undefined there",
    ),
    "a selector that selects other pods": (
        (TWO, OPEN.replace("istio: ingressgateway", "istio: ingress, team: a"), at_gate(TO_2)),
        "Gateway/gate selects pods labelled istio=ingress, team=a, and the ingress gateway's have "
        "istio=ingressgateway, no team",
    ),
    "another port": (
        (TWO, OPEN.replace("number: 80", "number: 8081"), at_gate(TO_2)),
        "Gateway/gate opens port 8081 and not 80",
    ),
    "a Gateway that does not exist": (
        (TWO, OPEN, at_gate(TO_2).replace("[gate]", "[gateway]")),
        "VirtualService/web is bound to Gateway voting/gateway, which does not exist",
    ),
    "no Gateway at all": (
        (TWO, OPEN, routes("'*'")),
        "VirtualService/web is bound to no Gateway, so that only sidecars have its routes",
    ),
    "a Gateway for another host": (
        (TWO, OPEN.replace('["*"]', "[vote.example.com]"), at_gate(TO_2)),
        "Gateway/gate takes host vote.example.com, and voters call the ingress address",
    ),
    "a subset whose labels no pod carries": (
        (PODS, rule(SUBSETS.replace('"2"', "v2")), OPEN, at_gate(TO_2)),
        "DestinationRule/web subset v2 (version=v2) selects no pod of Service/web",
    ),
    "no replicas": (
        (ONE_POD.replace("replicas: 1", "replicas: 0"), rule(SUBSETS), OPEN, at_gate(TO_2)),
        "Deployment/two has 0 replicas",
    ),
    "a Service that selects no pods": (
        (ONE_POD.replace("selector: {app: web}", "selector: {app: website}"), OPEN, at_gate(TO_ALL)),
        "Service/web selects app=website, which no pod carries",
    ),
}


@pytest.mark.parametrize(("texts", "told"), CAUSES.values(), ids=CAUSES)
def test_a_page_is_not_served_because_of(texts: tuple[str, ...], told: str) -> None:
    assert cause(page(model(*texts))) == told


class TestExportTo:
    @pytest.mark.parametrize("where", ["'.'", "voting"])
    def test_a_route_kept_to_its_namespace_is_not_the_gateways(self, where: str) -> None:
        of = at_ingress(f"exportTo: [{where}]\n{TO_2}")
        assert cause(page(of)) == (
            "VirtualService/web is exported to its own namespace voting only (exportTo), and the ingress "
            "gateway runs in istio-system"
        )

    @pytest.mark.parametrize("where", ["'*'", "istio-system", "'.', istio-system"])
    def test_a_route_shown_to_the_gateway_counts(self, where: str) -> None:
        of = at_ingress(f"exportTo: [{where}]\n{TO_2}")
        assert only(page(of)).pods == ("web 2",)

    def test_a_rule_kept_to_its_namespace_leaves_its_subsets_undefined_at_the_gateway(self) -> None:
        of = model(PODS, rule(f"exportTo: ['.']\n{SUBSETS}"), OPEN, at_gate(TO_2))
        assert cause(page(of)) == (
            "DestinationRule/web is exported to its own namespace voting only (exportTo), and the ingress "
            "gateway runs in istio-system, so subset v2 of web is undefined there"
        )
        assert only(call(model(PODS, rule(f"exportTo: ['.']\n{SUBSETS}"), in_mesh(TO_2)))).pods == ("web 2",)

    def test_a_rule_shown_to_others_only_is_not_the_sidecars(self) -> None:
        of = model(PODS, rule(f"exportTo: [istio-system]\n{SUBSETS}"), in_mesh(TO_2))
        assert cause(call(of)) == (
            "DestinationRule/web is exported to namespace istio-system only (exportTo), and the client runs "
            "in voting, so subset v2 of web is undefined there"
        )

    def test_a_route_shown_to_others_only_leaves_the_services_default(self) -> None:
        of = between_pods(f"exportTo: [istio-system]\n{TO_2}")
        assert set(only(call(of)).pods) == {"web 1", "web 2"}
        assert cause(call(of)).startswith("VirtualService/web is exported to namespace istio-system only")


class TestHosts:
    @pytest.mark.parametrize(
        "host",
        ["web.voting", "web.svc.cluster.local", "web.default.svc.cluster.local", "webb", "web.voting.svc"],
    )
    def test_a_route_for_a_host_that_is_no_service_says_what_was_meant(self, host: str) -> None:
        of = model(TWO.replace("web", "website"), routes(host.replace("web", "website"), TO_2))
        told = cause(call(of, "website"))
        assert told == (
            f"VirtualService/web: host {host.replace('web', 'website')} is no Service of the mesh; did you "
            "mean website or website.voting.svc.cluster.local?"
        )
        assert set(only(call(of, "website")).pods) == {"website 1", "website 2"}

    @pytest.mark.parametrize("host", ["web", "web.voting.svc.cluster.local", "'*.voting.svc.cluster.local'"])
    def test_a_route_for_the_service_by_any_of_its_names_counts(self, host: str) -> None:
        assert only(call(model(TWO, routes(host)))).pods == ("web 2",)

    @pytest.mark.parametrize("host", ["web.example.com", "other", "shop.voting"])
    def test_a_route_for_another_host_is_no_suspect(self, host: str) -> None:
        assert only(call(model(TWO, routes(host)))).suspect is None


class TestGateways:
    @pytest.mark.parametrize("host", ["vote.example.com", "web"])
    def test_a_host_that_voters_do_not_call(self, host: str) -> None:
        of = model(TWO, OPEN, at_gate(TO_2).replace("hosts: ['*']", f"hosts: [{host}]"))
        assert cause(page(of)).endswith("and voters call the ingress address")
        assert cause(page(of)).startswith(f"VirtualService/web is for host {host}")

    def test_a_route_without_hosts_is_nobodys(self) -> None:
        of = model(TWO, OPEN, istio("VirtualService", "web", f"gateways: [gate]\nhosts: []\n{TO_2}"))
        assert only(page(of)).ending is Ending.NO_ROUTE

    def test_a_route_bound_to_the_gateway_only_is_no_sidecars(self) -> None:
        of = model(TWO, OPEN, routes("web", TO_2, "gateways: [gate]\n"))
        assert cause(call(of)) == (
            "VirtualService/web is bound to Gateway voting/gate only, and not to the mesh: no sidecar "
            "has its routes"
        )


class TestSubsets:
    def test_one_that_no_rule_defines(self) -> None:
        outcome = only(page(model(PODS, OPEN, at_gate(TO_2))))
        assert cause(Answer((outcome,))) == (
            "VirtualService/web routes to subset v2 of web, which no DestinationRule defines"
        )
        assert outcome.lack is not None
        assert outcome.lack.subset == "v2"

    def test_one_that_the_rule_does_not_define(self) -> None:
        of = at_ingress(TO_2.replace("v2", "v3"))
        told = cause(page(of))
        assert told.startswith("VirtualService/web routes to subset v3, which DestinationRule/web (1.yaml:")
        assert told.endswith(") does not define; its subsets: v1, v2")


class TestPods:
    def test_pods_that_can_not_start_come_before_the_route_that_leads_to_them(self) -> None:
        blocked = PODS.replace("      containers:", "      serviceAccountName: nobody\n      containers:")
        told = cause(page(model(blocked, rule(SUBSETS), OPEN, at_gate(TO_2))))
        assert "ServiceAccount/nobody" in told


class TestTls:
    STRICT = peer_authentication("mtls: {mode: STRICT}")

    def page(self, mode: str, pods: str = "") -> Outcome:
        text = rule(f"host: web\ntrafficPolicy: {{tls: {{mode: {mode}}}}}")
        return only(page(model(pods or ONE_POD, text, self.STRICT, OPEN, at_gate(TO_ALL))))

    def test_a_client_that_is_not_to_send_tls(self) -> None:
        assert cause(Answer((self.page("DISABLE"),))) == "DestinationRule/web: TLS mode DISABLE"

    def test_a_server_without_a_sidecar(self) -> None:
        bare = ONE_POD.replace('version: "2"}', 'version: "2", sidecar.istio.io/inject: "false"}')
        assert cause(Answer((self.page("ISTIO_MUTUAL", bare),))) == "web 2:8080 has no sidecar"

    def test_a_caller_without_a_sidecar(self) -> None:
        of = model(ONE_POD, self.STRICT)
        answer = call(of, source=Source("plain", sidecar=False, namespace="voting"))
        assert cause(answer) == "PeerAuthentication/default: STRICT"


def test_a_source_that_no_route_is_for_names_the_route_that_it_misses() -> None:
    match = (
        "http: [{match: [{sourceLabels: {app: klient}}], route: [{destination: {host: web, subset: v2}}]}]"
    )
    assert cause(call(between_pods(match))) == (
        "VirtualService/web http[0]: the source isn't labelled app=klient"
    )


def test_what_is_served_as_it_is_meant_has_no_suspect() -> None:
    assert only(call(between_pods(TO_2))).suspect is None
    assert only(call(model(TWO))).suspect is None
