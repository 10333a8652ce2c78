"""--check-cluster lists what was found, what is in the way of a run, and which rights lack."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from canary_conformance.cluster import existing as existing_module
from canary_conformance.cluster.existing import existing_cluster
from canary_conformance.existing_options import ExistingOptions
from canary_conformance.mesh import found_mesh as module
from canary_conformance.mesh.running_components import ProxyVersion
from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.scenario_folder import SCENARIO_FILE
from canary_conformance.settings import read_source
from canary_conformance.stages.cluster_check import ClusterCheck, check_cluster
from canary_conformance.timeouts import Timeouts
from tests.selftest.api_server import ApiServer
from tests.selftest.mesh_objects import gateway_pod, gateway_service, istiod, kubernetes_node, webhook

GATEWAY = "istio-ingressgateway"


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with ApiServer(
        kubernetes_node(),
        webhook("default", by_label=True),
        istiod("default"),
        gateway_pod(GATEWAY),
        gateway_service(GATEWAY, ip="127.0.0.1"),
        other_gateway("shop", 80, "shop.example.test"),
        other_gateway("secure", 443, "secure.example.test"),
    ) as server:
        yield server


def other_gateway(name: str, port: int, host: str) -> dict[str, object]:
    servers = [{"port": {"number": port}, "hosts": [host]}]
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": name, "namespace": "others"},
        "spec": {"selector": {"istio": "ingressgateway"}, "servers": servers},
    }


@pytest.fixture
def check(server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], ClusterCheck]:
    monkeypatch.setattr(existing_module, "LIMITS", Timeouts(node_route=0.3))
    monkeypatch.setattr(module, "ask_istiod", lambda *_: f"{server.istio}-0a1b2c-Clean")
    monkeypatch.setattr(
        module, "proxy_versions", lambda _, pods: dict.fromkeys(pods, ProxyVersion("1.30.2", "1.38.1-dev"))
    )
    options = ExistingOptions("theirs", namespace_prefix="judge-", ingress="shared")
    cluster = existing_cluster(server.kubeconfig(tmp_path), "theirs", tmp_path)
    source = read_source(MANIFESTS, MANIFESTS / SCENARIO_FILE)
    return lambda: check_cluster(cluster, options, source, rewrite=True)


def test_what_was_found_is_a_table(check: Callable[[], ClusterCheck], server: ApiServer) -> None:
    found = check()
    assert (found.missing, found.failed, found.notes) == ([], [], [])
    assert dict(found.rows) == {
        "cluster": f"theirs: {server.url.rstrip('/')}, as judge",
        "nodes": "1 linux/arm64, 1 ready, kubelet v1.34.4, API server v1.34.0",
        "Istio's revisions": "default in istio-system, by istio-injection=enabled too",
        "ingress gateways": f"istio-system/{GATEWAY} (1 of 1 pods ready, ports 15021, 80, 443)",
        "Istio": "1.30.2 of revision default, Envoy 1.38.1-dev",
        "root namespace": "istio-system",
        "injection": "by the namespace's label istio-injection=enabled: native sidecars, set up by an init "
        "container",
        "ambient mode": "none",
        "gateway": f"istio-system/{GATEWAY}, selector istio=ingressgateway",
        "gateway's address": "127.0.0.1:80, where this machine has a route to it",
        "others' Gateways on it": "others/shop for shop.example.test",
    }
    assert "in the way" not in found.text()


def test_each_missing_right_is_in_the_way(check: Callable[[], ClusterCheck], server: ApiServer) -> None:
    server.refused |= {("delete", "pods"), ("list", "nodes")}
    text = check().text()
    assert re.search("^nodes +may not be read$", text, re.MULTILINE)
    assert "  no right to delete pods in the run's own namespaces: callers, readiness, restarted pods" in text
    assert "(--check-cluster names each): judge cannot list nodes" in text


def test_what_a_run_does_without_is_not_in_its_way(
    check: Callable[[], ClusterCheck], server: ApiServer
) -> None:
    server.refused.add(("list", "gateways"))
    found = check()
    assert dict(found.rows)["others' Gateways on it"] == "may not be read"
    assert any("which other Gateways open port 80" in one for one in found.notes)


def test_two_gateways_are_in_the_way_and_both_are_in_the_table(
    check: Callable[[], ClusterCheck], server: ApiServer
) -> None:
    server.objects += [gateway_pod("second"), gateway_service("second")]
    found = check()
    assert "second" in dict(found.rows)["ingress gateways"]
    assert [one for one in found.missing if "name one with --gateway" in one] == found.missing


def test_what_fails_is_no_matter_of_the_user(check: Callable[[], ClusterCheck], server: ApiServer) -> None:
    server.objects[3] = gateway_pod(GATEWAY, ready=False)
    found = check()
    assert (found.missing, len(found.failed)) == ([], 1)


def test_a_pair_of_releases_that_istio_does_not_support_is_noted(
    check: Callable[[], ClusterCheck], server: ApiServer
) -> None:
    server.istio = "1.28.0"
    assert check().notes == []
    server.kubernetes = "v1.36.4"
    assert check().notes == ["Istio 1.28.0 does not support Kubernetes v1.36.4"]


def test_a_gateway_that_others_use_is_in_the_way_unless_it_is_chosen(
    server: ApiServer, check: Callable[[], ClusterCheck]
) -> None:
    server.objects[-1] = other_gateway("all", 80, "*")
    (why,) = check().missing
    assert "requests for any host" in why
    assert "--ingress own" in why


def test_a_namespace_that_is_taken_is_in_the_way(
    check: Callable[[], ClusterCheck], server: ApiServer
) -> None:
    taken = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "judge-voting"}}
    server.objects.append(taken)
    (why,) = check().missing
    assert why.startswith("namespace judge-voting exists and this suite did not make it")
