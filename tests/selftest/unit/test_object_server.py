"""`istioctl analyze` is given what a run may read, and nothing else of a cluster that others use."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.request import urlopen

import pytest
import yaml

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.base import Cluster
from canary_conformance.mesh.istioctl import analyze
from canary_conformance.mesh.object_server import ObjectServer
from tests.selftest.api_server import plural
from tests.selftest.mesh_objects import config_map
from tests.selftest.support import Programs


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


def test_istioctl_is_given_the_objects_and_the_meshes_namespace(programs: Programs, tmp_path: Path) -> None:
    program = programs.add("istioctl", f'cat "$9" > {tmp_path}/given; echo []')
    api = cast(Any, SimpleNamespace(folder=tmp_path, resource=Discovery().resource, arguments=["--none"]))
    cluster = cast(Cluster, SimpleNamespace(api=api))
    assert analyze(cluster, program, "voting", "aks-istio-system", [config_map("settings", "voting")]) == []
    assert "http://127.0.0.1:" in (tmp_path / "given").read_text()
