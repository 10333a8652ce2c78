"""A round is one run of the suite among several; its verdicts are read from its report."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from canary_conformance.exit_codes import ExitStatus, word_of
from canary_conformance.paths import shown
from canary_conformance.report.run_record import (
    RequirementLine,
    RunRecord,
    Standing,
    count_line,
    record_from,
    requirement_lines,
)
from tools.suite_process import Ended, check_ended

# What the plugin prints last; `reports/latest` may be another run's by the time that a run has ended.
_REPORT = re.compile(r"^report: (.+)$", re.MULTILINE)


def reported(ended: Ended) -> tuple[Path | None, RunRecord]:
    """Return the folder of a run's report, None where it left none, and its record without its phases."""
    named = _REPORT.findall(ended.output)
    folder = Path(named[-1]) if named else None
    try:
        values = json.loads((folder / "run.json").read_text(encoding="utf-8")) if folder else {}
    except FileNotFoundError:
        values = {}
    tests = [record_from(test) for test in values.get("tests", ())]
    selected = values.get("selected")
    selected = None if selected is None else tuple(selected)
    return folder, RunRecord(tuple(values.get("header", ())), tuple(tests), (), selected=selected)


@dataclass(frozen=True, slots=True)
class Round:
    """A run of the suite: wall seconds, exit code, each requirement's line, its report's folder and its log.

    `header` names what it ran on. Without a report `requirements` is empty and `report` None.
    """

    seconds: float
    exit_code: int
    requirements: tuple[RequirementLine, ...]
    report: Path | None
    log: Path
    header: tuple[str, ...] = ()

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


def read_round(ended: Ended, log: Path) -> Round:
    """Return a round with the verdicts of its report.

    Raises:
        BadInput: pytest refused its arguments.
        KeyboardInterrupt: It was interrupted.
    """
    if ended.exit_code in {ExitStatus.BAD_INPUT, ExitStatus.INTERRUPTED}:
        check_ended(ended, "the round", log)
    report, record = reported(ended)
    requirements = requirement_lines(record) if report else ()
    return Round(ended.seconds, ended.exit_code, requirements, report, log, record.header)
