"""What the manifests in force hold that the model does not follow, and what it leaves unjudged.

A closed world: each object is of a kind that the model follows or does not (unmodelled_kinds), and each field
of those that it follows is modelled, harmless or unknown (field_table). What only
hinders can't mend a requirement that fails without it, which therefore stays failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import NamedTuple

from canary_conformance.errors import NotSpoken
from canary_conformance.model.model import Model
from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.questions import Rule
from canary_conformance.model.objects.state import POD_MAKERS, State
from canary_conformance.model.pods.pod_security import WARN, violates
from canary_conformance.model.pods.scheduling import kept_apart
from canary_conformance.model.routing.authorization import authorization_policies
from canary_conformance.model.routing.destination_rules import destination_rules
from canary_conformance.model.routing.gateways import gateways
from canary_conformance.model.routing.services import Service, services
from canary_conformance.model.routing.virtual_services import virtual_services
from canary_conformance.model.schemas.schema_problems import path_text
from canary_conformance.model.stage_plan import Plan
from canary_conformance.scenario.manifests import Manifest
from canary_conformance.scenario.places import Finding, Place
from canary_conformance.verdicts.expect import ExpectationFailed
from canary_conformance.voting.contract import ANALYTICS, APP, STORAGE
from canary_conformance.voting.static.field_classes import unknown_parts
from canary_conformance.voting.static.field_table import TABLE
from canary_conformance.voting.static.requirement_sets import ACCEPTED, KEPT, LEFT, RUNS, Effect
from canary_conformance.voting.static.unmodelled_kinds import also_made_elsewhere, effect_of, is_followed


class Unmodelled(NamedTuple):
    """What is not followed, in words with its line, what it could do, and its line where it is known.

    `whole` is the object where nothing of it is followed, "" for a part of one.
    """

    words: str
    effect: Effect
    place: Place | None = None
    whole: str = ""

    def not_judged(self) -> NotSpoken:
        """Return what a test that it touches ends with."""
        return NotSpoken(self.words, self.place)


def unmodelled(plan: Plan, stage: int, requirements: Sequence[str]) -> list[Unmodelled]:
    """Return each object and field of a stage that could touch one of these requirements."""
    found: dict[str, Unmodelled] = {}
    # What is left of any stage is left at the end.
    moments = plan.moments if LEFT.intersection(requirements) else plan.during(stage)
    for model in (plan.before(stage), *(moment.model for moment in moments)):
        for one in _of_model(model):
            if one.effect.touches.intersection(requirements):
                found.setdefault(one.words, one)
    return list(found.values())


def suspects(plan: Plan, stage: int, requirements: Sequence[str]) -> list[Finding]:
    """Return the objects of a stage that the model does not follow and that could fail a requirement."""
    return [
        Finding(one.place, f"{one.whole} may be the cause: {one.effect.why}")
        for one in unmodelled(plan, stage, requirements)
        if one.whole and one.place
    ]


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
            raise touching[0].not_judged() from None
        raise
    except ExpectationFailed:
        mending = [one for one in touching if one.effect.may_mend]
        if mending:
            raise mending[0].not_judged() from None
        raise
    if touching:
        raise touching[0].not_judged()


# Each test of a stage asks for the same moments.
@lru_cache(maxsize=64)
def _of_model(model: Model) -> tuple[Unmodelled, ...]:
    noted = (Unmodelled(str(rule), effect, rule.place) for rule, effect in doubts(model))
    return (*_of_state(model.state), *noted)


def _of_state(state: State) -> Iterator[Unmodelled]:
    for one in (*state.objects.values(), *state.collected.values()):
        if is_followed(one):
            yield from unknown_fields(one.manifest)
            shared = also_made_elsewhere(one)
            place = one.manifest.place
            yield Unmodelled(f"{one.key} ({place}): {shared.why}", shared, place)
        else:
            effect = effect_of(one, state)
            place = one.manifest.place
            sentence = f"{one.key} ({place}) is not part of the model: {effect.why}"
            yield Unmodelled(sentence, effect, place, str(one.key))
    warned = state.namespace_labels.get(WARN, "")
    if any(violates(spec, warned) for spec in _pod_specs(state)):
        place = state.label_place(WARN)
        sentence = f"the namespace's label {WARN} ({place}): the API server warns of pods"
        yield Unmodelled(sentence, Effect(ACCEPTED, ""), place)
    labels = {"metadata": {"labels": dict(state.namespace_labels)}}
    for path, row in unknown_parts(TABLE["Namespace"], labels):
        label = str(path[-1])
        place = state.label_place(label)
        yield Unmodelled(f"the namespace's label {label} ({place}): {row.why}", row.effect, place)


def _pod_specs(state: State) -> Iterator[Part]:
    for kind in sorted(POD_MAKERS):
        for one in state.of(kind):
            yield Part.whole(one.manifest).at("spec", "template", "spec")


def doubts(model: Model) -> Iterator[tuple[Rule, Effect]]:
    """Yield what the model noted as it read pods and routes, and no answer may show.

    An answer that hangs on it is unknown by itself; a requirement on what is kept asks for none.
    """
    for pods in model.pods():
        for rule in (*pods.doubts, *pods.hindrances):
            yield rule, _PODS
    state = model.state
    for rule in kept_apart(state):
        yield rule, _PODS
    for read in (virtual_services, destination_rules, gateways, authorization_policies):
        for one in read(state):
            for rule in one.problems:
                yield rule, _ROUTES
    for service in services(state).values():
        for rule in service.problems if _may_be_called(service, model) else ():
            yield rule, _ROUTES


def _may_be_called(service: Service, model: Model) -> bool:
    """Return whether a component calls a Service, by its own settings or a route, or may come to its pods."""
    pods = model.pods()
    if service.name in {APP, ANALYTICS, STORAGE} or any(
        service.selects(one) and one.app != APP for one in pods
    ):
        return True
    values = (variable.value or "" for one in pods for variable in one.env.values())
    routes = (route for one in virtual_services(model.state) for route in (*one.http, *one.tcp))
    led_to = {destination.host for route in routes for destination in route.destinations}
    named = {value.lower().partition(".")[0] for value in values}
    return service.name in named or service.host in led_to


_PODS = Effect(RUNS, "")
_ROUTES = Effect(KEPT, "")


# Mutants of a folder share all files but one.
@lru_cache(maxsize=512)
def unknown_fields(manifest: Manifest) -> tuple[Unmodelled, ...]:
    """Return each field of an object that the model does not follow, unless its value changes nothing."""
    tree = TABLE.get(manifest.ref.kind)
    if tree is None:
        return ()
    found = ((path, row, manifest.place_of(*path)) for path, row in unknown_parts(tree, manifest.body))
    return tuple(
        Unmodelled(f"{manifest.ref} {path_text(path)} ({place}): {row.why}", row.effect, place)
        for path, row, place in found
    )
