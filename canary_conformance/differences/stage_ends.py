"""The end of one stage on both sides: what is compared there, and which lines are responsible."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from canary_conformance.differences.responsible_lines import Trials, lines_of
from canary_conformance.differences.state_changes import ObjectPair, changed_objects
from canary_conformance.differences.values import Lines
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
