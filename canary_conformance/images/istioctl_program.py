"""The istioctl for a mesh that somebody else installed.

Its own version where that is at hand, else another of its minor release: `istioctl analyze` knows the fields
and rules of the Istio that it was built with, which patch releases do not add to. Istio supports a difference
of one minor release between control plane and proxies, and names none for istioctl ("Supported Releases").
"""

from __future__ import annotations

import re
from pathlib import Path

from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.images import offline, release_images
from canary_conformance.images.choice import in_ci
from canary_conformance.images.engine import engine_platform, engine_version
from canary_conformance.images.go_recipes import GoPrograms
from canary_conformance.images.golang import host_platform
from canary_conformance.images.image_options import ImagesFrom
from canary_conformance.images.pins import GO, ISTIO_VERSION, minor_of
from canary_conformance.images.provisions import on_path, reported_version
from canary_conformance.images.recipe_queues import make_all
from canary_conformance.images.recipes import ImageFile
from canary_conformance.images.versions import MeshVersion
from canary_conformance.processes import find_program
from canary_conformance.progress import Progress

NAME = "istioctl"
_MINOR = re.compile(r"\b(\d+\.\d+)\.")
# The program alone, for this machine: offline.ISTIO is all of Istio for the engine's platform.
OWN = GoPrograms(
    NAME, GO / "istio", offline.ISTIO.stamp, target="istio.io/istio/istioctl/cmd/istioctl", for_host=True
)


def istioctl_for(version: str, store: Path, progress: Progress, images: ImagesFrom = ImagesFrom.AUTO) -> Path:
    """Return an istioctl for the Istio of this version.

    In this order: of the version on PATH; of its minor release on PATH, or made before; out of Istio's image,
    where an engine pulls it; built from Go modules, which needs no engine.

    Args:
        version: The control plane's, "1.31.0".
        store: Where the suite keeps what it makes.
        progress: What reports what is made.
        images: build: nothing is pulled; pull: nothing is built; auto builds nothing in CI.

    Raises:
        BadInput: There is none, and none can be made.
    """
    if found := on_path(NAME, version) or _of_minor(find_program(NAME), version):
        return found
    pulled = release_images.istioctl(MeshVersion(version, None))
    if found := _made_before(pulled, version, store):
        return found
    why = ""
    if images is not ImagesFrom.BUILD and engine_version() and engine_platform() == host_platform():
        try:
            make_all([pulled], store, progress)
        except (BadInput, EnvironmentFailed) as failed:
            why = f" ({failed})"
        else:
            return pulled.folder(store) / NAME
    buildable = minor_of(version) == minor_of(ISTIO_VERSION) and images is not ImagesFrom.PULL
    if buildable and (images is ImagesFrom.BUILD or not in_ci()):
        make_all([OWN], store, progress)
        return OWN.folder(store) / NAME
    raise BadInput(
        f"there is no istioctl of Istio {version} or another {minor_of(version)}: put one on the PATH "
        f"(`curl -L https://istio.io/downloadIstio | ISTIO_VERSION={version} sh -`){why}"
    )


def _made_before(pulled: ImageFile, version: str, store: Path) -> Path | None:
    for recipe in (pulled, OWN, offline.ISTIO):
        if found := _of_minor(recipe.folder(store) / NAME, version):
            return found
    return None


def _of_minor(program: Path | None, version: str) -> Path | None:
    """Return a program if it runs here and is of the version's minor release, else None."""
    found = _MINOR.search(reported_version(program)) if program and program.exists() else None
    return program if found and found[1] == minor_of(version) else None
