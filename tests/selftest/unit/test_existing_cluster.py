"""A cluster that somebody else made: how its API server refuses a run, and where its gateway is reached."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from canary_conformance.cluster import existing as module
from canary_conformance.cluster.base import Address
from canary_conformance.cluster.existing import ExistingCluster, existing_cluster
from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.timeouts import Timeouts
from tests.selftest.api_server import ApiServer, write_kubeconfig
from tests.selftest.support import Site

# Neither leads anywhere (RFC 3849, RFC 6761); a network may answer for each address of IPv4.
NOWHERE, NO_NAME = "2001:db8::1", "gateway.invalid"


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with ApiServer(node("127.0.0.1")) as server:
        yield server


@pytest.fixture
def cluster(server: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ExistingCluster:
    monkeypatch.setattr(module, "LIMITS", Timeouts(node_route=0.3))
    return existing_cluster(server.kubeconfig(tmp_path), "theirs", folder(tmp_path))


def folder(tmp_path: Path) -> Path:
    made = tmp_path / "ours"
    made.mkdir()
    return made


def node(*addresses: str, kind: str = "InternalIP") -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "one"},
        "status": {
            "addresses": [{"type": kind, "address": one} for one in addresses],
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def service(opened: dict[int, int | None], *hosts: dict[str, str], **spec: Any) -> dict[str, Any]:
    """Return a Service with ports that lead to ports of the nodes, and addresses of its load balancer."""
    return {
        "metadata": {"name": "edge", "namespace": "ingress"},
        "spec": {
            "ports": [{"port": port, "nodePort": number} for port, number in opened.items()],
            "clusterIP": "10.96.0.7",
            **spec,
        },
        "status": {"loadBalancer": {"ingress": list(hosts)}},
    }


@contextmanager
def answering() -> Iterator[int]:
    with Site() as site:
        yield int(site.url.rsplit(":", 1)[1].strip("/"))


def closed_port() -> int:
    """Return a port of loopback at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_the_api_server_is_reached_and_knows_the_user(cluster: ExistingCluster, server: ApiServer) -> None:
    assert (cluster.user, cluster.server) == ("judge", server.url.rstrip("/"))
    assert [one["metadata"]["name"] for one in cluster.api.list("v1", "Node")] == ["one"]


def test_what_the_run_keeps_of_the_cluster_lies_in_its_own_folder(
    cluster: ExistingCluster, tmp_path: Path
) -> None:
    assert sorted(one.name for one in (tmp_path / "ours").iterdir()) == ["kubeconfig", "kubeconfig.discovery"]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["ours", "their-config"]
    assert cluster.api.kubeconfig == tmp_path / "ours/kubeconfig"


def test_an_expired_login_is_bad_input(server: ApiServer, tmp_path: Path) -> None:
    server.status = 401
    with pytest.raises(
        BadInput, match=r"does not accept the login of context theirs \(401, .*\): log in anew"
    ):
        existing_cluster(server.kubeconfig(tmp_path), "theirs", folder(tmp_path))


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("http://127.0.0.1:{}", "Connection refused"),
        ("http://api.invalid:{}", "Name or service not known|resolve|Temporary failure"),
    ],
)
def test_a_server_that_does_not_answer_fails_the_environment(address: str, why: str, tmp_path: Path) -> None:
    server = address.format(closed_port())
    file = write_kubeconfig(tmp_path / "config", server)
    with pytest.raises(
        EnvironmentFailed, match=f"the API server {server} of context theirs can't be reached: "
    ) as bad:
        existing_cluster(file, "theirs", folder(tmp_path))
    assert any(one in str(bad.value) for one in why.split("|"))
    assert "\n" not in str(bad.value)


def test_a_gateway_is_reached_at_its_load_balancer(cluster: ExistingCluster) -> None:
    with answering() as port:
        for given in ({"ip": "127.0.0.1"}, {"hostname": "localhost"}):
            found = cluster.address_of(service({port: None}, {"hostname": NO_NAME}, given), port)
            assert found == Address(next(iter(given.values())), port)


def test_a_refused_connection_is_a_route(cluster: ExistingCluster) -> None:
    port = closed_port()
    assert cluster.address_of(service({port: None}, {"ip": "127.0.0.1"}), port) == Address("127.0.0.1", port)


def test_a_load_balancer_that_is_silent_is_passed_over_for_a_node(cluster: ExistingCluster) -> None:
    with answering() as opened:
        found = cluster.address_of(service({80: opened}, {"ip": NOWHERE}, {"hostname": NO_NAME}), 80)
    assert found == Address("127.0.0.1", opened)


def test_an_external_address_of_a_node_comes_first(cluster: ExistingCluster, server: ApiServer) -> None:
    server.objects[:] = [node("127.0.0.1"), node("127.0.0.2", kind="ExternalIP")]
    found = cluster.address_of(service({80: closed_port()}), 80)
    assert found
    assert found.host == "127.0.0.2"


def test_a_router_that_accepts_for_everybody_is_no_route(cluster: ExistingCluster) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert cluster.address_of(service({port: None}, {"ip": "127.0.0.1"}), port) is None


def test_the_status_port_proves_an_address(cluster: ExistingCluster) -> None:
    """Both load balancers refuse at the port; only behind the second one is Istio."""
    port = closed_port()
    with answering() as number:
        gateway = service({80: port, 15021: number}, {"ip": "127.0.0.3"})
        assert cluster.address_of(gateway, 80) == Address("127.0.0.1", port)


@pytest.mark.parametrize(
    "given",
    [
        service({8080: 30080}, {"ip": "127.0.0.1"}),
        service({80: None}),
        service({80: None}, {"ip": NOWHERE}),
        service({80: None}, {"hostname": "a" * 80 + ".test"}),
    ],
)
def test_a_service_that_leads_nowhere_has_no_address(cluster: ExistingCluster, given: dict[str, Any]) -> None:
    assert cluster.address_of(given, 80) is None


def pod(name: str, *, ready: bool, **ports: int) -> dict[str, Any]:
    listed = [{"name": port, "containerPort": number} for port, number in ports.items()]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "ingress", "labels": {"app": "edge"}},
        "spec": {"containers": [{"name": "istio-proxy", "ports": listed}]},
        "status": {"conditions": [{"type": "Ready", "status": str(ready)}]},
    }


def test_a_node_with_a_pod_of_the_service_is_tried_first(
    cluster: ExistingCluster, server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "NODES_TRIED", 1)
    other = node("127.0.0.4") | {"metadata": {"name": "two"}}
    server.objects[:] = [node(NOWHERE), other, pod("edge-1", ready=True)]
    server.objects[-1]["spec"]["nodeName"] = "two"
    found = cluster.address_of(service({80: closed_port()}, selector={"app": "edge"}), 80)
    assert found
    assert found.host == "127.0.0.4"


@pytest.mark.parametrize("target", [8080, "http"])
def test_a_port_forward_to_a_ready_pod_is_the_last_resort(
    cluster: ExistingCluster, server: ApiServer, target: int | str
) -> None:
    server.objects += [pod("ending", ready=False, http=8080), pod("edge-1", ready=True, http=8080)]
    gateway = service({}, selector={"app": "edge"}, ports=[{"port": 80, "targetPort": target}])
    found = cluster.inside_address(gateway, 80)
    assert found
    assert (found.host, found.behind) == ("127.0.0.1", Address("10.96.0.7", 80))
    (forward,) = cluster.forwards
    assert (forward.pod.name, forward.target) == ("edge-1", 8080)
    socket.create_connection((found.host, found.port)).close()
    cluster.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((found.host, found.port))


@pytest.mark.parametrize(
    ("port", "target", "selector"), [(443, 8080, "edge"), (80, 8080, "other"), (80, "unknown", "edge")]
)
def test_nothing_leads_to_a_service_without_the_port_or_a_ready_pod(
    cluster: ExistingCluster, server: ApiServer, port: int, target: int | str, selector: str
) -> None:
    server.objects += [pod("edge-1", ready=True, http=8080)]
    gateway = service({}, selector={"app": selector}, ports=[{"port": port, "targetPort": target}])
    assert cluster.inside_address(gateway, 80) is None
