"""Which of the changed lines are responsible for a difference, found by trying.

What changed is undone object by object, then field by field: a change without which the answer would be
another one is responsible. Where no single one is (two changes have the same effect), the lines that decided
the answers are named instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from canary_conformance.differences.field_changes import ChangedValue, reverted
from canary_conformance.differences.state_changes import ObjectPair
from canary_conformance.differences.values import Lines
from canary_conformance.model.model import Model
from canary_conformance.model.objects.state import InForce, State
from canary_conformance.scenario.places import Place

T = TypeVar("T")
# More changes than these are not undone one by one: each takes the model some milliseconds.
_MOST_TRIALS = 40


class Trials:
    """The model of HEAD at one moment, with each change of it undone."""

    def __init__(self, after: Model, changes: Sequence[ObjectPair]) -> None:
        self._after = after
        self._changes = changes if len(changes) <= _MOST_TRIALS else ()
        self._models: dict[object, Model] = {}

    def lines(self, ask: Callable[[Model], T], decided: Lines) -> Lines:
        """Return the lines without whose changes HEAD would give another answer.

        Args:
            ask: The question; what it returns is compared.
            decided: The lines that decided both answers, for where no change alone is responsible.
        """
        now = ask(self._after)
        responsible = [one for one in self._changes if ask(self._undone(one)) != now]
        if not responsible:
            return decided
        before: dict[Place, None] = {}
        after: dict[Place, None] = {}
        for pair in responsible:
            for value in self._values(pair, ask, now):
                whole = value is None
                _put(before, pair.place_before(value), pair.before if whole else None, decided.before)
                _put(after, pair.place_after(value), pair.after if whole else None, decided.after)
        return Lines(tuple(before), tuple(after))

    def _values(self, pair: ObjectPair, ask: Callable[[Model], T], now: T) -> Sequence[ChangedValue | None]:
        """Return the responsible fields of an object, all of them where no single one is."""
        if len(pair.values) <= 1 or len(pair.values) > _MOST_TRIALS:
            return pair.values or (None,)
        found = [value for value in pair.values if ask(self._undone(pair, value)) != now]
        return found or pair.values

    def _undone(self, pair: ObjectPair, value: ChangedValue | None = None) -> Model:
        key = (pair.key, value and (value.path_before, value.path_after))
        if key not in self._models:
            self._models[key] = Model(_undone(self._after.state, pair, value))
        return self._models[key]


def _undone(after: State, pair: ObjectPair, value: ChangedValue | None) -> State:
    objects = dict(after.objects)
    if value is not None and pair.after is not None:
        manifest = pair.after.manifest
        body = reverted(manifest.body, value)
        objects[pair.key] = replace(pair.after, manifest=replace(manifest, body=body))
    elif pair.before is None:
        del objects[pair.key]
    else:
        objects[pair.key] = _as_before(pair)
    return replace(after, objects=objects)


def _as_before(pair: ObjectPair) -> InForce:
    assert pair.before is not None
    if pair.after is None:
        return pair.before
    return replace(pair.after, manifest=pair.before.manifest)


def _put(
    places: dict[Place, None], place: Place | None, whole: InForce | None, decided: Sequence[Place]
) -> None:
    """Add a line; of an object as a whole, the line in it that decided, where it did."""
    inner = [one for one in decided if whole is not None and _holds(whole, one)]
    if place is not None:
        places.setdefault(inner[0] if inner else place)


def _holds(one: InForce, place: Place) -> bool:
    own = one.manifest.place
    return place.file == own.file and own.line <= place.line <= one.manifest.document.node.end_mark.line + 1


def lines_of(before: Iterable[Place | None], after: Iterable[Place | None]) -> Lines:
    """Return places as lines, each once."""
    return Lines(
        tuple(dict.fromkeys(one for one in before if one)), tuple(dict.fromkeys(one for one in after if one))
    )
