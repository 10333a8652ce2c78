"""A cluster whose nodes run elsewhere, reached by a load balancer, serves the layers above as kind does."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.base import Address, Cluster
from canary_conformance.cluster.machine_pressure import NODES, machine_watch_of
from canary_conformance.cluster.network_audit import NOT_WATCHED, only_inside
from canary_conformance.errors import EnvironmentFailed, NotJudged
from canary_conformance.mesh.base import Gateway, Mesh, gateway_address
from canary_conformance.mesh.istioctl import analyze
from canary_conformance.scenario.observations import Reply, ReplyKind
from canary_conformance.stages import closed_ingress
from canary_conformance.stages.closed_ingress import knock_everywhere, ways_in
from canary_conformance.stages.disturbances import Unanswered, vitals, watch_of
from tests.selftest.support import Programs

Object = Mapping[str, Any]
INGRESS = "aks-istio-ingressgateway-external"


@dataclass
class Server:
    """An API server that holds objects of each kind; `silent` makes it refuse connections."""

    objects: dict[str, list[Object]]
    arguments: list[str] = field(default_factory=list)
    folder: Path = Path("/nowhere")
    silent: bool = False
    listed: list[str] = field(default_factory=list)

    def list(self, _: str, kind: str, namespace: str = "", _labels: str = "") -> list[Object]:
        if self.silent:
            raise ConnectionRefusedError("connection refused")
        self.listed.append(f"{kind} {namespace}".strip())
        return [one for one in self.objects.get(kind, []) if not namespace or _namespace(one) == namespace]

    def get(self, _: str, kind: str, name: str, namespace: str = "") -> Object | None:
        return next((one for one in self.list("", kind, namespace) if one["metadata"]["name"] == name), None)


@dataclass(frozen=True)
class RemoteCluster:
    """A Cluster that others use too: no access to its nodes, Services answer at a load balancer."""

    server: Server
    name: str = "shared"
    own_namespaces: tuple[str, ...] = ()
    node_address: str | None = None
    nodes: None = None

    @property
    def api(self) -> Api:
        return cast(Api, self.server)

    def address_of(self, service: Object, port: int) -> Address | None:
        ingress = service.get("status", {}).get("loadBalancer", {}).get("ingress", [])
        return Address(ingress[0]["hostname"], port) if ingress else None

    def inside_address(self, *_: object) -> None:
        return None


def _namespace(item: Object) -> str:
    return str(item["metadata"].get("namespace", ""))


def node(name: str, boot: str, **condition: str) -> Object:
    conditions = [{"type": "Ready", "status": "True"}, *([condition] if condition else [])]
    return {"metadata": {"name": name}, "status": {"conditions": conditions, "nodeInfo": {"bootID": boot}}}


def service(name: str, namespace: str, hostname: str = "", **port: int) -> Object:
    ingress = [{"hostname": hostname}] if hostname else []
    return {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"ports": [{"port": 80, **port}]},
        "status": {"loadBalancer": {"ingress": ingress}},
    }


@pytest.fixture
def server() -> Server:
    gateway = service(INGRESS, "aks-istio-ingress", "page.example.test", nodePort=31080)
    metadata = {"name": "istiod", "namespace": "aks-istio-system", "uid": "1"}
    istiod = {"metadata": metadata, "spec": {"nodeName": "one"}}
    nodes = [node("one", "a"), node("two", "b")]
    return Server({"Node": nodes, "Service": [gateway], "Pod": [istiod]})


@pytest.fixture
def cluster(server: Server) -> Cluster:
    return RemoteCluster(server)


@pytest.fixture
def mesh(cluster: Cluster) -> Mesh:
    address = gateway_address(cluster, "aks-istio-ingress", INGRESS)
    gateway = Gateway("aks-istio-ingress", INGRESS, address, {"istio": INGRESS})
    return cast(Mesh, SimpleNamespace(root_namespace="aks-istio-system", gateway=gateway))


def test_the_gateway_answers_at_the_load_balancer(mesh: Mesh) -> None:
    assert mesh.gateway.url == "http://page.example.test:80/"


@pytest.mark.parametrize(("name", "why"), [("absent", "is absent"), ("inner", "has no address for port 80")])
def test_a_gateway_without_an_address_is_the_environments_failure(
    server: Server, cluster: Cluster, name: str, why: str
) -> None:
    server.objects["Service"].append(service("inner", "n"))
    with pytest.raises(EnvironmentFailed, match=f"Service n/{name} {why}"):
        gateway_address(cluster, "n", name)


@pytest.mark.parametrize(
    ("host", "url"), [("10.0.0.1", "http://10.0.0.1:80/"), ("fd00::1", "http://[fd00::1]:80/")]
)
def test_an_address_is_a_url(host: str, url: str) -> None:
    assert Address(host, 80).url == url


def test_the_watch_asks_the_api_server_alone(server: Server, cluster: Cluster, mesh: Mesh) -> None:
    watch = watch_of(cluster, mesh, "voting", machine_watch_of(cluster))
    watch.note()
    assert watch.disturbance() == ""
    pods = [one for one in server.listed if one.startswith("Pod")]
    assert set(pods) == {"Pod aks-istio-system", "Pod aks-istio-ingress", "Pod voting"}
    server.objects["Node"] = [node("one", "c"), node("three", "d")]
    assert watch.disturbance() == "node one was restarted"
    pressed = {"type": "DiskPressure", "status": "True", "message": "no room"}
    server.objects["Node"] = [node("one", "a"), node("two", "d", **pressed)]
    assert watch.disturbance() == ""
    server.objects["Node"] = [node("one", "a", **pressed)]
    assert watch.disturbance() == "the node reports DiskPressure: no room"


def test_a_restarted_node_is_noticed_where_all_other_changes_are_the_runs_own(
    server: Server, cluster: Cluster, mesh: Mesh
) -> None:
    watch = watch_of(cluster, mesh, "voting", machine_watch_of(cluster))
    watch.note()
    server.objects["Node"] = [node("one", "c")]
    watch.start_anew()
    assert watch.disturbance() == "node one was restarted"


def test_a_silent_server_is_reported_without_a_word_on_nodes(
    server: Server, cluster: Cluster, mesh: Mesh
) -> None:
    server.silent = True
    with pytest.raises(Unanswered, match="the API server of cluster shared does not answer"):
        vitals(cluster, mesh, "voting")


def test_the_nodes_cpu_limits_are_not_sampled(cluster: Cluster) -> None:
    assert NODES not in machine_watch_of(cluster)._take().groups


def test_the_report_says_what_is_not_watched(cluster: Cluster) -> None:
    header: list[str] = []
    with only_inside(cluster, header):
        pass
    assert header == [NOT_WATCHED]


def test_istioctl_is_given_the_clusters_context_and_the_meshs_namespace(
    programs: Programs, server: Server, cluster: Cluster
) -> None:
    server.arguments = ["--kubeconfig", "/kubeconfig", "--context", "theirs"]
    analyze(cluster, programs.add("istioctl", "echo []"), "voting", "aks-istio-system")
    (call,) = programs.calls()
    assert "--istioNamespace aks-istio-system" in call
    assert call.endswith("--kubeconfig /kubeconfig --context theirs")


@pytest.fixture
def knocks(monkeypatch: pytest.MonkeyPatch) -> dict[str, ReplyKind]:
    """How knocks end, by URL; refused by default."""
    answers: dict[str, ReplyKind] = {}
    refused = Reply(ReplyKind.REFUSED, b"", "", 0.0)
    monkeypatch.setattr(
        closed_ingress, "knock", lambda url: replace(refused, kind=answers.get(url, refused.kind))
    )
    return answers


PAGE = Gateway("n", INGRESS, Address("page", 80), {})


HOST_PORT = {
    "metadata": {"name": "store-0"},
    "spec": {"containers": [{"name": "redis", "ports": [{"containerPort": 6379, "hostPort": 6379}]}]},
}
INNER = service("app", "voting", nodePort=30080)
OUTER = service("app", "voting", "app.example.test", nodePort=30080)


@pytest.mark.parametrize(("services", "pods"), [([], []), ([OUTER], [])])
@pytest.mark.usefixtures("knocks")
def test_ways_in_that_can_be_tried_are_judged(
    cluster: Cluster, services: list[Object], pods: list[Object]
) -> None:
    seen = ways_in(knock_everywhere(PAGE, cluster, services, pods, (8080,)))
    assert len(seen) == 1 + len(services)
    assert set(seen.values()) == {"refused"}


@pytest.mark.parametrize(
    ("services", "pods", "untried"),
    [
        ([INNER], [], "Service/app port 30080 of the node"),
        ([], [HOST_PORT], "Pod/store-0 port 6379 of the node"),
    ],
)
@pytest.mark.usefixtures("knocks")
def test_ways_in_that_can_not_be_tried_are_not_judged(
    cluster: Cluster, services: list[Object], pods: list[Object], untried: str
) -> None:
    with pytest.raises(NotJudged, match=f"{untried}: this machine can't reach the ports"):
        ways_in(knock_everywhere(PAGE, cluster, services, pods, (8080,)))


def test_an_answer_at_one_way_in_fails_whatever_could_not_be_tried(
    cluster: Cluster, knocks: dict[str, ReplyKind]
) -> None:
    knocks["http://app.example.test:80/"] = ReplyKind.ANSWERED
    seen = ways_in(knock_everywhere(PAGE, cluster, [OUTER], [HOST_PORT], (8080,)))
    assert seen == {"ingress gateway": "refused", "Service/app port 30080 of the node": "answered"}
