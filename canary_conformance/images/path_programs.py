"""Programs that the user has on PATH, taken in place of our own where their version fits."""

from __future__ import annotations

import re
from pathlib import Path

from canary_conformance.images.pins import numbers_of
from canary_conformance.processes import CommandFailed, find_program, run
from canary_conformance.timeouts import LIMITS


def on_path(name: str, version: str) -> Path | None:
    """Return a program on PATH that reports just this version, else None."""
    found = find_program(name)
    reported = _reported(found)
    return found if re.search(rf"(?<![\d.]){re.escape(version)}(?![\w.+-])", reported) else None


def kind_on_path(oldest: str) -> Path | None:
    """Return the kind on PATH where it is of this version or a later one, else None."""
    found = find_program("kind")
    version = re.search(r"\bv?(\d+\.\d+\.\d+)", _reported(found))
    return found if version and numbers_of(version[1]) >= numbers_of(oldest) else None


def _reported(program: Path | None) -> str:
    """Return what a program reports as its version; nothing where it can't."""
    if program is None:
        return ""
    words = ["version"] if program.name == "kind" else ["version", "--remote=false"]
    try:
        return run([program, *words], limit=LIMITS.command)
    except CommandFailed:
        return ""
