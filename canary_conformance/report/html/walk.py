"""The whole run on one line: what was made, how each stage was entered, and what was judged after it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# Shorter ones, in seconds, are less than a pixel.
LEAST = 0.1
_STAGE = re.compile(r"(?!evidence of ).*\bstage (\d+)\b")
_MOVES = {"move": "there", "roll back": "back"}


@dataclass(frozen=True, slots=True)
class Span:
    """A part of the run: at and width in percent of it; stage is 0 before the first was entered.

    The flag is what stands where it begins, "" for nothing.
    """

    name: str
    kind: str
    flag: str
    stage: int
    at: float
    width: float
    seconds: float


def walk_of(report: Mapping[str, Any]) -> tuple[Span, ...]:
    """Return the parts of a run that entered stages, in their order; none of another run."""
    whole = report["run"]["seconds"]
    phases = sorted((one for one in report["phases"] if one["depth"] == 0), key=lambda one: one["started"])
    if whole <= 0 or not any(_STAGE.match(one["name"]) for one in phases):
        return ()
    return tuple(one for one in _spans(phases, whole) if one.seconds >= LEAST)


def _spans(phases: list[Mapping[str, Any]], whole: float) -> Iterator[Span]:
    """Yield each phase, and what lies between it and the next: the tests of the stage that was entered."""
    stage = 0
    for phase, following in itertools.zip_longest(phases, phases[1:]):
        began, ended = phase["started"], phase["started"] + phase["seconds"]
        named = _STAGE.match(phase["name"])
        stage = int(named[1]) if named else stage
        move = _MOVES.get(phase["name"].partition(":")[0], "")
        kind = "entered" if named else "moved" if move else "made"
        at, width = 100 * began / whole, 100 * max(0.0, ended - began) / whole
        yield Span(phase["name"], kind, named[1] if named else move, stage, at, width, ended - began)
        # Nothing is judged once namespaces or the cluster are deleted.
        if stage and not phase["name"].startswith(("cluster ", "removing ")):
            seconds = max(0.0, (following["started"] if following else whole) - ended)
            name = f"what stage {stage} requires is judged"
            yield Span(name, "judged", "", stage, 100 * ended / whole, 100 * seconds / whole, seconds)
