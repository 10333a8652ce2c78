"""The recipes of a run on pulled releases: kind's node, Istio and its istioctl, and images for the stores."""

from __future__ import annotations

from collections.abc import Sequence

from canary_conformance.images.node_image import Stocked
from canary_conformance.images.offline import caller_image
from canary_conformance.images.pins import reference_of
from canary_conformance.images.recipes import Built, ImageFile, Pulled
from canary_conformance.images.versions import MeshVersion
from canary_conformance.images.voting_images import voting_images
from canary_conformance.paths import IMAGES

# Where Istio's image of the program has it (Istio: istioctl/docker/Dockerfile.istioctl).
ISTIOCTL = "/usr/local/bin/istioctl"
# The entry point of kind's own node, which a commit would forget.
_ENTRYPOINT = '["/usr/local/bin/entrypoint","/sbin/init"]'


def mesh_reference(image: str, mesh: MeshVersion) -> str:
    """Return the reference of `pilot` or `proxyv2` of an Istio release."""
    return reference_of(image, mesh.istio)


def istioctl(mesh: MeshVersion) -> ImageFile:
    """Return the program of an Istio release, out of its image."""
    hub = mesh_reference("pilot", mesh).rpartition("/")[0]
    return ImageFile("istioctl", Pulled("istioctl-image", f"{hub}/istioctl:{mesh.istio}"), ISTIOCTL)


def pulled_node(kubernetes: str, meshes: Sequence[MeshVersion]) -> Stocked:
    """Return the recipe of kind's node of a Kubernetes release with each of the meshes and the voting app."""
    release = Pulled("kind-node", reference_of("node", kubernetes))
    ready = Built("kind-node-ready", IMAGES / "pulled/node", release)
    ordered = sorted(set(meshes), key=str)
    mesh = tuple(
        (Pulled(image, mesh_reference(image, one)), mesh_reference(image, one))
        for one in ordered
        for image in ("pilot", "proxyv2")
    )
    stores = voting_images(
        Pulled("debian-pulled", reference_of("debian")), mysql=Pulled("mysql", reference_of("mysql"))
    )
    return Stocked("node-pulled", ready, (*mesh, *stores, caller_image()), _ENTRYPOINT)
