"""What a cluster is made from: releases that are pulled, or images that are built here.

Both answers have the same shape, so nothing above this module knows which one was given.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from canary_conformance.errors import EnvironmentFailed
from canary_conformance.images import offline, pulled
from canary_conformance.images.building import make_all
from canary_conformance.images.engine import docker
from canary_conformance.images.golang import required_version
from canary_conformance.images.image_options import AskedVersions, ImagesFrom
from canary_conformance.images.node_image import Stocked
from canary_conformance.images.pins import GO, reference_of
from canary_conformance.images.recipes import GoPrograms, ImageFile, Recipe
from canary_conformance.images.versions import MeshVersion, available
from canary_conformance.processes import CommandFailed, find_program, run
from canary_conformance.progress import Progress
from canary_conformance.timeouts import LIMITS

KIND_VERSION = required_version(GO / "kind/go.mod", "sigs.k8s.io/kind")


@dataclass(frozen=True, slots=True)
class Provisions:
    """What a cluster and its mesh are made from: the node image, the programs, and what to call it all.

    node_contents: what the node has to hold, in the words of Stocked.contents; the image may hold more.
    hub and tag name Istio's images inside the node, which may hold those of other meshes too. own_network:
    the node brings its CNI configuration and our CoreDNS, kind must not; etcd_version and coredns_image are
    for that case.
    """

    source: ImagesFrom
    node_image: str
    node_contents: frozenset[str]
    kind: Path
    istioctl: Path
    kubectl: Path | None
    hub: str
    tag: str
    kubernetes_version: str
    mesh_version: MeshVersion
    own_network: bool
    etcd_version: str
    coredns_image: str
    caller_image: str

    @property
    def istio_version(self) -> str:
        """The version of Istio."""
        return self.mesh_version.istio

    @property
    def upstream_envoy(self) -> str | None:
        """The upstream Envoy that stands in for Istio's own; None where Istio's own runs."""
        return self.mesh_version.envoy

    def describe(self) -> str:
        """Return one line for the run's header: what runs, and where it came from."""
        envoy = (
            f"on upstream Envoy {self.upstream_envoy}, not Istio's own"
            if self.upstream_envoy
            else "as released"
        )
        how = "built from package registries" if self.source is ImagesFrom.BUILD else "pulled"
        return f"Kubernetes {self.kubernetes_version}, Istio {self.istio_version} {envoy}; images {how}"


def provide(asked: ImagesFrom, versions: AskedVersions, store: Path, progress: Progress) -> Provisions:
    """Return what the run is made from, making what is missing.

    auto pulls when a registry answers within LIMITS.registry_answers seconds, else builds; the line printed
    says which. Raises BadInput, with what there is, when the source can't give a version asked for, and
    EnvironmentFailed.
    """
    source = decided(asked, progress)
    chosen = available(source).choose(versions)
    return _provide(source, [chosen.mesh], chosen.kubernetes, store, progress)[0]


def provide_for(
    meshes: Sequence[MeshVersion],
    kubernetes: str | None,
    asked: ImagesFrom,
    store: Path,
    progress: Progress,
) -> list[Provisions]:
    """Return what each of several meshes is made from, in their order, on one node image that has them all.

    kubernetes: a version, or None for the source's own. Raises as provide() does.
    """
    source = decided(asked, progress)
    offer = available(source)
    for mesh in meshes:
        offer.check(mesh)
    return _provide(source, meshes, offer.kubernetes.need(kubernetes), store, progress)


def decided(asked: ImagesFrom, progress: Progress) -> ImagesFrom:
    """Return where images come from: what was asked for, or for auto what a registry's answer decides."""
    if asked is not ImagesFrom.AUTO:
        return asked
    chosen = ImagesFrom.PULL if _registry_answers() else ImagesFrom.BUILD
    why = "a registry answers" if chosen is ImagesFrom.PULL else "no container registry answers"
    progress.note(f"images: {why}, so they are {'pulled' if chosen is ImagesFrom.PULL else 'built here'}")
    return chosen


def _provide(
    source: ImagesFrom, meshes: Sequence[MeshVersion], kubernetes: str, store: Path, progress: Progress
) -> list[Provisions]:
    make = _built if source is ImagesFrom.BUILD else _pulled
    return make(meshes, kubernetes, store, progress)


def _built(
    meshes: Sequence[MeshVersion], kubernetes: str, store: Path, progress: Progress
) -> list[Provisions]:
    node, programs = offline.offline_node(kubernetes, meshes), offline.kubernetes_programs(kubernetes)
    image = _made(node, (offline.KIND, offline.ISTIO, programs), store, progress)
    return [
        Provisions(
            source=ImagesFrom.BUILD,
            node_image=image,
            node_contents=node.contents,
            kind=_program("kind", KIND_VERSION, offline.KIND, store),
            istioctl=_program("istioctl", mesh.istio, offline.ISTIO, store),
            kubectl=programs.folder(store) / "kubectl",
            hub=offline.HUB,
            tag=mesh.tag,
            kubernetes_version=kubernetes,
            mesh_version=mesh,
            own_network=True,
            etcd_version=offline.ETCD_VERSION,
            coredns_image=offline.COREDNS_IMAGE,
            caller_image=offline.caller_image()[1],
        )
        for mesh in meshes
    ]


def _pulled(
    meshes: Sequence[MeshVersion], kubernetes: str, store: Path, progress: Progress
) -> list[Provisions]:
    node = pulled.pulled_node(kubernetes, meshes)
    programs: list[Recipe] = [] if _on_path("kind", KIND_VERSION) else [offline.KIND]
    programs += [pulled.istioctl(mesh) for mesh in meshes if _on_path("istioctl", mesh.istio) is None]
    image = _made(node, programs, store, progress)
    return [
        Provisions(
            source=ImagesFrom.PULL,
            node_image=image,
            node_contents=node.contents,
            kind=_program("kind", KIND_VERSION, offline.KIND, store),
            istioctl=_program("istioctl", mesh.istio, pulled.istioctl(mesh), store),
            kubectl=find_program("kubectl"),
            hub=pulled.mesh_reference("pilot", mesh).rpartition("/")[0],
            tag=mesh.istio,
            kubernetes_version=kubernetes,
            mesh_version=mesh,
            own_network=False,
            etcd_version="",
            coredns_image="",
            caller_image=offline.caller_image()[1],
        )
        for mesh in meshes
    ]


def _made(node: Stocked, programs: Sequence[Recipe], store: Path, progress: Progress) -> str:
    """Make the programs, and the node where no image of the engine serves; return the image that does."""
    image = node.serving()
    make_all((*programs, *(() if image else (node,))), store, progress)
    return image or node.tag


def _registry_answers() -> bool:
    try:
        docker("manifest", "inspect", reference_of("pilot"), limit=LIMITS.registry_answers)
    except CommandFailed:
        return False
    return True


def _program(name: str, version: str, recipe: GoPrograms | ImageFile, store: Path) -> Path:
    """Return the program on PATH if it is of that version, else the one that was made."""
    found = _on_path(name, version) or recipe.folder(store) / name
    if not found.exists():
        raise EnvironmentFailed(f"{name} is neither on PATH in version {version} nor made here")
    return found


def _on_path(name: str, version: str) -> Path | None:
    found = find_program(name)
    if found is None:
        return None
    words = ["version"] if name == "kind" else ["version", "--remote=false"]
    try:
        told = run([found, *words], limit=LIMITS.command)
    except CommandFailed:
        return None
    return found if re.search(rf"(?<![\d.]){re.escape(version)}(?![\w.+-])", told) else None
