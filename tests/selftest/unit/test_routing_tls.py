"""What travels between two ends: the client's mode by its rule, the server's by its policy."""

import pytest

from canary_conformance.model.objects.questions import OUTSIDE, Ending, Request, Wire
from tests.selftest.routing_support import (
    BOTH_PORTS,
    CLIENT,
    HTTP,
    PODS,
    TCP,
    call,
    deployment,
    documents,
    endings,
    model,
    only,
    peer_authentication,
    policy,
    rule,
    service,
)

BARE = PODS.replace('version: "1"}', 'version: "1", sidecar.istio.io/inject: "false"}')
SERVED = {Wire.MTLS: "mTLS", Wire.PLAIN: "plaintext"}


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
