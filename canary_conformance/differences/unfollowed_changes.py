"""What differs and is not followed by the model, so that it may change an answer that the model finds equal.

A closed world, as for the requirements (voting.static.unmodelled_parts): a kind is followed or not, and a
field of one that is followed is modelled, harmless or unknown.
"""

from __future__ import annotations

from collections.abc import Iterator

from canary_conformance.differences.field_changes import Path
from canary_conformance.differences.responsible_lines import lines_of
from canary_conformance.differences.stage_ends import StageEnds
from canary_conformance.differences.state_changes import ObjectPair
from canary_conformance.differences.values import Lines, NotUnderstood
from canary_conformance.model.model import Model
from canary_conformance.model.objects.state import InForce
from canary_conformance.model.schemas.schema_problems import path_text
from canary_conformance.voting.static.field_classes import unknown_parts
from canary_conformance.voting.static.field_table import TABLE
from canary_conformance.voting.static.requirement_sets import RUNS
from canary_conformance.voting.static.unmodelled_kinds import also_made_elsewhere, effect_of, is_followed
from canary_conformance.voting.static.unmodelled_parts import doubts

_NAMESPACE = "Namespace"


def unfollowed_changes(ends: StageEnds) -> Iterator[NotUnderstood]:
    """Yield each object or field that differs and that the model does not follow."""
    for pair in ends.changes:
        sides = ((pair.before, ends.before), (pair.after, ends.after))
        for one, model in sides:
            if one is not None:
                yield from _of_object(ends.stage, pair, one, model)
    yield from _of_doubts(ends)
    yield from _of_namespace(ends)


def _of_object(stage: int, pair: ObjectPair, one: InForce, model: Model) -> Iterator[NotUnderstood]:
    lines = lines_of([pair.place_before()], [pair.place_after()])
    if not is_followed(one):
        effect = effect_of(one, model.state)
        if effect.touches:
            yield NotUnderstood((stage,), f"{one.key} is not part of the model: {effect.why}", lines)
        return
    if (shared := also_made_elsewhere(one)).touches:
        yield NotUnderstood((stage,), f"{one.key}: {shared.why}", lines)
    tree = TABLE.get(one.key.kind)
    for path, row in unknown_parts(tree, one.manifest.body) if tree else ():
        if _differs(pair, one, path):
            place = one.manifest.place_of(*path)
            here = lines_of([place], []) if one is pair.before else lines_of([], [place])
            yield NotUnderstood((stage,), f"{one.key} {path_text(path)}: {row.why}", here)


def _differs(pair: ObjectPair, one: InForce, path: Path) -> bool:
    """Return whether a field is one of those that differ, stands in one, or has one in it."""
    if not pair.values:
        return True
    changed = [value.path_before if one is pair.before else value.path_after for value in pair.values]
    return any(path[: len(other)] == other or other[: len(path)] == path for other in changed)


def _of_doubts(ends: StageEnds) -> Iterator[NotUnderstood]:
    """Yield what the model noted as not understood on one side only."""
    sides = [dict.fromkeys(rule for rule, _ in doubts(model)) for model in ends.models]
    known = [{rule.sentence for rule in side} for side in sides]
    for side, rules in enumerate(sides):
        for rule in rules:
            if rule.sentence not in known[1 - side]:
                place = [rule.place]
                yield NotUnderstood(
                    (ends.stage,), rule.sentence, lines_of(*([], place) if side else (place, []))
                )


def _of_namespace(ends: StageEnds) -> Iterator[NotUnderstood]:
    """Yield the labels of the namespace that differ and are not followed, and another mesh."""
    before, after = ends.before.state, ends.after.state
    tree = TABLE[_NAMESPACE]
    labels = [dict(state.namespace_labels) for state in (before, after)]
    for name in dict.fromkeys((*labels[0], *labels[1])):
        values = [side.get(name) for side in labels]
        if values[0] == values[1]:
            continue
        for side, state in enumerate((before, after)):
            whole = {"metadata": {"labels": {name: values[side]}}}
            for _, row in unknown_parts(tree, whole):
                if row.effect.touches & RUNS:
                    place = [state.label_place(name)]
                    lines = lines_of(*([], place) if side else (place, []))
                    yield NotUnderstood((ends.stage,), f"the namespace's label {name}: {row.why}", lines)
    if before.namespace != after.namespace:
        sentence = f"BASE is applied to namespace {before.namespace}, HEAD to {after.namespace}"
        yield NotUnderstood((ends.stage,), sentence, Lines())
