"""Which DestinationRule counts for a connection, and what its balancing does."""

import pytest

from canary_conformance.errors import NotSpoken
from canary_conformance.model.objects.questions import Answer, Ending, Outcome, Wire
from canary_conformance.voting.static.model_questions import who
from canary_conformance.voting.static.static_objects import pods_of
from tests.selftest.routing_support import (
    HTTP,
    OPEN,
    PODS,
    TCP,
    at_gate,
    call,
    deployment,
    documents,
    istio,
    model,
    only,
    page,
    policy,
    rule,
    service,
)


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
            "trafficPolicy: {loadBalancer: {localityLbSetting: {failoverPriority: [team]}}}",
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
            "connectionPool: {http: {h2UpgradePolicy: DO_NOT_UPGRADE}}",
            "loadBalancer: {simple: LEAST_REQUEST, localityLbSetting: {enabled: true}}",
            "loadBalancer: {simple: LEAST_REQUEST, warmup: {duration: 30s}}",
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
