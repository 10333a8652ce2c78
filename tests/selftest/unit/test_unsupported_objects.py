"""Objects that the model does not support make unknown what they can touch, and nothing else."""

import pytest

from canary_conformance.model.model import Model
from canary_conformance.model.objects.questions import Ending, Source
from tests.selftest.routing_support import (
    OPEN,
    at_gate,
    call,
    deployment,
    documents,
    istio,
    model,
    only,
    page,
    service,
)

PODS = documents(
    deployment("web"),
    service("web"),
    deployment("store", ports="{name: redis, containerPort: 6379}"),
    service("store", "{name: redis, port: 6379}"),
    OPEN,
    at_gate("http: [{route: [{destination: {host: web}}]}]"),
)
OTHER = Source("other", {"app": "other"})


def envoy_filter(spec: str) -> str:
    return istio("EnvoyFilter", "patch", spec).replace(
        "networking.istio.io/v1\n", "networking.istio.io/v1alpha3\n"
    )


def unknown(of: Model) -> set[str]:
    """Return which of three ways the model can't tell: the page, and two sources' calls of the store."""
    answers = {"page": page(of), "client": call(of, "store", 6379), "other": call(of, "store", 6379, OTHER)}
    return {name for name, answer in answers.items() if only(answer).ending is Ending.UNKNOWN}


@pytest.mark.parametrize(
    ("spec", "touched"),
    [
        ("{}", {"page", "client", "other"}),
        ("workloadSelector: {labels: {app: client}}", {"client"}),
        ("workloadSelector: {labels: {app: web}}", {"page"}),
        ("workloadSelector: {labels: {app: store}}", {"client", "other"}),
        ("configPatches: [{applyTo: LISTENER, match: {context: SIDECAR_OUTBOUND}}]", {"client", "other"}),
        (
            "configPatches: [{applyTo: LISTENER, match: {context: SIDECAR_INBOUND}}]",
            {"page", "client", "other"},
        ),
        ("configPatches: [{applyTo: LISTENER, match: {context: GATEWAY}}]", set()),
        ("configPatches: [{applyTo: LISTENER}]", {"page", "client", "other"}),
    ],
)
def test_an_envoy_filter_touches_the_pods_that_it_selects(spec: str, touched: set[str]) -> None:
    assert unknown(model(PODS, envoy_filter(spec))) == touched


def test_one_of_the_root_namespace_touches_the_gateway_too() -> None:
    text = envoy_filter("configPatches: [{applyTo: LISTENER, match: {context: GATEWAY}}]")
    assert unknown(model(PODS, root=text)) == {"page"}


@pytest.mark.parametrize(
    ("spec", "touched"),
    [
        ("hosts: [api.example.com]\nports: [{number: 443, name: https, protocol: HTTPS}]", set()),
        ("hosts: [api.example.com]\nports: [{number: 8080, name: http, protocol: HTTP}]", set()),
        ("hosts: [db.example.com]\nports: [{number: 6379, name: redis, protocol: TCP}]", {"client", "other"}),
        (
            "hosts: [db.example.com]\naddresses: [10.1.1.1]\nports: [{number: 6379, name: r, protocol: TCP}]",
            set(),
        ),
        ("hosts: [web.voting.svc.cluster.local]", {"page"}),
        ("hosts: ['*.voting.svc.cluster.local']", {"page", "client", "other"}),
    ],
)
def test_a_service_entry_touches_its_own_hosts_and_captured_ports(spec: str, touched: set[str]) -> None:
    assert unknown(model(PODS, istio("ServiceEntry", "outside", spec))) == touched


def test_a_route_to_a_host_of_a_service_entry_is_not_judged() -> None:
    outside = istio("ServiceEntry", "outside", "hosts: [api.example.com]")
    route = at_gate("http: [{route: [{destination: {host: api.example.com}}]}]", "zz")
    pods = documents(deployment("web"), service("web"), OPEN, route)
    assert only(page(model(pods, outside))).ending is Ending.UNKNOWN
    assert only(page(model(pods))).ending is Ending.UNAVAILABLE


@pytest.mark.parametrize(
    ("spec", "touched"),
    [
        ("jwtRules: [{issuer: me, jwksUri: 'https://me/keys'}]", set()),
        ("selector: {matchLabels: {app: web}}\njwtRules: [{issuer: me, fromCookies: [session]}]", {"page"}),
    ],
)
def test_a_request_authentication_touches_only_requests_with_tokens(spec: str, touched: set[str]) -> None:
    assert unknown(model(PODS, istio("RequestAuthentication", "jwt", spec, "security"))) == touched


def test_telemetry_touches_nothing() -> None:
    text = istio("Telemetry", "logs", "accessLogging: [{}]", "telemetry")
    assert unknown(model(PODS, text)) == set()
