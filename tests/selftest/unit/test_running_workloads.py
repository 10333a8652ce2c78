"""A pod's component is found among its containers, and its ports whether they are declared or not."""

from typing import Any

import pytest

from canary_conformance.stages.running_workloads import Workload, workloads
from canary_conformance.voting.voting_app import VOTING_APP

PROXY = {"name": "istio-proxy", "image": "proxy:1"}
EXPORTER = {"name": "exporter", "image": "exporter:1", "ports": [{"containerPort": 9090}], "env": []}


def container(app: str = "voting-analytics", *ports: int, **env: str) -> dict[str, Any]:
    return {
        "name": app,
        "image": f"localhost/{app}:1.0",
        "ports": [{"containerPort": port} for port in ports],
        "env": [{"name": name, "value": value} for name, value in env.items()],
    }


def service(app: str, *targets: int | str) -> dict[str, Any]:
    return {"spec": {"selector": {"app": app}, "ports": [{"targetPort": port} for port in targets]}}


def workload(
    *containers: dict[str, Any],
    services: tuple[dict[str, Any], ...] = (),
    owner: str = "voting-analytics-1-0",
    kind: str = "StatefulSet",
) -> Workload:
    app = owner.removesuffix("-1-0").removesuffix("-2-0")
    pod = {
        "metadata": {
            "name": f"{owner}-0",
            "namespace": "voting",
            "uid": "u-1",
            "labels": {"app": app, "version": "1.0"},
            "ownerReferences": [{"kind": kind, "name": owner, "controller": True}],
        },
        "spec": {"containers": list(containers), "initContainers": [PROXY | {"restartPolicy": "Always"}]},
    }
    return workloads(VOTING_APP, [pod], services)[0]


@pytest.mark.parametrize("index", [0, 1])
def test_a_helper_before_or_after_the_component(index: int) -> None:
    component = container("voting-analytics", 8080, REDIS_HOST="voting-storage")
    containers = [EXPORTER, component] if index else [component, EXPORTER]
    one = workload(*containers)
    assert (one.container, one.index) == ("voting-analytics", index)
    assert (one.own_ports, set(one.ports)) == ((8080,), {8080, 9090})
    assert one.settings == {"REDIS_HOST": "voting-storage"}
    assert one.has_proxy()


def test_an_old_proxy_among_the_containers_is_none_of_the_manifests() -> None:
    one = workload(PROXY, EXPORTER, container("voting-analytics", 8080))
    assert (one.container, one.index) == ("voting-analytics", 1)


def test_an_undeclared_port_is_where_services_lead_to() -> None:
    led = workload(container(), services=(service("voting-analytics", 8081), service("voting-app", 7000)))
    assert led.ports == led.own_ports == (8081,)


def test_an_undeclared_port_without_a_service_is_the_contracts() -> None:
    assert workload(container()).ports == (8080,)
    assert workload(container(PORT="9000")).ports == (9000,)


@pytest.mark.parametrize(("owner", "port"), [("voting-storage-1-0", 6379), ("voting-storage-2-0", 3306)])
def test_a_store_listens_at_one_of_the_ports_of_both(owner: str, port: int) -> None:
    both = (service("voting-storage", 6379, 3306),)
    assert workload(container("voting-storage"), services=both, owner=owner).ports == (port,)
    assert workload(container("voting-storage", port), services=both, owner=owner).ports == (port,)


def test_a_service_may_lead_to_a_port_beside_the_declared_ones() -> None:
    led = workload(container("voting-analytics", 9999), services=(service("voting-analytics", 8080, "http"),))
    assert led.own_ports == (9999, 8080)


def test_nobody_has_to_answer_at_a_port_that_is_only_declared() -> None:
    component = container("voting-analytics", 8080)
    component["ports"].append({"containerPort": 9090})
    assert workload(component).answering_ports == (8080,)
    assert workload(container("voting-analytics", 8081)).answering_ports == (8081,)
    assert workload(container("voting-analytics", 8081), owner="other").answering_ports == (8081,)


def test_pods_of_one_name_are_told_apart() -> None:
    one = workload(container())
    assert (str(one.owner), one.uid) == ("StatefulSet/voting-analytics-1-0", "u-1")


def test_calls_go_to_every_port_or_to_the_components_own() -> None:
    one = workload(EXPORTER, container("voting-analytics", 8080))
    assert [call.port for call, _ in one.plain_calls()] == [9090, 8080]
    assert [call.port for call, _ in one.plain_calls(one.own_ports)] == [8080]
