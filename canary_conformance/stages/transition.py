"""The transition into a stage: under continuous traffic, or in one step where no selected test judges it.

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

if TYPE_CHECKING:  # the namespace walks by this module
    from canary_conformance.stages.namespace_under_test import NamespaceUnderTest

ORDINARY, FLAGGED = "ordinary voter", "flagged voter"
# Pages that each continuous voter opens after the last change is live, before the stage counts as entered.
PAGES_AFTER = 25


def walk_into(namespace: NamespaceUnderTest, number: int) -> None:
    """Enter a stage under continuous voters and leave its Transition.

    Raises StageFailed, EnvironmentFailed.
    """
    stage = namespace.scenario.stage(number)
    if number == DEPLOY:
        _make_namespace(namespace)
    plaintext = namespace.from_outside(namespace.plain_calls()) if number == LOCK else {}
    votes: Sample[Page] = Sample((), "no pages")
    if number == FINALIZE:
        cast_different_votes(namespace.voter)
        votes = namespace.voter.with_flag().open_page(times=20)
    records: list[StepRecord] = []
    warnings: list[str] = []
    knocks: dict[str, Reply] = {}
    open_ingress = number > DEPLOY and not any(deletes_namespace(step) for step in stage.steps)
    voters = {ORDINARY: namespace.voter, FLAGGED: namespace.voter.with_flag()} if open_ingress else {}
    with continuous_traffic(voters) as traffic:
        try:
            for step in stage.steps:
                with namespace.progress.phase(str(step), quiet=True):
                    records.append(_make(namespace, step, number, traffic, warnings, knocks))
            namespace.live_at = records[-1].live_at if records else time.monotonic()
            with passing(traffic, PAGES_AFTER):
                namespace.look_around(number)
        finally:
            # Also of a stage that never got ready: what voters saw of it belongs into its report.
            namespace.transitions[number] = Transition(
                number, tuple(records), traffic.pages(), tuple(warnings), knocks, plaintext, votes
            )


def pass_through(namespace: NamespaceUnderTest, numbers: Sequence[int]) -> None:
    """Make the steps of stages in their order, and wait for all their pods together at the end.

    The namespace's stage follows; where one can't get ready, it is the same as in a walk. Raises StageFailed,
    EnvironmentFailed.
    """
    unready: list[tuple[int, Apply]] = []
    for number in numbers:
        if number == DEPLOY:
            _make_namespace(namespace)
        for step in namespace.scenario.stage(number).steps:
            if isinstance(step, Delete):
                _get_ready(namespace, unready)
                namespace.stage = number - 1
                _delete(namespace, step, number)
                continue
            if namespace.opened and (
                step.wait_for is WaitFor.ROUTES or kinds_of(namespace.manifests, step) & ROUTING
            ):
                # A pod that a route shuts out of its store never starts, which it has done by then in a walk.
                _get_ready(namespace, unready)
            try:
                between = Between(_at_once, body=partial(_body, namespace))
                apply_file(namespace.api, namespace.manifests, step, namespace.name, between)
            except StageFailed:
                # A walk would have met first what keeps an earlier stage from getting ready.
                _get_ready(namespace, unready)
                namespace.stage = number - 1
                raise
            open_if_gateway(namespace, step)
            unready.append((number, step))
    _get_ready(namespace, unready)
    namespace.stage = numbers[-1]
    if not any(deletes_namespace(step) for step in namespace.scenario.stage(namespace.stage).steps):
        namespace.look_around(namespace.stage)


def bring_up_to_date(namespace: NamespaceUnderTest, changes: Changes) -> None:
    """Make a namespace that was left one of the manifests as they are now: what changed is applied, no more.

    Raises StageFailed as a walk would, EnvironmentFailed.
    """
    reached, api = namespace.stage, namespace.api
    told = [(stage.number, step) for stage in namespace.scenario.stages for step in stage.steps]
    made = [(number, step) for number, step in told if number <= reached]
    applied = [(number, step) for number, step in made if isinstance(step, Apply)]
    for manifest in changes.apply:
        namespace.stage = min(number for number, step in applied if step.file == manifest.place.file) - 1
        apply_one(api, manifest, namespace.name, partial(_body, namespace))
    for ref in changes.delete:
        delete_one(api, namespace.manifests, ref, namespace.name)
    if changes.new_pods:
        pods = namespace.workloads()
        old = {workload.uid for workload in pods}
        namespace.watch.expect_gone(old)
        for workload in pods:
            api.delete("v1", "Pod", workload.pod.name, namespace.name)
        wait_until(
            lambda: {workload.uid for workload in namespace.workloads()} & old,
            until=lambda left: not left,
            limit=LIMITS.objects_gone,
            what="the pods that were left are on their way out",
        )
    deleted = {ref for _, step in made if isinstance(step, Delete) for ref in step.objects}
    _get_ready(namespace, applied, deleted, changes.kinds)
    namespace.stage = reached
    if changes.new_pods:
        namespace.watch.note()
    namespace.versions.look(namespace.proxied())


def deletes_namespace(step: Step) -> bool:
    """Tell whether a step deletes the scenario's namespace."""
    return isinstance(step, Delete) and any(ref.kind == "Namespace" for ref in step.objects)


def _at_once(_: Collection[str]) -> None:
    """Don't wait between objects: nobody opens a page meanwhile."""


def _get_ready(
    namespace: NamespaceUnderTest,
    unready: list[tuple[int, Apply]],
    deleted: Collection[ObjectRef] = (),
    written: Collection[str] | None = None,
) -> None:
    """Wait for the pods of steps, those of the first stage first, and until everything is live.

    deleted: objects of theirs that are no more. written: see NamespaceUnderTest.wait_until_live().
    """
    tell, diagnose = namespace.progress.detail, namespace.diagnose
    while unready:
        number, step = unready.pop(0)
        later = {ref for _, other in unready for ref in rollouts_of(namespace.manifests, other)}
        namespace.stage = number - 1
        wait_for_pods(
            namespace.api, namespace.manifests, step, namespace.name, number, tell, diagnose, later, deleted
        )
    if namespace.opened:
        namespace.live_at = namespace.wait_until_live(written)
    else:
        namespace.live_at = time.monotonic()


def _make(
    namespace: NamespaceUnderTest,
    step: Step,
    number: int,
    traffic: ContinuousTraffic,
    warnings: list[str],
    knocks: dict[str, Reply],
) -> StepRecord:
    started = time.monotonic()
    if isinstance(step, Delete):
        if _leaves_only_2_0(namespace, step, number):
            namespace.taken.begin(
                f"{FINALIZE} {EVERYONE}", lambda: open_everyones_pages(namespace.voter.aside())
            )
        made = _delete(namespace, step, number)
        applied_at = time.monotonic()
    else:
        ahead = partial(
            knock_before, namespace, step, knocks, partial(_wait_for_pods, namespace, step, number)
        )
        between = Between(namespace.settle, ahead, partial(_body, namespace))
        made = apply_file(namespace.api, namespace.manifests, step, namespace.name, between)
        applied_at = time.monotonic()
        with traffic.at_pace(PACE_WHILE_PODS_START):
            _wait_for_pods(namespace, step, number)
        open_if_gateway(namespace, step)
    warnings += made.warnings
    written = kinds_of(namespace.manifests, step)
    live_at = namespace.wait_until_live(written) if namespace.opened else time.monotonic()
    return StepRecord(str(step), made.live_since(live_at).objects, started, applied_at, live_at)


def _wait_for_pods(namespace: NamespaceUnderTest, step: Apply, number: int) -> None:
    tell, diagnose = namespace.progress.detail, namespace.diagnose
    wait_for_pods(namespace.api, namespace.manifests, step, namespace.name, number, tell, diagnose)


def _leaves_only_2_0(namespace: NamespaceUnderTest, step: Delete, number: int) -> bool:
    """Tell whether by this step only pods go, the last old ones, and this run judges who answers then (R5.1).

    Everyone's routes are live by now then.
    """
    last = number == FINALIZE and step is namespace.scenario.stage(number).steps[-1]
    return last and REQUIREMENT in namespace.on_the_way and kinds_of(namespace.manifests, step) <= set(KINDS)


def _delete(namespace: NamespaceUnderTest, step: Delete, number: int) -> Made:
    """Delete objects; what is ours goes before the scenario's namespace, which then leaves what is left."""
    if deletes_namespace(step):
        delete_namespace(namespace.api, namespace.setting.suite_namespace)
        namespace.opened = False
    return delete_objects(namespace.api, namespace.manifests, step, namespace.name, number)


def _body(namespace: NamespaceUnderTest, manifest: Manifest) -> Object:
    """Return what is applied of an object: the namespace keeps its labels of scenario.yaml, and our mark."""
    if is_own(manifest, namespace.name):
        return with_labels(manifest.body, namespace.scenario.namespace_labels, OURS)
    return manifest.body


def _make_namespace(namespace: NamespaceUnderTest) -> None:
    """Make the scenario's namespace, unless its first file does."""
    if brought_by_file(namespace.scenario, namespace.manifests) is None:
        namespace.apply_namespace(namespace.scenario.namespace_labels)
