"""Changes that several stages share, as one change with all of its stages."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypeVar

from canary_conformance.differences.values import (
    AnswerChange,
    LegChange,
    NotUnderstood,
    ObjectChange,
    PodChange,
)

Staged = TypeVar("Staged", AnswerChange, LegChange, NotUnderstood, ObjectChange, PodChange)


def together(found: Iterable[Staged], key: Callable[[Staged], object]) -> tuple[Staged, ...]:
    """Return changes with those of one key joined, in the order of their first stages."""
    joined: dict[object, Staged] = {}
    for one in found:
        had = joined.get(key(one))
        if had is None:
            joined[key(one)] = one
        else:
            stages = tuple(sorted({*had.stages, *one.stages}))
            joined[key(one)] = replace(had, stages=stages)
    return tuple(joined.values())


def of_answers(one: AnswerChange) -> object:
    """Return what makes a change of an answer the same at another stage; its lines may be in other files."""
    return one.clients, one.destinations, str(one.request), one.before, one.after, one.same_version


def as_it_is(one: Staged) -> object:
    """Return what makes any other change the same at another stage: all but the stages."""
    return replace(one, stages=())
