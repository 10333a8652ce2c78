"""The mesh that a cluster has already, as the model takes it: manifests are rewritten and judged for it."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.base import Address
from canary_conformance.existing_options import ExistingOptions
from canary_conformance.mesh.base import Gateway, Mesh
from canary_conformance.mesh.mesh_identity import profile_of
from canary_conformance.model.objects.mesh_profile import MeshProfile
from canary_conformance.model.pods.injection import why_not_injecting
from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.mesh_facts import NO_FACTS, MeshFacts
from canary_conformance.scenario.scenario_folder import SCENARIO_FILE
from canary_conformance.settings import Settings, read_source
from fixtures.existing_cluster import judge_for
from fixtures.run_state import RunState
from tests.selftest.api_server import ApiServer

INGRESS = "aks-istio-ingress"
NAME, INTERNAL = "aks-istio-ingressgateway-external", "aks-istio-ingressgateway-internal"
PORTS = ({"port": 80, "targetPort": 8080}, {"port": 443, "targetPort": "https"}, {"port": 15021})
Profile = Callable[..., MeshProfile]


def gateway(name: str, *hashes: str) -> list[dict[str, Any]]:
    """Return the Service of a gateway, and a pod for each hash of a template."""
    labels = {"app": name, "istio": name}
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": INGRESS},
        "spec": {"selector": labels, "ports": list(PORTS)},
    }
    pods = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": f"{name}-{one}",
                "namespace": INGRESS,
                "labels": {**labels, "pod-template-hash": one},
            },
            "spec": {
                "serviceAccountName": name,
                "containers": [{"name": "istio-proxy", "args": ["proxy", "router"]}],
            },
        }
        for one in hashes
    ]
    return [service, *pods]


def mesh(
    revision: str = "asm-1-31", *tags: str, labels: dict[str, str] | None = None, name: str = NAME
) -> Mesh:
    found = SimpleNamespace(
        root_namespace="aks-istio-system",
        gateway=Gateway(INGRESS, name, Address("10.0.0.1", 80), {"istio": name}),
        istio_version="1.31.0",
        revision=revision,
        tags=tags,
        cni=True,
        injection_labels=labels or {"istio.io/rev": revision},
    )
    return cast(Mesh, found)


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with ApiServer(*gateway(NAME, "a", "b"), *gateway(INTERNAL, "c")) as server:
        yield server


@pytest.fixture
def api(server: ApiServer, tmp_path: Path) -> Api:
    return Api(server.kubeconfig(tmp_path), "theirs")


@pytest.fixture
def profile(api: Api) -> Profile:
    return lambda found=None, facts=NO_FACTS: profile_of(api, found or mesh(), facts)


def test_a_found_mesh_is_judged_by_its_own_names(profile: Profile) -> None:
    found = profile(mesh("asm-1-31", "prod"))
    assert found.title == "Istio 1.31.0 in aks-istio-system"
    assert found.root_namespace == "aks-istio-system"
    assert found.namespace_labels == {"istio.io/rev": "asm-1-31"}
    assert found.selector == {"istio": NAME}
    assert found.gateway_targets == {80: 8080}
    assert found.gateways[0].account == NAME
    assert found.cni
    assert found.versions == ("1.31.0",)
    assert found.cluster.nodes is None


def test_a_tag_fits_and_another_revision_does_not(profile: Profile) -> None:
    found = profile(mesh("asm-1-31", "prod"))
    assert why_not_injecting(found, {"istio.io/rev": "prod"}) == ("", "")
    _, why = why_not_injecting(found, {"istio-injection": "enabled"})
    assert why == (
        "the namespace has the label istio-injection: enabled, and the control plane of Istio 1.31.0 in "
        "aks-istio-system injects by istio.io/rev: asm-1-31 or istio.io/rev: prod"
    )


def test_the_tag_that_was_asked_for_is_the_one_to_ask_by(profile: Profile) -> None:
    found = profile(mesh("asm-1-31", "canary", "prod", labels={"istio.io/rev": "prod"}))
    assert found.revisions == ("prod", "asm-1-31", "canary")
    assert found.namespace_labels == {"istio.io/rev": "prod"}


@pytest.mark.parametrize(
    "found",
    [
        mesh("default", labels={"istio-injection": "enabled"}),
        mesh("asm-1-31", "default", labels={"istio-injection": "enabled"}),
        mesh("default", "prod", labels={"istio.io/rev": "prod"}),
    ],
)
def test_the_default_revision_and_its_tag_inject_by_the_usual_label(profile: Profile, found: Mesh) -> None:
    assert why_not_injecting(profile(found), {"istio-injection": "enabled"}) == ("", "")


def test_labels_by_which_the_control_plane_sees_a_namespace_are_no_revision(profile: Profile) -> None:
    found = profile(mesh(labels={"istio.io/rev": "asm-1-31", "mesh": "one"}))
    assert found.discovery == {"mesh": "one"}
    assert found.namespace_labels == {"istio.io/rev": "asm-1-31"}


def test_a_gateway_has_the_labels_that_all_of_its_pods_carry(profile: Profile) -> None:
    found = profile()
    assert dict(found.gateways[0].labels) == {"app": NAME, "istio": NAME}
    assert found.is_gateway({"app": NAME})


def test_a_gateway_for_the_other_gateway_of_the_mesh_selects_one(profile: Profile) -> None:
    assert profile().is_gateway({"istio": INTERNAL})
    assert profile(mesh(name=INTERNAL)).gateways[0].labels["istio"] == INTERNAL
    assert not profile().is_gateway({"istio": "ingressgateway"})


def test_who_may_not_list_pods_everywhere_knows_the_gateways_of_the_namespace(
    server: ApiServer, profile: Profile
) -> None:
    server.refused.add(("list everywhere", "pods"))
    assert profile().is_gateway({"istio": INTERNAL})


def test_what_is_stated_of_the_cluster_counts_and_of_the_mesh_does_not(profile: Profile) -> None:
    facts = MeshFacts(profile="default", revisions=("old",), nodes=3, storage_classes=("managed-csi",))
    found = profile(mesh(), facts)
    assert found.revisions == ("asm-1-31",)
    assert found.cluster.nodes == 3
    assert found.cluster.storage_classes == frozenset({"managed-csi"})


def judged(api: Api, folder: Path, *, rewrite: bool = False) -> RunState:
    existing = ExistingOptions("my-aks")
    run = RunState(Settings(folder, Path(), existing=existing, rewrite_for_mesh=rewrite))
    run.judge(read_source(folder, MANIFESTS / SCENARIO_FILE))
    judge_for(run, api, mesh())
    return run


def test_the_suites_own_manifests_get_the_labels_of_the_mesh(api: Api) -> None:
    run = judged(api, MANIFESTS)
    assert run.source is not None
    assert run.source.scenario.namespace_labels == {"istio.io/rev": "asm-1-31"}
    assert run.header == ["mesh: Istio 1.31.0 in aks-istio-system"]
    assert run.record().heading[1:3] == ("The manifests were rewritten for this mesh:", "--- scenario.yaml")


@pytest.mark.parametrize("rewrite", [False, True])
def test_a_folder_of_the_users_gets_them_only_where_that_is_asked_for(
    api: Api, tmp_path: Path, *, rewrite: bool
) -> None:
    folder = Path(shutil.copytree(MANIFESTS, tmp_path / "mine"))
    run = judged(api, folder, rewrite=rewrite)
    assert run.source is not None
    assert run.source.mesh.revisions == ("asm-1-31",)
    assert bool(run.source.diff) == rewrite
    assert (run.source.scenario.namespace_labels == {"istio-injection": "enabled"}) != rewrite
