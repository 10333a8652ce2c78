"""What Go makes of modules: programs for images or for this machine, and files that modules ship."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from canary_conformance.images.content_keys import folder_key, key_of
from canary_conformance.images.engine import engine_platform
from canary_conformance.images.golang import go_environment, go_program, host_platform
from canary_conformance.images.recipes import COMPILE, InStore
from canary_conformance.processes import run
from canary_conformance.timeouts import LIMITS


@dataclass(frozen=True)
class GoPrograms(InStore):
    """The programs that a go.mod names as its tools (or main packages beside it), built static.

    tested: the module has tests of its own, which must pass before anything is built. for_host: they run on
    this machine, not in images.
    """

    name: str
    module: Path
    stamp: Mapping[str, str] = field(default_factory=dict)
    target: str = "tool"
    tested: bool = False
    for_host: bool = False
    lane: ClassVar[str] = COMPILE

    @cached_property
    def key(self) -> str:
        """The key of the module's files, the version stamped into the programs, tests, and the platform."""
        stamp = (f"{name}={value}" for name, value in sorted(self.stamp.items()))
        more = [*(["tested"] if self.tested else []), *([host_platform()] if self.for_host else [])]
        return key_of(folder_key(self.module), self.target, *stamp, *more)

    def fill(self, result: Path, store: Path) -> None:
        """Test the module if it is to be tested, and build all programs into the folder."""
        platform = host_platform() if self.for_host else engine_platform()
        if self.tested:
            # -trimpath as in the build, so that what both need is compiled once.
            self._go(store, "test", "-trimpath", "-vet=all", "./...", platform=host_platform())
        linked = " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in self.stamp.items())])
        words = ("-trimpath", "-ldflags", linked, "-o", f"{result}/", self.target)
        self._go(store, "build", *words, platform=platform)

    def _go(self, store: Path, *words: str, platform: str) -> None:
        run(
            [go_program(store), *words],
            limit=LIMITS.tool_build,
            folder=self.module,
            environment=go_environment(platform),
        )


@dataclass(frozen=True)
class ModuleFile(InStore):
    """One file that a Go module ships beside its code."""

    name: str
    module: Path
    package: str
    path: str
    lane: ClassVar[str] = COMPILE

    @cached_property
    def key(self) -> str:
        """The key of the module's pins and the file's path."""
        return key_of(folder_key(self.module), self.package, self.path)

    def fill(self, result: Path, store: Path) -> None:
        """Copy the file out of Go's module cache."""
        folder = module_folder(self.module, self.package, store)
        shutil.copy2(folder / self.path, result / Path(self.path).name)


def module_folder(module: Path, package: str, store: Path) -> Path:
    """Return where Go keeps a module that a go.mod requires, downloading it if it is missing.

    Raises:
        CommandFailed: The module is not served.
    """
    words: list[str | Path] = [go_program(store), "mod", "download", "-json", package]
    answer = run(words, limit=LIMITS.image_build, folder=module, environment=go_environment(host_platform()))
    return Path(json.loads(answer)["Dir"])
