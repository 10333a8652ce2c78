"""The report of a command that runs the suite: printed, and written to a folder of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from canary_conformance.file_output import check_writable, writing
from canary_conformance.paths import REPORTS, shown


def check_reports() -> None:
    """Raise EnvironmentFailed where no report could be written."""
    check_writable(REPORTS)


def say(line: str) -> None:
    """Print a line now."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def report_named(command: str) -> Path:
    """Return reports/COMMAND-TIME (UTC), which belongs to this command alone."""
    return REPORTS / f"{command}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"


def report_folder(command: str) -> Path:
    """Make reports/COMMAND-TIME (UTC) and return it. Raises EnvironmentFailed."""
    folder = report_named(command)
    with writing(folder):
        folder.mkdir(parents=True)
    return folder


def publish(report: Path, text: str, **files: str) -> None:
    """Print a table, then write it beside the folder of a report, so that a full disk takes nothing away.

    Args:
        report: The folder; it need not exist.
        text: The table.
        files: What to write instead of the table, by the ending of the file's name.

    Raises:
        EnvironmentFailed: A file cannot be written.
    """
    say(f"\n{text}")
    for ending, content in (files or {"txt": text}).items():
        path = report.with_suffix(f".{ending}")
        with writing(path):
            path.parent.mkdir(exist_ok=True)
            path.write_text(content, encoding="utf-8")
        say(f"written to {shown(path)}")
    if report.is_dir():
        say(f"logs: {shown(report)}")


def markdown_table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; a cell is one line, and what would end it is escaped."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
