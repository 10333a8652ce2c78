"""A round is one run of the suite among several; its verdicts are read from its report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from canary_conformance.exit_codes import ExitStatus, word_of
from canary_conformance.paths import shown
from canary_conformance.processes import last_lines
from canary_conformance.progress import Phase, Progress
from canary_conformance.report.run_record import (
    RequirementLine,
    RunRecord,
    Standing,
    count_line,
    record_from,
    requirement_lines,
)
from tools.suite_process import Ended, check_ended, report_of, timed_suite


def reported(log: Path) -> RunRecord | None:
    """Return what the run with this log left in its report's run.json, None where it left none."""
    try:
        values = json.loads((report_of(log) / "run.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    tests = tuple(record_from(test) for test in values["tests"])
    phases = tuple(Phase(**phase) for phase in values["phases"])
    selected = None if values["selected"] is None else tuple(values["selected"])
    return RunRecord(tuple(values["header"]), tests, phases, selected=selected)


@dataclass(frozen=True, slots=True)
class Round:
    """A run of the suite: wall seconds, exit code, each requirement's line, its report's folder and its log.

    `header` names what it ran on. Without a report `requirements` is empty and `report` None. `said`: the
    last lines of a run without a verdict.
    """

    seconds: float
    exit_code: int
    requirements: tuple[RequirementLine, ...]
    report: Path | None
    log: Path
    header: tuple[str, ...] = ()
    said: str = ""

    @property
    def failed(self) -> list[str]:
        """The ids of the requirements that failed."""
        return [line.requirement.id for line in self.requirements if line.standing is Standing.FAILED]

    @property
    def verdict(self) -> str:
        """The verdict in a few words."""
        if self.exit_code == ExitStatus.HOLDS:
            return f"green, {count_line(self.requirements)}"
        if self.exit_code == ExitStatus.FAILED:
            return f"RED, {', '.join(self.failed) or 'no requirement'} FAILED"
        if self.exit_code == ExitStatus.NOT_JUDGED:
            return f"incomplete, {count_line(self.requirements)}"
        return f"{word_of(self.exit_code)} (exit code {self.exit_code}), no verdict"

    @property
    def places(self) -> str:
        """Where to look."""
        report = f"report {shown(self.report)}, " if self.report else ""
        return f"{report}log {shown(self.log)}"


def run_round(words: Sequence[str], log: Path, about: str, progress: Progress) -> Round:
    """Run the suite once, and note how that ended.

    Args:
        words: The command of the run.
        log: Where its output goes.
        about: The begin of the line, "round 1 of 3".
        progress: Where the line goes.

    Raises:
        BadInput: pytest refused its arguments.
        KeyboardInterrupt: It was interrupted.
    """
    one = read_round(timed_suite(words, log), log)
    line = f"{about}: {one.seconds:.1f} s, {one.verdict}"
    progress.note(line if one.exit_code == ExitStatus.HOLDS else f"{line}; {one.places}")
    if one.said:
        progress.note(f"its last lines:\n{one.said}")
    return one


def read_round(ended: Ended, log: Path) -> Round:
    """Return a round with the verdicts of its report.

    Raises:
        BadInput: pytest refused its arguments.
        KeyboardInterrupt: It was interrupted.
    """
    if ended.exit_code in {ExitStatus.BAD_INPUT, ExitStatus.INTERRUPTED}:
        check_ended(ended, "the round", log)
    report, record = report_of(log), reported(log)
    return Round(
        ended.seconds,
        ended.exit_code,
        requirement_lines(record) if record else (),
        report if report.is_dir() else None,
        log,
        record.header if record else (),
        "" if ended.exit_code in {ExitStatus.HOLDS, ExitStatus.FAILED} else last_lines(ended.output),
    )
