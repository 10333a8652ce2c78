"""What the cluster's routing objects are asked is what manifests are asked."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from canary_conformance.errors import NotJudged
from canary_conformance.scenario.manifests import ManifestFolder, parse_manifests
from canary_conformance.scenario.observations import AppliedObject, StepRecord, Transition
from canary_conformance.scenario.stages import ObjectRef, Verb
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.voting.scenario_objects import (
    endpoints,
    findings_of,
    page_routed_at,
    routing_objects,
    warnings_of,
)
from canary_conformance.voting.static.static_objects import old_references, subsets_of

Object = dict[str, Any]


def namespace(**objects: list[Object]) -> NamespaceUnderTest:
    """Return a namespace whose API server lists these, as it does: without their kinds."""

    def list_(_: str, kind: str, namespace: str) -> list[Object]:
        assert namespace == "voting"
        return objects.get(kind, [])

    return cast(NamespaceUnderTest, SimpleNamespace(name="voting", api=SimpleNamespace(list=list_)))


def listed(name: str, spec: Object) -> Object:
    fields = [{"manager": "kubectl", "fieldsV1": {"f:spec": {".": {}}}, "time": "2026-01-01T00:00:00Z"}]
    metadata = {"name": name, "namespace": "voting", "generation": 2, "managedFields": fields}
    return {"metadata": metadata, "spec": spec, "status": {}}


def subset(version: str) -> Object:
    return {"name": f"v{version.replace('.', '-')}", "labels": {"version": version}}


RULE = listed("voting-app", {"host": "voting-app", "subsets": [subset("1.0"), subset("2.0")]})
ROUTE = {"match": [{"sourceLabels": {"app": "voting-app", "version": "1.0"}}], "route": []}
ROUTES = listed("voting-storage", {"hosts": ["voting-storage"], "tcp": [ROUTE]})


def test_old_subsets_and_rules_for_old_sources_are_found() -> None:
    found = old_references(
        routing_objects(namespace(DestinationRule=[RULE], VirtualService=[ROUTES])), ("1.0",)
    )
    assert [one.sentence for one in found] == [
        "DestinationRule/voting-app: subset v1-0 selects version 1.0",
        "VirtualService/voting-storage: a rule for sources of version 1.0",
    ]


def test_subsets_of_a_version_are_told_by_their_rules() -> None:
    model = routing_objects(namespace(DestinationRule=[RULE]))
    assert subsets_of(model, "2.0") == ["voting-app"]
    assert subsets_of(model, "3.0") == []


def test_a_cluster_without_such_objects_has_none() -> None:
    assert old_references(routing_objects(namespace()), ("1.0",)) == []


def test_an_object_that_nobody_could_have_applied_is_no_answer() -> None:
    with pytest.raises(NotJudged, match="DestinationRule"):
        routing_objects(namespace(DestinationRule=[listed("", {})]))


def test_endpoints_are_told_by_port() -> None:
    ready = {"addresses": ["10.0.0.2"], "conditions": {"ready": True}}
    waiting = {"addresses": ["10.0.0.3"], "conditions": {"ready": False}}
    of_ours: Object = {"labels": {"kubernetes.io/service-name": "voting-storage"}}
    slices: list[Object] = [
        {"metadata": of_ours, "ports": [{"port": 6379}, {"port": 3306}], "endpoints": [ready, waiting]},
        {"metadata": of_ours, "ports": [{"port": 6379}], "endpoints": [ready | {"addresses": ["10.0.0.1"]}]},
        {"metadata": {"labels": {}}, "ports": [{"port": 8080}], "endpoints": [ready]},
        {"metadata": of_ours, "ports": None, "endpoints": None},
    ]
    found = endpoints(namespace(EndpointSlice=slices), "voting-storage")
    assert found == {6379: ["10.0.0.1", "10.0.0.2"], 3306: ["10.0.0.2"]}


ROUTE_OF = "apiVersion: networking.istio.io/v1\nkind: VirtualService\n"
PAGE = ROUTE_OF + "metadata: {name: page}\nspec: {gateways: [g]}\n"
MESH = (
    "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: mesh}\nspec: {hosts: [a]}\n"
)


def made(*applied: tuple[str, Verb, float | None]) -> Transition:
    """Return a way into a stage of one step for each object, told by its name, verb and when it was live."""
    steps = tuple(
        StepRecord(name, (AppliedObject(ObjectRef("VirtualService", name), verb, live_at),), 0.0, 0.5, 1.0)
        for name, verb, live_at in applied
    )
    return Transition(4, steps, {})


@pytest.mark.parametrize(
    ("transition", "moment"),
    [
        (made(("mesh", Verb.CREATED, 9.0), ("page", Verb.CONFIGURED, 5.0)), 5.0),
        (made(("page", Verb.CONFIGURED, 5.0), ("mesh", Verb.CREATED, 9.0)), 5.0),
        (made(("page", Verb.CONFIGURED, 5.0), ("page", Verb.UNCHANGED, 9.0)), 5.0),
        (made(("mesh", Verb.CREATED, 9.0)), 1.0),
    ],
)
def test_the_page_is_routed_when_its_own_routes_are_live(transition: Transition, moment: float) -> None:
    manifests = parse_manifests(f"{PAGE}---\n{MESH}".encode(), "a.yaml", "voting").manifests
    folder = ManifestFolder(Path(), {"a.yaml": manifests})
    assert page_routed_at(cast(NamespaceUnderTest, SimpleNamespace(manifests=folder)), transition) == moment


def test_advice_on_every_envoy_filter_is_no_warning_of_what_is_deprecated() -> None:
    advice = "a.yaml:3: EnvoyFilter exposes internal implementation details that may change at any time."
    deprecated = "a.yaml:9: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"
    assert warnings_of(Transition(4, (), {}, warnings=(advice, deprecated))) == [deprecated]
    shown = f"IST0133 EnvoyFilter voting/slow: Schema validation warning: {advice.partition(': ')[2]}"
    old = (
        'IST0135 Pod voting/app: Annotation "sidecar.istio.io/inject" has been deprecated in favor of a label'
    )
    other = "IST0101 VirtualService voting/page: Referenced host not found"
    assert findings_of(cast(Any, SimpleNamespace(analyze=lambda: [shown, old, other]))) == [other]
