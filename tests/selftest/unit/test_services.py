"""Who is behind a Service's port, by selectors, names and numbers, and by what names it is called."""

import pytest

from canary_conformance.model.model import Endpoint
from canary_conformance.model.objects.questions import OUTSIDE, Ending, Request, Source, Speech
from canary_conformance.model.routing.services import Protocol, services
from tests.selftest.routing_support import call, deployment, documents, endings, model, only, service

FULL = "web.voting.svc.cluster.local"


def protocol(port: str) -> Protocol:
    found = services(model(service("web", port)).state)
    return found[FULL].ports[0].protocol


@pytest.mark.parametrize(
    ("port", "wanted"),
    [
        ("{port: 8080, name: http}", Protocol.HTTP),
        ("{port: 8080, name: http-page}", Protocol.HTTP),
        ("{port: 8080, name: HTTP}", Protocol.HTTP),
        ("{port: 8080, name: httpx}", Protocol.SNIFFED),
        ("{port: 8080, name: page}", Protocol.SNIFFED),
        ("{port: 8080}", Protocol.SNIFFED),
        ("{port: 3306}", Protocol.TCP),
        ("{port: 3306, name: http}", Protocol.HTTP),
        ("{port: 6379, name: redis}", Protocol.TCP),
        ("{port: 8080, name: redis, appProtocol: http}", Protocol.HTTP),
        ("{port: 8080, name: http, appProtocol: tcp}", Protocol.TCP),
        ("{port: 8080, name: http, appProtocol: kubernetes.io/h2c}", Protocol.HTTP2),
        ("{port: 8080, name: grpc-web}", Protocol.HTTP2),
        ("{port: 8080, name: https}", Protocol.TLS),
        ("{port: 8080, name: http, protocol: UDP}", Protocol.UDP),
    ],
)
def test_protocol_is_that_of_app_protocol_or_name(port: str, wanted: Protocol) -> None:
    assert protocol(port) is wanted


@pytest.mark.parametrize(
    ("target", "found"), [("http", 8080), ("admin", 9000), ("9000", 9000), ("1234", 1234), ("nothing", None)]
)
def test_target_port_is_a_number_or_the_name_of_a_containers_port(target: str, found: int | None) -> None:
    ports = "{name: http, containerPort: 8080}, {name: admin, containerPort: 9000}"
    of = model(
        deployment("web", "1", replicas=2, ports=ports),
        service("web", f"{{name: http, port: 80, targetPort: {target}}}"),
    )
    assert of.endpoints("web") == {80: (Endpoint("web 1", found),) * 2 if found else ()}


def test_without_a_target_port_it_is_the_services_own() -> None:
    of = model(deployment("web"), service("web", "{name: http, port: 8080}"))
    assert of.endpoints("web") == {8080: (Endpoint("web 1", 8080),)}


def test_all_labels_of_the_selector_have_to_fit() -> None:
    of = model(deployment("web"), service("web").replace("{app: web}", "{app: web, version: '2'}"))
    assert of.endpoints("web") == {8080: ()}
    assert only(call(of)).ending is Ending.UNAVAILABLE


def test_a_service_without_a_selector_has_no_pods() -> None:
    of = model(deployment("web"), service("web").replace("  selector: {app: web}\n", ""))
    assert of.endpoints("web") == {8080: ()}


def test_a_deployment_of_no_replicas_serves_nothing() -> None:
    of = model(deployment("web", replicas=0), service("web"))
    assert of.counted_pods() == {}
    assert only(call(of)).ending is Ending.UNAVAILABLE


def test_each_pod_is_as_likely_as_any_other() -> None:
    of = model(
        deployment("one", "1", app="web", replicas=3), deployment("two", "2", app="web"), service("web")
    )
    assert call(of).share_of("web 1") == 3 * call(of).share_of("web 2")
    assert only(call(of)).pods == ("web 1", "web 1", "web 1", "web 2")


@pytest.mark.parametrize(
    "host",
    [
        "web", "WEB", "web:8080", "web.voting", "web.voting.svc", "web.voting.svc.cluster.local",
        "web.voting.svc.cluster.local.",
    ],
)  # fmt: skip
def test_a_service_is_called_by_each_of_its_names(host: str) -> None:
    assert only(call(model(deployment("web"), service("web")), host)).ending is Ending.SERVED


@pytest.mark.parametrize("host", ["webb", "web.other", "web.other.svc.cluster.local"])
def test_nobody_listens_under_another_name(host: str) -> None:
    assert only(call(model(deployment("web"), service("web")), host)).ending is Ending.NO_LISTENER


def test_a_host_outside_of_the_cluster_is_unknown() -> None:
    assert only(call(model(), "www.example.com")).ending is Ending.UNKNOWN


def test_a_short_name_is_looked_up_where_the_request_comes_from() -> None:
    of = model(deployment("web"), service("web"))
    assert only(of.answer(Request(OUTSIDE, "web", 8080))).ending is Ending.NO_LISTENER
    assert only(of.answer(Request(OUTSIDE, "web.voting", 8080))).ending is Ending.SERVED


def test_a_port_that_the_service_lacks_has_no_listener() -> None:
    answer = call(model(deployment("web"), service("web")), "web", 9000)
    assert only(answer).ending is Ending.NO_LISTENER
    assert only(answer).reason == "Service/web has no port 9000 for TCP"


def test_what_the_contract_says_of_a_listening_port_is_believed() -> None:
    ports = "{name: redis, containerPort: 6380}"
    of = model(
        deployment("voting-storage-1-0", "1.0", app="store", ports=ports),
        service("store", "{name: redis, port: 6379, targetPort: redis}"),
    )
    assert only(call(of, "store", 6379)).ending is Ending.RESET
    assert "nothing listens" in only(call(of, "store", 6379)).reason


def test_the_contract_counts_the_variable_port() -> None:
    app = deployment("voting-app-1-0", "1.0", app="web", ports="{name: http, containerPort: 80}")
    told = app.rstrip() + "\n          env: [{name: PORT, value: '80'}]\n"
    assert only(call(model(app, service("web")))).ending is Ending.UNAVAILABLE
    assert only(call(model(told, service("web")))).ending is Ending.SERVED


@pytest.mark.parametrize(
    "edit",
    [
        ("ports:", "clusterIP: None\n  ports:"),
        ("ports:", "type: ExternalName\n  ports:"),
        ("{name: web}", "{name: web, annotations: {networking.istio.io/exportTo: '.'}}"),
        ("port: 8080", "port: many"),
    ],
)
def test_what_the_model_does_not_speak_is_unknown_with_its_place(edit: tuple[str, str]) -> None:
    of = model(documents(deployment("web"), service("web").replace(*edit)))
    outcome = only(call(of))
    assert outcome.ending in {Ending.UNKNOWN}
    assert outcome.rules[0].place is not None


def test_http_to_a_port_of_another_protocol_and_the_other_way_round() -> None:
    of = model(
        deployment("web"), service("web", "{name: http, port: 8080}, {name: tcp, port: 81, targetPort: http}")
    )
    client = Source("client")
    as_http = of.answer(Request(client, "web", 81, speaks=Speech.HTTP))
    as_tcp = of.answer(Request(client, "web", 8080, speaks=Speech.TCP))
    assert endings(as_http) == {"served": 1}
    assert endings(as_tcp) == {"503": 1}
