"""What of the cluster's DestinationRules leads nowhere: a host that is no Service, a subset without pods."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from canary_conformance.voting.scenario_objects import dangling_rules

OBJECTS: dict[str, list[dict[str, Any]]] = {
    "Service": [{"metadata": {"name": "app"}, "spec": {"selector": {"app": "app"}}}],
    "Pod": [{"metadata": {"labels": {"app": "app", "version": "2.0"}}}, {"metadata": {}}],
}


def dangling(host: str, **subsets: dict[str, str]) -> list[str]:
    spec: dict[str, Any] = {"host": host}
    if subsets:
        spec["subsets"] = [{"name": name, "labels": labels} for name, labels in subsets.items()]
    rules = [{"metadata": {"name": "rule"}, "spec": spec}]
    api = SimpleNamespace(list=lambda _, kind, __: rules if kind == "DestinationRule" else OBJECTS[kind])
    return dangling_rules(cast(Any, SimpleNamespace(api=api, name="voting")))


@pytest.mark.parametrize("host", ["app", "app.voting.svc.cluster.local"])
def test_a_subset_has_to_select_a_pod(host: str) -> None:
    assert dangling(host, new={"version": "2.0"}, every={}) == []
    text = "DestinationRule/rule: subset old selects no pods"
    assert dangling(host, new={"version": "2.0"}, old={"version": "1.0"}) == [text]


@pytest.mark.parametrize("host", ["gone", "gone.voting.svc.cluster.local"])
def test_a_host_of_the_namespace_has_to_be_a_service(host: str) -> None:
    assert dangling(host) == [f"DestinationRule/rule: Service {host} does not exist"]


@pytest.mark.parametrize("host", ["*", "*.voting.svc.cluster.local", "app.other.svc.cluster.local", "a.com"])
def test_hosts_of_others_and_wild_ones_are_left_alone(host: str) -> None:
    assert dangling(host, old={"version": "1.0"}) == []
