"""The images that stand in for released ones: what each is made from, and the name it is pulled by."""

from __future__ import annotations

import configparser
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from canary_conformance.images import offline
from canary_conformance.images.go_recipes import GoPrograms
from canary_conformance.images.pins import GO
from canary_conformance.images.recipes import Bootstrapped, Built
from canary_conformance.images.versions import MeshVersion
from canary_conformance.images.voting_images import voting_images
from canary_conformance.paths import IMAGES
from tools.pulled.kind_node import KIND_MODULE, OWN_FILES, KindNode
from tools.pulled.module_files import GoProgramBeside, PackedFolder

PULLED = IMAGES / "pulled"
HUB = "docker.io"
PROGRAMS = PULLED / "go"
REGISTRY = GoPrograms("registry", PROGRAMS / "registry", target=".")


@dataclass(frozen=True, slots=True)
class StandIn:
    """An image and what is pulled instead of it.

    Attributes:
        section: Its section in a file of pins.
        name: Repository and tag at the registry, without a host: `istio/pilot:1.31.0`.
        image: How it is made.
    """

    section: str
    name: str
    image: Bootstrapped | Built | KindNode


def stand_ins(kubernetes: str, mesh: MeshVersion) -> tuple[StandIn, ...]:
    """Return every image that a pulled run asks a registry for."""
    (pilot, _), (proxy, _) = offline.mesh_images(mesh)
    stamp = offline.ISTIO.stamp
    program = GoProgramBeside("istioctl", GO / "istio", stamp, ".", source=PROGRAMS / "istioctl")
    istioctl = Built("istioctl", PULLED / "istioctl", files=((program, "istioctl", "bin/istioctl"),))
    return (
        StandIn("node", f"kindest/node:v{kubernetes}", kind_node(kubernetes)),
        StandIn("debian", "library/debian:bookworm-slim", offline.BASE),
        StandIn("pilot", f"istio/pilot:{mesh.istio}", pilot),
        StandIn("proxyv2", f"istio/proxyv2:{mesh.istio}", proxy),
        StandIn("istioctl", f"istio/istioctl:{mesh.istio}", istioctl),
        StandIn("mysql", "library/mysql:8.4", Built("mysql", PULLED / "mysql", _mariadb())),
    )


def _mariadb() -> Built:
    """Return the image that stands for MySQL where nothing is pulled."""
    image = voting_images(offline.BASE)[-1][0]
    assert isinstance(image, Built)
    return image


def kind_node(kubernetes: str) -> KindNode:
    """Return kind's node of a Kubernetes version that is built here."""
    programs = offline.kubernetes_programs(kubernetes)
    containerd = GoPrograms("containerd", PROGRAMS / "containerd")
    files = PackedFolder("kind-base-files", GO / "kind", KIND_MODULE, "images/base/files")
    base = Built(
        "kind-base",
        PULLED / "kind-base",
        offline.BASE,
        (
            (files, "kind-base-files.tar", "kind-base-files.tar"),
            *((containerd, name, f"bin/{name}") for name in ("containerd", "ctr", "containerd-shim-runc-v2")),
        ),
    )
    kindnetd = GoPrograms("kindnetd", PROGRAMS / "kindnetd", target=".")
    others = {image.name: image for image, _ in offline.platform_images(kubernetes)}
    images = (
        *(others[name] for name in (*OWN_FILES, "kube-proxy", "etcd", "pause")),
        Built("coredns", PULLED / "coredns", files=((offline.COREDNS, "coredns", "bin/coredns"),)),
        Built("kindnetd", PULLED / "kindnetd", files=((kindnetd, "kindnetd", "bin/kindnetd"),)),
        *(others[name] for name in ("local-path-provisioner", "local-path-helper")),
    )
    return KindNode("kindest-node", kubernetes, offline.KIND, programs, base, images)


def write_pins(file: Path, images: Sequence[StandIn], digest: Callable[[str], str]) -> None:
    """Write a file of references with the images' own digests, which VOTING_PINS names to a run.

    The digests of released images cannot match images built here. An image without a section has no row.

    Args:
        file: What to write.
        images: The images; each is named as if Docker Hub served it.
        digest: Returns the digest that the registry has for a name.
    """
    pins = configparser.ConfigParser(interpolation=None)
    for one in images:
        pins[one.section] = {"reference": f"{HUB}/{one.name}@{digest(one.name)}"}
    with file.open("w", encoding="utf-8") as output:
        output.write("# Images built here that stand in for released ones, and their digests.\n")
        pins.write(output)
