"""What the manifests in force hold that the model does not follow, and what it leaves unjudged.

A closed world: each object is of a kind that the model follows as a whole or not at all (unmodelled_kinds), and
each field of those that it follows is modelled, harmless or unknown (field_rows_mesh and the tables below it).
What only hinders can't mend a requirement that fails without it, which therefore stays failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

from canary_conformance.errors import NotSpoken
from canary_conformance.model.objects.state import State
from canary_conformance.model.schemas.schema_problems import path_text
from canary_conformance.model.stage_plan import Plan
from canary_conformance.scenario.manifests import Manifest
from canary_conformance.verdicts.expect import ExpectationFailed
from canary_conformance.voting.static.field_classes import unknown_parts
from canary_conformance.voting.static.field_rows_mesh import TABLE
from canary_conformance.voting.static.field_rows_metadata import NAMESPACE
from canary_conformance.voting.static.requirement_sets import Effect
from canary_conformance.voting.static.unmodelled_kinds import effect_of, is_followed

Unmodelled = tuple[str, Effect]
"""What is not followed, in words with its line, and what it could do."""


def unmodelled(plan: Plan, stage: int, requirements: Sequence[str]) -> list[Unmodelled]:
    """Return each object and field of a stage that could touch one of these requirements."""
    found: dict[str, Effect] = {}
    for state in (plan.before(stage).state, *(moment.model.state for moment in plan.during(stage))):
        for told, effect in _of_state(state):
            if effect.touches.intersection(requirements):
                found.setdefault(told, effect)
    return list(found.items())


@contextmanager
def judged_by_the_model(plan: Plan, stage: int, requirements: Sequence[str]) -> Iterator[None]:
    """Judge requirements in the block.

    Raises NotSpoken where something that the model does not follow could touch them.
    """
    touching = unmodelled(plan, stage, requirements)
    try:
        yield
    except NotSpoken:
        if touching:
            # It names the object and its line, where the model names what it was asked.
            raise NotSpoken(touching[0][0]) from None
        raise
    except ExpectationFailed:
        mending = [told for told, effect in touching if effect.may_mend]
        if mending:
            raise NotSpoken(mending[0]) from None
        raise
    if touching:
        raise NotSpoken(touching[0][0])


def _of_state(state: State) -> Iterator[Unmodelled]:
    for one in (*state.objects.values(), *state.collected.values()):
        if is_followed(one):
            yield from unknown_fields(one.manifest)
        else:
            effect = effect_of(one, state)
            yield f"{one.key} ({one.manifest.place}) is not part of the model: {effect.why}", effect
    labels = {"metadata": {"labels": dict(state.namespace_labels)}}
    for path, row in unknown_parts(NAMESPACE, labels):
        label = str(path[-1])
        told = f"the namespace's label {label} ({state.label_place(label)}): {row.why}"
        yield told, row.effect


# Mutants of a folder share all files but one.
@lru_cache(maxsize=512)
def unknown_fields(manifest: Manifest) -> tuple[Unmodelled, ...]:
    """Return each field of an object that the model does not follow, unless its value changes nothing."""
    tree = TABLE.get(manifest.ref.kind)
    if tree is None:
        return ()
    return tuple(
        (f"{manifest.ref} {path_text(path)} ({manifest.place_of(*path)}): {row.why}", row.effect)
        for path, row in unknown_parts(tree, manifest.body)
    )
