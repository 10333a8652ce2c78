"""The suite as an ordinary user runs it who has nothing but an engine and a registry, timed and measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from canary_conformance.exit_codes import word_of
from canary_conformance.images.pins import PINS
from canary_conformance.processes import usable_cores
from tools.pulled.cold_engine import ColdEngine
from tools.pulled.loopback_registry import PREFIX, LoopbackRegistry
from tools.pulled.ordinary_user import OrdinaryUser
from tools.pulled.peaks import Peaks, measured
from tools.suite_process import timed_process

SHORT = ("-k", "stage_1 or stage_2 or stage_3 or stage_4")
MEGA, GIGA = 1e6, 1e9


@dataclass(frozen=True, slots=True)
class Way:
    """A way by which images are named.

    Attributes:
        name: What it is called in the table and in the names of logs.
        options: What the suite is given for it.
    """

    name: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """A run that ended, and what it took."""

    way: Way
    seconds: float
    exit_code: int
    pulled: int
    peaks: Peaks

    def __str__(self) -> str:
        disk, home = self.peaks.disk / GIGA, self.peaks.home / GIGA
        memory, node = self.peaks.memory / GIGA, self.peaks.containers / GIGA
        return (
            f"{self.way.name}: {word_of(self.exit_code)} (exit code {self.exit_code}); "
            f"{self.seconds:.0f} s on {usable_cores()} cores, {self.pulled / MEGA:.0f} MB pulled; "
            f"at most {disk:.1f} GB of disk in the engine and {home:.1f} GB in the home, "
            f"{memory:.1f} GB of memory, of which {node:.1f} GB in the node"
        )


def ways(registry: LoopbackRegistry, *, short: bool) -> tuple[Way, ...]:
    """Return the ways to run: by the names of Docker Hub through the engine's mirror, and below a prefix."""
    mirror = Way("mirror")
    prefixed = Way("registry", ("--registry", f"{registry.host}/{PREFIX}"))
    return (mirror,) if short else (mirror, prefixed)


def suite_words(way: Way, arguments: Sequence[str], *, short: bool) -> list[str]:
    """Return the command line of a run, after the name of Python."""
    tests = SHORT if short else ()
    return [
        *("-m", "pytest", "-c", "pytest.ini", *tests),
        *("--images", "pull", "--require-all", *way.options, *arguments),
    ]


def run_suite(
    way: Way,
    words: Sequence[str],
    user: OrdinaryUser,
    engine: ColdEngine,
    registry: LoopbackRegistry,
    pins: Path,
    log: Path,
) -> Measured:
    """Run the suite to its end. An interrupt ends it as Ctrl-C would, and it removes what it made."""
    served = registry.served()
    environment = user.environment({"DOCKER_HOST": engine.host, PINS: str(pins)})
    with measured(engine, user.home) as peaks:
        ended = timed_process([user.python, *words], {}, log, env=environment, **user.options)
    return Measured(way, ended.seconds, ended.exit_code, registry.served() - served, peaks)
