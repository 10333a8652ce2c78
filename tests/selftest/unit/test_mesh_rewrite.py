"""The labels of the mesh at hand in manifests for a usual one: what is rewritten, left and shown."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from canary_conformance.model.mesh_rewrite import Rewrite, rewritten_for
from canary_conformance.model.objects.mesh_profile import AKS, DEFAULT, MeshProfile
from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.manifests import ManifestFolder, load_manifests, parse_manifests
from canary_conformance.scenario.places import Place
from canary_conformance.scenario.scenario_folder import load_scenario
from canary_conformance.scenario.stages import Scenario

FOUND = replace(AKS, revisions=("asm-1-31", "prod"))
USUAL, EXTERNAL = "ingressgateway", "aks-istio-ingressgateway-external"
DIFF = """\
--- scenario.yaml
+++ scenario.yaml (for this mesh)
@@ -7 +7 @@ namespace.labels
-istio-injection: enabled
+istio.io/rev: asm-1-31
--- istio/step-1-create-voting-app-gateway.yaml
+++ istio/step-1-create-voting-app-gateway.yaml (for this mesh)
@@ -24 +24 @@ Gateway/voting-app-gateway spec.selector
-istio: ingressgateway
+istio: aks-istio-ingressgateway-external
"""


def ours(mesh: MeshProfile) -> Rewrite:
    scenario = load_scenario(MANIFESTS)
    return rewritten_for(load_manifests(MANIFESTS, scenario), scenario, mesh)


def gateway(selector: object, **metadata: str) -> dict[str, Any]:
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "page", **metadata},
        "spec": {"selector": selector},
    }


def rewritten(
    *objects: dict[str, Any], labels: dict[str, str] | None = None, mesh: MeshProfile = FOUND
) -> Rewrite:
    parsed = parse_manifests(yaml.safe_dump_all(objects, sort_keys=False).encode(), "a.yaml", "voting")
    assert not (objects and parsed.findings)
    labels = labels or {}
    places = {key: Place("scenario.yaml", 5 + at) for at, key in enumerate(("", *labels))}
    scenario = Scenario("one", "voting", labels, (), label_places=places)
    return rewritten_for(ManifestFolder(Path(), {"a.yaml": parsed.manifests}), scenario, mesh)


def selectors(made: Rewrite) -> list[object]:
    return [one.body["spec"].get("selector") for one in made.manifests.objects]


def test_our_own_manifests_differ_in_the_label_and_the_selector_alone() -> None:
    made = ours(FOUND)
    assert "\n".join(made.diff()) + "\n" == DIFF
    assert made.scenario.namespace_labels == {"istio.io/rev": "asm-1-31"}
    written = load_manifests(MANIFESTS, load_scenario(MANIFESTS))
    differing = [
        now for one, now in zip(written.objects, made.manifests.objects, strict=True) if one.body != now.body
    ]
    assert [one.body["spec"]["selector"] for one in differing] == [{"istio": EXTERNAL}]
    assert [str(one.place) for one in differing] == ["istio/step-1-create-voting-app-gateway.yaml:18"]


def test_a_rewritten_label_has_the_line_of_the_label_that_was_there() -> None:
    assert str(ours(FOUND).scenario.label_places["istio.io/rev"]) == "scenario.yaml:7"


def test_manifests_that_fit_are_left_as_they_are() -> None:
    assert not ours(DEFAULT).changes
    made = ours(AKS)
    again = rewritten_for(made.manifests, made.scenario, AKS)
    assert not again.changes
    assert again.scenario == made.scenario


@pytest.mark.parametrize(
    ("labels", "now"),
    [
        ({"istio-injection": "enabled"}, {"istio.io/rev": "asm-1-31"}),
        ({"istio-injection": "enabled", "team": "a"}, {"team": "a", "istio.io/rev": "asm-1-31"}),
        # A tag that points to the revision fits, also where the other label hid it.
        ({"istio.io/rev": "prod"}, {"istio.io/rev": "prod"}),
        ({"istio-injection": "enabled", "istio.io/rev": "prod"}, {"istio.io/rev": "prod"}),
        ({"istio-injection": "enabled", "istio.io/rev": "old"}, {"istio.io/rev": "asm-1-31"}),
        # The manifests' own mistakes.
        ({"istio.io/rev": "old"}, {"istio.io/rev": "old"}),
        ({"istio-injection": "disabled"}, {"istio-injection": "disabled"}),
        ({"istio-inject": "enabled"}, {"istio-inject": "enabled"}),
        ({}, {}),
    ],
)
def test_only_the_usual_label_becomes_the_meshs_own(labels: dict[str, str], now: dict[str, str]) -> None:
    made = rewritten(labels=labels)
    assert made.scenario.namespace_labels == now
    assert bool(made.changes) == (labels != now)


def test_a_label_that_is_dropped_and_one_that_is_replaced_are_one_hunk() -> None:
    made = rewritten(labels={"istio-injection": "enabled", "istio.io/rev": "1.31"})
    assert made.diff()[2:] == (
        "@@ -6,2 +6 @@ namespace.labels",
        "-istio-injection: enabled",
        "-istio.io/rev: '1.31'",
        "+istio.io/rev: asm-1-31",
    )


def test_a_namespace_that_a_file_brings_is_labelled_alike() -> None:
    labels = {"app": "voting", "istio-injection": "enabled"}
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "voting", "labels": labels}}
    made = rewritten(body)
    assert made.manifests.objects[0].body["metadata"]["labels"] == {
        "app": "voting",
        "istio.io/rev": "asm-1-31",
    }
    assert made.diff()[2] == "@@ -7 +7 @@ Namespace/voting metadata.labels"
    bare = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "voting"}}
    assert not rewritten(bare).changes


@pytest.mark.parametrize(
    ("selector", "now"),
    [
        ({"istio": USUAL}, {"istio": EXTERNAL}),
        ({"app": "istio-ingressgateway"}, {"istio": EXTERNAL}),
        ({"istio": USUAL, "app": "istio-ingressgateway"}, {"istio": EXTERNAL}),
        # They choose a gateway of this mesh.
        ({"istio": EXTERNAL}, {"istio": EXTERNAL}),
        ({"app": EXTERNAL, "istio": EXTERNAL}, {"app": EXTERNAL, "istio": EXTERNAL}),
        ({"istio": "aks-istio-ingressgateway-internal"}, {"istio": "aks-istio-ingressgateway-internal"}),
        ({}, {}),
        (None, None),
        # They choose none of any mesh.
        ({"istio": USUAL, "team": "a"}, {"istio": USUAL, "team": "a"}),
        ({"istio": "mine"}, {"istio": "mine"}),
        ({"istio": USUAL, "app": EXTERNAL}, {"istio": USUAL, "app": EXTERNAL}),
        (["istio"], ["istio"]),
        ({"istio": 1}, {"istio": 1}),
    ],
)
def test_only_a_selector_of_the_usual_gateway_becomes_the_meshs_own(selector: object, now: object) -> None:
    made = rewritten(gateway(selector))
    assert selectors(made) == [now]
    assert bool(made.changes) == (selector != now)


def test_each_gateway_is_a_hunk_of_its_file() -> None:
    made = rewritten(gateway({"istio": USUAL}), gateway({"istio": "mine"}), gateway({"istio": USUAL}))
    assert selectors(made) == [{"istio": EXTERNAL}, {"istio": "mine"}, {"istio": EXTERNAL}]
    assert [line for line in made.diff() if line.startswith(("---", "@@"))] == [
        "--- a.yaml",
        "@@ -7 +7 @@ Gateway/page spec.selector",
        "@@ -23 +23 @@ Gateway/page spec.selector",
    ]


def test_a_gateway_of_the_gateway_api_and_other_selectors_are_left() -> None:
    api = {**gateway({"istio": USUAL}), "apiVersion": "gateway.networking.k8s.io/v1"}
    service = {**gateway({"istio": USUAL}), "apiVersion": "v1", "kind": "Service"}
    assert not rewritten(api, service).changes


def test_a_mesh_that_injects_by_the_usual_label_keeps_it() -> None:
    both = replace(FOUND, by_istio_injection=True)
    made = rewritten(gateway({"istio": USUAL}), labels={"istio-injection": "enabled"}, mesh=both)
    assert made.scenario.namespace_labels == {"istio-injection": "enabled"}
    assert selectors(made) == [{"istio": EXTERNAL}]


def test_a_mesh_that_sees_only_some_namespaces_has_its_labels_added() -> None:
    seen = replace(FOUND, discovery={"mesh": "one", "stage": "test"})
    made = rewritten(labels={"istio-injection": "enabled", "stage": "prod"}, mesh=seen)
    assert made.scenario.namespace_labels == {"mesh": "one", "stage": "prod", "istio.io/rev": "asm-1-31"}
    assert made.diff()[2:] == (
        "@@ -6 +6,2 @@ namespace.labels",
        "-istio-injection: enabled",
        "+mesh: one",
        "+istio.io/rev: asm-1-31",
    )
    only_added = rewritten(labels={"istio.io/rev": "prod"}, mesh=replace(FOUND, discovery={"mesh": "one"}))
    assert only_added.diff()[2:] == ("@@ -5,0 +5 @@ namespace.labels", "+mesh: one")
    assert [str(one) for one in only_added.scenario.label_places.values()][:2] == [
        "scenario.yaml:5",
        "scenario.yaml:5",
    ]
