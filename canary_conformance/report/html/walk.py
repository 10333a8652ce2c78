"""The whole run on one line: what was made, how each stage was entered, and what was judged after it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# Shorter ones, in seconds, are less than a pixel.
LEAST = 0.1
_STAGE = re.compile(r"\bstage (\d+)\b")


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the run: at and width in percent of it; stage is 0 before the first was entered."""

    name: str
    kind: str
    stage: int
    at: float
    width: float
    seconds: float


def walk_of(report: Mapping[str, Any]) -> tuple[Span, ...]:
    """Return the parts of a run that entered stages, in their order; none of another run."""
    whole = report["run"]["seconds"]
    phases = sorted((one for one in report["phases"] if one["depth"] == 0), key=lambda one: one["started"])
    if whole <= 0 or not any(_STAGE.search(one["name"]) for one in phases):
        return ()
    return tuple(one for one in _spans(phases, whole) if one.seconds >= LEAST)


def _spans(phases: list[Mapping[str, Any]], whole: float) -> Iterator[Span]:
    """Yield each phase, and what lies between it and the next: the tests of the stage that was entered."""
    stage = 0
    for phase, following in itertools.zip_longest(phases, phases[1:]):
        began, ended = phase["started"], phase["started"] + phase["seconds"]
        named = _STAGE.search(phase["name"])
        stage = int(named[1]) if named else stage
        yield _span(phase["name"], "entered" if named else "made", stage, began, ended, whole)
        if stage:
            next_at = following["started"] if following else whole
            yield _span(f"what stage {stage} requires is judged", "judged", stage, ended, next_at, whole)


def _span(name: str, kind: str, stage: int, began: float, ended: float, whole: float) -> Span:
    at, width = 100 * began / whole, 100 * max(0.0, ended - began) / whole
    return Span(name, kind, stage, at, width, max(0.0, ended - began))
