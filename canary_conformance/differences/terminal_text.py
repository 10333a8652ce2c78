"""A difference as lines for a terminal: what breaks first, then what changes for whom, then what heals."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from canary_conformance.differences.values import Difference, ObjectChange, RequirementChange
from canary_conformance.differences.wording import (
    ARROW,
    by_cause,
    call_text,
    calls_together,
    conclusion,
    few,
    field_text,
    lines_text,
    object_text,
    others_text,
    plural,
    pod_text,
    request_text,
    requirement_text,
    stages_text,
    untold_pages,
)

_WIDTH = 110
_MOST_ROWS = 6
_MOST_FIELDS = 3
_LABEL = 12


def terminal_text(one: Difference) -> str:
    """Return a difference in lines that fit a terminal, ended by a conclusion."""
    parts = [_printable(f"BASE  {one.before}"), _printable(f"HEAD  {one.after}")]
    for heading, rows in _sections(one):
        shown = rows[:_MOST_ROWS]
        left = len(rows) - len(shown)
        parts += ["", f"{heading} ({len(rows)})", *shown]
        parts += [f"  and {left} more, which --json lists"] if left > 0 else []
    return "\n".join([*parts, "", textwrap.fill(conclusion(one), _WIDTH), ""])


def _sections(one: Difference) -> Iterator[tuple[str, list[str]]]:
    """Yield each section that has rows, what breaks first."""
    broken = [change for change in one.requirements if change.after != "holds"]
    healed = [change for change in one.requirements if change.after == "holds"]
    sections = (
        ("Requirements that break", _requirements([change for change in broken if change.breaks])),
        (
            "Requirements that are no longer judged",
            _requirements([change for change in broken if change.lost]),
        ),
        ("Pages while a stage is applied", list(_pages(one))),
        ("Requests that change their answer", list(_requests(one))),
        ("Who reaches whom", list(_calls(one))),
        ("Mutual TLS", list(_legs(one))),
        ("Pods", list(_pods(one))),
        ("Objects", [_object(change) for change in one.objects]),
        ("Not judged", list(_not_judged(one))),
        (
            "Requirements that still fail or are judged anew",
            _requirements([change for change in broken if not (change.breaks or change.lost)]),
        ),
        ("Requirements that heal", _requirements(healed)),
    )
    yield from ((heading, rows) for heading, rows in sections if rows)


def _requirements(found: Sequence[RequirementChange]) -> list[str]:
    """Return a row for each cause, with all requirements that it decides."""
    rows = []
    for first, *others in by_cause(found):
        parts = [_row(requirement_text(first), first.seen or first.sentence)]
        parts += [_part("required", first.sentence)] if first.seen else []
        parts += [_part("cause", str(cause)) for cause in first.causes[:1]]
        parts += [_part("also", others_text(first, others))] if others else []
        rows.append("\n".join(parts))
    return rows


def _pages(one: Difference) -> Iterator[str]:
    for change in untold_pages(one):
        verb = "fail in HEAD" if change.fails else "failed in BASE, and no longer do"
        parts = [_row(stages_text([change.stage]), f"{verb}: {change.sentence}")]
        yield "\n".join([*parts, *([_part("line", str(change.place))] if change.place else [])])


def _requests(one: Difference) -> Iterator[str]:
    for change in one.requests:
        text = f"{change.before}{ARROW}{change.after}"
        yield _change(change.stages, request_text(change), text, lines_text(change.lines))


def _calls(one: Difference) -> Iterator[str]:
    for change in calls_together(one.calls):
        text = f"{change.before}{ARROW}{change.after}"
        yield _change(change.stages, call_text(change), text, lines_text(change.lines))


def _legs(one: Difference) -> Iterator[str]:
    for change in one.legs:
        text = f"{change.before}{ARROW}{change.after}"
        yield _change(change.stages, few(change.legs, 2), text, lines_text(change.lines))


def _pods(one: Difference) -> Iterator[str]:
    for change in one.pods:
        yield _change(change.stages, pod_text(change), "", lines_text(change.lines))


def _object(one: ObjectChange) -> str:
    rows = [
        _part("", f"{field_text(field)}  [{lines_text(field.lines)}]") for field in one.fields[:_MOST_FIELDS]
    ]
    left = len(one.fields) - len(rows)
    rows += [_part("", f"and {plural(left, 'more field')}")] if left > 0 else []
    where = "" if one.fields else f"  [{lines_text(one.lines)}]"
    return "\n".join([_row(stages_text(one.stages), f"{object_text(one)}{where}"), *rows])


def _not_judged(one: Difference) -> Iterator[str]:
    for unknown in one.not_understood:
        yield _change(unknown.stages, unknown.sentence, "", lines_text(unknown.lines))
    if one.only_before:
        yield _row(stages_text(one.only_before), "only BASE has what this stage applies")
    if one.only_after:
        yield _row(stages_text(one.only_after), "only HEAD has what this stage applies")


def _change(stages: Sequence[int], what: str, text: str, lines: str) -> str:
    parts = [_row(stages_text(stages), what), *([_part("", text)] if text else [])]
    return "\n".join([*parts, *([_part("line", lines)] if lines else [])])


def _row(label: str, text: str) -> str:
    """Return the first line of a row: its label, and the text beside it or after it."""
    first = f"  {label}"
    joint = f"{first}: " if len(first) >= _LABEL else f"{first:{_LABEL}}"
    return _filled(f"{joint}{text}")


def _part(label: str, text: str) -> str:
    return _filled(f"{'':{_LABEL}}{label}{'  ' if label else ''}{text}")


def _filled(text: str) -> str:
    indent = " " * (_LABEL + 2)
    return textwrap.fill(
        _printable(text), _WIDTH, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )


def _printable(text: str) -> str:
    """Return a text without what a terminal would obey: manifests may hold any character."""
    return "".join(char if char.isprintable() else " " if char.isspace() else "?" for char in text)
