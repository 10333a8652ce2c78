"""A step's objects: what is waited for between them, and what still is there while they are deleted."""

from collections.abc import Collection, Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.manifests import ManifestFolder, load_manifests
from canary_conformance.scenario.observations import AppliedObject
from canary_conformance.scenario.scenario_folder import load_scenario
from canary_conformance.scenario.stages import Apply, Delete, ObjectRef, Verb, WaitFor
from canary_conformance.stages.steps import Between, Target, apply_file, delete_objects, kinds_of
from canary_conformance.voting.requirements import BROKEN
from tests.selftest.manifest_files import LAST, ROUTING

NO_FILES = ManifestFolder(MANIFESTS, {})
RULES, ROUTES = "DestinationRule", "VirtualService"


@pytest.fixture
def manifests() -> ManifestFolder:
    return load_manifests(MANIFESTS, load_scenario(MANIFESTS))


def step_of(manifests: ManifestFolder, file: str) -> Apply:
    assert file in manifests.files
    steps = [step for stage in load_scenario(MANIFESTS).stages for step in stage.steps]
    return next(step for step in steps if isinstance(step, Apply) and step.file == file)


class Cluster:
    """An API server of so many pods of one Deployment, which are gone one by one."""

    def __init__(self, pods: int = 0) -> None:
        self.pods = pods
        self.deployment = True
        self.looked: list[str] = []
        self.deleted: list[tuple[str | None, ...]] = []

    def apply(self, body: Mapping[str, Any], namespace: str) -> Any:  # noqa: ARG002
        ref = ObjectRef(body["kind"], body["metadata"]["name"])
        return SimpleNamespace(object=AppliedObject(ref, Verb.CREATED), warnings=())

    def delete(self, *asked: str | None) -> bool:
        self.deleted.append(asked)
        return True

    def list(self, _: str, kind: str, *__: str) -> list[dict[str, Any]]:
        if kind != "Pod":
            return []
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


def target(manifests: ManifestFolder, cluster: Cluster | None = None) -> Target:
    return Target(cast(Any, cluster or Cluster()), manifests, "voting", BROKEN)


def test_what_is_waited_for_between_a_rule_and_its_route_is_told_by_its_kinds(
    manifests: ManifestFolder,
) -> None:
    settled: list[Collection[str]] = []

    def settle(kinds: Collection[str]) -> float:
        settled.append(kinds)
        return float(len(settled))

    step = step_of(manifests, ROUTING)
    made = apply_file(target(manifests), step, Between(settle))
    assert settled == [{RULES}, {RULES, ROUTES}, {RULES, ROUTES}]
    assert [one.live_at for one in made.objects] == [1.0, 2.0, 2.0, 3.0, 3.0, None]
    assert [one.live_at for one in made.live_since(4.0).objects] == [1.0, 2.0, 2.0, 3.0, 3.0, 4.0]


@pytest.mark.parametrize("routing_first", [True, False])
def test_routing_is_live_before_the_pods_that_come_after_it_in_one_file(
    manifests: ManifestFolder, *, routing_first: bool
) -> None:
    routing, pods = manifests.files[ROUTING][1:2], manifests.files[LAST]
    files = (*routing, *pods) if routing_first else (*pods, *routing)
    done: list[str] = []

    def settle(kinds: Collection[str]) -> float:
        done.append(f"live: {', '.join(sorted(kinds))}")
        return 1.0

    between = Between(settle, ahead=lambda manifest: done.append(str(manifest.ref)))
    one_file = ManifestFolder(manifests.root, {"one.yaml": files})
    step = Apply("one.yaml", (), (), WaitFor.PODS)
    made = apply_file(target(one_file), step, between)
    settled = [text for text in done if text.startswith("live")]
    route = next(one for one in made.objects if one.ref.kind == ROUTES)
    if routing_first:
        assert settled == ["live: Secret, Service, VirtualService"]
        assert done.index(settled[0]) == done.index("Deployment/voting-storage-2-0") + 1
        assert route.live_at == 1.0
    else:
        assert settled == []
        assert route.live_at is None


@pytest.mark.parametrize(
    ("file", "kinds"),
    [
        (ROUTING, {RULES, ROUTES}),
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
    made = delete_objects(target(NO_FILES, cluster), step, 5)
    assert [str(one.ref) for one in made.objects] == ["Deployment/app-1-0"]
    assert cluster.looked == ["pods", "pods", "pods", "Deployment", "pods", "Deployment"]


def test_a_namespace_is_deleted_as_a_user_deletes_it_and_nothing_beside_it() -> None:
    """That this suffices is what R6.1 requires; Cluster could not delete pods and claims."""
    cluster, step = Cluster(pods=0), Delete((ObjectRef("Namespace", "voting"),))
    made = delete_objects(target(NO_FILES, cluster), step, 6)
    assert [str(one.ref) for one in made.objects] == ["Namespace/voting"]
    assert cluster.deleted == [("v1", "Namespace", "voting", None)]
