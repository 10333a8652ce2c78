"""Two runs at once on one machine: each has its own cluster, and one name is no two runs'."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from canary_conformance.exit_codes import ExitStatus
from canary_conformance.paths import store
from canary_conformance.timeouts import LIMITS
from tools.faults.interruption_points import CREATING, STAGE_1
from tools.faults.run_remains import remains, volumes
from tools.faults.suite_run import Row, SuiteRun, make_home, suite_run
from tools.suite_process import SuiteOptions

TAKEN = "another run uses cluster"


HEADINGS = ("run", "exit code", "seconds", "outcome")


def run_together(suite: SuiteOptions, folder: Path) -> Iterator[Row]:
    """Run two at once, and meanwhile a third on the first one's name. Raises LineMissing."""
    before = volumes()
    homes = {name: make_home(folder / name) for name in ("one", "other", "same name")}
    cluster = suite.cluster_name
    clusters = {"one": cluster, "other": f"{cluster}-2", "same name": cluster}
    words = {
        name: replace(suite, cluster_name=place).command(keep=False, tests=STAGE_1)
        for name, place in clusters.items()
    }
    logs = {name: folder / f"{name.replace(' ', '-')}.log" for name in homes}
    with suite_run(words["one"], homes["one"], logs["one"]) as one:
        one.wait_for(CREATING, 0, LIMITS.suite_run)
        with suite_run(words["other"], homes["other"], logs["other"]) as other:
            with suite_run(words["same name"], homes["same name"], logs["same name"]) as same:
                yield _row(*_ended("the same name at once", same, ExitStatus.BAD_INPUT, TAKEN))
            ends = [
                _ended("one run", one, ExitStatus.HOLDS),
                _ended("another name at once", other, ExitStatus.HOLDS),
            ]
    for (cells, wrong), run, name in zip(ends, (one, other), ("one", "other"), strict=True):
        left = remains(clusters[name], run.process.pid, store(), homes[name], before)
        yield _row(cells, [*wrong, *(f"left: {what}" for what in left)])


def _ended(name: str, run: SuiteRun, wanted: ExitStatus, says: str = "") -> tuple[tuple[str, ...], list[str]]:
    """Return the name, the exit code and the seconds of a run, and what was wrong with its end."""
    ended = run.end(LIMITS.suite_run)
    if ended is None:
        return (name, "None", f"{run.seconds:.0f}"), ["hangs"]
    wrong = [] if ended.exit_code == wanted else [f"exit code {ended.exit_code}, not {int(wanted)}"]
    wrong += [] if says in ended.output else [f"does not print {says!r}"]
    return (name, str(ended.exit_code), f"{ended.seconds:.0f}"), wrong


def _row(cells: tuple[str, ...], wrong: Sequence[str]) -> Row:
    return (*cells, "; ".join(wrong) or "as it should"), not wrong
