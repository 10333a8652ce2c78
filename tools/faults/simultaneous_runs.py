"""Two runs at once on one machine: each has its own cluster, and one name is no two runs'."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from canary_conformance.exit_codes import ExitStatus
from canary_conformance.paths import store
from canary_conformance.timeouts import LIMITS
from tools.faults.interruption_points import CREATING, STAGE_1
from tools.faults.run_remains import remains, volumes
from tools.faults.suite_run import SuiteRun, make_home, suite_run
from tools.suite_process import SuiteOptions

TAKEN = "another run uses cluster"


@dataclass(frozen=True, slots=True)
class Together:
    """How one of the runs ended: what it was, its exit code, wall seconds, what was wrong."""

    name: str
    exit_code: int | None
    seconds: float
    wrong: tuple[str, ...]


def run_together(suite: SuiteOptions, folder: Path) -> Iterator[Together]:
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
                yield _ended("the same name at once", same, ExitStatus.BAD_INPUT, TAKEN)
            ends = [
                _ended("one run", one, ExitStatus.HOLDS),
                _ended("another name at once", other, ExitStatus.HOLDS),
            ]
    for end, run, name in zip(ends, (one, other), ("one", "other"), strict=True):
        left = remains(clusters[name], run.process.pid, store(), homes[name], before)
        yield Together(
            end.name, end.exit_code, end.seconds, (*end.wrong, *(f"left: {what}" for what in left))
        )


def _ended(name: str, run: SuiteRun, wanted: ExitStatus, says: str = "") -> Together:
    ended = run.end(LIMITS.suite_run)
    if ended is None:
        return Together(name, None, run.seconds, ("hangs",))
    wrong = [] if ended.exit_code == wanted else [f"exit code {ended.exit_code}, not {int(wanted)}"]
    wrong += [] if says in ended.output else [f"does not print {says!r}"]
    return Together(name, ended.exit_code, ended.seconds, tuple(wrong))


def row(one: Together) -> tuple[str, ...]:
    """Return the cells of a run's row."""
    return one.name, str(one.exit_code), f"{one.seconds:.0f}", "; ".join(one.wrong) or "as it should"


HEADINGS = ("run", "exit code", "seconds", "outcome")
