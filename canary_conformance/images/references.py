"""References of images, and the registry that they are pulled from in place of their own.

A reference is written as Docker reads it: HOST/PATH:TAG@DIGEST; without a host it is Docker Hub's, where a
name without a folder lies in `library` (distribution, "Reference grammar"). A mirror serves the same paths
below a prefix of its own: docker.io/library/mysql:8.4 is HOST/PREFIX/library/mysql:8.4 there. Digests stay as
they are: they name the content, whatever registry serves it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Self

from canary_conformance.errors import BadInput

DOCKER_HUB = "docker.io"
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = rf"{_COMPONENT}(?:/{_COMPONENT})*"
_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?"
_REFERENCE = re.compile(
    rf"(?:(?P<host>{_HOST})/)?(?P<path>{_PATH}):(?P<tag>\w[\w.-]{{0,127}})(?:@(?P<digest>sha256:[0-9a-f]{{64}}))?"
)
_PULLABLE = re.compile(rf"(?:{_HOST}/)?{_PATH}(?::\w[\w.-]{{0,127}})?(?:@sha256:[0-9a-f]{{64}})?")
_MIRROR = re.compile(rf"(?P<host>{_HOST})(?:/(?P<prefix>{_PATH}))?")


@dataclass(frozen=True, slots=True)
class Mirror:
    """A registry that images are pulled from in place of their own: its host, and a prefix of their paths."""

    host: str
    prefix: str = ""

    @classmethod
    def parse(cls, text: str, origin: str) -> Self:
        """Read HOST[:PORT][/PREFIX].

        Args:
            text: What was given; a slash at its end counts for nothing.
            origin: The option or variable that it was given by, for the message.

        Raises:
            BadInput: It is no such thing.
        """
        if "://" in text:
            bare = text.partition("://")[2]
            raise BadInput(
                f"{origin} {text!r} must not have a scheme: write {bare.rstrip('/') or 'HOST/PREFIX'!r} "
                "(the engine uses https, and http for its insecure-registries)"
            )
        found = _MIRROR.fullmatch(text.rstrip("/"))
        if found is None:
            raise BadInput(
                f"{origin} {text!r} is not a valid registry; expected: HOST[:PORT][/PREFIX], "
                "such as harbor.example.com/dockerhub, with no tag and no capital letters in the prefix"
            )
        if not _is_host(found["host"]):
            raise BadInput(
                f"{origin} {text!r} names no host: Docker takes a first part without a dot or a port for a "
                f"folder of {DOCKER_HUB}; expected: HOST[:PORT][/PREFIX], such as "
                f"harbor.example.com/{found['host']}"
            )
        return cls(found["host"], found["prefix"] or "")

    def __str__(self) -> str:
        return f"{self.host}/{self.prefix}" if self.prefix else self.host


@dataclass(frozen=True, slots=True)
class Reference:
    """An image in a registry; without a digest its content is whatever the tag names today."""

    host: str
    path: str
    tag: str
    digest: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a reference with a tag. Raises BadInput."""
        found = _REFERENCE.fullmatch(text)
        if found is None or not _is_host_or_folder(found["host"] or ""):
            raise BadInput(
                f"{text!r} is not a valid image reference; expected: HOST/PATH:TAG, and @sha256:DIGEST "
                "where that is known"
            )
        host, path = found["host"] or "", found["path"]
        if not _is_host(host):
            host, path = DOCKER_HUB, f"{host}/{path}" if host else path
        if host == DOCKER_HUB and "/" not in path:
            path = f"library/{path}"
        return cls(host, path, found["tag"], found["digest"] or "")

    @property
    def name(self) -> str:
        """The image as containerd and Kubernetes name it: HOST/PATH:TAG."""
        return f"{self.host}/{self.path}:{self.tag}"

    @property
    def hub(self) -> str:
        """Where the image lies, as Istio's setting `hub` has it: all but its last name."""
        return f"{self.host}/{self.path}".rpartition("/")[0]

    @property
    def version(self) -> str:
        """The tag without a `v` before it."""
        return self.tag.removeprefix("v")

    def at(self, version: str) -> Reference:
        """Return the same image of another version, whose digest is not known."""
        prefix = "v" if self.tag.startswith("v") else ""
        return replace(self, tag=f"{prefix}{version}", digest="")

    def served_by(self, mirror: Mirror | None) -> Reference:
        """Return where the image is pulled from: its own registry, or the mirror."""
        if mirror is None:
            return self
        path = f"{mirror.prefix}/{self.path}" if mirror.prefix else self.path
        return replace(self, host=mirror.host, path=path)

    def __str__(self) -> str:
        return f"{self.name}@{self.digest}" if self.digest else self.name


def is_reference(text: str) -> bool:
    """Return whether a text is a reference by which a node can pull an image; a tag may be missing."""
    return _PULLABLE.fullmatch(text) is not None


def short_name(image: str) -> str:
    """Return the last part of an image's name, and its tag: "app:1.0" of "HOST/PATH/app:1.0@DIGEST"."""
    return image.partition("@")[0].rpartition("/")[2]


def _is_host_or_folder(text: str) -> bool:
    """Tell whether it can begin a reference; capital letters are for hosts alone."""
    return not text or _is_host(text) or bool(re.fullmatch(_COMPONENT, text))


def _is_host(text: str) -> bool:
    """Tell whether Docker takes the first part of a reference for a host."""
    return "." in text or ":" in text or text == "localhost"
