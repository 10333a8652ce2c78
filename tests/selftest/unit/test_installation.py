"""The wanted mesh is used as it is; another one is removed whole before the wanted one is installed."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from canary_conformance.cluster.host_reach import HostReach
from canary_conformance.cluster.kind import KindCluster
from canary_conformance.images.content_keys import key_of
from canary_conformance.images.provisions import Provisions
from canary_conformance.images.versions import MeshVersion
from canary_conformance.mesh.installation import INSTALLED, ROOT_NAMESPACE, ensure_mesh, operator
from canary_conformance.progress import Progress
from tests.selftest.support import Programs
from tests.selftest.unit.test_kind import provisions


class Server:
    """An API server with a mesh of some key, or none; what is done to it stands among istioctl's calls."""

    def __init__(self, kubeconfig: Path, calls: Path, installed: str | None) -> None:
        self.folder = kubeconfig.parent
        self.arguments = ["--kubeconfig", str(kubeconfig)]
        self.calls = calls
        self.installed = installed

    def get(self, _: str, kind: str, name: str, __: str | None = None) -> Mapping[str, Any] | None:
        if kind == "Service":
            return {"spec": {"ports": [{"port": 80, "nodePort": 30080}], "selector": {"istio": "gateway"}}}
        if self.installed is None:
            return None
        if kind == "Deployment":
            return {"status": {"availableReplicas": 1}}
        return {"metadata": {"name": name, "annotations": {INSTALLED: self.installed}}}

    def list(self, _: str, __: str) -> list[Mapping[str, Any]]:
        return []

    def delete(self, _: str, kind: str, name: str) -> None:
        with self.calls.open("a") as calls:
            calls.write(f"deleted {kind} {name}\n")
        self.installed = None

    def apply(self, body: Mapping[str, Any], _: str | None) -> None:
        self.installed = body["metadata"]["annotations"][INSTALLED]


def on(envoy: str, programs: Programs) -> Provisions:
    mesh = MeshVersion("1.31.0", envoy)
    return replace(
        provisions(Path("/kind")), istioctl=programs.add("istioctl"), mesh_version=mesh, tag=mesh.tag
    )


def key(wanted: Provisions) -> str:
    return key_of(json.dumps(operator(wanted), sort_keys=True))


def done(programs: Programs, tmp_path: Path, installed: str | None, wanted: Provisions) -> list[str]:
    """Return what was done to have the wanted mesh, a word or three each."""
    server = Server(tmp_path / "kubeconfig", tmp_path / "calls", installed)
    mesh = ensure_mesh(KindCluster("c", cast(Any, server), HostReach("10.0.0.1"), True), wanted, Progress())
    assert mesh.proxy_image == f"localhost/proxyv2:{wanted.tag}"
    assert server.installed == key(wanted)
    return [" ".join(call.removeprefix("istioctl ").split()[:3]) for call in programs.calls()]


def test_the_wanted_mesh_is_used_as_it_is(programs: Programs, tmp_path: Path) -> None:
    wanted = on("1.38.3", programs)
    assert done(programs, tmp_path, key(wanted), wanted) == []


def test_where_there_is_none_it_is_installed(programs: Programs, tmp_path: Path) -> None:
    assert done(programs, tmp_path, None, on("1.38.3", programs)) == [
        "install --skip-confirmation --filename"
    ]


@pytest.mark.parametrize("other", ["", "of another version"])
def test_another_one_is_removed_whole_first(programs: Programs, tmp_path: Path, other: str) -> None:
    installed = other and key(on("1.36.4", programs))
    assert done(programs, tmp_path, installed, on("1.38.3", programs)) == [
        "uninstall --purge --skip-confirmation",
        f"deleted Namespace {ROOT_NAMESPACE}",
        "install --skip-confirmation --filename",
    ]
