"""The mesh that a cluster has already, as the model takes it: manifests are rewritten and judged for it."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.base import Address
from canary_conformance.existing_options import ExistingOptions
from canary_conformance.mesh.base import Gateway, Mesh
from canary_conformance.mesh.mesh_identity import profile_of
from canary_conformance.model.pods.injection import why_not_injecting
from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.mesh_facts import MeshFacts
from canary_conformance.scenario.scenario_folder import SCENARIO_FILE
from canary_conformance.settings import Settings, read_source
from fixtures.mesh_source import judge_for
from fixtures.run_state import RunState

pytestmark = pytest.mark.selftest

NAME = "aks-istio-ingressgateway-external"
LABELS = {"app": NAME, "istio": NAME}


class Cluster:
    """An API server with the Service of a gateway and its pods."""

    def __init__(self, *pods: dict[str, str], ports: tuple[dict[str, Any], ...] = ()) -> None:
        self._pods = [
            {"metadata": {"labels": labels}, "spec": {"serviceAccountName": NAME}} for labels in pods
        ]
        self._service = {"spec": {"selector": LABELS, "ports": list(ports)}}
        self.asked: list[str | None] = []

    def get(self, _: str, kind: str, name: str, namespace: str) -> dict[str, Any]:
        assert (kind, name, namespace) == ("Service", NAME, "aks-istio-ingress")
        return self._service

    def list(self, _: str, kind: str, namespace: str, labels: str) -> list[dict[str, Any]]:
        assert (kind, namespace) == ("Pod", "aks-istio-ingress")
        self.asked.append(labels)
        return self._pods


def mesh(revision: str = "asm-1-31", *tags: str) -> Mesh:
    gateway = Gateway("aks-istio-ingress", NAME, Address("10.0.0.1", 80), {"istio": NAME})
    found = SimpleNamespace(
        root_namespace="aks-istio-system",
        gateway=gateway,
        istio_version="1.31.0",
        revision=revision,
        tags=tags,
        cni=True,
    )
    return cast(Mesh, found)


def api(*pods: dict[str, str], **ports: Any) -> Api:
    return cast(Api, Cluster(*(pods or (LABELS,)), **ports))


def test_a_found_mesh_is_judged_by_its_own_names() -> None:
    ports = ({"port": 80, "targetPort": 8080}, {"port": 443, "targetPort": "https"}, {"port": 15021})
    profile = profile_of(api(ports=ports), mesh("asm-1-31", "prod"))
    assert profile.title == "Istio 1.31.0 in aks-istio-system"
    assert profile.root_namespace == "aks-istio-system"
    assert profile.namespace_labels == {"istio.io/rev": "asm-1-31"}
    assert profile.selector == {"istio": NAME}
    assert profile.gateway_targets == {80: 8080}
    assert profile.gateways[0].account == NAME
    assert profile.cni
    assert profile.versions == ("1.31.0",)
    assert profile.cluster.nodes is None


def test_a_tag_fits_and_another_revision_does_not() -> None:
    profile = profile_of(api(), mesh("asm-1-31", "prod"))
    assert why_not_injecting(profile, {"istio.io/rev": "prod"}) == ("", "")
    _, why = why_not_injecting(profile, {"istio-injection": "enabled"})
    assert why == (
        "the namespace has the label istio-injection: enabled, and the control plane of Istio 1.31.0 in "
        "aks-istio-system injects by istio.io/rev: asm-1-31 or istio.io/rev: prod"
    )


@pytest.mark.parametrize("names", [("default",), ("asm-1-31", "default")])
def test_the_default_revision_and_its_tag_inject_by_the_usual_label(names: tuple[str, ...]) -> None:
    assert profile_of(api(), mesh(*names)).namespace_labels == {"istio-injection": "enabled"}


def test_a_gateway_has_the_labels_that_all_of_its_pods_carry() -> None:
    cluster = Cluster({**LABELS, "pod-template-hash": "a"}, {**LABELS, "pod-template-hash": "b"})
    profile = profile_of(cast(Api, cluster), mesh())
    assert dict(profile.gateways[0].labels) == LABELS
    assert cluster.asked == [f"app={NAME},istio={NAME}"]
    assert profile.is_gateway({"app": NAME})


def test_a_gateway_without_pods_has_its_own_selector() -> None:
    profile = profile_of(cast(Api, Cluster()), mesh())
    assert dict(profile.gateways[0].labels) == {"istio": NAME}


def test_what_is_stated_of_the_cluster_counts_and_of_the_mesh_does_not() -> None:
    facts = MeshFacts(profile="default", revisions=("old",), nodes=3, storage_classes=("managed-csi",))
    profile = profile_of(api(), mesh(), facts)
    assert profile.revisions == ("asm-1-31",)
    assert profile.cluster.nodes == 3
    assert profile.cluster.storage_classes == frozenset({"managed-csi"})


def run_of(folder: Path, *, rewrite: bool = False) -> RunState:
    existing = ExistingOptions("my-aks")
    run = RunState(Settings(folder, Path(), existing=existing, rewrite_for_mesh=rewrite))
    run.judge(read_source(folder, MANIFESTS / SCENARIO_FILE))
    return run


def test_the_suites_own_manifests_get_the_labels_of_the_mesh() -> None:
    run = run_of(MANIFESTS)
    judge_for(run, api(), mesh())
    assert run.source is not None
    assert run.source.scenario.namespace_labels == {"istio.io/rev": "asm-1-31"}
    assert run.header == ["mesh: Istio 1.31.0 in aks-istio-system"]
    assert run.record().heading[1:3] == ("The manifests were rewritten for this mesh:", "--- scenario.yaml")


@pytest.mark.parametrize("rewrite", [False, True])
def test_a_folder_of_the_users_gets_them_only_where_that_is_asked_for(
    manifests: Path, *, rewrite: bool
) -> None:
    run = run_of(manifests, rewrite=rewrite)
    judge_for(run, api(), mesh())
    assert run.source is not None
    assert run.source.mesh.revisions == ("asm-1-31",)
    assert bool(run.source.diff) == rewrite
    assert (run.source.scenario.namespace_labels == {"istio-injection": "enabled"}) != rewrite


@pytest.fixture
def manifests(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MANIFESTS, tmp_path / "mine"))
