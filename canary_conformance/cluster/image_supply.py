"""What images come to on a cluster that the suite did not make: named there, or made here and pushed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kubernetes.client.exceptions import ApiException

from canary_conformance.cluster.api import Api
from canary_conformance.images.cluster_images import ClusterImages, UsedImage, cluster_images
from canary_conformance.images.image_options import ClusterImageOptions, ImagesFrom
from canary_conformance.images.image_push import check_nodes, push_images
from canary_conformance.images.references import Mirror
from canary_conformance.progress import Progress


def images_on(
    api: Api,
    options: ClusterImageOptions,
    used: Sequence[UsedImage],
    source: ImagesFrom,
    store: Path,
    progress: Progress,
) -> ClusterImages:
    """Return what stands for the images of a run on this cluster, pushed where that is asked for.

    Nothing is made in the cluster, and without --push-to no container engine is used.

    Args:
        api: The API server, whose nodes are compared with what is pushed.
        options: The options for images.
        used: The images that the run uses.
        source: The value of --images.
        store: Where the suite keeps what it makes.
        progress: What reports how far it is.

    Raises:
        BadInput: An option is wrong, or the registry or no node takes the images.
        EnvironmentFailed: The engine or the registry failed.
    """
    images = cluster_images(options, used)
    if options.push_to is None:
        return images
    registry = Mirror.parse(options.push_to, "--push-to")

    def check_platform(platform: str) -> None:
        check_nodes(platform, _platforms(api, progress), progress.note)

    return push_images(registry, images, used, source, store, check_platform, progress)


def _platforms(api: Api, progress: Progress) -> dict[str, str]:
    """Return the platform of each node; none, with a note, where nodes may not be listed."""
    try:
        nodes = api.list("v1", "Node")
    except ApiException as error:
        progress.note(f"whether the nodes run the pushed images is not known: {error.reason}")
        return {}
    infos = {node["metadata"]["name"]: node["status"]["nodeInfo"] for node in nodes}
    return {name: f"{info['operatingSystem']}/{info['architecture']}" for name, info in infos.items()}
