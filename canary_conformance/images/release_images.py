"""The recipes of a run on pulled releases: kind's node, Istio and its istioctl, and images for the stores.

In the node each image of Istio has its own name, whatever registry it was pulled from: that is what the mesh
asks for (Provisions.hub and tag).
"""

from __future__ import annotations

from collections.abc import Sequence

from canary_conformance.images.node_image import Stocked
from canary_conformance.images.offline import caller_image
from canary_conformance.images.pins import pulled_from, reference_of
from canary_conformance.images.recipes import Built, ImageFile, Pulled
from canary_conformance.images.versions import MeshVersion
from canary_conformance.images.voting_images import voting_images
from canary_conformance.paths import IMAGES

# Where Istio's image of the program has it (Istio: istioctl/docker/Dockerfile.istioctl).
ISTIOCTL = "/usr/local/bin/istioctl"
# The entry point of kind's own node, which a commit would forget.
_ENTRYPOINT = '["/usr/local/bin/entrypoint","/sbin/init"]'


def istioctl(mesh: MeshVersion) -> ImageFile:
    """Return the program of an Istio release, out of its image."""
    otherwise = f"An istioctl {mesh.istio} on PATH is used instead, and this image is not pulled then."
    image = Pulled("istioctl-image", pulled_from("istioctl", mesh.istio), otherwise)
    return ImageFile("istioctl", image, ISTIOCTL)


def releases(kubernetes: str, meshes: Sequence[MeshVersion]) -> list[Pulled]:
    """Return the images that exist only if these versions were released: each mesh's istiod, kind's node.

    The smallest come first: whether a registry answers is known when the first of them is there.
    """
    return [_image("pilot", mesh) for mesh in _ordered(meshes)] + [_node(kubernetes)]


def images(kubernetes: str, meshes: Sequence[MeshVersion]) -> list[Pulled]:
    """Return all images that the node of these versions is made from, the releases first."""
    contents = [image for image, _ in pulled_node(kubernetes, meshes).images]
    bases = [image.base for image in contents if isinstance(image, Built)]
    found = [image for image in (*contents, *bases) if isinstance(image, Pulled)]
    return list(dict.fromkeys((*releases(kubernetes, meshes), *found)))


def pulled_node(kubernetes: str, meshes: Sequence[MeshVersion]) -> Stocked:
    """Return the recipe of kind's node of a Kubernetes release with each of the meshes and the voting app."""
    ready = Built("kind-node-ready", IMAGES / "pulled/node", _node(kubernetes))
    mesh = tuple(
        (_image(image, one), reference_of(image, one.istio).name)
        for one in _ordered(meshes)
        for image in ("pilot", "proxyv2")
    )
    return Stocked("node-pulled", ready, (*mesh, *own_images()), _ENTRYPOINT)


def own_images() -> tuple[tuple[Built | Pulled, str], ...]:
    """Return the images of the sample app and of the callers, each with its name in the manifests."""
    debian, mysql = Pulled("debian-pulled", pulled_from("debian")), Pulled("mysql", pulled_from("mysql"))
    return (*voting_images(debian, mysql=mysql), caller_image())


def _node(kubernetes: str) -> Pulled:
    return Pulled("kind-node", pulled_from("node", kubernetes))


def _image(image: str, mesh: MeshVersion) -> Pulled:
    return Pulled(image, pulled_from(image, mesh.istio))


def _ordered(meshes: Sequence[MeshVersion]) -> list[MeshVersion]:
    return sorted(set(meshes), key=str)
