"""Which limits ran out, and when: only that can be the machine's fault, never a wrong answer."""

from __future__ import annotations

from collections.abc import Sequence

from canary_conformance.verdicts import ExpectationFailed
from canary_conformance.waiting import GaveUp, NotInTime

Times = Sequence[tuple[float, float]]


def times_run_out(error: BaseException | None) -> Times:
    """Return beginning and end (monotonic) of what was waited for until its limit; none for other failures.

    A verdict counts if all that breaks it are pages that did not come in time; one wrong page is wrong.
    """
    while error is not None:
        if isinstance(error, ExpectationFailed):
            late = [verdict.late for verdict in error.verdicts]
            return [window for windows in late for window in windows] if all(late) else []
        if isinstance(error, (NotInTime, GaveUp)):
            return [error.window] if error.window else []
        error = error.__cause__
    return []


def in_short(error: BaseException | None) -> str:
    """Return what failed in a line: the verdicts' few words, or the first line of the message."""
    if isinstance(error, ExpectationFailed):
        return "; ".join(verdict.evidence for verdict in error.verdicts)
    return str(error).partition("\n")[0]
