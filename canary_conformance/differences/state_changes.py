"""Which objects in force differ between two sides at one moment, whatever files and lines they stand in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from canary_conformance.differences.field_changes import ABSENT, ChangedValue, Path, changed_values
from canary_conformance.model.objects.state import InForce, Key, State
from canary_conformance.model.stage_plan import Moment
from canary_conformance.scenario.places import Place


@dataclass(frozen=True, slots=True)
class ObjectPair:
    """An object that differs: as it is on each side, None where it is not there.

    values: its fields that differ; none where one side lacks it.
    """

    key: Key
    before: InForce | None
    after: InForce | None
    values: tuple[ChangedValue, ...] = ()

    def place_before(self, value: ChangedValue | None = None) -> Place | None:
        """Return the line in BASE of a field of it, or of the whole; None where BASE lacks the object."""
        return _place(self.before, _path(value.path_before, value.before) if value else ())

    def place_after(self, value: ChangedValue | None = None) -> Place | None:
        """Return the line in HEAD of a field of it, or of the whole; None where HEAD lacks the object."""
        return _place(self.after, _path(value.path_after, value.after) if value else ())


def _place(one: InForce | None, path: Path) -> Place | None:
    return None if one is None else one.manifest.place_of(*path)


def _path(path: Path, value: Any) -> Path:
    """Return a field's path; of an absent field, that of what it would stand in."""
    return path[:-1] if value is ABSENT else path


def changed_objects(before: State, after: State) -> tuple[ObjectPair, ...]:
    """Return the objects in force that differ, in the order of BASE, then of HEAD."""
    found = []
    for key in dict.fromkeys((*before.objects, *after.objects)):
        old, new = before.objects.get(key), after.objects.get(key)
        if old is None or new is None:
            found.append(ObjectPair(key, old, new))
        elif values := changed_values(_body(old), _body(new)):
            found.append(ObjectPair(key, old, new, values))
    return tuple(found)


def same_state(before: State, after: State) -> bool:
    """Return whether two states hold the same objects, so that they mean the same whatever the model knows.

    The order in which they were created is part of it, as Istio lets the oldest of several win.
    """
    return (
        before.namespace == after.namespace
        and dict(before.namespace_labels) == dict(after.namespace_labels)
        and before.mesh == after.mesh
        and not changed_objects(before, after)
        and _collected(before) == _collected(after)
        and _ages(before.objects.values()) == _ages(after.objects.values())
        and set(before.rolling) == set(after.rolling)
    )


def same_moments(before: Sequence[Moment], after: Sequence[Moment]) -> bool:
    """Return whether a stage makes the same changes in the same order on both sides."""
    return len(before) == len(after) and all(
        same_state(one.model.state, other.model.state) for one, other in zip(before, after, strict=True)
    )


def _body(one: InForce) -> dict[str, Any]:
    return dict(one.manifest.body)


def _collected(state: State) -> list[Key]:
    return sorted(state.collected)


def _ages(objects: Iterable[InForce]) -> list[tuple[Key, int, int]]:
    """Return the objects in the order of their ages; those of one step are as old as each other."""
    every = list(objects)
    created = {step: rank for rank, step in enumerate(sorted({one.created for one in every}))}
    pods = {step: rank for rank, step in enumerate(sorted({one.pods_since for one in every}))}
    return sorted((one.key, created[one.created], pods[one.pods_since]) for one in every)
