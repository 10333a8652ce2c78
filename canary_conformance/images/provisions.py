"""What a cluster is made from: releases that are pulled, or images that are built here.

Both answers have the same shape, so nothing above this module knows which one was given.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.images import offline, release_images
from canary_conformance.images.choice import decided, explained
from canary_conformance.images.engine import engine_platform
from canary_conformance.images.go_recipes import GoPrograms
from canary_conformance.images.golang import host_platform
from canary_conformance.images.image_options import AskedVersions, ImagesFrom
from canary_conformance.images.node_image import Stocked
from canary_conformance.images.pins import PINS, mirror, numbers_of, reference_of
from canary_conformance.images.recipe_queues import make_all
from canary_conformance.images.recipes import ImageFile, Recipe
from canary_conformance.images.versions import MeshVersion, available, oldest_kind
from canary_conformance.processes import CommandFailed, find_program, run
from canary_conformance.progress import Progress
from canary_conformance.timeouts import LIMITS


@dataclass(frozen=True, slots=True)
class Provisions:
    """What a cluster and its mesh are made from: the node image, the programs, and what to call it all.

    node_contents: what the node has to hold, in the words of Stocked.contents; the image may hold more.
    hub and tag name Istio's images inside the node, which may hold those of other meshes too. own_network:
    the node brings its CNI configuration and our CoreDNS, kind must not; etcd_version and coredns_image are
    for that case. pulled_from: the registry in place of each image's own, and the file of references in place
    of ours, "" where neither was named.
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
    pulled_from: str = ""

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
        pulled = f"pulled{self.pulled_from}"
        how = "built from package registries" if self.source is ImagesFrom.BUILD else pulled
        return f"Kubernetes {self.kubernetes_version}, Istio {self.istio_version} {envoy}; images {how}"


def provide(asked: ImagesFrom, versions: AskedVersions, store: Path, progress: Progress) -> Provisions:
    """Return what the run is made from, making what is missing.

    auto pulls where the registry gives a first image, else builds where that can work; a line says which and
    why (canary_conformance.images.choice). Raises BadInput, with the available versions, when the source does
    not have a version asked for or the user can mend why an image was not pulled, and EnvironmentFailed.
    """
    source = decided(asked, versions, store, progress)
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
    first = AskedVersions(meshes[0].istio, meshes[0].envoy, kubernetes)
    source = decided(asked, first, store, progress)
    return _provide(source, meshes, available(source).on_one_node(meshes, kubernetes), store, progress)


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
            kind=_program("kind", on_path("kind", offline.KIND_VERSION), offline.KIND, store),
            istioctl=_program("istioctl", on_path("istioctl", mesh.istio), offline.ISTIO, store),
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
    check_istioctl(meshes)
    node = release_images.pulled_node(kubernetes, meshes)
    kind = kind_on_path(oldest_kind(kubernetes, offline.KIND_VERSION))
    programs: list[Recipe] = [] if kind else [offline.KIND]
    programs += [release_images.istioctl(mesh) for mesh in meshes if on_path("istioctl", mesh.istio) is None]
    if node.serving() is None:
        # A version that the registry does not have is refused before anything is made of others.
        with explained(kubernetes, meshes):
            make_all(release_images.releases(kubernetes, meshes), store, progress)
    image = _made(node, programs, store, progress)
    return [
        Provisions(
            source=ImagesFrom.PULL,
            node_image=image,
            node_contents=node.contents,
            kind=_program("kind", kind, offline.KIND, store),
            istioctl=_program(
                "istioctl", on_path("istioctl", mesh.istio), release_images.istioctl(mesh), store
            ),
            kubectl=find_program("kubectl"),
            hub=reference_of("pilot", mesh.istio).hub,
            tag=mesh.istio,
            kubernetes_version=kubernetes,
            mesh_version=mesh,
            own_network=False,
            etcd_version="",
            coredns_image="",
            caller_image=offline.caller_image()[1],
            pulled_from=_origin(),
        )
        for mesh in meshes
    ]


def check_istioctl(meshes: Sequence[MeshVersion]) -> None:
    """Raise BadInput where istioctl is to come from an image that is not of this machine's platform."""
    here, engines = host_platform(), engine_platform()
    if here == engines:
        return
    if missing := [mesh.istio for mesh in meshes if on_path("istioctl", mesh.istio) is None]:
        raise BadInput(
            f"istioctl {', '.join(missing)} must be on PATH: this machine is {here}, and Istio's image has "
            f"the program for the container engine's {engines}. To download it: "
            f"`curl -L https://istio.io/downloadIstio | ISTIO_VERSION={missing[0]} sh -`"
        )


def _made(node: Stocked, programs: Sequence[Recipe], store: Path, progress: Progress) -> str:
    """Make the programs, and the node where no image of the engine serves; return the image that does."""
    image = node.serving()
    make_all((*programs, *(() if image else (node,))), store, progress)
    return image or node.tag


def _origin() -> str:
    """Return where images are pulled from, as the header adds it to "pulled"."""
    place, pins = mirror(), os.environ.get(PINS)
    return (f" from {place}" if place else "") + (f", pinned by {pins}" if pins else "")


def _program(name: str, found: Path | None, recipe: GoPrograms | ImageFile, store: Path) -> Path:
    """Return the program that was found on PATH, else the one that was made."""
    program = found or recipe.folder(store) / name
    if not program.exists():
        raise EnvironmentFailed(f"{name} was neither found on PATH in a version that fits nor made here")
    return program


def on_path(name: str, version: str) -> Path | None:
    """Return a program on PATH that reports just this version, else None."""
    found = find_program(name)
    reported = reported_version(found)
    return found if re.search(rf"(?<![\d.]){re.escape(version)}(?![\w.+-])", reported) else None


def kind_on_path(oldest: str) -> Path | None:
    """Return the kind on PATH where it is of this version or a later one, else None."""
    found = find_program("kind")
    version = re.search(r"\bv?(\d+\.\d+\.\d+)", reported_version(found))
    return found if version and numbers_of(version[1]) >= numbers_of(oldest) else None


def reported_version(program: Path | None) -> str:
    """Return what a program reports as its version; nothing where it can't."""
    if program is None:
        return ""
    words = ["version"] if program.name == "kind" else ["version", "--remote=false"]
    try:
        return run([program, *words], limit=LIMITS.command)
    except CommandFailed:
        return ""
