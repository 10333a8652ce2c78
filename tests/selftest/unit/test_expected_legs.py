"""Rows of the table of mutual TLS: what both ends do, whether that fits, and what causes it."""

import pytest

from canary_conformance.model.model import Leg
from canary_conformance.model.objects.questions import Request, explain
from canary_conformance.model.routing.expected_legs import NOTHING_TO_COMPARE
from tests.selftest.routing_support import (
    OPEN,
    at_gate,
    deployment,
    documents,
    istio,
    model,
    page,
    peer_authentication,
    service,
)

STORE = "{name: redis, containerPort: 6379}"
MESH = documents(
    deployment("voting-app-1-0", "1.0", app="voting-app"),
    deployment("voting-analytics-1-0", "1.0", app="voting-analytics"),
    deployment("voting-analytics-1-1", "1.1", app="voting-analytics"),
    deployment("voting-storage-1-0", "1.0", app="voting-storage", ports=STORE),
    service("voting-app"),
    service("voting-analytics"),
    service("voting-storage", "{name: redis, port: 6379, targetPort: redis}"),
    OPEN,
    at_gate("http: [{route: [{destination: {host: voting-app, port: {number: 8080}}}]}]"),
)
STRICT = peer_authentication("mtls: {mode: STRICT}")
TO_ANALYTICS = "voting-app 1.0 -> voting-analytics.voting.svc.cluster.local:8080"


def rule(mode: str, more: str = "") -> str:
    return with_policy(f"tls: {{mode: {mode}}}", more)


def with_policy(policy: str, more: str = "") -> str:
    spec = f"host: voting-analytics\ntrafficPolicy: {{{policy}}}\n{more}"
    return istio("DestinationRule", "analytics-tls", spec)


def at_port(mode: str, settings: str) -> str:
    return with_policy(f"tls: {{mode: {mode}}}, portLevelSettings: [{{port: {{number: 8080}}, {settings}}}]")


BALANCED = "loadBalancer: {simple: ROUND_ROBIN}"


def table(*texts: str) -> dict[str, Leg]:
    return {str(leg): leg for leg in model(MESH, *texts).legs()}


def test_legs_follow_from_the_pods() -> None:
    assert list(table()) == [
        "ingress gateway -> voting-app.voting.svc.cluster.local:8080",
        TO_ANALYTICS,
        "voting-app 1.0 -> voting-storage.voting.svc.cluster.local:6379",
        "voting-analytics 1.1 -> voting-storage.voting.svc.cluster.local:6379",
    ]


@pytest.mark.parametrize(
    ("texts", "cells"),
    [
        ((), "OK mTLS/HTTP mTLS - -"),
        ((STRICT,), "OK mTLS mTLS default/voting -"),
        ((rule("ISTIO_MUTUAL"),), "OK mTLS/HTTP mTLS - analytics-tls/voting"),
        ((rule("DISABLE"),), "OK mTLS/HTTP HTTP - analytics-tls/voting"),
        ((rule("DISABLE"), STRICT), "CONFLICT mTLS HTTP default/voting analytics-tls/voting"),
        ((rule("SIMPLE"), STRICT), "CONFLICT mTLS TLS default/voting analytics-tls/voting"),
        ((rule("MUTUAL"), STRICT), "CONFLICT mTLS TLS default/voting analytics-tls/voting"),
        # A rule that tells no TLS isn't what causes it.
        ((with_policy(BALANCED, "subsets: [{name: v1}]"), STRICT), "OK mTLS mTLS default/voting -"),
        ((at_port("ISTIO_MUTUAL", BALANCED), STRICT), "OK mTLS mTLS default/voting -"),
        (
            (at_port("ISTIO_MUTUAL", "tls: {mode: DISABLE}"), STRICT),
            "CONFLICT mTLS HTTP default/voting analytics-tls/voting",
        ),
        ((STRICT.replace("STRICT", "DISABLE"),), "OK HTTP HTTP default/voting -"),
    ],
)
def test_cells_of_a_row(texts: tuple[str, ...], cells: str) -> None:
    assert table(*texts)[TO_ANALYTICS].cells == cells


def test_a_server_without_a_sidecar_takes_plaintext() -> None:
    bare = deployment("voting-analytics-1-0", "1.0", app="voting-analytics").replace(
        'version: "1.0"}', 'version: "1.0", sidecar.istio.io/inject: "false"}'
    )
    assert table(bare)[TO_ANALYTICS].cells == "OK mTLS/HTTP mTLS/HTTP - -"
    assert table(bare, rule("ISTIO_MUTUAL"))[TO_ANALYTICS].status == "CONFLICT"


def test_every_destination_of_a_route_counts_and_one_without_pods_is_unknown() -> None:
    subsets = 'subsets: [{name: v1, labels: {version: "1.0"}}, {name: v2, labels: {version: "2.0"}}]'
    to_v1, to_v2 = (
        f"{{route: [{{destination: {{host: voting-analytics, subset: {name}}}}}]}}" for name in ("v1", "v2")
    )
    flagged = to_v2.replace("{route", "{match: [{headers: {a: {exact: a}}}], route")
    route = istio("VirtualService", "analytics", f"hosts: [voting-analytics]\nhttp: [{flagged}, {to_v1}]")
    row = table(rule("ISTIO_MUTUAL", subsets), route)[TO_ANALYTICS]
    assert row.cells == "UNKNOWN mTLS/HTTP mTLS - analytics-tls/voting"
    assert row.answer.share_of("voting-analytics 1.0") == 1


def test_a_leg_without_a_route_or_a_service_is_unknown() -> None:
    closed = MESH.replace("number: 80,", "number: 81,")
    assert {leg.cells for leg in model(closed).legs() if leg.source.gateway} == {NOTHING_TO_COMPARE}
    gone = MESH.replace("metadata: {name: voting-storage}", "metadata: {name: storage}")
    assert {leg.cells for leg in model(gone).legs() if "storage" in leg.host} == {NOTHING_TO_COMPARE}


def test_an_explanation_tells_each_outcome_with_its_share() -> None:
    weights = """
        http:
        - route:
          - {weight: 3, destination: {host: voting-app, port: {number: 8080}}}
          - {weight: 1, destination: {host: nowhere, port: {number: 80}}}
        """
    lines = explain(page(model(MESH.replace("name: web", "name: old"), at_gate(weights, "old")))).splitlines()
    assert [line for line in lines if not line.startswith(" ")] == [
        "75 %: served by voting-app 1.0 (1) at port 8080 over mTLS",
        "25 %: 503: VirtualService/old routes to host nowhere, which is no Service of the mesh",
    ]


TLS = istio(
    "DestinationRule", "analytics-tls", "host: voting-analytics\ntrafficPolicy: {tls: {mode: ISTIO_MUTUAL}}"
)
SUBSETS = istio(
    "DestinationRule", "analytics", "host: voting-analytics\nsubsets: [{name: v1, labels: {version: '1.0'}}]"
)


@pytest.mark.parametrize("texts", [(SUBSETS, TLS), (TLS, SUBSETS)])
def test_rules_of_one_host_are_merged_whichever_is_the_oldest(texts: tuple[str, ...]) -> None:
    of = model(MESH, *texts)
    row = next(leg for leg in of.legs() if str(leg) == TO_ANALYTICS)
    assert row.cells == "OK mTLS/HTTP mTLS - analytics + analytics-tls/voting"
    [routed] = of.answer(Request(row.source, row.host, row.port)).outcomes
    assert routed.rules[0].sentence == "DestinationRule/analytics-tls: TLS mode ISTIO_MUTUAL"


def test_rules_of_one_host_that_are_not_shown_to_the_same_namespaces_are_not_judged() -> None:
    private = TLS.replace("host:", "exportTo: ['.']\n  host:")
    row = next(leg for leg in model(MESH, SUBSETS, private).legs() if str(leg) == TO_ANALYTICS)
    [outcome] = row.answer.outcomes
    assert "unequal exportTo" in outcome.reason
