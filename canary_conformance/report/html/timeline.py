"""The time lines of transitions: each voter's requests as ticks, the changes as marks.

Drawn as paths, one for each kind of answer in a lane, so that thousands of ticks are a few thousand bytes.
Answers differ by colour, and failed ones also by height.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WIDTH, LANE = 1000.0, 26
# Marks nearer to each other than this share of the width have their numbers one above the other.
NEAR = 3.0
_GOOD = {"1.0": "old", "2.0": "new", "counted": "counted", "unknown version": "other"}


@dataclass(frozen=True, slots=True)
class Ticks:
    """All ticks of one kind of answer in a lane."""

    answer: str
    style: str
    count: int
    path: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One voter's pages or votes."""

    voter: str
    requests: str
    top: int
    ticks: tuple[Ticks, ...]
    total: int
    slowest_ms: int

    @property
    def failed(self) -> int:
        """How many had no answer, or a bad one."""
        return sum(one.count for one in self.ticks if one.style == "failed")


@dataclass(frozen=True, slots=True)
class Mark:
    """A step: where on the line it was applied and had propagated (percent), its number, its words."""

    number: int
    step: str
    objects: tuple[str, ...]
    applied: float
    propagated: float
    applied_at: float
    took: float
    level: int


@dataclass(frozen=True, slots=True)
class Line:
    """The time line of one transition; times are seconds since the run began, move is "" for a stage's."""

    stage: int
    move: str
    began: float
    ended: float
    lanes: tuple[Lane, ...]
    marks: tuple[Mark, ...]
    stalls: tuple[tuple[float, float], ...]

    @property
    def height(self) -> int:
        """The height of all lanes."""
        return LANE * max(1, len(self.lanes))

    @property
    def flags(self) -> float:
        """The height of the numbers above the lanes, in the page's unit (rem)."""
        return 1.1 * (1 + max((mark.level for mark in self.marks), default=0))


def time_lines(transitions: Iterable[Mapping[str, Any]]) -> list[Line]:
    """Return the time line of each transition."""
    return [_line(one) for one in transitions if one["steps"] or one["voters"]]


def _line(transition: Mapping[str, Any]) -> Line:
    steps, voters = transition["steps"], transition["voters"]
    sent = [shown[0] for voter in voters for shown in voter["shown"]]
    began = min([*sent, *(step["started"] for step in steps)])
    ended = max([*sent, *(step["propagated"] for step in steps)])
    span = max(ended - began, 0.001)
    lanes = [_lane(voter, number * LANE, began, span) for number, voter in enumerate(voters)]
    stalls = [(_percent(a, began, span), _percent(b, began, span)) for a, b in transition["stalls"]]
    stage, move, marks = transition["stage"], transition.get("move", ""), _marks(steps, began, span)
    return Line(stage, move, began, ended, tuple(lanes), tuple(marks), tuple(stalls))


def _lane(voter: Mapping[str, Any], top: int, began: float, span: float) -> Lane:
    paths: dict[str, list[str]] = {}
    for sent, _, answer in voter["shown"]:
        at, height = (sent - began) / span * WIDTH, LANE - 8 if _style(answer) == "failed" else LANE - 14
        paths.setdefault(answer, []).append(f"M{at:.1f} {top + (LANE - height) // 2}v{height}")
    ticks = [
        Ticks(answer, _style(answer), voter["counts"].get(answer, 0), "".join(path))
        for answer, path in paths.items()
    ]
    total = sum(voter["counts"].values())
    return Lane(voter["voter"], voter["requests"], top, tuple(ticks), total, voter["slowest_ms"])


def _style(answer: str) -> str:
    return _GOOD.get(answer, "failed")


def _marks(steps: Sequence[Mapping[str, Any]], began: float, span: float) -> Iterable[Mark]:
    last, level = -100.0, 0
    for number, step in enumerate(steps, start=1):
        at = _percent(step["propagated"], began, span)
        level = (level + 1) % 3 if at - last < NEAR else 0
        last = at
        yield Mark(
            number,
            step["step"],
            tuple(step["objects"]),
            _percent(step["applied"], began, span),
            at,
            step["applied"],
            step["propagated"] - step["started"],
            level,
        )


def _percent(moment: float, began: float, span: float) -> float:
    return round(min(max((moment - began) / span, 0.0), 1.0) * 100, 2)
