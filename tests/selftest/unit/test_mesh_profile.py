"""The mesh is an input: which labels inject, which gateway a Gateway opens, what the cluster has."""

from dataclasses import replace

import pytest

from canary_conformance.errors import BadInput
from canary_conformance.model.objects.mesh_profile import AKS, DEFAULT, MeshProfile, mesh_profile
from canary_conformance.model.pods.injection import why_not_injecting
from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.mesh_facts import NO_FACTS, MeshFacts, read_mesh_facts
from tests.selftest.changed_manifests import changed, changed_together, failed, results_of, unjudged
from tests.selftest.manifest_files import GATEWAY, SCENARIO

OURS = "istio-injection: enabled"
EXTERNAL = "istio: aks-istio-ingressgateway-external"


def aks(label: str = "istio.io/rev: asm-1-30", gateway: str = EXTERNAL) -> dict[str, bytes]:
    """Return our manifests with AKS's labels."""
    return changed_together(
        changed(SCENARIO, OURS, label), changed(GATEWAY, "istio: ingressgateway", gateway)
    )


@pytest.mark.parametrize("gateway", [EXTERNAL, "istio: aks-istio-ingressgateway-internal"])
def test_manifests_of_aks_hold_in_a_mesh_of_aks(gateway: str) -> None:
    results = results_of(aks(gateway=gateway), "aks")
    assert not failed(results)
    assert not unjudged(results)


def test_manifests_of_aks_fail_in_the_default_mesh_by_their_labels() -> None:
    words = {one.node: one.words for one in results_of(aks()) if not one.held}
    injection = next(text for node, text in words.items() if "asks_for_sidecars" in node)
    assert "scenario.yaml:7" in injection
    page = next(text for node, text in words.items() if "every_client_of_its_address" in node)
    assert f"{GATEWAY}:" in page
    assert "and the ingress gateway's have istio=ingressgateway" in " ".join(page.split())


def test_our_own_manifests_fail_in_a_mesh_of_aks_for_want_of_injection() -> None:
    assert {"R1.1", "R1.3", "R1.5"} <= failed(results_of({}, "aks"))


@pytest.mark.parametrize("label", ["istio.io/rev: default", OURS])
def test_a_namespace_asks_by_any_label_of_the_control_plane(label: str) -> None:
    results = results_of(changed(SCENARIO, OURS, label))
    assert not failed(results)
    assert not unjudged(results)


@pytest.mark.parametrize(
    "label",
    [
        "istio.io/rev: canary",
        "istio-injection: disabled",
        "istio-injection: true-ish",
        "istio-inject: enabled",
    ],
)
def test_a_namespace_that_asks_by_another_label_fails(label: str) -> None:
    assert "R1.1" in failed(results_of(changed(SCENARIO, OURS, label)))


def test_istio_injection_counts_before_a_revision() -> None:
    both = {"istio-injection": "disabled", "istio.io/rev": "default"}
    assert why_not_injecting(DEFAULT, both)[0] == "istio-injection"
    enabled = {"istio-injection": "enabled", "istio.io/rev": "asm-1-30"}
    assert why_not_injecting(AKS, enabled)[0] == "istio-injection"
    assert why_not_injecting(DEFAULT, enabled) == ("", "")


def test_a_namespace_that_the_control_plane_does_not_see_is_named_with_the_labels_it_lacks() -> None:
    mesh = replace(AKS, discovery={"mesh": "one", "team": "a"})
    labels = {"istio.io/rev": "asm-1-30", "team": "a"}
    assert why_not_injecting(mesh, labels) == (
        "",
        "the control plane of mesh profile aks sees only namespaces labelled mesh: one",
    )
    assert why_not_injecting(mesh, {**labels, "mesh": "one"}) == ("", "")


@pytest.mark.parametrize("facts", ["revisions: [canary]", "{revisions: [stable, canary], cni: true}"])
def test_a_stated_tag_injects(facts: str) -> None:
    text = changed(SCENARIO, OURS, "istio.io/rev: canary")[SCENARIO].decode()
    assert not failed(results_of({SCENARIO: f"{text}\nmesh: {_inner(facts)}\n".encode()}))


def test_a_stated_gateway_is_the_way_in() -> None:
    own = "{gateway_labels: {istio: own}, gateway_namespace: edge}"
    overlay = changed(GATEWAY, "istio: ingressgateway", "istio: own")
    assert "R1.5" in failed(results_of(overlay))
    scenario = (MANIFESTS / SCENARIO).read_text()
    assert not failed(results_of({**overlay, SCENARIO: f"{scenario}\nmesh: {own}\n".encode()}))


def test_an_unknown_profile_is_bad_input_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match="unknown mesh profile 'gke'; the profiles are default, aks"):
        mesh_profile("gke")


def test_a_named_profile_counts_before_the_stated_one() -> None:
    assert mesh_profile("default", MeshFacts(profile="aks")).name == "default"
    assert mesh_profile(None, MeshFacts(profile="aks")).name == "aks"
    assert mesh_profile() == DEFAULT


@pytest.mark.parametrize(
    ("words", "finding"),
    [
        ("aks", "mesh must be a mapping, like profile: aks"),
        ({"profil": "aks"}, "mesh.profil is unknown; did you mean profile?"),
        ({"revisions": "canary"}, "mesh.revisions must be a list of texts"),
        ({"cni": "yes"}, "mesh.cni must be true or false"),
        ({"nodes": 0}, "mesh.nodes must be a whole number above 0"),
        ({"gateway_labels": {"istio": 1}}, "mesh.gateway_labels must be a mapping of labels"),
        ({"version": 1.3}, "mesh.version must be a text"),
    ],
)
def test_a_wrong_fact_is_found(words: object, finding: str) -> None:
    found: list[str] = []
    read_mesh_facts(words, lambda path, what: found.append(f"{'.'.join(map(str, path))} {what}"))
    assert found == [finding]


def test_facts_replace_those_of_the_profile_one_by_one() -> None:
    facts = MeshFacts(nodes=3, storage_classes=("fast",), priority_classes=("high",), version="1.31.1")
    mesh = mesh_profile(None, facts)
    assert mesh.cluster.nodes == 3
    assert mesh.cluster.storage_classes == frozenset({"fast"})
    assert {"high", "system-node-critical"} <= (mesh.cluster.priority_classes or set())
    assert (mesh.versions, mesh.revisions) == (("1.31.1",), DEFAULT.revisions)
    assert read_mesh_facts({}, _never) == NO_FACTS


def test_the_ingress_gateway_is_the_one_that_a_gateway_selects() -> None:
    def labels(mesh: MeshProfile, *selectors: dict[str, str]) -> str:
        return mesh.ingress(list(selectors)).labels["istio"]

    assert labels(AKS) == "aks-istio-ingressgateway-external"
    assert labels(AKS, {"istio": "aks-istio-ingressgateway-internal"}) == "aks-istio-ingressgateway-internal"
    assert labels(AKS, {"istio": "other"}, {}) == "aks-istio-ingressgateway-external"


def _inner(facts: str) -> str:
    return facts if facts.startswith("{") else f"{{{facts}}}"


def _never(path: object, what: str) -> None:
    pytest.fail(f"{path} {what}")
