"""A machine has room for so many namespaces, by what their pods ask for."""

import pytest
import yaml

from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.manifests import ManifestFolder, load_manifests, parse_manifests
from canary_conformance.scenario.scenario_folder import load_scenario
from canary_conformance.stages.namespace_capacity import namespaces_that_fit


def folder_of(cpu: object, replicas: object = 1) -> ManifestFolder:
    container = {"name": "c", "image": "i", "resources": {"requests": {"cpu": cpu}}}
    spec = {"replicas": replicas, "template": {"spec": {"containers": [container]}}}
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}
    parsed = parse_manifests(yaml.safe_dump(body).encode(), "a.yaml", "voting")
    return ManifestFolder(MANIFESTS, {"a.yaml": parsed.manifests})


@pytest.mark.parametrize(("cores", "namespaces"), [(1, 1), (2, 2), (4, 7), (16, 36)])
def test_our_own_manifests_fit_so_often(cores: int, namespaces: int) -> None:
    manifests = load_manifests(MANIFESTS, load_scenario(MANIFESTS))
    assert namespaces_that_fit(manifests, cores) == namespaces


@pytest.mark.parametrize(
    ("cpu", "replicas", "namespaces"),
    [
        ("470m", 1, 5),
        (0.47, 1, 5),
        ("470m", 2, 2),
        ("3", 1, 1),
        ("100", 1, 1),
        ("-1", 1, 145),
        ("many", 1, 145),
        (None, "x", 145),
    ],
)
def test_each_namespace_takes_what_its_pods_ask_for(cpu: object, replicas: object, namespaces: int) -> None:
    assert namespaces_that_fit(folder_of(cpu, replicas), 4) == namespaces
