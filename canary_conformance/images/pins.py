"""What the files under images/ pin: the versions that package registries serve, and pulled references."""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from canary_conformance.errors import BadInput
from canary_conformance.images.golang import required_version
from canary_conformance.images.references import Mirror, Reference
from canary_conformance.paths import IMAGES

OFFLINE = IMAGES / "offline"
GO = OFFLINE / "go"
# The only Istio that the Go proxy serves is the release-1.31 branch just after its first candidate; its
# go.mod names the commit.
ISTIO_VERSION = "1.31.0"
# A file of references in place of images/pulled/references.ini, and the registry to pull them from.
PINS, REGISTRY = "VOTING_PINS", "VOTING_REGISTRY"
# A release, or a candidate for one, as Istio and Kubernetes name them.
RELEASE = re.compile(r"\d+\.\d+\.\d+(-(alpha|beta|rc)\.\d+)?")
_NEEDED = ("node", "debian", "pilot", "proxyv2", "mysql")
_KNOWN = frozenset({*_NEEDED, "istioctl"})
T = TypeVar("T")


def numbers_of(version: str) -> tuple[int, ...]:
    """Return a version's numbers, by which versions are compared: "1.36.4" is (1, 36, 4)."""
    return tuple(int(number) for number in re.findall(r"\d+", version))


def minor_of(version: str) -> str:
    """Return the minor release of a version: "1.36" of "1.36.4"."""
    return ".".join(version.split(".")[:2])


@cache
def kubernetes_modules() -> Mapping[str, Path]:
    """Return each Kubernetes version that can be built, oldest first, and the folder of its go.mod."""
    modules = GO.glob("kubernetes*/go.mod")
    return _sorted((required_version(module, "k8s.io/kubernetes"), module.parent) for module in modules)


@cache
def envoy_pins() -> Mapping[str, Path]:
    """Return each upstream Envoy that PyPI serves, oldest first, and the requirements that pin its wheel."""
    return _sorted((file.stem, file) for file in (OFFLINE / "envoy").glob("*.txt"))


@dataclass(frozen=True, slots=True)
class Pins:
    """What a file of references pins.

    own: each image's reference of the version that is pulled unless another is asked for. nodes: the
    references of kind's node that may be asked for, by Kubernetes version; each has its digest where known.
    """

    own: Mapping[str, Reference]
    nodes: Mapping[str, Reference]

    def of(self, image: str, version: str | None = None) -> Reference:
        """Return the reference of an image; with a version that is not pinned, that of its tag alone."""
        if image == "istioctl" and image not in self.own:
            pilot = self.of("pilot", version)
            return Reference(pilot.host, f"{pilot.path.rpartition('/')[0]}/istioctl", pilot.tag)
        own = self.own[image]
        if version is None or version == own.version:
            return own
        return self.nodes.get(version, own.at(version)) if image == "node" else own.at(version)


def pins() -> Pins:
    """Return what this run pulls: by the file that VOTING_PINS names, else by the repository's own.

    Raises BadInput with the reason where that file can't be used.
    """
    return _pins_of(Path(os.environ.get(PINS) or IMAGES / "pulled/references.ini"))


def mirror() -> Mirror | None:
    """Return the registry that images are pulled from, None where that is each image's own.

    The option --registry is written into the environment, which the runs that a command starts inherit.
    Raises BadInput.
    """
    given = os.environ.get(REGISTRY)
    return Mirror.parse(given, REGISTRY) if given else None


def use_registry(given: str | None) -> None:
    """Pull from this registry in this process and those it starts, and check what is pulled from where.

    Args:
        given: The value of --registry; "" is each image's own registry, None what the environment says.

    Raises:
        BadInput: It is no registry, or the file that VOTING_PINS names can't be used.
    """
    if given is not None:
        os.environ[REGISTRY] = str(Mirror.parse(given, "--registry")) if given else ""
    mirror()
    pins()


def reference_of(image: str, version: str | None = None) -> Reference:
    """Return what an image is called, whatever registry it is pulled from; see Pins.of()."""
    return pins().of(image, version)


def pulled_from(image: str, version: str | None = None) -> str:
    """Return the reference by which an image is pulled."""
    return str(reference_of(image, version).served_by(mirror()))


@cache
def _pins_of(file: Path) -> Pins:
    read = configparser.ConfigParser(interpolation=None)
    try:
        read.read_string(file.read_text(encoding="utf-8"), source=file.name)
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"the file of image references {file} can't be read: {error}") from error
    except configparser.Error as error:
        reason = " ".join(str(error).split())
        raise BadInput(f"{file} is not a valid file of image references: {reason}") from error
    try:
        return _checked(read)
    except BadInput as bad:
        raise BadInput(f"{file} is not a valid file of image references: {bad}") from bad


def _checked(read: configparser.ConfigParser) -> Pins:
    """Return what was read. Raises BadInput for what is missing, unknown, or fits nothing."""
    if missing := [f"[{name}]" for name in _NEEDED if not read.has_section(name)]:
        raise BadInput(f"it has no section {', '.join(missing)}")
    if unknown := [f"[{name}]" for name in read.sections() if name not in _KNOWN]:
        raise BadInput(f"unknown section {', '.join(unknown)}; known: {', '.join(sorted(_KNOWN))}")
    own: dict[str, Reference] = {}
    for name in read.sections():
        if not read.get(name, "reference", fallback=""):
            raise BadInput(f"section [{name}] has no `reference =`")
        own[name] = Reference.parse(read.get(name, "reference"))
    others = [Reference.parse(text) for text in read.get("node", "others", fallback="").split()]
    nodes = {node.version: node for node in (own["node"], *others)}
    for reference in (*nodes.values(), own["pilot"]):
        if not RELEASE.fullmatch(reference.version):
            raise BadInput(f"the tag of {reference} is not a release, such as 1.31.1")
    mesh = [own[name] for name in ("pilot", "proxyv2", "istioctl") if name in own]
    if len({(one.hub, one.tag) for one in mesh}) > 1:
        raise BadInput(
            f"images of Istio must lie in one folder and have one tag: {', '.join(one.name for one in mesh)}"
        )
    return Pins(own, _sorted(nodes.items()))


def _sorted(found: Iterable[tuple[str, T]]) -> Mapping[str, T]:
    return dict(sorted(found, key=lambda pair: numbers_of(pair[0])))
