"""The kustomize overlay for AKS makes what the suite's own rewrite makes, and is no part of the scenario."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from canary_conformance.errors import BadInput
from canary_conformance.model.mesh_rewrite import Rewrite, rewritten_for
from canary_conformance.model.objects.mesh_profile import AKS
from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.manifests import load_manifests
from canary_conformance.scenario.scenario_folder import SCENARIO_FILE, load_scenario
from tests.selftest.manifest_files import GATEWAY

OVERLAY, FILE = MANIFESTS / "overlays/aks", "kustomization.yaml"


def rendered(folder: Path) -> list[dict[str, Any]]:
    """Return what `kubectl kustomize` makes, as far as our overlays use it: resources, replacing patches."""
    kustomization = yaml.safe_load((folder / FILE).read_text())
    assert {*kustomization} <= {"apiVersion", "kind", "resources", "patches"}
    objects = [one for name in kustomization["resources"] for one in resources(folder / name)]
    for patch in kustomization.get("patches", ()):
        chosen = [one for one in objects if patch["target"] == {"kind": one["kind"]}]
        assert chosen, f"{folder}: a patch changes nothing"
        for one in chosen:
            for change in yaml.safe_load(patch["patch"]):
                replace(one, change)
    return objects


def resources(path: Path) -> Iterator[dict[str, Any]]:
    if path.is_dir():
        yield from rendered(path)
    else:
        yield from yaml.safe_load_all(path.read_text())


def replace(body: dict[str, Any], change: dict[str, Any]) -> None:
    assert change["op"] == "replace"
    *parents, last = change["path"].removeprefix("/").split("/")
    for key in parents:
        body = body[key]
    assert last in body
    body[last] = copy.deepcopy(change["value"])


@pytest.fixture(scope="module")
def rewrite() -> Rewrite:
    scenario = load_scenario(MANIFESTS)
    return rewritten_for(load_manifests(MANIFESTS, scenario), scenario, AKS)


def test_the_namespace_of_the_overlay_has_the_rewritten_labels(rewrite: Rewrite) -> None:
    assert rendered(OVERLAY / "namespace") == [
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {
                "name": rewrite.scenario.namespace,
                "labels": dict(rewrite.scenario.namespace_labels),
            },
        }
    ]


def test_the_step_of_the_overlay_has_the_rewritten_objects(rewrite: Rewrite) -> None:
    assert rendered(OVERLAY / "gateway") == [one.body for one in rewrite.manifests.files[GATEWAY]]


def test_the_overlay_has_every_step_that_is_rewritten(rewrite: Rewrite) -> None:
    assert {change.place.file for change in rewrite.changes} == {SCENARIO_FILE, GATEWAY}
    assert {path.parent.name for path in OVERLAY.rglob(FILE)} == {"namespace", "gateway"}


def test_no_stage_applies_an_overlay_or_its_base() -> None:
    assert not [file for file in load_scenario(MANIFESTS).files() if "overlays" in file or FILE in file]


@pytest.mark.parametrize("name", ["overlays/aks/gateway", "overlays/aks/namespace", "istio"])
def test_a_kustomization_is_refused_as_input(name: str) -> None:
    with pytest.raises(BadInput, match=r"is a kustomization \(kustomization.yaml\), which is not supported"):
        load_scenario(MANIFESTS / name, fallback=MANIFESTS / SCENARIO_FILE)
