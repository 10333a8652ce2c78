"""The way of a world into its stages: walked under continuous voters, or in one go where nobody judges it.

What is seen while a stage is entered, and can't be seen later, is its Transition.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING

from canary_conformance.cluster.api import Object
from canary_conformance.cluster.namespace_deletion import delete_namespace
from canary_conformance.cluster.rollouts import KINDS
from canary_conformance.errors import StageFailed
from canary_conformance.scenario.manifests import Manifest
from canary_conformance.scenario.observations import Page, Reply, Sample, StepRecord, Transition
from canary_conformance.scenario.own_namespace import brought_by_file, is_own, with_labels
from canary_conformance.scenario.stages import Apply, Delete, ObjectRef, Step, WaitFor
from canary_conformance.stages.first_gateway import knock_before, open_if_gateway
from canary_conformance.stages.owned_namespaces import OURS
from canary_conformance.stages.reuse import Changes
from canary_conformance.stages.steps import (
    ROUTING,
    Between,
    Made,
    apply_file,
    apply_one,
    delete_objects,
    delete_one,
    kinds_of,
    rollouts_of,
    wait_for_pods,
)
from canary_conformance.timeouts import LIMITS
from canary_conformance.traffic.continuous_traffic import (
    PACE_WHILE_PODS_START,
    ContinuousTraffic,
    continuous_traffic,
    passing,
)
from canary_conformance.voting.final_rollout import EVERYONE, REQUIREMENT, open_everyones_pages
from canary_conformance.voting.stage_numbers import DEPLOY, FINALIZE, LOCK
from canary_conformance.voting.votes import cast_different_votes
from canary_conformance.waiting import wait_until

if TYPE_CHECKING:  # the world walks by this module
    from canary_conformance.stages.namespace_under_test import World

ORDINARY, FLAGGED = "ordinary voter", "flagged voter"
# Pages that each continuous voter opens after the last change is live, before the stage counts as entered.
PAGES_AFTER = 25


def walk_into(world: World, number: int) -> None:
    """Enter a stage under continuous voters and leave its Transition.

    Raises StageFailed, EnvironmentFailed.
    """
    stage = world.scenario.stage(number)
    if number == DEPLOY:
        _make_namespace(world)
    plaintext = world.from_outside(world.plain_calls()) if number == LOCK else {}
    votes: Sample[Page] = Sample((), "no pages")
    if number == FINALIZE:
        cast_different_votes(world.voter)
        votes = world.voter.with_flag().open_page(times=20)
    records: list[StepRecord] = []
    warnings: list[str] = []
    knocks: dict[str, Reply] = {}
    open_ingress = number > DEPLOY and not any(deletes_namespace(step) for step in stage.steps)
    voters = {ORDINARY: world.voter, FLAGGED: world.voter.with_flag()} if open_ingress else {}
    with continuous_traffic(voters) as traffic:
        try:
            for step in stage.steps:
                with world.progress.phase(str(step), quiet=True):
                    records.append(_make(world, step, number, traffic, warnings, knocks))
            world.live_at = records[-1].live_at if records else time.monotonic()
            with passing(traffic, PAGES_AFTER):
                world.look_around(number)
        finally:
            # Also of a stage that never got ready: what voters saw of it belongs into its report.
            world.transitions[number] = Transition(
                number, tuple(records), traffic.pages(), tuple(warnings), knocks, plaintext, votes
            )


def pass_through(world: World, numbers: Sequence[int]) -> None:
    """Make the steps of stages in their order, and wait for all their pods together at the end.

    The world's stage follows; where one can't get ready, it is the same as in a walk. Raises StageFailed,
    EnvironmentFailed.
    """
    unready: list[tuple[int, Apply]] = []
    for number in numbers:
        if number == DEPLOY:
            _make_namespace(world)
        for step in world.scenario.stage(number).steps:
            if isinstance(step, Delete):
                _get_ready(world, unready)
                world.stage = number - 1
                _delete(world, step, number)
                continue
            if world.opened and (
                step.wait_for is WaitFor.ROUTES or kinds_of(world.manifests, step) & ROUTING
            ):
                # A pod that a route shuts out of its store never starts, which it has done by then in a walk.
                _get_ready(world, unready)
            try:
                between = Between(_at_once, body=partial(_body, world))
                apply_file(world.api, world.manifests, step, world.namespace, between)
            except StageFailed:
                # A walk would have met first what keeps an earlier stage from getting ready.
                _get_ready(world, unready)
                world.stage = number - 1
                raise
            open_if_gateway(world, step)
            unready.append((number, step))
    _get_ready(world, unready)
    world.stage = numbers[-1]
    if not any(deletes_namespace(step) for step in world.scenario.stage(world.stage).steps):
        world.look_around(world.stage)


def bring_up_to_date(world: World, changes: Changes) -> None:
    """Make a world that was left one of the manifests as they are now: what changed is applied, no more.

    Raises StageFailed as a walk would, EnvironmentFailed.
    """
    reached, api = world.stage, world.api
    told = [(stage.number, step) for stage in world.scenario.stages for step in stage.steps]
    made = [(number, step) for number, step in told if number <= reached]
    applied = [(number, step) for number, step in made if isinstance(step, Apply)]
    for manifest in changes.apply:
        world.stage = min(number for number, step in applied if step.file == manifest.place.file) - 1
        apply_one(api, manifest, world.namespace, partial(_body, world))
    for ref in changes.delete:
        delete_one(api, world.manifests, ref, world.namespace)
    if changes.new_pods:
        pods = world.workloads()
        old = {workload.uid for workload in pods}
        world.watch.expect_gone(old)
        for workload in pods:
            api.delete("v1", "Pod", workload.pod.name, world.namespace)
        wait_until(
            lambda: {workload.uid for workload in world.workloads()} & old,
            until=lambda left: not left,
            limit=LIMITS.objects_gone,
            what="the pods that were left are on their way out",
        )
    deleted = {ref for _, step in made if isinstance(step, Delete) for ref in step.objects}
    _get_ready(world, applied, deleted, changes.kinds)
    world.stage = reached
    if changes.new_pods:
        world.watch.note()
    world.versions.look(world.proxied())


def deletes_namespace(step: Step) -> bool:
    """Tell whether a step deletes the scenario's namespace."""
    return isinstance(step, Delete) and any(ref.kind == "Namespace" for ref in step.objects)


def _at_once(_: Collection[str]) -> None:
    """Don't wait between objects: nobody opens a page meanwhile."""


def _get_ready(
    world: World,
    unready: list[tuple[int, Apply]],
    deleted: Collection[ObjectRef] = (),
    written: Collection[str] | None = None,
) -> None:
    """Wait for the pods of steps, those of the first stage first, and until everything is live.

    deleted: objects of theirs that are no more. written: see World.wait_until_live().
    """
    tell, diagnose = world.progress.detail, world.diagnose
    while unready:
        number, step = unready.pop(0)
        later = {ref for _, other in unready for ref in rollouts_of(world.manifests, other)}
        world.stage = number - 1
        wait_for_pods(
            world.api, world.manifests, step, world.namespace, number, tell, diagnose, later, deleted
        )
    if world.opened:
        world.live_at = world.wait_until_live(written)
    else:
        world.live_at = time.monotonic()


def _make(
    world: World,
    step: Step,
    number: int,
    traffic: ContinuousTraffic,
    warnings: list[str],
    knocks: dict[str, Reply],
) -> StepRecord:
    started = time.monotonic()
    if isinstance(step, Delete):
        if _leaves_only_2_0(world, step, number):
            world.taken.begin(f"{FINALIZE} {EVERYONE}", lambda: open_everyones_pages(world.voter.aside()))
        made = _delete(world, step, number)
        applied_at = time.monotonic()
    else:
        ahead = partial(knock_before, world, step, knocks, partial(_wait_for_pods, world, step, number))
        between = Between(world.settle, ahead, partial(_body, world))
        made = apply_file(world.api, world.manifests, step, world.namespace, between)
        applied_at = time.monotonic()
        with traffic.at_pace(PACE_WHILE_PODS_START):
            _wait_for_pods(world, step, number)
        open_if_gateway(world, step)
    warnings += made.warnings
    written = kinds_of(world.manifests, step)
    live_at = world.wait_until_live(written) if world.opened else time.monotonic()
    return StepRecord(str(step), made.live_since(live_at).objects, started, applied_at, live_at)


def _wait_for_pods(world: World, step: Apply, number: int) -> None:
    tell, diagnose = world.progress.detail, world.diagnose
    wait_for_pods(world.api, world.manifests, step, world.namespace, number, tell, diagnose)


def _leaves_only_2_0(world: World, step: Delete, number: int) -> bool:
    """Tell whether by this step only pods go, the last old ones, and this run judges who answers then (R5.1).

    Everyone's routes are live by now then.
    """
    last = number == FINALIZE and step is world.scenario.stage(number).steps[-1]
    return last and REQUIREMENT in world.on_the_way and kinds_of(world.manifests, step) <= set(KINDS)


def _delete(world: World, step: Delete, number: int) -> Made:
    """Delete objects; what is ours goes before the scenario's namespace, which then leaves what is left."""
    if deletes_namespace(step):
        delete_namespace(world.api, world.setting.suite_namespace)
        world.opened = False
    return delete_objects(world.api, world.manifests, step, world.namespace, number)


def _body(world: World, manifest: Manifest) -> Object:
    """Return what is applied of an object: the namespace keeps its labels of scenario.yaml, and our mark."""
    if is_own(manifest, world.namespace):
        return with_labels(manifest.body, world.scenario.namespace_labels, OURS)
    return manifest.body


def _make_namespace(world: World) -> None:
    """Make the scenario's namespace, unless its first file does."""
    if brought_by_file(world.scenario, world.manifests) is None:
        world.apply_namespace(world.scenario.namespace_labels)
