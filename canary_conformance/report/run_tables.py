"""The tables at the end of a run, as plain text of a given width: log files have no terminal.

Cells are wrapped by hand: a page's text may stand in the evidence, so nothing in a cell is markup and no
control character gets through.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, zip_longest

from canary_conformance.progress import Phase
from canary_conformance.report.failure_causes import cause_lines, evidence_of, failed_by_cause
from canary_conformance.report.run_record import (
    RequirementLine,
    RunRecord,
    Standing,
    count_line,
    false_alarm_line,
    requirement_lines,
    static_only,
)

WIDTH = 110
_NARROWEST = 60
_GAP = "  "
# What stands in a row; requirements without a test have none.
_JUDGED = tuple(one for one in Standing if one not in {Standing.NOT_RUN, Standing.NOT_SELECTED})
# What stands before a reason: of how many tests it is, and of which tier.
_COUNTED = re.compile(r"^(?:\d+ of \d+ tests: )?(?:(?:static|live): )?")
_NO_CLUSTER = "Judged by the manifests alone: images or the mesh may still fail what holds here."


def requirement_table(run: RunRecord, width: int = WIDTH) -> str:
    """Return what the run found out about each selected requirement, by stage, with a closing count.

    The columns are id, requirement (cut to one line), verdict and evidence (wrapped). A requirement is
    selected when a test of it was; the count is over all requirements of the scenario. What failed comes
    first, by its causes. No line is longer than `width` columns; a width below 60 is taken as 60.
    """
    lines = requirement_lines(run)
    selected = [line for line in lines if line.standing in _JUDGED]
    ids = max((len(line.requirement.id) for line in selected), default=0)
    verdicts = max(len(standing) for standing in _JUDGED)
    left = max(width, _NARROWEST) - ids - verdicts - 3 * len(_GAP)
    widths = (ids, left // 2, verdicts, left - left // 2)
    evidence = _evidence_by_cause(run)
    rows: list[str] = []
    for stage, group in groupby(selected, key=lambda line: line.requirement.stage):
        rows.append(f"stage {stage}" if stage else "all stages")
        for line in group:
            shown = evidence.get(line.requirement.id, line.evidence)
            sentence = textwrap.shorten(line.requirement.sentence, widths[1], placeholder=" ...")
            rows += _row((line.requirement.id, sentence, line.standing, shown), widths)
    return "\n".join([*_causes(run, width), *rows, *_closing(run, lines, width)])


def failure_table(run: RunRecord, width: int = WIDTH) -> str:
    """Return the run's findings in short: the causes, then a row for each requirement that does not hold.

    Those that hold are listed by their ids. It is the requirement table where nothing failed.
    """
    lines = requirement_lines(run)
    wide = max(width, _NARROWEST)
    if not any(line.standing is Standing.FAILED for line in lines):
        return requirement_table(run, width)
    evidence = _evidence_by_cause(run)
    shown = [line for line in lines if line.standing is Standing.FAILED]
    ids, verdicts = max(len(line.requirement.id) for line in shown), max(len(one) for one in _JUDGED)
    rows = [
        row
        for line in shown
        for row in _row(
            (line.requirement.id, line.standing, evidence.get(line.requirement.id, line.evidence)),
            (ids, verdicts, wide - ids - verdicts - 2 * len(_GAP)),
        )
    ]
    rows += [text for group in _unjudged(lines) for text in _wrapped(group, wide)]
    held = [line.requirement.id for line in lines if line.standing is Standing.HOLDS]
    rows += _wrapped(f"holds: {', '.join(held)}", wide) if held else []
    return "\n".join([*_causes(run, width), *rows, *_closing(run, lines, width)])


def _unjudged(lines: Sequence[RequirementLine]) -> list[str]:
    """Return the requirements that were not judged, those of one reason together."""
    ids: dict[str, list[str]] = {}
    for line in lines:
        if line.standing in {Standing.NOT_JUDGED, Standing.SKIPPED}:
            ids.setdefault(_COUNTED.sub("", line.evidence), []).append(line.requirement.id)
    return [f"not judged: {', '.join(several)}: {reason}" for reason, several in ids.items()]


def _evidence_by_cause(run: RunRecord) -> dict[str, str]:
    """Return, by the ids of failed requirements, the number of the cause and what was seen first.

    A sentence of the cause itself is not repeated: it is printed above the rows, in full.
    """
    found: dict[str, str] = {}
    for number, cause in enumerate(failed_by_cause(run.tests), start=1):
        for test in cause.tests:
            for id_ in test.requirements:
                seen = evidence_of(test)
                repeats = cause.finding is not None and cause.finding.sentence == seen
                found.setdefault(id_, f"cause {number}" if repeats else f"cause {number}: {seen}")
    return found


def _causes(run: RunRecord, width: int) -> list[str]:
    return [_printable(line) for line in cause_lines(failed_by_cause(run.tests), max(width, _NARROWEST))]


def _closing(run: RunRecord, lines: Sequence[RequirementLine], width: int) -> list[str]:
    closing = _NO_CLUSTER if static_only(run) else false_alarm_line(run)
    return [count_line(lines, static=static_only(run)), *_wrapped(closing, max(width, _NARROWEST))]


def times_tables(run: RunRecord) -> list[str]:
    """Return where the time of a run went, and where that of each of its workers did."""
    own = times_table(run.phases, run.seconds)
    workers = {name: times_table(phases) for name, phases in run.workers.items()}
    return [*([own] if own else []), *(f"{name}\n{table}" for name, table in workers.items() if table)]


def times_table(phases: Sequence[Phase], seconds: float = 0.0, top: int = 20, width: int = WIDTH) -> str:
    """Return where the time went: seconds and share of the run for each phase, nested, in the order begun.

    Phases of one name within the same phase are one line with their number. Only the `top` longest are shown,
    with the phases that they lie in. The run's length is its seconds, where they are known, or the end of its
    last phase; what no phase accounts for is a line of its own. "" when no phase ended.
    """
    spent = _spent(phases)
    if not spent:
        return ""
    whole = max(seconds, *(phase.started + phase.seconds for phase in phases))
    longest = sorted(spent, key=lambda one: one.seconds, reverse=True)[:top]
    shown = {one.path[: depth + 1] for one in longest for depth in range(len(one.path))}
    outside = whole - sum(one.seconds for one in spent if len(one.path) == 1)
    rows = [_times_row(one.label, one.seconds, whole, width) for one in spent if one.path in shown]
    hidden = len(spent) - len(rows)
    rows += [_times_row("outside of any phase", outside, whole, width)] if outside >= 0.05 else []
    rows.append(_times_row("the run", whole, whole, width))
    return "\n".join([*rows, *([f"({hidden} shorter ones not shown)"] if hidden else [])])


@dataclass(frozen=True, slots=True)
class _Spent:
    """All phases of one path (its name after those that it lies in): how many, and their seconds together."""

    path: tuple[str, ...]
    count: int
    seconds: float

    @property
    def label(self) -> str:
        times = f" (x{self.count})" if self.count > 1 else ""
        return f"{'  ' * (len(self.path) - 1)}{self.path[-1]}{times}"


def _spent(phases: Sequence[Phase]) -> list[_Spent]:
    """Return the phases by path, in the order begun; a path's parts are the phases that contain it."""
    found: dict[tuple[str, ...], _Spent] = {}
    around: list[Phase] = []
    # A phase is listed when it ends, so after those within it.
    for phase in sorted(phases, key=lambda one: (one.started, one.depth)):
        around = [
            one for one in around if one.depth < phase.depth and phase.started <= one.started + one.seconds
        ]
        path = (*(one.name for one in around), phase.name)
        before = found.get(path, _Spent(path, 0, 0.0))
        found[path] = _Spent(path, before.count + 1, before.seconds + phase.seconds)
        around.append(phase)
    # An equal path may turn up again after others have begun: its line stands where the first one stood, and
    # what lies in it below it.
    order = {path: index for index, path in enumerate(found)}
    return sorted(
        found.values(), key=lambda one: [order.get(one.path[: d + 1], 0) for d in range(len(one.path))]
    )


def _times_row(label: str, seconds: float, whole: float, width: int) -> str:
    share = f"{seconds / whole:4.0%}" if whole else ""
    numbers = f"{seconds:8.1f} s  {share:>4}"
    room = max(min(width, WIDTH), _NARROWEST) - len(numbers) - len(_GAP)
    name = _printable(label)
    return f"{name if len(name) <= room else name[: room - 3] + '...':<{room}}{_GAP}{numbers}"


def _row(cells: Iterable[str], widths: Sequence[int]) -> list[str]:
    columns = [_wrapped(cell, width) for cell, width in zip(cells, widths, strict=True)]
    return [
        _GAP.join(f"{text:<{width}}" for text, width in zip(line, widths, strict=True)).rstrip()
        for line in zip_longest(*columns, fillvalue="")
    ]


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(_printable(" ".join(text.split())), width, break_on_hyphens=False)


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
