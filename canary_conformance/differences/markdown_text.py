"""A difference as Markdown for the summary of a job and the comment of a pull request: one small table.

Everything that comes from manifests, names of branches among it, stands in code spans: it is hostile input.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from canary_conformance.differences.values import (
    Difference,
    Lines,
    NotUnderstood,
    ObjectChange,
    RequirementChange,
)
from canary_conformance.differences.wording import (
    by_cause,
    call_text,
    calls_together,
    conclusion,
    few,
    field_text,
    lines_text,
    object_text,
    plural,
    pod_text,
    request_text,
    stages_text,
    untold_pages,
)
from canary_conformance.report.formats.markdown import cell, code, details

_MOST_ROWS = 8
Row = tuple[str, str, str, str]


def markdown_text(one: Difference) -> str:
    """Return a difference as Markdown without a heading, ended by a line break."""
    parts = [f"{code(one.before)} → {code(one.after)}", f"**{_verdict(one)}** {conclusion(one)}"]
    if rows := list(_rows(one)):
        shown = [f"| {' | '.join(map(cell, row))} |" for row in rows[:_MOST_ROWS]]
        left = len(rows) - len(shown)
        shown += [f"| | and {plural(left, 'more change')} | | |"] if left > 0 else []
        parts.append("\n".join(["| stage | what | before → after | lines |", "|---|---|---|---|", *shown]))
    parts += _list("Not judged", [_unknown(unknown) for unknown in one.not_understood])
    objects = _list("Changed objects", [_object(change) for change in one.objects])
    parts += [details(plural(len(one.objects), "changed object"), objects[0])] if objects else []
    return "\n\n".join(parts) + "\n"


def _verdict(one: Difference) -> str:
    if one.breaks:
        return f"{plural(len(one.breaks), 'requirement')} {'breaks' if len(one.breaks) == 1 else 'break'}."
    return "No requirement breaks." if not one.incomplete else "No requirement breaks; not all was judged."


def _rows(one: Difference) -> Iterator[Row]:
    """Yield the rows of the table, what breaks first and what heals last."""
    broken = [change for change in one.requirements if change.breaks]
    rest = [change for change in one.requirements if not change.breaks]
    yield from _requirements(broken)
    for page in untold_pages(one):
        fate = "fails in HEAD" if page.fails else "failed in BASE"
        yield (
            str(page.stage),
            "a page while the stage is applied",
            f"{fate}: {code(page.sentence)}",
            _line(page.place),
        )
    for change in one.requests:
        yield _row(change.stages, request_text(change), change.before, change.after, change.lines)
    for change in calls_together(one.calls):
        yield _row(change.stages, call_text(change, 2), change.before, change.after, change.lines)
    for leg in one.legs:
        yield _row(leg.stages, few(leg.legs, 2), leg.before, leg.after, leg.lines)
    for pods in one.pods:
        yield _numbers(pods.stages), code(pod_text(pods)), "", code(lines_text(pods.lines))
    yield from _requirements(rest)


def _row(stages: Sequence[int], what: str, before: str, after: str, lines: Lines) -> Row:
    return _numbers(stages), code(what), f"{code(before)} → {code(after)}", code(lines_text(lines))


def _requirements(found: Sequence[RequirementChange]) -> Iterator[Row]:
    for first, *others in by_cause(found):
        names = ", ".join(one.id for one in (first, *others))
        place = _line(first.causes[0].place) if first.causes else ""
        seen = f": {code(first.seen)}" if first.seen else ""
        yield str(first.stage or "all"), names, f"{first.before} → {first.after}{seen}", place


def _numbers(stages: Sequence[int]) -> str:
    return stages_text(stages).partition(" ")[2]


def _line(place: object) -> str:
    return code(str(place)) if place else ""


def _unknown(one: NotUnderstood) -> str:
    where = lines_text(one.lines)
    return f"{stages_text(one.stages)}: {code(one.sentence)}" + (f" ({code(where)})" if where else "")


def _object(one: ObjectChange) -> str:
    fields = [code(field_text(field)) for field in one.fields[:_MOST_ROWS]]
    left = len(one.fields) - len(fields)
    fields += [f"and {plural(left, 'more field')}"] if left > 0 else []
    tail = f": {', '.join(fields)}" if fields else ""
    return f"{stages_text(one.stages)}: {code(object_text(one))}{tail} ({code(lines_text(one.lines))})"


def _list(heading: str, rows: Sequence[str]) -> list[str]:
    if not rows:
        return []
    left = len(rows) - _MOST_ROWS
    shown = [*rows[:_MOST_ROWS], *([f"and {left} more"] if left > 0 else [])]
    return ["\n".join([f"{heading}:", "", *(f"- {row}" for row in shown)])]
