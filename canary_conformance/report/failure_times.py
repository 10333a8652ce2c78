"""Since when something fails: the first of a voter's requests that shows it, and the change before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from canary_conformance.report.run_events import Event
from canary_conformance.report.run_record import TestRecord
from canary_conformance.verdicts.verdict import FirstSeen


def since_when(tests: Iterable[TestRecord], events: Sequence[Event]) -> dict[str, Any] | None:
    """Return which request was the first to fail and how long after which change, None where none is known.

    Args:
        tests: What failed by one cause.
        events: The run's; they have when each change was applied and had propagated.
    """
    broken = [(one.first, test.stage) for test in tests for one in test.verdicts if not one.held]
    known = [(first, stage) for first, stage in broken if first is not None]
    if not known:
        return None
    first, stage = min(known, key=lambda one: one[0].at)
    return {
        "number": first.number,
        "of": first.of,
        "requests": first.counted,
        **_change(first, stage, events),
    }


def _change(first: FirstSeen, stage: int, events: Iterable[Event]) -> dict[str, Any]:
    """Return the last change of the stage that was begun before the request was sent, with both times."""
    steps: list[tuple[float, Mapping[str, Any]]] = [
        (first.at - event["began"], step)
        for event in events
        if event.get("event") == "transition_seen" and "began" in event
        # What is required of a move of the mesh has no stage.
        if (event.get("move") if not stage else event["stage"] == stage)
        for step in event["steps"]
        if step["started"] <= first.at - event["began"]
    ]
    if not steps:
        return {"change": "", "after_applied": None, "after_propagated": None}
    at, step = max(steps, key=lambda one: one[1]["started"])
    return {
        "change": step["step"],
        "after_applied": round(at - step["applied"], 2),
        "after_propagated": round(at - step["propagated"], 2),
    }
