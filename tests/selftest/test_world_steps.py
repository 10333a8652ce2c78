"""A step's objects: what is waited for between them, and what still is there while they are deleted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from fixtures.plugin.options import OWN_MANIFESTS
from fixtures.scenario.loading import load_scenario
from fixtures.scenario.manifests import ManifestFolder, load_manifests
from fixtures.scenario.stages import Apply, Delete, ObjectRef
from fixtures.world.steps import apply_file, delete_objects, kinds_of

pytestmark = pytest.mark.selftest

ROUTES_OF_2_0 = "istio/step-3-add-routing-for-2.0-components.yaml"
RULES, ROUTES = "DestinationRule", "VirtualService"


@pytest.fixture
def manifests() -> ManifestFolder:
    return load_manifests(OWN_MANIFESTS, load_scenario(OWN_MANIFESTS))


def step_of(manifests: ManifestFolder, file: str) -> Apply:
    assert file in manifests.files
    steps = [step for stage in load_scenario(OWN_MANIFESTS).stages for step in stage.steps]
    return next(step for step in steps if isinstance(step, Apply) and step.file == file)


class Cluster:
    """An API server of so many pods of one Deployment, which are gone one by one."""

    def __init__(self, pods: int = 0) -> None:
        self.pods = pods
        self.deployment = True
        self.looked: list[str] = []

    def apply(self, body: Mapping[str, Any], namespace: str) -> Any:  # noqa: ARG002
        return SimpleNamespace(object=ObjectRef(body["kind"], body["metadata"]["name"]), warnings=())

    def delete(self, *_: str) -> bool:
        return True

    def list(self, *_: str) -> list[dict[str, Any]]:
        self.looked.append("pods")
        owner = [{"kind": "ReplicaSet", "name": "app-1-0-5f9bdd6579"}]
        labels = {"pod-template-hash": "5f9bdd6579"}
        left = [
            {"metadata": {"name": f"app-{n}", "labels": labels, "ownerReferences": owner}}
            for n in range(self.pods)
        ]
        self.pods = max(self.pods - 1, 0)
        return left

    def get(self, *_: str | None) -> object:
        self.looked.append("Deployment")
        there, self.deployment = self.deployment, False
        return there


def test_what_is_waited_for_between_a_rule_and_its_route_is_told_by_its_kinds(
    manifests: ManifestFolder,
) -> None:
    settled: list[Collection[str]] = []
    step = step_of(manifests, ROUTES_OF_2_0)
    apply_file(cast(Any, Cluster()), manifests, step, "voting", settled.append)
    assert settled == [{RULES}, {RULES, ROUTES}, {RULES, ROUTES}]


@pytest.mark.parametrize(
    ("file", "kinds"),
    [
        (ROUTES_OF_2_0, {RULES, ROUTES}),
        (
            "istio/step-2-update-and-add-routing-for-all-components.yaml",
            {RULES, ROUTES, "PeerAuthentication"},
        ),
        ("istio/step-1-create-voting-app-gateway.yaml", {"Gateway", ROUTES}),
    ],
)
def test_a_step_has_the_kinds_of_its_file(manifests: ManifestFolder, file: str, kinds: set[str]) -> None:
    assert kinds_of(manifests, step_of(manifests, file)) == kinds


def test_a_deletion_has_the_kinds_of_its_objects(manifests: ManifestFolder) -> None:
    step = Delete((ObjectRef("Deployment", "app-1-0"), ObjectRef("Service", "app")))
    assert kinds_of(manifests, step) == {"Deployment", "Service"}


def test_a_deletion_is_done_when_pods_and_then_objects_are_gone() -> None:
    cluster, step = Cluster(pods=2), Delete((ObjectRef("Deployment", "app-1-0"),))
    made = delete_objects(cast(Any, cluster), step, "voting", 5)
    assert [str(one.ref) for one in made.objects] == ["Deployment/app-1-0"]
    assert cluster.looked == ["pods", "pods", "pods", "Deployment", "pods", "Deployment"]
