"""The exit codes of the suite and of every command that runs it: one table, used by all of them.

The plugin decides which of them a run ends with (fixtures.exit_status); commands that make many runs
distinguish the codes of their runs by it.
"""

from __future__ import annotations

import signal
from collections.abc import Iterable
from enum import IntEnum
from types import MappingProxyType


class ExitStatus(IntEnum):
    """How a run ended."""

    HOLDS = 0
    """All that was selected was judged, and holds."""
    FAILED = 1
    """A requirement failed, wherever that was noticed."""
    INTERRUPTED = 2
    """Somebody ended the run."""
    ENVIRONMENT = 3
    """The machine, the engine, the cluster or the mesh failed, which is proved: no verdict."""
    BAD_INPUT = 4
    """The input can't be judged."""
    NOT_JUDGED = 5
    """Nothing failed, but something that was selected could not be judged."""
    DEFECT = 6
    """The suite itself has a defect."""


_WORDS = MappingProxyType(
    {
        ExitStatus.HOLDS: "holds",
        ExitStatus.FAILED: "FAILED",
        ExitStatus.INTERRUPTED: "interrupted",
        ExitStatus.ENVIRONMENT: "environment failed",
        ExitStatus.BAD_INPUT: "bad input",
        ExitStatus.NOT_JUDGED: "incomplete",
        ExitStatus.DEFECT: "defect of the suite",
    }
)
# Of many runs together, the first of these that any of them ended with.
_GRAVEST_FIRST = (
    ExitStatus.INTERRUPTED,
    ExitStatus.FAILED,
    ExitStatus.DEFECT,
    ExitStatus.ENVIRONMENT,
    ExitStatus.NOT_JUDGED,
    ExitStatus.BAD_INPUT,
)


def word_of(code: int) -> str:
    """Return an exit code in a word or two; of a code that no run has by itself, what is known of it."""
    if code in _WORDS:
        return _WORDS[ExitStatus(code)]
    if code < 0:
        return f"killed by {signal_name(-code)}"
    return f"ended with exit code {code}"


def signal_name(number: int) -> str:
    """Return a signal's name, "signal 99" for one that this system does not have."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def together(codes: Iterable[int]) -> ExitStatus:
    """Return the exit code of many runs together: 0 when all of them hold, else the gravest.

    A requirement that failed comes first; a code that no run has by itself counts as a defect.
    """
    known = frozenset(ExitStatus)
    seen = {ExitStatus(code) if code in known else ExitStatus.DEFECT for code in codes}
    return next((status for status in _GRAVEST_FIRST if status in seen), ExitStatus.HOLDS)
