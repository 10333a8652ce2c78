"""Every way in from outside is knocked at before the Gateway exists (R1.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest

from canary_conformance.cluster.kind import KindCluster
from canary_conformance.scenario.observations import Reply, ReplyKind
from canary_conformance.stages import closed_ingress

pytestmark = pytest.mark.selftest

LISTENING = (8080, 6379, 3306)

GATEWAY = "http://192.0.2.1:31080"
KIND = KindCluster("ours", cast(Any, None), "192.0.2.9", reused=False)


def service(name: str, **port: int) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"ports": [{"port": 80, **port}]}}


def pod(*ports: Mapping[str, int], **spec: object) -> dict[str, Any]:
    owner = {"kind": "StatefulSet", "name": "storage", "controller": True}
    containers = [{"name": "redis", "ports": list(ports)}]
    return {
        "metadata": {"name": "storage-0", "ownerReferences": [owner]},
        "spec": {"containers": containers, **spec},
    }


@pytest.fixture
def knocked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were knocked at."""
    urls: list[str] = []

    def knock(url: str) -> Reply:
        urls.append(url)
        return Reply(ReplyKind.REFUSED, b"", "", 0.0)

    monkeypatch.setattr(closed_ingress, "knock", knock)
    return urls


def test_the_ingress_alone_where_nothing_else_is_open(knocked: list[str]) -> None:
    seen = closed_ingress.knock_everywhere(
        GATEWAY, KIND, [service("app")], [pod({"containerPort": 6379})], LISTENING
    )
    assert list(seen) == ["ingress gateway"]
    assert knocked == [GATEWAY]


def test_ports_of_the_node_that_services_and_pods_open(knocked: list[str]) -> None:
    pods = [pod({"containerPort": 6379, "hostPort": 6380})] * 2
    seen = closed_ingress.knock_everywhere(GATEWAY, KIND, [service("app", nodePort=30080)], pods, LISTENING)
    names = ["Service/app port 30080 of the node", "StatefulSet/storage port 6380 of the node"]
    assert list(seen) == ["ingress gateway", *names]
    assert knocked == [GATEWAY, "http://192.0.2.9:30080/", "http://192.0.2.9:6380/"]


def test_external_addresses_and_load_balancers_without_a_port_of_the_node_count_too(
    knocked: list[str],
) -> None:
    opened = service("app")
    opened["spec"]["externalIPs"] = ["192.0.2.9", "198.51.100.7"]
    opened["status"] = {"loadBalancer": {"ingress": [{"ip": "203.0.113.5"}]}}
    seen = closed_ingress.knock_everywhere(GATEWAY, KIND, [opened], [], LISTENING)
    assert knocked == [GATEWAY, "http://192.0.2.9:80/", "http://203.0.113.5:80/"]
    assert seen["Service/app port 80 of 198.51.100.7"] is closed_ingress.UNREACHABLE


def test_a_sidecars_port_counts_too(knocked: list[str]) -> None:
    before = {"name": "helper", "restartPolicy": "Always", "ports": [{"containerPort": 1, "hostPort": 9000}]}
    closed_ingress.knock_everywhere(GATEWAY, KIND, [], [pod(initContainers=[before])], LISTENING)
    assert knocked == [GATEWAY, "http://192.0.2.9:9000/"]


def test_a_pod_on_the_nodes_network_is_asked_at_the_contracts_ports(knocked: list[str]) -> None:
    closed_ingress.knock_everywhere(GATEWAY, KIND, [], [pod(hostNetwork=True)], LISTENING)
    assert {"http://192.0.2.9:8080/", "http://192.0.2.9:6379/", "http://192.0.2.9:3306/"} < set(knocked)
