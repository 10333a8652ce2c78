"""Which versions a run is of, and which ones an image source can give.

Built here, what images/offline pins is all there is. Pulled, it is any release of an Istio whose supported
Kubernetes versions are known, on a node image that is pinned; whether a registry has that release is known
when it is asked for it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from canary_conformance.errors import BadInput
from canary_conformance.images.image_options import AskedVersions, ImagesFrom
from canary_conformance.images.pins import (
    ISTIO_VERSION,
    RELEASE,
    envoy_pins,
    kubernetes_modules,
    minor_of,
    numbers_of,
    pins,
)

_MESH = re.compile(r"(?P<istio>[^+]+)(\+envoy(?P<envoy>[^+]+))?")


@dataclass(frozen=True, slots=True)
class MeshVersion:
    """An Istio and the upstream Envoy that it runs on; None: Istio's own build of Envoy.

    As text, and parsed from it: `1.31.0+envoy1.38.3`, or `1.31.0` with Istio's own.
    """

    istio: str
    envoy: str | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a version that a person wrote. Raises BadInput."""
        found = _MESH.fullmatch(text)
        if found is None or not all(RELEASE.fullmatch(one) for one in found.groupdict().values() if one):
            raise BadInput(
                f"{text!r} is not a mesh version; expected: ISTIO+envoyENVOY, such as 1.31.0+envoy1.38.3"
            )
        return cls(found["istio"], found["envoy"])

    def __str__(self) -> str:
        return f"{self.istio}+envoy{self.envoy}" if self.envoy else self.istio

    @property
    def tag(self) -> str:
        """The version as an image's tag, which may have no `+`."""
        return str(self).replace("+", "-")


@dataclass(frozen=True, slots=True)
class Versions:
    """What a run is of."""

    mesh: MeshVersion
    kubernetes: str


@dataclass(frozen=True, slots=True)
class Offer:
    """The available versions of one thing: those listed, or any release of a minor release in `minors`.

    Neither: none can be chosen. default: what is taken where none is asked for.
    """

    thing: str
    default: str | None
    listed: tuple[str, ...] = ()
    minors: tuple[str, ...] = ()

    def take(self, asked: str | None) -> str | None:
        """Return the version asked for, or the default. Raises BadInput with the available versions."""
        if asked is None or asked in {self.default, *self.listed}:
            return asked or self.default
        if RELEASE.fullmatch(asked) and minor_of(asked) in self.minors:
            return asked
        raise BadInput(f"{self.thing} {asked} is not available; {self}")

    def need(self, asked: str | None) -> str:
        """Return as take() does, for what there always is a version of."""
        taken = self.take(asked)
        assert taken is not None
        return taken

    def __str__(self) -> str:
        if self.listed:
            return f"available: {', '.join(self.listed)}"
        if self.minors:
            return (
                f"available: {self.default}, and releases of {', '.join(self.minors)} that the registry has"
            )
        return "no version can be chosen"


@dataclass(frozen=True, slots=True)
class Available:
    """What an image source can give of Istio, upstream Envoy and Kubernetes."""

    source: ImagesFrom
    istio: Offer
    envoy: Offer
    kubernetes: Offer

    def choose(self, asked: AskedVersions) -> Versions:
        """Return the versions asked for, and the source's own where none is. Raises BadInput with a list."""
        mesh = MeshVersion(self.istio.need(asked.istio), self.envoy.take(asked.envoy))
        return Versions(mesh, self.on(mesh, asked.kubernetes))

    def on(self, mesh: MeshVersion, kubernetes: str | None) -> str:
        """Return the Kubernetes for a mesh, the source's own where none is asked for.

        Raises BadInput, with the available versions, unless the source has it and that Istio supports it.
        """
        taken = self.kubernetes.need(kubernetes)
        if self.source is ImagesFrom.PULL and not supports(mesh.istio, taken):
            fitting = [one for one in self.kubernetes.listed if supports(mesh.istio, one)]
            oldest, newest = KUBERNETES_OF_ISTIO[minor_of(mesh.istio)]
            raise BadInput(
                f"Istio {mesh.istio} does not support Kubernetes {taken} (it supports {oldest} to {newest}); "
                f"available for it: {', '.join(fitting) or 'none'}"
            )
        return taken

    def on_one_node(self, meshes: Sequence[MeshVersion], kubernetes: str | None) -> str:
        """Return the Kubernetes for several meshes on one node, the source's own where none is asked for.

        Raises BadInput, with the available versions, unless the source has each of them and all support it.
        """
        for mesh in meshes:
            self.check(mesh)
        fitting = [self.on(mesh, kubernetes) for mesh in meshes]
        return fitting[0]

    def check(self, mesh: MeshVersion) -> None:
        """Raise BadInput, with the available versions, unless the source can give just this mesh."""
        self.istio.need(mesh.istio)
        if self.envoy.take(mesh.envoy) != mesh.envoy:
            raise BadInput(
                f"mesh {mesh} names no Envoy, and Istio's own can't be built here; use {mesh}+envoyENVOY; "
                f"{self.envoy.thing}: {self.envoy}"
            )


def available(source: ImagesFrom) -> Available:
    """Return what a source can give; auto has to be decided first."""
    if source is ImagesFrom.BUILD:
        envoys, kubernetes = tuple(envoy_pins()), tuple(kubernetes_modules())
        return Available(
            source,
            Offer("Istio (built here)", ISTIO_VERSION, (ISTIO_VERSION,)),
            Offer("upstream Envoy", envoys[-1], envoys),
            Offer("Kubernetes (built here)", kubernetes[-1], kubernetes),
        )
    assert source is ImagesFrom.PULL, "what auto gives is known when a registry was asked"
    pinned = pins()
    return Available(
        source,
        Offer("Istio (pulled)", pinned.of("pilot").version, minors=tuple(KUBERNETES_OF_ISTIO)),
        Offer("Envoy (part of a pulled Istio)", None),
        Offer("Kubernetes (pulled)", pinned.of("node").version, tuple(pinned.nodes)),
    )


def check_asked(images: ImagesFrom, asked: AskedVersions) -> None:
    """Raise BadInput, with the available versions, where the image source lacks a requested one.

    Only what can be decided before a registry is contacted is refused here; so are pins of pulled images that
    can't be used.
    """
    sources = [ImagesFrom.PULL, ImagesFrom.BUILD] if images is ImagesFrom.AUTO else [images]
    refusals: list[str] = []
    for offer in [available(source) for source in sources]:
        try:
            offer.choose(asked)
        except BadInput as bad:
            refusals.append(str(bad))
    if len(refusals) == len(sources):
        raise BadInput("; ".join(refusals))


# Istio's minor release: the oldest and the newest Kubernetes that it supports (Istio, "Supported Releases",
# column "Supported Kubernetes Versions").
KUBERNETES_OF_ISTIO = MappingProxyType(
    {
        "1.28": ("1.30", "1.34"),
        "1.29": ("1.31", "1.35"),
        "1.30": ("1.32", "1.36"),
        "1.31": ("1.32", "1.36"),
    }
)
# Kubernetes' minor release: the first kind that was released with a node of it (kind, release notes of 0.30.0
# to 0.32.0; the last writes kubeadm's configuration as v1beta4 for 1.36). Our configuration for pulled nodes
# is kind and apiVersion v1alpha4 alone, which each of them accepts. We load no images by kind, which is what
# those notes ask a newer kind for.
KIND_OF_KUBERNETES = MappingProxyType({"1.34": "0.30.0", "1.35": "0.31.0", "1.36": "0.32.0"})


def supports(istio: str, kubernetes: str) -> bool:
    """Tell whether a release of Istio supports one of Kubernetes; what is not known here is not ruled out."""
    known = KUBERNETES_OF_ISTIO.get(minor_of(istio))
    if known is None:
        return True
    oldest, newest = map(numbers_of, known)
    return oldest <= numbers_of(minor_of(kubernetes)) <= newest


def oldest_kind(kubernetes: str, pinned: str) -> str:
    """Return the oldest kind that starts a pulled node of a Kubernetes; else the pinned one."""
    return KIND_OF_KUBERNETES.get(minor_of(kubernetes), pinned)
