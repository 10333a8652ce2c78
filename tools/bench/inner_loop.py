"""A developer's inner loop as whole processes: an edit of a manifest, and the canary's routes judged anew."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from canary_conformance.exit_codes import ExitStatus
from canary_conformance.report.run_record import RunRecord, Tier
from tools.bench.bench_numbers import TimedRun

EDITED = "istio/step-3-add-routing-for-2.0-components.yaml"
AS_WRITTEN = "'^(.*?; ?)?(featureflag=on)(;.*)?$'"
ANOTHER_WAY = "'^(.*?; ?)?featureflag=on(;.*)?$'"
# The blank after a semicolon is forgotten: cookies that a browser sends after others don't open 2.0.
MISTAKEN = "'^(.*?;)?(featureflag=on)(;.*)?$'"
TESTS = ("tests",)
ARGUMENTS = ("-k", "canary", "--reuse", "-m", "routing")


@dataclass(slots=True)
class InnerLoop:
    """What was measured: the run that makes the namespace, one after each edit, and one of a broken route."""

    header: Sequence[str]
    first: TimedRun | None = None
    edited: list[TimedRun] = field(default_factory=list)
    mistaken: TimedRun | None = None
    applied_in: list[float] = field(default_factory=list)
    judged: str = ""

    def all_good(self) -> bool:
        """Return whether every run ended as it should: a broken route is a broken requirement."""
        good = [self.first, *self.edited]
        return all(one is not None and one.exit_code == ExitStatus.HOLDS for one in good) and (
            self.mistaken is not None and self.mistaken.exit_code == ExitStatus.FAILED
        )

    def __str__(self) -> str:
        lines = [*self.header, "", f"pytest {' '.join((*TESTS, *ARGUMENTS))}"]
        if self.first is not None:
            lines.append(f"{'without a namespace to reuse':<34}{_seconds(self.first)}")
        for number, one in enumerate(self.edited, 1):
            lines.append(f"{f'after an edit of the route, {number}':<34}{_seconds(one)}")
        if self.edited:
            median = statistics.median(one.seconds for one in self.edited)
            lines.append(f"{'median after an edit':<34}{median:.1f} s")
        if self.mistaken is not None:
            lines.append(f"{'after a mistake in the route':<34}{_seconds(self.mistaken)}")
        if self.applied_in:
            lines.append(f"a change was applied and propagated in {min(self.applied_in):.2f} s at least")
        return "\n".join([*lines, *([f"judged: {self.judged}"] if self.judged else [])])

    def note(self, record: RunRecord) -> None:
        """Take from a run's report what it judged, and how soon a change had propagated."""
        live = [test for test in record.tests if test.tier is Tier.LIVE]
        requirements = sorted(
            {requirement for test in live for requirement in test.requirements}, key=_by_number
        )
        self.judged = ", ".join(requirements)
        self.applied_in += [
            phase.seconds for phase in record.phases if phase.name.startswith("reusing the namespace")
        ]


def measure(
    manifests: Path,
    folder: Path,
    rounds: int,
    run: Callable[[Sequence[str], Path], TimedRun],
    loop: InnerLoop,
) -> TimedRun:
    """Edit a copy of the manifests in turns and run the suite after each edit; return the last good run.

    run: runs the suite with more arguments, its output going to a log.
    """
    copy = folder / "manifests"
    shutil.copytree(manifests, copy)
    arguments = (*ARGUMENTS, f"--manifests={copy}")
    loop.first = last = run(arguments, folder / "first.log")
    for number in range(1, rounds + 1):
        _write(copy, ANOTHER_WAY if number % 2 else AS_WRITTEN)
        last = run(arguments, folder / f"edit-{number}.log")
        loop.edited.append(last)
    _write(copy, MISTAKEN)
    loop.mistaken = run(arguments, folder / "mistake.log")
    return last


def _write(folder: Path, pattern: str) -> None:
    file = folder / EDITED
    text = file.read_text(encoding="utf-8")
    for one in (AS_WRITTEN, ANOTHER_WAY, MISTAKEN):
        text = text.replace(one, pattern)
    file.write_text(text, encoding="utf-8")


def _seconds(one: TimedRun) -> str:
    ended = f", exit code {one.exit_code}" if one.exit_code else ""
    return f"{one.seconds:.1f} s{ended}"


def _by_number(requirement: str) -> tuple[int, int]:
    stage, _, number = requirement.removeprefix("R").partition(".")
    return int(stage), int(number)
