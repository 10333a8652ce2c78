"""What stands in for released images: names, the release archive, the registry's files, the pins."""

from __future__ import annotations

import configparser
import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.progress import Progress
from tools.pulled import image_files, kind_node, loopback_registry
from tools.pulled.__main__ import stand_ins_of_today
from tools.pulled.image_files import BLOBS, MANIFESTS, manifest_file, write_image
from tools.pulled.kind_node import expected_images, role_of
from tools.pulled.kind_node import image_files as archive_files
from tools.pulled.loopback_registry import LoopbackRegistry, running_registry
from tools.pulled.stand_ins import write_pins

KUBEADM = [
    "registry.k8s.io/kube-proxy:v1.34.4",
    "registry.k8s.io/coredns/coredns:v1.12.1",
    "registry.k8s.io/pause:3.10.1",
]
CONTAINERD = '[plugins]\n  sandbox_image = "registry.k8s.io/pause:3.10"\n'
CONSTANTS = 'const kindnetdImage = "docker.io/kindest/kindnetd:v1"\nconst other = 3\n'


def test_a_node_holds_what_kubeadm_kind_and_containerd_name() -> None:
    assert expected_images(KUBEADM, CONTAINERD, CONSTANTS) == [
        *KUBEADM[:2],
        "registry.k8s.io/pause:3.10",
        "docker.io/kindest/kindnetd:v1",
    ]


def test_an_image_is_known_by_the_last_word_of_its_name() -> None:
    assert role_of("registry.k8s.io/coredns/coredns:v1.12.1") == "coredns"
    assert role_of("127.0.0.1:5099/a/etcd:3@sha256:00") == "etcd"


def test_the_release_archive_has_kinds_four_image_files() -> None:
    names = [
        "r/kube-apiserver:1",
        "r/kube-controller-manager:1",
        "r/kube-scheduler:1",
        "r/kube-proxy:1",
        "r/etcd:3",
    ]
    assert archive_files(names) == {
        "kube-apiserver": names[:1],
        "kube-controller-manager": names[1:2],
        "kube-scheduler": names[2:3],
        "kube-proxy": names[3:],
    }


def test_an_image_that_nothing_stands_in_for_is_named() -> None:
    with pytest.raises(EnvironmentFailed, match="stands in for r/new:1"):
        kind_node.named(["r/new:1"], {"etcd": "voting-conformance/etcd:1"})


def test_an_image_file_lists_its_names_first_as_kind_spells_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(kind_node, "docker", saving({"manifest.json": b"[]", "repositories": b"{}"}))
    kind_node.save(["docker.io/kindest/kindnetd:v1", "registry.k8s.io/etcd:3"], tmp_path / "kube-proxy.tar")
    with tarfile.open(tmp_path / "kube-proxy.tar") as archive:
        assert archive.getnames() == ["repositories", "manifest.json"]
        listed = json.load(archive.extractfile("repositories") or io.BytesIO())
    assert listed == {"docker.io/kindest/kindnetd": {"v1": ""}, "registry.k8s.io/etcd": {"3": ""}}
    assert [path.name for path in tmp_path.iterdir()] == ["kube-proxy.tar"]


def saving(files: dict[str, bytes]) -> Any:
    """Return what stands for the engine: `docker save` writes an archive of these files."""

    def docker(*words: str | Path, limit: float | None = None) -> str:
        del limit
        with tarfile.open(words[words.index("--output") + 1], "w") as archive:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        return ""

    return docker


def test_a_manifest_refers_to_files_that_are_there_and_as_large(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    listed = [{"Config": "c.json", "Layers": ["a/layer.tar", "b/layer.tar"]}]
    files = {"manifest.json": json.dumps(listed).encode(), "c.json": b"{}", "a/layer.tar": b"a" * 9999}
    monkeypatch.setattr(image_files, "docker", saving({**files, "b/layer.tar": b"b"}))
    write_image("an-image:1", ("library/mysql:8.4", "some/prefix/library/mysql:8.4"), tmp_path)
    kept = {path.name: path.read_text() for path in (tmp_path / MANIFESTS).iterdir()}
    assert set(kept) == {manifest_file("library/mysql:8.4"), manifest_file("some/prefix/library/mysql:8.4")}
    assert len(set(kept.values())) == 1
    kind, _, body = kept[manifest_file("library/mysql:8.4")].partition("\n")
    manifest = json.loads(body)
    assert kind == manifest["mediaType"]
    for blob in (manifest["config"], *manifest["layers"]):
        content = (tmp_path / BLOBS / blob["digest"].removeprefix("sha256:")).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (blob["digest"][7:], blob["size"])
    layers = [tmp_path / BLOBS / blob["digest"][7:] for blob in manifest["layers"]]
    assert [gzip.decompress(layer.read_bytes()) for layer in layers] == [b"a" * 9999, b"b"]
    assert {path.name for path in tmp_path.iterdir()} == {"blobs", MANIFESTS}


def test_a_manifests_file_is_named_by_its_escaped_path() -> None:
    assert manifest_file("istio/pilot:1.31.0") == "%2Fv2%2Fistio%2Fpilot%2Fmanifests%2F1.31.0"


def test_the_pins_name_every_image_that_is_pulled_with_its_digest(tmp_path: Path) -> None:
    write_pins(tmp_path / "pins.ini", stand_ins_of_today(), lambda name: f"sha256:{len(name):064d}")
    pins = configparser.ConfigParser(interpolation=None)
    pins.read(tmp_path / "pins.ini")
    assert set(pins.sections()) == {"node", "debian", "pilot", "proxyv2", "istioctl", "mysql"}
    assert pins["mysql"]["reference"] == f"docker.io/library/mysql:8.4@sha256:{17:064d}"
    assert pins["node"]["reference"].startswith("docker.io/kindest/node:v")


def test_a_port_in_use_is_bad_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(LoopbackRegistry, "answers", lambda _: True)
    monkeypatch.setattr(loopback_registry, "fill", lambda *_: None)
    with (
        pytest.raises(BadInput, match=r"127\.0\.0\.1:5100 is in use.*--port"),
        running_registry(tmp_path, (), 5100, Progress()),
    ):
        pass


def test_a_registry_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "program/registry"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho no such address >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(LoopbackRegistry, "answers", lambda _: False)
    with (
        pytest.raises(EnvironmentFailed, match="could not be started:\n  no such address"),
        loopback_registry.serving(program, tmp_path / "images", 5100),
    ):
        pass


def test_the_images_of_an_earlier_content_are_removed(tmp_path: Path) -> None:
    old, kept, other = (tmp_path / name for name in ("pulled-registry-a", "pulled-registry-b", "kind-c"))
    for folder in (old, kept, other):
        folder.mkdir()
    loopback_registry.remove_others(tmp_path, kept)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["kind-c", "pulled-registry-b"]
