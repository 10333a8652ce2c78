"""Which Services a pod's proxy knows by Sidecar objects, and what becomes of calls to others."""

import pytest

from canary_conformance.model.objects.questions import Answer, Ending, Source, Wire
from tests.selftest.routing_support import (
    OPEN,
    TWO,
    at_gate,
    call,
    deployment,
    documents,
    endings,
    in_mesh,
    istio,
    model,
    only,
    page,
    peer_authentication,
    service,
)

STORE = documents(
    deployment("store", ports="{name: redis, containerPort: 6379}"),
    service("store", "{name: redis, port: 6379}"),
)
STRICT = peer_authentication("mtls: {mode: STRICT}")
TO_2 = "http: [{route: [{destination: {host: web, subset: v2}}]}]"


def sidecar(spec: str, name: str = "default") -> str:
    return istio("Sidecar", name, spec)


def showing(*hosts: str, name: str = "default", more: str = "") -> str:
    return sidecar(f"egress: [{{hosts: [{', '.join(repr(host) for host in hosts)}]}}]\n{more}", name)


def served_in_mtls(answer: Answer) -> bool:
    return all(one.ending is Ending.SERVED and one.wire is Wire.MTLS for one in answer.outcomes)


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("./*", True),
        ("*/*", True),
        ("voting/*", True),
        ("*/store.voting.svc.cluster.local", True),
        ("./store.voting.svc.cluster.local", True),
        ("./*.voting.svc.cluster.local", True),
        ("istio-system/*", False),
        ("./web.voting.svc.cluster.local", False),
        ("./store", False),
        ("~/*", False),
    ],
)
def test_what_a_sidecar_shows(host: str, shown: bool) -> None:
    of = model(STORE, STRICT, showing(host))
    assert served_in_mtls(call(of, "store", 6379)) is shown
    assert endings(call(of, "store", 6379)) == {"served" if shown else "reset": 1}


def test_without_egress_everything_is_shown() -> None:
    assert served_in_mtls(call(model(STORE, STRICT, sidecar("{}")), "store", 6379))


def test_what_is_not_shown_passes_through_in_plaintext_to_any_pod_of_the_service() -> None:
    of = model(TWO, in_mesh(TO_2), showing("istio-system/*"))
    outcome = only(call(of))
    assert (set(outcome.pods), outcome.wire) == ({"web 1", "web 2"}, Wire.PLAIN)
    assert only(call(model(TWO, in_mesh(TO_2), showing("./*")))).pods == ("web 2",)


def test_http_that_is_refused_is_503_and_names_the_sidecar_first() -> None:
    answer = call(model(TWO, STRICT, showing("istio-system/*")))
    assert answer.endings == {Ending.UNAVAILABLE}
    for outcome in answer.outcomes:
        assert outcome.cause is not None
        assert outcome.cause.sentence == (
            "Sidecar/default does not show web.voting.svc.cluster.local to its pods (spec.egress.hosts), and "
            "their proxy passes it through in plaintext"
        )
        assert outcome.reason.endswith(":8080 refuses plaintext")


def test_where_only_registered_destinations_are_allowed_the_rest_is_refused() -> None:
    of = model(STORE, showing("istio-system/*", more="outboundTrafficPolicy: {mode: REGISTRY_ONLY}"))
    assert only(call(of, "store", 6379)).ending is Ending.RESET
    assert only(call(model(STORE, showing("istio-system/*")), "store", 6379)).ending is Ending.SERVED


def test_a_route_that_is_shown_shows_its_destinations() -> None:
    route = istio(
        "VirtualService",
        "alias",
        "hosts: [web.voting.svc.cluster.local]\ntcp: [{route: [{destination: {host: store}}]}]",
    )
    of = model(STORE, route, STRICT, showing("./web.voting.svc.cluster.local"))
    assert served_in_mtls(call(of, "store", 6379))


def test_a_route_that_is_not_shown_does_not_count() -> None:
    elsewhere = istio("VirtualService", "other", f"hosts: ['other']\n{TO_2}")
    of = model(TWO, elsewhere, in_mesh(TO_2), showing("./web.voting.svc.cluster.local"))
    assert only(call(of)).pods == ("web 2",)


@pytest.mark.parametrize(
    ("labels", "knows"), [({"app": "client"}, True), ({"app": "other"}, False), ({}, False)]
)
def test_a_selector_comes_before_the_namespaces_own(labels: dict[str, str], knows: bool) -> None:
    own = showing("./*", name="own", more="workloadSelector: {labels: {app: client}}")
    of = model(STORE, STRICT, showing("istio-system/*"), own)
    assert served_in_mtls(call(of, "store", 6379, Source("x", labels))) is knows


def test_the_root_namespaces_counts_last() -> None:
    rooted = showing("istio-system/*", name="mesh-wide")
    assert only(call(model(STORE, STRICT, root=rooted), "store", 6379)).ending is Ending.RESET
    assert served_in_mtls(call(model(STORE, STRICT, showing("./*"), root=rooted), "store", 6379))


def test_the_ingress_gateway_has_no_sidecar() -> None:
    of = model(TWO, OPEN, at_gate(TO_2), showing("istio-system/*"))
    assert only(page(of)).pods == ("web 2",)


@pytest.mark.parametrize(
    "spec",
    [
        "ingress: [{port: {number: 80, protocol: HTTP, name: http}, defaultEndpoint: 127.0.0.1:80}]",
        "egress: [{port: {number: 80, protocol: HTTP, name: http}, hosts: ['./*']}]",
        "egress: [{captureMode: NONE, hosts: ['./*']}]",
        "egress: [{hosts: ['everything']}]",
        "outboundTrafficPolicy: {egressProxy: {host: proxy}}",
    ],
)
def test_what_is_not_supported_is_not_judged_for_the_pods_that_it_is_for(spec: str) -> None:
    only_for_client = f"{spec}\nworkloadSelector: {{labels: {{app: client}}}}"
    of = model(STORE, sidecar(only_for_client))
    outcome = only(call(of, "store", 6379))
    assert outcome.ending is Ending.UNKNOWN
    assert "Sidecar/default" in outcome.reason
    assert served_in_mtls(call(of, "store", 6379, Source("other", {"app": "other"})))


def test_two_sidecars_for_the_same_pods_are_not_judged() -> None:
    of = model(STORE, showing("./*", name="a"), showing("*/*", name="b"))
    reason = only(call(of, "store", 6379)).reason
    assert reason == "Sidecar/b is for the same pods as Sidecar/a, and Istio defines no order"
