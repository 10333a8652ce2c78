"""The mesh of a cluster is found by what runs there; what a run can't be on is one sentence."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from canary_conformance.cluster import existing as existing_module
from canary_conformance.cluster.base import Address
from canary_conformance.cluster.existing import ExistingCluster, existing_cluster
from canary_conformance.cluster.pod_access import PodName
from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.mesh import found_mesh as module
from canary_conformance.mesh.found_mesh import FoundMesh, find_mesh
from canary_conformance.mesh.running_components import ProxyVersion
from canary_conformance.timeouts import Timeouts
from tests.selftest.api_server import ApiServer
from tests.selftest.mesh_objects import (
    AKS,
    add_on,
    config_map,
    gateway_pod,
    gateway_service,
    istiod,
    istiod_deployment,
    kubernetes_node,
    usual,
    webhook,
)

EXTERNAL, INTERNAL = "aks-istio-ingressgateway-external", "aks-istio-ingressgateway-internal"
INGRESS = "aks-istio-ingress"


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with ApiServer(kubernetes_node()) as server:
        yield server


class Found:
    """A cluster whose mesh is looked for."""

    def __init__(self, cluster: ExistingCluster) -> None:
        self._cluster = cluster

    def __call__(self, gateway: str = "", revision: str = "") -> FoundMesh:
        return find_mesh(self._cluster, gateway=gateway, revision=revision, istioctl=Path)


@pytest.fixture
def find(server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Found:
    """Find the mesh of a cluster whose proxies and control planes report themselves as Istio 1.30.2."""
    monkeypatch.setattr(existing_module, "LIMITS", Timeouts(node_route=0.3))
    monkeypatch.setattr(module, "ask_istiod", lambda *_: f"{server.istio}-0a1b2c-Clean")
    reported = ProxyVersion("1.30.2", "1.38.1-dev")
    monkeypatch.setattr(module, "proxy_versions", lambda _, pods: dict.fromkeys(pods, reported))
    (tmp_path / "ours").mkdir()
    return Found(existing_cluster(server.kubeconfig(tmp_path), "theirs", tmp_path / "ours"))


def test_a_usual_mesh_is_found_by_itself(server: ApiServer, find: Found) -> None:
    server.objects += usual()
    found = find()
    assert (found.root_namespace, found.revision, found.tags) == ("istio-system", "default", ("default",))
    assert found.injection_labels == {"istio-injection": "enabled"}
    assert found.istio_version == "1.30.2"
    assert found.istioctl == Path("1.30.2")
    assert (found.envoys, found.upstream_envoy) == (("1.38.1-dev",), None)
    gateway = found.gateway
    assert (gateway.namespace, gateway.name) == ("istio-system", "istio-ingressgateway")
    assert (gateway.selector, gateway.shared) == ({"istio": "ingressgateway"}, True)
    assert gateway.address == Address("127.0.0.1", 80)
    assert found.proxy_image == "registry.test/proxyv2:of-the-gateway"


def test_the_add_on_of_aks_is_found_by_its_own_names(server: ApiServer, find: Found) -> None:
    server.objects += [
        *add_on(),
        gateway_pod(EXTERNAL, INGRESS, {"istio": EXTERNAL}),
        gateway_service(EXTERNAL, INGRESS, istio=EXTERNAL, ip="127.0.0.1"),
    ]
    found = find()
    assert (found.root_namespace, found.revision) == (AKS, "asm-1-30")
    assert found.injection_labels == {"istio.io/rev": "asm-1-30"}
    assert found.proxy_image == "registry.test/istio/proxyv2:1.30.2-distroless"
    assert found.cni
    assert (found.mesh_config["accessLogFile"], found.mesh_config["extra"]) == ("own", 1)
    assert found.gateway.selector == {"istio": EXTERNAL}


def test_several_gateways_are_listed_until_one_is_named(server: ApiServer, find: Found) -> None:
    server.objects += add_on()
    for name in (EXTERNAL, INTERNAL):
        server.objects += [
            gateway_pod(name, INGRESS, {"istio": name}),
            gateway_service(name, INGRESS, istio=name, ip="127.0.0.1"),
        ]
    rejected(find, f"name one with --gateway: {INGRESS}/{EXTERNAL}, {INGRESS}/{INTERNAL}")
    assert find(gateway=f"{INGRESS}/{INTERNAL}").gateway.name == INTERNAL


@pytest.mark.parametrize(
    "pod",
    [
        gateway_pod("istio-egressgateway"),
        gateway_pod("out", labels={"operator.istio.io/component": "EgressGateways"}),
        gateway_pod("istio-eastwestgateway", labels={"topology.istio.io/network": "n"}),
        gateway_pod("made", labels={"gateway.networking.k8s.io/gateway-name": "made"}),
        gateway_pod("sidecar", role="sidecar"),
    ],
)
def test_other_gateways_are_no_ingress(pod: dict[str, Any], server: ApiServer, find: Found) -> None:
    name, labels = pod["metadata"]["name"], pod["metadata"]["labels"]
    server.objects += [*usual(), pod, gateway_service(name, istio=labels["istio"], app=labels["app"])]
    assert find().gateway.name == "istio-ingressgateway"


def test_a_service_beside_the_gateways_own_is_no_second_gateway(server: ApiServer, find: Found) -> None:
    server.objects += [*usual(), gateway_service("metrics", app="istio-ingressgateway", ports=(15090,))]
    assert find().gateway.name == "istio-ingressgateway"


def test_the_copy_that_a_run_has_is_no_second_gateway(server: ApiServer, find: Found) -> None:
    copy = gateway_service("istio-ingressgateway", "run-1-ingress")
    copy["metadata"]["managedFields"] = [{"manager": "voting-conformance"}]
    server.objects += [*usual(), gateway_pod("istio-ingressgateway", "run-1-ingress"), copy]
    assert find().gateway.namespace == "istio-system"


def test_two_revisions_without_a_default_are_listed(server: ApiServer, find: Found) -> None:
    revisions = [istiod("a"), istiod("b"), webhook("a"), webhook("b"), webhook("b", tag="prod")]
    server.objects += [*usual()[2:], *revisions]
    with pytest.raises(BadInput, match=r"name one with --revision: the cluster has a, b \(tag prod\)"):
        find()
    assert find(revision="a").injection_labels == {"istio.io/rev": "a"}
    by_tag = find(revision="prod")
    assert (by_tag.revision, by_tag.injection_labels) == ("b", {"istio.io/rev": "prod"})
    with pytest.raises(BadInput, match="--revision c: the cluster has a, b"):
        find(revision="c")


def test_of_two_revisions_the_default_is_in_charge(server: ApiServer, find: Found) -> None:
    server.objects += [*usual(), webhook("canary"), istiod("canary")]
    assert find().revision == "default"
    assert find(revision="canary").injection_labels == {"istio.io/rev": "canary"}


@pytest.mark.parametrize(
    ("setting", "kubelet", "native"),
    [
        ("auto", "v1.34.1", True),
        ("auto", "v1.32.9", False),
        ("true", "v1.32.9", True),
        ("false", "v1.34.1", False),
    ],
)
def test_native_sidecars_follow_the_setting_and_the_kubelets(
    setting: str, kubelet: str, native: bool, server: ApiServer, find: Found
) -> None:
    server.objects += [*usual(), istiod_deployment("default", ENABLE_NATIVE_SIDECARS=setting)]
    server.objects[0] = kubernetes_node(kubelet)
    assert find().native_sidecars is native


def test_a_namespace_gets_the_labels_by_which_the_control_plane_sees_it(
    server: ApiServer, find: Found
) -> None:
    mesh = "discoverySelectors: [{matchLabels: {team: mesh}}]"
    server.objects += [*usual(), config_map("istio", mesh=mesh)]
    assert find().injection_labels == {"istio-injection": "enabled", "team": "mesh"}


def test_ambient_mode_beside_sidecars_is_reported(server: ApiServer, find: Found) -> None:
    server.objects += [*usual(), gateway_pod("ztunnel", role="ztunnel")]
    assert find().ambient is True


def rejected(find: Found, why: str, **named: str) -> None:
    with pytest.raises(BadInput, match=why) as bad:
        find(**named)
    assert "\n" not in str(bad.value)


@pytest.mark.parametrize(
    ("objects", "why"),
    [
        ([], "^cluster theirs has no Istio that injects sidecars$"),
        (
            [istiod("default"), gateway_pod("ztunnel", role="ztunnel")],
            "it has ambient mode only, which the suite does not support",
        ),
        (
            [webhook("remote", url="https://istiod.example.test/inject")],
            "the control plane of revision remote does not run in the cluster",
        ),
        (
            [*usual(), config_map("istio", mesh="rootNamespace: policies")],
            "rootNamespace is policies and its control plane is in istio-system",
        ),
        (usual()[:3], "no ingress gateway of Istio was found"),
        (
            [*usual()[:-1], gateway_service("istio-ingressgateway", ports=(15021, 443))],
            "istio-system/istio-ingressgateway has no port 80; its ports are 15021, 443",
        ),
    ],
    ids=["no Istio", "ambient", "control plane elsewhere", "other root namespace", "no gateway", "no port"],
)
def test_a_mesh_that_no_run_can_be_on_is_bad_input(
    objects: list[dict[str, Any]], why: str, server: ApiServer, find: Found
) -> None:
    server.objects += objects
    rejected(find, why)


def test_an_istio_that_is_too_old_is_bad_input(server: ApiServer, find: Found) -> None:
    server.objects += usual()
    server.istio = "1.24.3"
    rejected(
        find, r"Istio 1.24.3 of revision default \(tag default\) is too old: the suite supports 1.28 to 1.31"
    )


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("istio-system/none", "no such Service; ingress gateways: istio-system/istio-ingressgateway"),
        ("elsewhere/none", "no such Service; ingress gateways: istio-system/istio-ingressgateway"),
        ("istio-system/app", "leads to pods that run no gateway of Istio"),
    ],
)
def test_a_name_of_no_gateway_is_bad_input(name: str, why: str, server: ApiServer, find: Found) -> None:
    server.objects += [*usual(), gateway_pod("app", role="sidecar"), gateway_service("app", app="app")]
    rejected(find, why, gateway=name)


@pytest.mark.parametrize("pods", [[], [gateway_pod("istio-ingressgateway", ready=False)]])
def test_a_gateway_without_a_ready_pod_fails_the_environment(
    pods: list[dict[str, Any]], server: ApiServer, find: Found
) -> None:
    server.objects += [*usual()[:3], *pods, usual()[-1]]
    with pytest.raises(EnvironmentFailed, match=rf"has 0 of {len(pods)} pods ready"):
        find(gateway="istio-system/istio-ingressgateway")


def test_a_control_plane_that_is_gone_fails_the_environment(server: ApiServer, find: Found) -> None:
    server.objects += usual()[:2]
    with pytest.raises(EnvironmentFailed, match=r"no istiod of revision default .* runs in istio-system"):
        find()


def test_a_proxy_that_does_not_answer_fails_the_environment(
    server: ApiServer, find: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object) -> dict[PodName, ProxyVersion]:
        raise ConnectionResetError("closed")

    server.objects += usual()
    monkeypatch.setattr(module, "proxy_versions", silent)
    with pytest.raises(EnvironmentFailed, match="the mesh of cluster theirs does not answer: closed"):
        find()


def test_what_may_not_be_read_is_bad_input_in_the_servers_words(server: ApiServer, find: Found) -> None:
    server.objects += usual()
    server.refused.add(("list", "mutatingwebhookconfigurations"))
    rejected(find, r"a right is missing on cluster theirs .*: judge cannot list mutatingwebhook")


def test_a_gateway_is_found_where_pods_may_be_listed_in_its_namespace_alone(
    server: ApiServer, find: Found
) -> None:
    server.objects += usual()
    server.refused.add(("list everywhere", "pods"))
    found = find()
    assert found.gateway.name == "istio-ingressgateway"
    assert found.ambient is None
