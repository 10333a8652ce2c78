"""`istioctl analyze` is given what a run may read, and nothing else of a cluster that others use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.request import urlopen

import pytest
import yaml

from canary_conformance.cluster.api import Api
from canary_conformance.mesh.object_server import ObjectServer
from canary_conformance.stages import object_analysis
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.stages.object_analysis import analyzed
from tests.selftest.api_server import plural
from tests.selftest.mesh_objects import config_map, gateway_pod, gateway_service

pytestmark = pytest.mark.selftest


class Discovery:
    def resource(self, _: str, kind: str) -> tuple[str, bool]:
        return plural(kind), True


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ObjectServer]:
    objects = [config_map("istio", mesh="rootNamespace: r"), config_map("other", "elsewhere")]
    with ObjectServer(cast(Api, Discovery()), objects, tmp_path) as server:
        yield server


def test_objects_are_listed_by_kind_and_namespace(server: ObjectServer) -> None:
    for path, names in (
        ("/api/v1/configmaps", ["istio", "other"]),
        ("/api/v1/namespaces/elsewhere/configmaps", ["other"]),
        ("/api/v1/secrets", []),
        ("/apis/networking.istio.io/v1/gateways", []),
    ):
        status, (listed,) = server.answer(f"{path}?limit=500", "")
        assert status == 200
        assert [one["metadata"]["name"] for one in listed["items"]] == names


def test_one_object_is_answered_by_its_name(server: ObjectServer) -> None:
    path = "/api/v1/namespaces/istio-system/configmaps"
    assert server.answer(f"{path}/istio?timeout=15s", "")[1][0]["data"] == {"mesh": "rootNamespace: r"}
    assert server.answer(f"{path}/absent", "")[0] == 404


def test_a_watch_lists_what_is_there_and_says_that_this_was_all(server: ObjectServer) -> None:
    _, events = server.answer("/apis/security.istio.io/v1/peerauthentications?watch=true", "")
    assert [one["type"] for one in events] == ["BOOKMARK"]
    _, events = server.answer("/api/v1/configmaps?watch=true&sendInitialEvents=true", "")
    assert [one["type"] for one in events] == ["ADDED", "ADDED", "BOOKMARK"]
    end = events[-1]["object"]
    assert (end["kind"], end["metadata"]["annotations"]) == (
        "ConfigMap",
        {"k8s.io/initial-events-end": "true"},
    )


def test_the_kinds_of_istio_are_known(server: ObjectServer) -> None:
    url = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions?watch=true"
    _, events = server.answer(url, "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
    names = {one["object"]["metadata"].get("name") for one in events}
    assert {"gateways.networking.istio.io", "peerauthentications.security.istio.io"} <= names
    assert [one["type"] for one in server.answer(url, "application/json")[1]] == ["BOOKMARK"]


def test_it_is_reached_by_its_own_kubeconfig(server: ObjectServer, tmp_path: Path) -> None:
    option, file = server.arguments
    assert (option, Path(file).parent) == ("--kubeconfig", tmp_path)
    address = yaml.safe_load(Path(file).read_text())["clusters"][0]["cluster"]["server"]
    with urlopen(f"{address}/version") as answer:
        assert json.load(answer)["major"] == "1"
    with urlopen(f"{address}/api/v1/configmaps?watch=true", timeout=5) as watch:
        assert json.loads(watch.readline())["object"]["metadata"]["name"] == "istio"


class Cluster:
    """An API server that holds some objects and gives no list of Secrets."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.arguments = ["--kubeconfig", "theirs"]
        self.objects = [
            gateway_pod("istio-ingressgateway"),
            gateway_service("istio-ingressgateway"),
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "voting"}},
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "store", "namespace": "voting"}},
            config_map("settings", "voting"),
        ]

    def resource(self, _: str, kind: str) -> tuple[str, bool]:
        return plural(kind), True

    def get(self, _: str, kind: str, name: str, *_more: str) -> dict[str, Any] | None:
        assert kind != "Secret"
        return next(
            (one for one in self.objects if (one["kind"], one["metadata"]["name"]) == (kind, name)), None
        )

    def list(self, _: str, kind: str, namespace: str, *_more: object) -> list[dict[str, Any]]:
        assert kind in {"Pod", "Service"}
        found = [one for one in self.objects if one["kind"] == kind]
        return [one for one in found if one["metadata"]["namespace"] == namespace]


@pytest.mark.parametrize("own", [(), ("kube-system",)])
def test_only_the_suites_own_cluster_is_read_by_istioctl_itself(
    own: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Any] = []

    def note(server: object, *_: object) -> list[str]:
        given.append(server)
        return ["found"]

    monkeypatch.setattr(object_analysis, "analyze", note)
    api = Cluster(tmp_path)
    manifests = [
        SimpleNamespace(api_version="v1", body={"kind": kind}, ref=SimpleNamespace(name=name))
        for kind, name in (("Secret", "store"), ("ConfigMap", "settings"), ("ConfigMap", "not-yet"))
    ]
    gateway = SimpleNamespace(namespace="istio-system", pod_labels="istio=ingressgateway")
    namespace = SimpleNamespace(
        api=api,
        name="voting",
        cluster=SimpleNamespace(api=api, own_namespaces=own),
        mesh=SimpleNamespace(istioctl=Path("istioctl"), root_namespace="istio-system", gateway=gateway),
        manifests=SimpleNamespace(objects=manifests),
    )
    assert analyzed(cast(NamespaceUnderTest, namespace)) == ["found"]
    if own:
        assert given == [api]
    else:
        names = {one["metadata"]["name"] for one in given[0]._objects}
        assert names == {"voting", "settings", "istio", "istio-ingressgateway"}
