"""The reports of commands that walk: the folder of a command's own, and what the report of a walk tells."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from canary_conformance.exit_codes import ExitStatus, word_of
from canary_conformance.file_output import writing
from canary_conformance.paths import REPOSITORY, shown
from canary_conformance.report.run_record import (
    RequirementLine,
    RunRecord,
    Standing,
    count_line,
    record_from,
    requirement_lines,
)
from tools.rounds import Ended, check_ended, say

# What the plugin prints last; `reports/latest` may be another run's by the time that a walk has ended.
_REPORT = re.compile(r"^report: (.+)$", re.MULTILINE)


def report_named(command: str) -> Path:
    """Return reports/COMMAND-TIME (UTC), which is there for its command alone."""
    return REPOSITORY / f"reports/{command}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"


def report_folder(command: str) -> Path:
    """Make reports/COMMAND-TIME (UTC) and return it. Raises EnvironmentFailed."""
    folder = report_named(command)
    with writing(folder):
        folder.mkdir(parents=True)
    return folder


def tell(report: Path, told: str, **files: str) -> None:
    """Print a table, then write it beside the folder of a report, or these files, named by their endings.

    A disk that takes none has taken no table from anybody. Raises EnvironmentFailed.
    """
    say(f"\n{told}")
    for ending, content in (files or {"txt": told}).items():
        path = report.with_suffix(f".{ending}")
        with writing(path):
            path.parent.mkdir(exist_ok=True)
            path.write_text(content, encoding="utf-8")
        say(f"written to {shown(path)}")
    if report.is_dir():
        say(f"logs: {shown(report)}")


def reported(ended: Ended) -> tuple[Path | None, RunRecord]:
    """Return the folder of a walk's report, None where it left none, and its record without its phases."""
    named = _REPORT.findall(ended.output)
    folder = Path(named[-1]) if named else None
    try:
        told = json.loads((folder / "run.json").read_text(encoding="utf-8")) if folder else {}
    except FileNotFoundError:
        told = {}
    tests = [record_from(test) for test in told.get("tests", ())]
    selected = told.get("selected")
    return folder, RunRecord(
        tuple(told.get("header", ())),
        tuple(tests),
        (),
        selected=None if selected is None else tuple(selected),
    )


@dataclass(frozen=True, slots=True)
class Round:
    """One walk: wall seconds, exit code, what it says of each requirement, its report's folder and its log.

    header says what it ran on. promises is empty, and report None, where it left none.
    """

    seconds: float
    exit_code: int
    requirements: tuple[RequirementLine, ...]
    report: Path | None
    log: Path
    header: tuple[str, ...] = ()

    @property
    def broken(self) -> list[str]:
        """The ids of the broken promises."""
        return [line.requirement.id for line in self.requirements if line.standing is Standing.FAILED]

    @property
    def verdict(self) -> str:
        """The round in a few words."""
        if self.exit_code == ExitStatus.HOLDS:
            return f"green, {count_line(self.requirements)}"
        if self.exit_code == ExitStatus.FAILED:
            return f"RED, {', '.join(self.broken) or 'no requirement'} FAILED"
        if self.exit_code == ExitStatus.NOT_JUDGED:
            return f"incomplete, {count_line(self.requirements)}"
        return f"{word_of(self.exit_code)} (exit code {self.exit_code}), no verdict"

    @property
    def places(self) -> str:
        """Where to look."""
        report = f"report {shown(self.report)}, " if self.report else ""
        return f"{report}log {shown(self.log)}"


def read_round(ended: Ended, log: Path) -> Round:
    """Return a round as its report tells it.

    Raises BadInput when pytest could not take its arguments, KeyboardInterrupt when somebody ended it.
    """
    if ended.exit_code in {ExitStatus.BAD_INPUT, ExitStatus.INTERRUPTED}:
        check_ended(ended, "the round", log)
    report, record = reported(ended)
    requirements = requirement_lines(record) if report else ()
    return Round(ended.seconds, ended.exit_code, requirements, report, log, record.header)
