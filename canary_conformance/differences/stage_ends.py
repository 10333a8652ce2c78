"""The end of one stage on both sides: what is compared, which lines are responsible, what stages share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

from canary_conformance.differences.responsible_lines import Trials, lines_of
from canary_conformance.differences.state_changes import ObjectPair, changed_objects
from canary_conformance.differences.values import (
    AnswerChange,
    LegChange,
    Lines,
    NotUnderstood,
    ObjectChange,
    PodChange,
)
from canary_conformance.model.model import Model
from canary_conformance.model.objects.questions import Answer
from canary_conformance.model.pods.workloads import Workload

T = TypeVar("T")


@dataclass
class StageEnds:
    """Both models at the end of a stage."""

    stage: int
    before: Model
    after: Model
    _trials: Trials | None = field(default=None, repr=False)

    @cached_property
    def changes(self) -> tuple[ObjectPair, ...]:
        """The objects in force that differ."""
        return changed_objects(self.before.state, self.after.state)

    def lines(self, ask: Callable[[Model], T], decided: Lines = Lines()) -> Lines:  # noqa: B008 (a value)
        """Return the lines that are responsible for what a question is answered differently by.

        decided: the lines that decided both answers, for where no single change is responsible.
        """
        if self._trials is None:
            self._trials = Trials(self.after, self.changes)
        return self._trials.lines(ask, decided)

    @property
    def models(self) -> tuple[Model, Model]:
        """Both models, BASE's first."""
        return self.before, self.after

    def changed_kinds(self) -> frozenset[str]:
        """Return the kinds of the objects that differ."""
        return frozenset(one.key.kind for one in self.changes)


def decided_lines(answers: tuple[Answer, Answer]) -> Lines:
    """Return the lines by which two answers were decided, the first of each outcome."""
    places = [
        [next((rule.place for rule in outcome.rules if rule.place), None) for outcome in answer.outcomes]
        for answer in answers
    ]
    return lines_of(*places)


def ready_workloads(model: Model) -> dict[str, Workload]:
    """Return the workloads that have ready pods, by their names ("voting-app 1.0")."""
    found: dict[str, Workload] = {}
    for one in model.pods():
        if one.ready:
            found.setdefault(str(one), one)
    return found


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
