"""What travels between two ends: the client's mode by its rule, the server's by its policy."""

from __future__ import annotations

import pytest

from canary_conformance.errors import NotSpoken
from canary_conformance.model.objects.questions import OUTSIDE, Answer, Ending, Outcome, Request, Wire
from canary_conformance.voting.static.model_questions import who
from canary_conformance.voting.static.static_objects import pods_of
from tests.selftest.routing_support import (
    CLIENT,
    OPEN,
    at_gate,
    call,
    deployment,
    documents,
    endings,
    istio,
    model,
    only,
    page,
    peer_authentication,
    service,
)

pytestmark = pytest.mark.selftest

BOTH_PORTS = "{name: http, port: 8080}, {name: redis, port: 6379}"
PODS = documents(
    deployment("web", ports="{containerPort: 8080}, {containerPort: 6379}"), service("web", BOTH_PORTS)
)
BARE = PODS.replace('version: "1"}', 'version: "1", sidecar.istio.io/inject: "false"}')
HTTP, TCP = 8080, 6379
SERVED = {Wire.MTLS: "mTLS", Wire.PLAIN: "plaintext"}


def rule(mode: str, where: str = "trafficPolicy: {{tls: {{mode: {}}}}}") -> str:
    return istio("DestinationRule", "web", f"host: web\n{where.format(mode)}") if mode else ""


def policy(mode: str) -> str:
    return peer_authentication(f"mtls: {{mode: {mode}}}") if mode else ""


def ending(client: str, server: str, port: int) -> str:
    pods = BARE if server == "none" else PODS
    texts = [pods, rule(client), policy("" if server == "none" else server)]
    outcome = only(call(model(*filter(None, texts)), port=port))
    return str(outcome.wire if outcome.ending is Ending.SERVED else outcome.ending)


@pytest.mark.parametrize(
    ("client", "server", "http", "tcp"),
    [
        ("", "", "mTLS", "mTLS"),
        ("", "STRICT", "mTLS", "mTLS"),
        ("", "PERMISSIVE", "mTLS", "mTLS"),
        ("", "DISABLE", "plaintext", "plaintext"),
        ("", "none", "plaintext", "plaintext"),
        ("ISTIO_MUTUAL", "STRICT", "mTLS", "mTLS"),
        ("ISTIO_MUTUAL", "PERMISSIVE", "mTLS", "mTLS"),
        ("ISTIO_MUTUAL", "DISABLE", "503", "reset"),
        ("ISTIO_MUTUAL", "none", "503", "reset"),
        ("DISABLE", "STRICT", "503", "reset"),
        ("DISABLE", "PERMISSIVE", "plaintext", "plaintext"),
        ("DISABLE", "DISABLE", "plaintext", "plaintext"),
        ("DISABLE", "none", "plaintext", "plaintext"),
        ("SIMPLE", "STRICT", "503", "reset"),
        ("SIMPLE", "PERMISSIVE", "503", "reset"),
        ("SIMPLE", "none", "503", "reset"),
        ("MUTUAL", "STRICT", "unknown", "unknown"),
    ],
)
def test_what_two_ends_make_of_a_connection(client: str, server: str, http: str, tcp: str) -> None:
    assert ending(client, server, HTTP) == http
    assert ending(client, server, TCP) == tcp


@pytest.mark.parametrize(
    ("server", "wanted"),
    [
        ("", Ending.SERVED),
        ("PERMISSIVE", Ending.SERVED),
        ("DISABLE", Ending.SERVED),
        ("STRICT", Ending.RESET),
    ],
)
def test_plaintext_from_outside_is_reset_by_a_strict_port_only(server: str, wanted: Ending) -> None:
    of = model(*filter(None, [PODS, policy(server)]))
    for port in (HTTP, TCP):
        assert only(of.answer(Request(OUTSIDE, "web.voting", port))).ending is wanted
        assert only(of.answer_at_pod("web 1", port)).ending is wanted
    assert only(of.answer_at_pod("web 2", HTTP)).ending is Ending.NO_LISTENER


def test_a_strict_policy_guards_no_pod_without_a_sidecar() -> None:
    outcome = only(model(BARE, policy("STRICT")).answer(Request(OUTSIDE, "web.voting", HTTP)))
    assert (outcome.ending, outcome.wire) == (Ending.SERVED, Wire.PLAIN)


def test_the_rules_that_decided_are_named_with_their_lines() -> None:
    outcome = only(call(model(PODS, rule("ISTIO_MUTUAL"), policy("STRICT"))))
    assert [str(one) for one in outcome.rules] == [
        "2.yaml:6: DestinationRule/web: TLS mode ISTIO_MUTUAL",
        "1.yaml:20: Service/web port 8080 to the pods' 8080",
        "3.yaml:5: PeerAuthentication/default: STRICT",
    ]


class TestScopesOfPolicies:
    def test_a_policy_of_the_mesh_counts_where_no_narrower_one_does(self) -> None:
        strict = policy("STRICT")
        assert only(model(PODS, root=strict).answer_at_pod("web 1", HTTP)).ending is Ending.RESET
        of = model(PODS, policy("PERMISSIVE"), root=strict)
        assert only(of.answer_at_pod("web 1", HTTP)).ending is Ending.SERVED
        of = model(PODS, policy("UNSET"), root=strict)
        assert only(of.answer_at_pod("web 1", HTTP)).ending is Ending.RESET

    def test_a_policy_of_the_workload_and_its_ports(self) -> None:
        own = peer_authentication(
            """
            selector: {matchLabels: {app: web}}
            mtls: {mode: STRICT}
            portLevelMtls: {6379: {mode: DISABLE}}
            """.replace("6379:", "'6379':"),
            "web",
        )
        of = model(PODS, own)
        assert only(of.answer_at_pod("web 1", HTTP)).ending is Ending.RESET
        assert only(of.answer_at_pod("web 1", TCP)).ending is Ending.SERVED
        # A client that isn't told uses plaintext there, and mutual TLS elsewhere.
        assert only(call(of, port=TCP)).wire is Wire.PLAIN
        assert only(call(of, port=HTTP)).wire is Wire.MTLS

    def test_a_policy_for_other_pods_does_not_count(self) -> None:
        other = peer_authentication("selector: {matchLabels: {app: other}}\nmtls: {mode: STRICT}")
        assert only(model(PODS, other).answer_at_pod("web 1", HTTP)).ending is Ending.SERVED

    @pytest.mark.parametrize(
        "spec", ["mtls: {mode: STRIKT}", "mtls: STRICT", "selector: {app: web}", "portLevelMtls: {a: {}}"]
    )
    def test_a_policy_that_can_not_be_read_makes_answers_unknown(self, spec: str) -> None:
        assert only(call(model(PODS, peer_authentication(spec)))).ending is Ending.UNKNOWN


class TestScopesOfRules:
    SUBSETS = 'subsets: [{{name: v1, labels: {{version: "1"}}, trafficPolicy: {{tls: {{mode: {}}}}}}}]'

    def to_subset(self, *texts: str) -> str:
        route = at_gate("http: [{route: [{destination: {host: web, subset: v1, port: {number: 8080}}}]}]")
        outcome = only(page(model(PODS, OPEN, route, *texts)))
        return str(outcome.wire if outcome.ending is Ending.SERVED else outcome.ending)

    def test_a_subset_beats_the_rule(self) -> None:
        told = "trafficPolicy: {{tls: {{mode: ISTIO_MUTUAL}}}}\n" + self.SUBSETS
        assert self.to_subset(rule("DISABLE", told)) == "plaintext"
        assert self.to_subset(rule("DISABLE", told), policy("STRICT")) == "503"

    def test_a_port_beats_both(self) -> None:
        ports = (
            "trafficPolicy: {{tls: {{mode: ISTIO_MUTUAL}}, portLevelSettings: "
            "[{{port: {{number: 6379}}, tls: {{mode: {}}}}}]}}"
        )
        of = model(PODS, rule("DISABLE", ports))
        assert only(call(of, port=TCP)).wire is Wire.PLAIN
        assert only(call(of, port=HTTP)).wire is Wire.MTLS

    def test_settings_of_a_port_without_tls_leave_the_rules_mode_to_the_endpoints(self) -> None:
        ports = (
            "trafficPolicy: {{tls: {{mode: {}}}, portLevelSettings: "
            "[{{port: {{number: 6379}}, loadBalancer: {{simple: RANDOM}}}}]}}"
        )
        assert only(call(model(PODS, rule("DISABLE", ports)), port=TCP)).wire is Wire.PLAIN
        assert only(call(model(PODS, rule("ISTIO_MUTUAL", ports)), port=TCP)).wire is Wire.MTLS

    def test_a_rule_for_many_hosts_counts_unless_one_is_for_the_very_host(self) -> None:
        wide = istio(
            "DestinationRule",
            "all",
            "host: '*.voting.svc.cluster.local'\ntrafficPolicy: {tls: {mode: DISABLE}}",
        )
        assert only(call(model(PODS, wide))).wire is Wire.PLAIN
        assert only(call(model(PODS, wide, rule("ISTIO_MUTUAL")))).wire is Wire.MTLS

    def test_rules_of_one_host_are_put_together(self) -> None:
        policy_first = rule("DISABLE")
        subset = istio("DestinationRule", "b", 'host: web\nsubsets: [{name: v1, labels: {version: "1"}}]')
        other = istio("DestinationRule", "c", "host: web\ntrafficPolicy: {tls: {mode: ISTIO_MUTUAL}}")
        assert self.to_subset(policy_first, subset) == "plaintext"
        assert self.to_subset(subset, other) == "mTLS"
        assert self.to_subset(policy_first, subset, other) == "plaintext"

    @pytest.mark.parametrize(
        "spec",
        [
            "trafficPolicy: {tls: {mode: ISTIO}}",
            "trafficPolicy: {tls: {mode: ISTIO_MUTUAL, subjectAltNames: [other]}}",
            "trafficPolicy: {loadBalancer: {localityLbSetting: {enabled: true}}}",
            "trafficPolicy: {connectionPool: {http: {h2UpgradePolicy: UPGRADE}}}",
            "trafficPolicy: {loadBalancer: {simple: PASSTHROUGH}}",
            "trafficPolicy: {connectionPool: {tcp: {maxConnections: 1}}}",
            "trafficPolicy: {connectionPool: {http: {http1MaxPendingRequests: 1}}}",
            "workloadSelector: {matchLabels: {app: client}}",
            "subsets: many",
        ],
    )
    def test_what_the_model_does_not_speak_is_unknown(self, spec: str) -> None:
        outcome = only(call(model(PODS, istio("DestinationRule", "web", f"host: web\n{spec}"))))
        assert outcome.ending is Ending.UNKNOWN
        assert "DestinationRule/web spec." in outcome.reason

    @pytest.mark.parametrize(
        "policy",
        [
            "connectionPool: {tcp: {maxConnections: 100, connectTimeout: 10s}}",
            "connectionPool: {http: {http2MaxRequests: 1024, maxRequestsPerConnection: 1, maxRetries: 3}}",
            "outlierDetection: {consecutive5xxErrors: 5, interval: 30s}",
            "loadBalancer: {consistentHash: {useSourceIp: true}}",
        ],
    )
    def test_what_refuses_nobody_is_as_good_as_nothing(self, policy: str) -> None:
        outcome = only(
            call(model(PODS, istio("DestinationRule", "web", f"host: web\ntrafficPolicy: {{{policy}}}")))
        )
        assert (outcome.ending, outcome.hashed) == (Ending.SERVED, None)


class TestHashing:
    """Pods that are chosen by a hash are not equally likely; a constant one leaves one pod."""

    TWO_VERSIONS = documents(
        deployment("one", "1", app="web", replicas=3), deployment("two", "2", app="web"), service("web")
    )

    def hashed(self, policy: str, pods: str = "") -> Outcome:
        rule = istio("DestinationRule", "web", f"host: web\n{policy}")
        return only(call(model(pods or self.TWO_VERSIONS, rule)))

    @pytest.mark.parametrize("header", [":authority", "Host", ":path"])
    def test_by_what_all_requests_have_alike_one_pod_gets_them_all(self, header: str) -> None:
        by = f"loadBalancer: {{consistentHash: {{httpHeaderName: '{header}'}}}}"
        outcome = self.hashed(f"trafficPolicy: {{{by}}}")
        assert outcome.one_pod
        assert outcome.cause is not None
        assert "requests of one kind meet the same pod each time" in outcome.cause.sentence
        assert who(Answer((outcome,))) == "web 1 or web 2 (always the same pod)"

    @pytest.mark.parametrize(
        "by", ["httpHeaderName: x-user", "useSourceIp: true", "httpQueryParameterName: id"]
    )
    def test_by_anything_else_nobody_can_tell(self, by: str) -> None:
        outcome = self.hashed(f"trafficPolicy: {{loadBalancer: {{consistentHash: {{{by}}}}}}}")
        assert (outcome.hashed is not None, outcome.one_pod) == (True, False)
        with pytest.raises(NotSpoken, match="does not predict the shares"):
            who(Answer((outcome,)))
        with pytest.raises(NotSpoken, match="which pods serve"):
            pods_of(Answer((outcome,)))

    def test_one_workload_alone_answers_whichever_pod_it_is(self) -> None:
        alone = documents(deployment("one", "1", app="web", replicas=3), service("web"))
        by = "trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: ':path'}}}"
        outcome = self.hashed(by, alone)
        assert who(Answer((outcome,))) == "web 1"
        assert pods_of(Answer((outcome,))) == {"web 1": 1}

    def test_a_port_or_a_subset_of_its_own_counts_first(self) -> None:
        by = "loadBalancer: {consistentHash: {useSourceIp: true}}"
        other = "loadBalancer: {simple: ROUND_ROBIN}"
        at_port = f"trafficPolicy: {{{by}, portLevelSettings: [{{port: {{number: 8080}}, {other}}}]}}"
        assert self.hashed(at_port).hashed is None


class TestInjection:
    @pytest.mark.parametrize(
        ("namespace", "extra", "injected"),
        [
            ({"istio-injection": "enabled"}, "", True),
            ({"istio-injection": "disabled"}, "", False),
            ({"istio-injection": "enable"}, "", False),
            ({}, "", False),
            ({"istio.io/rev": "default"}, "", True),
            ({"istio.io/rev": "other"}, "", False),
            ({"istio-injection": "enabled"}, "annotations: {sidecar.istio.io/inject: 'false'}", False),
            ({"istio-injection": "enabled"}, "annotations: {sidecar.istio.io/inject: 'no'}", True),
            ({}, "annotations: {sidecar.istio.io/inject: 'true'}", False),
        ],
    )
    def test_namespace_and_annotation(self, namespace: dict[str, str], extra: str, injected: bool) -> None:
        of = model(deployment("web", extra=extra), labels=namespace)
        assert of.pods()[0].sidecar is injected

    @pytest.mark.parametrize(
        ("namespace", "label", "injected"),
        [
            ({"istio-injection": "enabled"}, "false", False),
            ({"istio-injection": "enabled"}, "true", True),
            ({"istio-injection": "disabled"}, "true", False),
            ({}, "true", True),
            ({}, "yes", False),
        ],
    )
    def test_the_pods_label(self, namespace: dict[str, str], label: str, injected: bool) -> None:
        labelled = deployment("web").replace(
            'version: "1"}', f'version: "1", sidecar.istio.io/inject: "{label}"}}'
        )
        assert model(labelled, labels=namespace).pods()[0].sidecar is injected

    def test_on_the_hosts_network_there_is_none(self) -> None:
        hosted = deployment("web").replace("    spec:\n", "    spec:\n      hostNetwork: true\n")
        assert "hostNetwork" in hosted
        assert model(hosted).pods()[0].sidecar is False

    def test_ports_that_the_sidecar_does_not_guard(self) -> None:
        name = "traffic.sidecar.istio.io/excludeInboundPorts"
        pods = documents(
            deployment("web", extra=f"annotations: {{{name}: '8080'}}"), service("web", BOTH_PORTS)
        )
        of = model(pods, policy("STRICT"))
        assert only(of.answer_at_pod("web 1", HTTP)).ending is Ending.SERVED
        assert only(of.answer_at_pod("web 1", TCP)).ending is Ending.RESET
        assert only(call(of)).ending is Ending.UNAVAILABLE

    def test_ports_at_which_a_client_passes_its_sidecar_by(self) -> None:
        name = "traffic.sidecar.istio.io/excludeOutboundPorts"
        client = deployment("client", extra=f"annotations: {{{name}: '8080'}}")
        of = model(PODS, client, policy("STRICT"))
        assert only(call(of, source=of.source("client", "1"))).ending is Ending.RESET
        assert only(call(of, port=TCP, source=of.source("client", "1"))).ending is Ending.SERVED

    def test_an_annotation_that_the_model_does_not_speak(self) -> None:
        name = "traffic.sidecar.istio.io/excludeOutboundIPRanges"
        client = deployment("client", extra=f"annotations: {{{name}: 10.0.0.0/8}}")
        of = model(PODS, client)
        assert only(call(of, source=of.source("client", "1"))).ending is Ending.UNKNOWN
        assert only(call(of)).ending is Ending.SERVED

    def test_one_pod_of_two_without_a_sidecar(self) -> None:
        bare = deployment("bare", "2", app="web").replace(
            'version: "2"}', 'version: "2", sidecar.istio.io/inject: "false"}'
        )
        pods = documents(deployment("web"), bare, service("web"))
        assert {outcome.wire for outcome in call(model(pods)).outcomes} == {Wire.MTLS, Wire.PLAIN}
        told = call(model(pods, rule("ISTIO_MUTUAL")))
        assert {str(key): float(value) for key, value in endings(told).items()} == {"served": 0.5, "503": 0.5}


def test_a_client_without_a_sidecar_sends_plaintext() -> None:
    bare = deployment("client").replace('version: "1"}', 'version: "1", sidecar.istio.io/inject: "false"}')
    of = model(PODS, bare, rule("ISTIO_MUTUAL"))
    assert only(call(of, source=of.source("client", "1"))).wire is Wire.PLAIN
    assert only(call(of, source=CLIENT)).wire is Wire.MTLS
