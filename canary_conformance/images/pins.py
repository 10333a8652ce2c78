"""What the files under images/ pin: the versions that package registries serve, and pulled references."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from canary_conformance.images.golang import required_version
from canary_conformance.paths import IMAGES

OFFLINE = IMAGES / "offline"
GO = OFFLINE / "go"
# The only Istio that the Go proxy serves is the release-1.31 branch just after its first candidate; its
# go.mod names the commit.
ISTIO_VERSION = "1.31.0"


def numbers_of(version: str) -> tuple[int, ...]:
    """Return a version's numbers, by which versions are compared: "1.36.4" is (1, 36, 4)."""
    return tuple(int(number) for number in re.findall(r"\d+", version))


@cache
def kubernetes_modules() -> Mapping[str, Path]:
    """Return each Kubernetes version that can be built, oldest first, and the folder of its go.mod."""
    modules = GO.glob("kubernetes*/go.mod")
    return _sorted((required_version(module, "k8s.io/kubernetes"), module.parent) for module in modules)


@cache
def envoy_pins() -> Mapping[str, Path]:
    """Return each upstream Envoy that PyPI serves, oldest first, and the requirements that pin its wheel."""
    return _sorted((file.stem, file) for file in (OFFLINE / "envoy").glob("*.txt"))


def reference_of(image: str, version: str | None = None) -> str:
    """Return the reference by which an image is pulled; with a version other than the pinned one, of that.

    Only the pinned version's digest is known.
    """
    reference = _references()[image]["reference"]
    if version is None or version == pulled_version_of(image):
        return reference
    name, _, tag = reference.partition("@")[0].rpartition(":")
    return f"{name}:{'v' if tag.startswith('v') else ''}{version}"


def pulled_version_of(image: str) -> str:
    """Return the version that is pulled unless another is asked for: an image's pinned tag, without a `v`."""
    return _references()[image]["reference"].partition("@")[0].rpartition(":")[2].removeprefix("v")


def pulled_images() -> list[str]:
    """Return the names of all images that have a reference."""
    return _references().sections()


@cache
def _references() -> configparser.ConfigParser:
    references = configparser.ConfigParser()
    references.read_string((IMAGES / "pulled/references.ini").read_text())
    return references


def _sorted(found: Iterable[tuple[str, Path]]) -> Mapping[str, Path]:
    return dict(sorted(found, key=lambda pair: numbers_of(pair[0])))
