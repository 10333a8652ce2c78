"""A run is interrupted at a point: does it end in time, with the right exit code, and leave nothing?

After SIGKILL it can't tidy up: the next run, or `pytest --clean`, removes what is stale; they take turns.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path

from canary_conformance.exit_codes import ExitStatus
from canary_conformance.images.provisions import Provisions
from canary_conformance.paths import store
from canary_conformance.timeouts import LIMITS
from tools.faults.interruption_points import CREATING, Point
from tools.faults.run_remains import bystanders, remains, volumes
from tools.faults.suite_run import Home, LineMissing, Row, SuiteRun, make_home, suite_run
from tools.suite_process import Ended, SuiteOptions, timed_process

_SHOWN = 3


HEADINGS = ("signal", "point", "doing", "seconds", "removed by", "outcome")


def interrupt_at(
    chosen: Sequence[Point], suite: SuiteOptions, provisions: Provisions, folder: Path
) -> Iterator[Row]:
    """Interrupt a run at each point in turn; folder: for homes and logs."""
    cluster = suite.cluster_name
    with bystanders(cluster, provisions.node_image, store()) as beside:
        before = volumes()
        cleaners = cycle((_clean_by_command, _clean_by_the_next_run))
        for number, point in enumerate(chosen, 1):
            home = make_home(folder / f"{number}")
            log = folder / f"point-{number}.log"
            words = suite.command(keep=False, tests=point.phase.tests)
            with suite_run(words, home, log) as run:
                doing, seconds, wrong = _interrupt(run, point)
            cleaned = ""
            if point.signal is signal.SIGKILL:
                cleaned, problems = next(cleaners)(words, home, log)
                wrong += problems
            wrong += [f"left: {what}" for what in remains(cluster, run.process.pid, store(), home, before)]
            wrong += beside.harmed()
            yield row(point, doing, seconds, cleaned, wrong)


def _interrupt(run: SuiteRun, point: Point) -> tuple[str, float, list[str]]:
    """Return what the run was doing, seconds until its end, and what was wrong with that."""
    try:
        run.wait_for(point.phase.line, point.after, LIMITS.suite_run)
    except LineMissing as never:
        return run.doing, 0.0, [str(never)]
    doing, sent = run.doing, run.seconds
    run.send(point.signal)
    wrong = _ended_wrongly(point.signal, run.end(LIMITS.interrupted))
    return doing, run.seconds - sent, wrong


def _ended_wrongly(sent: signal.Signals, ended: Ended | None) -> list[str]:
    if ended is None:
        return [f"still ran {LIMITS.interrupted:g} s after {sent.name}"]
    wanted = -signal.SIGKILL if sent is signal.SIGKILL else int(ExitStatus.INTERRUPTED)
    return [] if ended.exit_code == wanted else [f"exit code {ended.exit_code}, not {wanted}"]


def _clean_by_command(_: Sequence[str], home: Home, log: Path) -> tuple[str, list[str]]:
    command = [sys.executable, "-m", "pytest", "--clean"]
    ended = timed_process(command, home.environment, log.with_suffix(".clean.log"))
    wrong = [] if ended.exit_code == ExitStatus.HOLDS else [f"--clean ended with exit code {ended.exit_code}"]
    return f"--clean, {ended.seconds:.1f} s", wrong


def _clean_by_the_next_run(words: Sequence[str], home: Home, log: Path) -> tuple[str, list[str]]:
    """Start the next run; when it makes its own cluster, all that was stale is gone, and it is ended too."""
    with suite_run(words, home, log.with_suffix(".next.log")) as run:
        run.wait_for(CREATING, 0, LIMITS.suite_run)
        line = f"next run, {run.seconds:.1f} s"
        run.send(signal.SIGTERM)
        wrong = _ended_wrongly(signal.SIGTERM, run.end(LIMITS.interrupted))
    return line, [f"next run: {what}" for what in wrong]


def row(point: Point, doing: str, seconds: float, cleaned: str, wrong: Sequence[str]) -> Row:
    """Return the row of a point.

    Args:
        point: Where the run was interrupted.
        doing: What it was doing.
        seconds: From the signal to its end.
        cleaned: Who removed what was left after SIGKILL, and how long it took.
        wrong: What was wrong.
    """
    more = [f"and {len(wrong) - _SHOWN} more"] if len(wrong) > _SHOWN else []
    outcome = "; ".join([*wrong[:_SHOWN], *more]) or "nothing left"
    place = f"{point.phase.name} + {point.after:.1f} s"
    return (point.signal.name, place, doing[:60], f"{seconds:.1f}", cleaned, outcome), not wrong
