"""What was measured, as values and as the table that is printed. Numbers are shown, never judged.

A run that failed is no measure of speed: its round is shown and left out of minimum, median and maximum.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from canary_conformance.exit_codes import ExitStatus

_JUDGED = re.compile(r"^\d+ requirements: .+$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class TimedRun:
    """One run as a process: wall seconds, exit code, what it printed.

    memory is the most that was seen of all nodes of the cluster together, in MiB; None when nothing was seen.
    work: the seconds for which the machine's cores were busy meanwhile, all together, None where the system
    does not report it.
    """

    seconds: float
    exit_code: int
    memory: float | None
    output: str = ""
    work: float | None = None


@dataclass(frozen=True, slots=True)
class Round:
    """Two runs, one after the other: what is compared with, and what is compared."""

    base: TimedRun
    suite: TimedRun

    @property
    def counts(self) -> bool:
        """Return whether both runs came to a good end, so that their times can be compared."""
        return self.base.exit_code == ExitStatus.HOLDS and self.suite.exit_code == ExitStatus.HOLDS

    @property
    def ratio(self) -> float:
        """The seconds of the second run for each of the first."""
        return self.suite.seconds / self.base.seconds


@dataclass(slots=True)
class Numbers:
    """What was measured so far: where it was, the run from nothing if asked for, the rounds."""

    header: list[str] = field(default_factory=list)
    from_nothing: TimedRun | None = None
    rounds: list[Round] = field(default_factory=list)
    compared: tuple[str, str] = ("shell", "suite")

    def all_good(self) -> bool:
        """Return whether no run failed."""
        begun = self.from_nothing is None or self.from_nothing.exit_code == ExitStatus.HOLDS
        return begun and all(one.counts for one in self.rounds)

    def __str__(self) -> str:
        rounds = _table(self.rounds, *self.compared)
        return "\n".join([*self.header, *_from_nothing(self.from_nothing), *rounds])


def _from_nothing(run: TimedRun | None) -> list[str]:
    if run is None:
        return []
    what = "from no cluster to verdict, images made before, cluster deleted at the end"
    return ["", f"{what}: {_seconds(run)}, memory at most {_memory(run)}"]


def _table(rounds: Sequence[Round], base: str, suite: str) -> list[str]:
    if not rounds:
        return []
    titles = ("", base, suite, "second / first", f"memory, {base}", f"memory, {suite}")
    lines = ["", _row(*titles), *(_round(number, one) for number, one in enumerate(rounds, 1))]
    good = [one for one in rounds if one.counts]
    if len(good) < len(rounds):
        lines.append(f"{len(rounds) - len(good)} of {len(rounds)} rounds failed and are left out below")
    if good:
        lines += _over_all(good, base, suite)
    judged = _JUDGED.findall(rounds[-1].suite.output)
    return [*lines, *(f"last round: {line}" for line in judged[-1:])]


def _round(number: int, one: Round) -> str:
    ratio = f"{one.ratio:.2f}" if one.counts else "-"
    cells = (_seconds(one.base), _seconds(one.suite), ratio, _memory(one.base), _memory(one.suite))
    return _row(f"round {number}", *cells)


def _over_all(good: Sequence[Round], first: str, second: str) -> list[str]:
    base = [one.base.seconds for one in good]
    suite = [one.suite.seconds for one in good]
    pairs = [one.ratio for one in good]
    lines = [
        _row(name, f"{of(base):.1f} s", f"{of(suite):.1f} s", f"{of(pairs):.2f}")
        for name, of in (("minimum", min), ("median", statistics.median), ("maximum", max))
    ]
    ratio = statistics.median(suite) / statistics.median(base)
    lines.append(f"ratio of the medians, {second} / {first}: {ratio:.2f}")
    return [*lines, *_work(first, [one.base for one in good]), *_work(second, [one.suite for one in good])]


def _work(name: str, runs: Sequence[TimedRun]) -> list[str]:
    """Return how busy the cores were: a run can't take less than its work shared by all of them."""
    work = [run.work for run in runs if run.work is not None]
    return (
        [f"CPU time of the machine, {name}: {statistics.median(work):.0f} core-seconds (median)"]
        if work
        else []
    )


def _row(name: str, *cells: str) -> str:
    return f"{name:<10}" + "".join(f"{cell:>20}" for cell in cells)


def _seconds(run: TimedRun) -> str:
    return f"{run.seconds:.1f} s" if run.exit_code == ExitStatus.HOLDS else f"exit code {run.exit_code}"


def _memory(run: TimedRun) -> str:
    return "not seen" if run.memory is None else f"{run.memory:.0f} MiB"
