"""A namespace beside others: what is renamed in its manifests, what is left alone, what is refused."""

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from canary_conformance.errors import BadInput
from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.manifests import ManifestFolder, load_manifests, parse_manifests
from canary_conformance.scenario.namespace_names import Renaming, rename_manifests, rename_scenario
from canary_conformance.scenario.scenario_folder import load_scenario

RENAMING = Renaming(
    namespace="voting",
    to="voting-gw1",
    gateway={"app": "istio-ingressgateway", "istio": "ingressgateway"},
    shared={"istio.io/rev": "default"},
    suffix="gw1",
)
SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": []}}


def folder_of(*objects: dict[str, Any]) -> ManifestFolder:
    parsed = parse_manifests(yaml.safe_dump_all([SERVICE, *objects]).encode(), "a.yaml", "voting")
    assert not parsed.findings
    return ManifestFolder(Path(), {"a.yaml": parsed.manifests})


def renamed(kind: str, api_version: str = "networking.istio.io/v1", **fields: Any) -> dict[str, Any]:
    body = {"apiVersion": api_version, "kind": kind, "metadata": {"name": "one"}, **fields}
    return dict(rename_manifests(folder_of(body), RENAMING).files["a.yaml"][1].body)


def test_our_own_manifests_differ_in_the_gateways_selector_alone() -> None:
    scenario = load_scenario(MANIFESTS)
    written = load_manifests(MANIFESTS, scenario)
    other = rename_manifests(written, RENAMING)
    differing = [
        (one.ref.kind, dict(now.body["spec"])["selector"])
        for file, manifests in written.files.items()
        for one, now in zip(manifests, other.files[file], strict=True)
        if one.body != now.body
    ]
    assert differing == [("Gateway", {"istio": "ingressgateway-gw1"})]


def test_manifests_as_written_are_left_as_they_are() -> None:
    scenario = load_scenario(MANIFESTS)
    written = load_manifests(MANIFESTS, scenario)
    rename_manifests(written, RENAMING)
    read_again = load_manifests(MANIFESTS, scenario)
    bodies = [
        [one.body for file in folder.files.values() for one in file] for folder in (written, read_again)
    ]
    assert bodies[0] == bodies[1]


def test_places_stay_those_of_the_files() -> None:
    scenario = load_scenario(MANIFESTS)
    written = load_manifests(MANIFESTS, scenario)
    other = rename_manifests(written, RENAMING)
    concern = "Gateway/voting-app-gateway:spec.selector"
    assert other.place_of(concern, scenario.files()) == written.place_of(concern, scenario.files())


def test_the_scenario_lives_in_and_deletes_the_other_namespace() -> None:
    other = rename_scenario(load_scenario(MANIFESTS), RENAMING)
    assert other.namespace == "voting-gw1"
    assert other.stage(6).required() == ["Namespace/voting-gw1 deleted"]
    assert other.stage(5).required() == load_scenario(MANIFESTS).stage(5).required()


@pytest.mark.parametrize(
    ("written", "now"),
    [
        ("web.voting", "web.voting-gw1"),
        ("web.voting.svc", "web.voting-gw1.svc"),
        ("web.voting.svc.cluster.local", "web.voting-gw1.svc.cluster.local"),
        ("*.voting.svc.cluster.local", "*.voting-gw1.svc.cluster.local"),
        ("http://web.voting:8080/path", "http://web.voting-gw1:8080/path"),
        ("a,web.voting,b", "a,web.voting-gw1,b"),
    ],
)
def test_a_host_of_the_namespace_is_renamed_wherever_it_stands(written: str, now: str) -> None:
    container = {"name": "c", "image": "i", "env": [{"name": "HOST", "value": written}]}
    spec = {"template": {"spec": {"containers": [container]}}}
    body = renamed("Deployment", "apps/v1", spec=spec)
    assert body["spec"]["template"]["spec"]["containers"][0]["env"][0]["value"] == now


@pytest.mark.parametrize(
    "text",
    [
        "voting", "web", "web.voting-old", "web.voting.example.org", "other.voting", "my-web.voting",
        "voting/app",
    ],
)  # fmt: skip
def test_what_only_looks_alike_is_left_alone(text: str) -> None:
    body = renamed("ConfigMap", "v1", data={"value": text})
    assert body["data"]["value"] == text


def test_a_host_in_an_encoded_secret_is_renamed() -> None:
    values = {"a": base64.b64encode(b"web.voting:80").decode(), "b": base64.b64encode(b"\xff\x00").decode()}
    data = renamed("Secret", "v1", data=values)["data"]
    assert base64.b64decode(data["a"]) == b"web.voting-gw1:80"
    assert data["b"] == values["b"]


def test_references_to_the_namespace_are_renamed() -> None:
    spec = {"hosts": ["web"], "gateways": ["voting/one", "other/two", "mesh"], "exportTo": [".", "voting"]}
    told = renamed("VirtualService", spec=spec)["spec"]
    assert told["gateways"] == ["voting-gw1/one", "other/two", "mesh"]
    assert told["exportTo"] == [".", "voting-gw1"]
    delegating = {"hosts": ["web"], "http": [{"delegate": {"name": "d", "namespace": "voting"}}]}
    assert (
        renamed("VirtualService", spec=delegating)["spec"]["http"][0]["delegate"]["namespace"] == "voting-gw1"
    )


def test_identities_and_sources_of_the_namespace_are_renamed() -> None:
    source = {"principals": ["cluster.local/ns/voting/sa/default"], "namespaces": ["voting", "other"]}
    spec = {"rules": [{"from": [{"source": source}]}]}
    told = renamed("AuthorizationPolicy", "security.istio.io/v1", spec=spec)["spec"]["rules"][0]["from"][0]
    assert told["source"]["principals"] == ["cluster.local/ns/voting-gw1/sa/default"]
    assert told["source"]["namespaces"] == ["voting-gw1", "other"]


@pytest.mark.parametrize(
    ("selector", "now"),
    [
        ({"istio": "ingressgateway"}, {"istio": "ingressgateway-gw1"}),
        ({"app": "istio-ingressgateway"}, {"app": "istio-ingressgateway-gw1"}),
        # A mistake chooses nothing in any namespace.
        ({"istio": "ingress"}, {"istio": "ingress"}),
        (
            {"istio": "ingressgateway", "istio.io/rev": "default"},
            {"istio": "ingressgateway-gw1", "istio.io/rev": "default"},
        ),
    ],
)
def test_a_gateway_chooses_its_namespaces_own_ingress(selector: dict[str, str], now: dict[str, str]) -> None:
    assert renamed("Gateway", spec={"selector": selector, "servers": []})["spec"]["selector"] == now


@pytest.mark.parametrize(
    ("kind", "api_version", "spec", "told"),
    [
        ("Gateway", "networking.istio.io/v1", {"servers": []}, "chooses the gateways of all namespaces"),
        ("Gateway", "networking.istio.io/v1", {"selector": {"istio.io/rev": "default"}}, "of all namespaces"),
        ("VirtualService", "networking.istio.io/v1", {"hosts": ["*.local"]},
         "means Services of all namespaces"),
        ("Service", "v1", {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30080}]}, "nodePort"),
        ("Service", "v1", {"clusterIP": "10.96.7.7", "ports": []}, "requires one address"),
        ("Deployment", "apps/v1", {"template": {"spec": {"hostNetwork": True}}}, "hostNetwork"),
    ],
)  # fmt: skip
def test_what_would_meet_in_two_namespaces_is_refused(
    kind: str, api_version: str, spec: dict[str, Any], told: str
) -> None:
    with pytest.raises(BadInput, match="leave -n out") as refused:
        renamed(kind, api_version, spec=spec)
    assert told in str(refused.value)
    assert "a.yaml:" in str(refused.value)


def test_hosts_that_are_the_namespaces_own_are_not_refused() -> None:
    spec = {"hosts": ["*.voting.svc.cluster.local"]}
    assert renamed("VirtualService", spec=spec)["spec"]["hosts"] == ["*.voting-gw1.svc.cluster.local"]
    assert renamed("VirtualService", spec={"hosts": ["*"], "gateways": ["g"]})["spec"]["hosts"] == ["*"]
