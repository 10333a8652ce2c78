"""The scenario's stages as the model sees them: what is in force after each object that a stage applies.

The order is the one in which stages/steps.py makes the steps: files in the stage's order, a file's
objects one after the other. A Deployment's new pods are ready at the end of its step where the step waits for
them, and else when the next step that does is done, or the next stage begins; what a step deletes goes all at
once. A stage whose files the folder lacks is passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from canary_conformance.model.model import Model
from canary_conformance.model.objects.mesh_profile import MeshProfile, mesh_profile
from canary_conformance.model.objects.state import State
from canary_conformance.scenario.application import Application
from canary_conformance.scenario.manifests import Manifest, ManifestFolder
from canary_conformance.scenario.places import Finding
from canary_conformance.scenario.stages import Apply, Delete, Scenario, Step, WaitFor


@dataclass(frozen=True, slots=True)
class Moment:
    """What is in force from one change to the next.

    `after` says after which change: "apply istio/...: VirtualService/voting-app configured", "apply
    kubernetes/...: pods are ready" or "delete ...". `model` is what the objects mean then; `applied` the
    object that was applied, None where pods got ready or objects were deleted.
    """

    stage: int
    step: Step
    after: str
    model: Model = field(compare=False, repr=False)
    applied: Manifest | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"after {self.after.removeprefix(f'{self.step}: ')}"


@dataclass(frozen=True, slots=True)
class Plan:
    """Every moment of the scenario, in order."""

    scenario: Scenario
    manifests: ManifestFolder = field(repr=False)
    moments: tuple[Moment, ...] = field(repr=False)
    _ends: Mapping[int, Model] = field(repr=False, hash=False)
    _starts: Mapping[int, Model] = field(repr=False, hash=False)

    def after(self, stage: int) -> Model:
        """Return the model at the end of a stage, with all its pods ready.

        Raises LookupError for a stage that the scenario does not have or the folder lacks the files of.
        """
        return self._model(self._ends, stage)

    def before(self, stage: int) -> Model:
        """Return the model before a stage's first step. Raises LookupError as after() does."""
        return self._model(self._starts, stage)

    def during(self, stage: int) -> tuple[Moment, ...]:
        """Return the moments of one stage, in order; none for a stage that makes no step."""
        return tuple(moment for moment in self.moments if moment.stage == stage)

    def _model(self, models: Mapping[int, Model], stage: int) -> Model:
        if stage not in models:
            raise LookupError(self.scenario.why_not(stage) or f"the plan has no stage {stage}")
        return models[stage]


def plan_of(
    scenario: Scenario, manifests: ManifestFolder, application: Application, mesh: MeshProfile | None = None
) -> Plan:
    """Return the plan of a scenario whose files were read. Never raises for what the files hold.

    Args:
        scenario: The stages.
        manifests: The files that they apply.
        application: What their workloads run.
        mesh: The mesh and its cluster; None for those that the scenario states.
    """
    state = State(
        scenario.namespace,
        scenario.namespace_labels,
        application=application,
        mesh=mesh or mesh_profile(facts=scenario.mesh),
        label_places=scenario.label_places,
    )
    model = Model(state)
    moments: list[Moment] = []
    starts: dict[int, Model] = {}
    ends: dict[int, Model] = {}
    number = 0
    for stage in scenario.stages:
        if scenario.why_not(stage.number):
            continue
        if state.rolling:
            # Nobody waited for them, but time has passed.
            state = state.ready()
            model = Model(state)
        starts[stage.number] = model
        for step in stage.steps:
            number += 1
            made = _made(step, state, manifests, number)
            moments += [Moment(stage.number, step, after, Model(then), one) for after, then, one in made]
            if made:
                state, model = made[-1][1], moments[-1].model
        ends[stage.number] = model
    return Plan(scenario, manifests, tuple(moments), ends, starts)


_Change = tuple[str, State, Manifest | None]


def _made(step: Step, state: State, manifests: ManifestFolder, number: int) -> list[_Change]:
    """Return each change of a step with the state after it, and the object that was applied."""
    if isinstance(step, Delete):
        for ref in step.objects:
            state = state.delete(ref)
        return [(str(step), state, None)]
    return _applied(step, state, manifests, number)


def _applied(step: Apply, state: State, manifests: ManifestFolder, number: int) -> list[_Change]:
    made: list[_Change] = []
    unawaited = None
    if step.wait_for is not WaitFor.PODS and step.waits_at is not None:
        unawaited = Finding(step.waits_at, f"{step} waits for {step.wait_for}, not until its pods are ready")
    for manifest in manifests.files.get(step.file, ()):
        verb = "configured" if state.key_of(manifest) in state.objects else "created"
        state = state.apply(manifest, number, unawaited)
        made.append((f"{step}: {manifest.ref} {verb}", state, manifest))
    if state.rolling and step.wait_for is WaitFor.PODS:
        made.append((f"{step}: pods are ready", state.ready(), None))
    return made
