"""What a fuzzed run is to do, and what it found, as files between the command and the run of the suite."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

FILES = "CANARY_FUZZ"
"""The environment variable that names the folder of both files."""
_PLAN, _FOUND = "plan.json", "found.jsonl"


@dataclass(frozen=True, slots=True)
class Table:
    """Routes to send random requests through.

    Attributes:
        name: what they are.
        text: the objects to apply, in YAML, "" for what is in force.
        requests: how many to send.
        seed: what they are drawn by.
    """

    name: str
    text: str
    requests: int
    seed: int


@dataclass(frozen=True, slots=True)
class Found:
    """What became of a table: the requests sent and compared, what differs, and why it was not tried."""

    name: str
    sent: int = 0
    compared: int = 0
    differences: tuple[str, ...] = ()
    skipped: str = ""


def write_plan(folder: Path, tables: Iterable[Table]) -> None:
    """Write what is to be done."""
    (folder / _PLAN).write_text(json.dumps([asdict(one) for one in tables]), encoding="utf-8")


def read_plan(folder: Path) -> list[Table]:
    """Return what is to be done."""
    return [Table(**one) for one in json.loads((folder / _PLAN).read_text(encoding="utf-8"))]


def add_found(folder: Path, found: Found) -> None:
    """Add what became of a table, so that an interrupted run leaves what it has."""
    with (folder / _FOUND).open("a", encoding="utf-8") as lines:
        lines.write(f"{json.dumps(asdict(found))}\n")


def read_found(folder: Path) -> list[Found]:
    """Return what became of each table that was tried; none where the run never came so far."""
    file = folder / _FOUND
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    rows = (json.loads(line) for line in lines)
    return [Found(**{**row, "differences": tuple(row["differences"])}) for row in rows]
