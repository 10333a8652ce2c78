"""Changes that several stages share, as one change with all of its stages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from canary_conformance.differences.responsible_lines import lines_of
from canary_conformance.differences.values import (
    AnswerChange,
    LegChange,
    Lines,
    NotUnderstood,
    ObjectChange,
    PodChange,
)

Staged = TypeVar("Staged", AnswerChange, LegChange, NotUnderstood, ObjectChange, PodChange)


def together(found: Iterable[Staged], key: Callable[[Staged], object]) -> tuple[Staged, ...]:
    """Return changes with those of one key joined, in the order of their first stages."""
    joined: dict[object, Staged] = {}
    for one in found:
        name = key(one)
        joined[name] = _also_at(joined[name], one.stages, one.lines) if name in joined else one
    return tuple(joined.values())


def _also_at(one: Staged, stages: Sequence[int], lines: Lines) -> Staged:
    both = lines_of((*one.lines.before, *lines.before), (*one.lines.after, *lines.after))
    return replace(one, stages=tuple(sorted({*one.stages, *stages})), lines=both)


def of_answers(one: AnswerChange) -> object:
    """Return what makes a change of an answer the same at another stage; its lines may be in other files."""
    return one.clients, one.destinations, str(one.request), one.before, one.after, one.same_version


def legs_together(found: Iterable[LegChange]) -> tuple[LegChange, ...]:
    """Return changes of legs with those that change alike by the same lines as one."""
    joined: dict[object, LegChange] = {}
    for one in found:
        key = one.before, one.after, one.lines
        had = joined.get(key)
        stages, legs = (had.stages, had.legs) if had else ((), ())
        every = tuple(dict.fromkeys((*legs, *one.legs)))
        joined[key] = replace(one, stages=tuple(sorted({*stages, *one.stages})), legs=every)
    return tuple(joined.values())


def of_objects(one: ObjectChange) -> object:
    """Return what makes a change of an object the same at another stage.

    Fields that change are told apart by their lines: the next file that applies it may have others.
    """
    return one.name, one.change, one.renamed_to, one.fields


def of_unknown(one: NotUnderstood) -> object:
    """Return what makes something not understood the same at another stage, and on the other side."""
    return one.sentence


def as_it_is(one: Staged) -> object:
    """Return what makes any other change the same at another stage: all but the stages."""
    return replace(one, stages=())
