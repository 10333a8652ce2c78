"""What a run took at most of disk and memory, looked at beside the run."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from canary_conformance.processes import CommandFailed, run
from canary_conformance.repeating import repeating
from canary_conformance.timeouts import LIMITS
from tools.container_memory import memory_used
from tools.pulled.cold_engine import ColdEngine

# Seconds between two looks: memory comes and goes within seconds.
LOOK_EVERY = 2


@dataclass(slots=True)
class Peaks:
    """The most that was seen, in bytes.

    Attributes:
        disk: Of the engine's storage.
        home: Of the user's home: programs, the copy of the repository, caches of compilers.
        memory: Of the machine, above what was in use before.
        containers: Of all containers together, without what the kernel can drop.
    """

    disk: int = 0
    home: int = 0
    memory: int = 0
    containers: int = 0

    def look(self, engine: ColdEngine, home: Path, before: int) -> None:
        """Look once."""
        self.memory = max(self.memory, psutil.virtual_memory().used - before)
        self.containers = max(self.containers, containers_memory(engine))
        self.disk = max(self.disk, size_of(engine.data))
        self.home = max(self.home, size_of(home))


@contextlib.contextmanager
def measured(engine: ColdEngine, home: Path) -> Iterator[Peaks]:
    """Yield what is seen while the block runs."""
    peaks, before = Peaks(), psutil.virtual_memory().used
    with repeating(lambda: peaks.look(engine, home, before), LOOK_EVERY, "peaks"):
        yield peaks


def size_of(folder: Path) -> int:
    """Return what a folder takes on its own file system; files that vanish meanwhile don't count."""
    try:
        output = run(["du", "-sx", "-B1", folder], limit=LIMITS.command, accepted=(0, 1))
    except CommandFailed:
        return 0
    return int(output.split()[0]) if output.split() else 0


def containers_memory(engine: ColdEngine) -> int:
    """Return the memory of all containers, as the engine reports it; 0 where it does not."""
    try:
        return memory_used(engine.docker("stats", "--no-stream", "--format", "{{.MemUsage}}"))
    except (CommandFailed, ValueError):
        return 0
