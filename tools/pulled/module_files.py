"""Recipes over Go modules that only this tool needs: a folder of one, and a program of ours on its pins."""

from __future__ import annotations

import shutil
import tarfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from canary_conformance.images.content_keys import key_of
from canary_conformance.images.go_recipes import GoPrograms, ModuleFile, module_folder
from canary_conformance.images.golang import go_environment, go_program, host_platform
from canary_conformance.processes import run
from canary_conformance.timeouts import LIMITS


@dataclass(frozen=True)
class PackedFolder(ModuleFile):
    """A folder that a Go module ships beside its code, as one archive that a Dockerfile can ADD."""

    def fill(self, result: Path, store: Path) -> None:
        """Pack the folder as NAME.tar; all of it belongs to root and may be changed by its owner."""
        source = module_folder(self.module, self.package, store) / self.path
        with tarfile.open(result / f"{self.name}.tar", "w") as archive:
            archive.add(source, arcname=".", filter=_as_roots)


def _as_roots(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    member.mode = 0o755 if member.isdir() else 0o644
    return member


@dataclass(frozen=True)
class GoProgramBeside(GoPrograms):
    """A program of ours that is built on the pins of another go.mod.

    Attributes:
        source: The folder with the program's files; `module` is the folder of the go.mod and go.sum.
    """

    source: Path = Path()

    @cached_property
    def key(self) -> str:
        """The key of the pins, of the stamp, and of the program's files."""
        files = (f"{path.name}={path.read_text()}" for path in sorted(self.source.glob("*.go")))
        return key_of(super().key, *files)

    def fill(self, result: Path, store: Path) -> None:
        """Build the program in a folder of its own, beside copies of the pins."""
        work = result.parent / self.name
        work.mkdir()
        for path in (self.module / "go.mod", self.module / "go.sum", *self.source.glob("*.go")):
            shutil.copy2(path, work)
        linked = " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in self.stamp.items())])
        words: list[str | Path] = ["build", "-trimpath", "-ldflags", linked, "-o", result / self.name, "."]
        run(
            [go_program(store), *words],
            limit=LIMITS.tool_build,
            folder=work,
            environment=go_environment(host_platform()),
        )
