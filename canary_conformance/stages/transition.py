"""The transition into a stage: under continuous traffic, or in one step where no selected test judges it.

What is seen while a stage is entered, and can't be seen later, is its Transition.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from canary_conformance.cluster.namespace_deletion import delete_namespace
from canary_conformance.errors import RequirementFailed, StageFailed
from canary_conformance.scenario.observations import Reply, StepRecord, Transition
from canary_conformance.scenario.own_namespace import brought_by_file
from canary_conformance.scenario.requirement import Trait
from canary_conformance.scenario.stages import Apply, Delete, ObjectRef, Step, WaitFor
from canary_conformance.stages.first_gateway import knock_before, open_if_gateway
from canary_conformance.stages.namespace_under_test import PLAINTEXT, NamespaceUnderTest
from canary_conformance.stages.object_bodies import between_objects, body_of, bring_pull_secret
from canary_conformance.stages.owned_namespaces import apply_namespace
from canary_conformance.stages.reuse import Changes
from canary_conformance.stages.stage_propagation import settle, wait_until_live
from canary_conformance.stages.steps import (
    ROUTING,
    Made,
    Target,
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
    VotersStalled,
    continuous_traffic,
    ended,
    page_of_each,
    passing,
)
from canary_conformance.waiting import wait_until

# Pages that each continuous voter opens after the last change is live, before the stage counts as entered.
PAGES_AFTER = 25


def enter_under_traffic(namespace: NamespaceUnderTest, number: int) -> None:
    """Enter a stage under continuous traffic and record its Transition.

    Raises:
        StageFailed: The stage can't get ready.
        EnvironmentFailed: The environment failed.
    """
    stage, rules = namespace.scenario.stage(number), namespace.rules
    first = namespace.stage == 0
    if first:
        _make_namespace(namespace)
    controls = rules.of_stage(number).controls_plaintext
    plaintext = namespace.from_outside(namespace.plain_calls()) if controls else {}
    with _failing_where_voters_stall(namespace, number):
        votes = rules.pages_before(namespace, number)
    records: list[StepRecord] = []
    warnings: list[str] = []
    knocks: dict[str, Reply] = {}
    open_ingress = not first and not any(deletes_namespace(step) for step in stage.steps)
    voters = rules.voters(namespace.voter) if open_ingress else {}
    before = page_of_each(voters)
    with continuous_traffic(voters, rules.choices) as traffic:
        try:
            for step in stage.steps:
                with namespace.progress.phase(str(step), quiet=True):
                    records.append(_make(namespace, step, number, traffic, warnings, knocks))
            namespace.reached.propagated_at = records[-1].live_at if records else time.monotonic()
            with _failing_where_voters_stall(namespace, number), passing(traffic, PAGES_AFTER):
                observe_stage(namespace, number)
        finally:
            # Also of a stage that never got ready: what voters saw of it belongs into its report.
            namespace.reached.transitions[number] = Transition(
                number, tuple(records), traffic.pages(), tuple(warnings), knocks, plaintext, votes
            )
    reached = namespace.reached.transitions
    reached[number] = ended(reached[number], traffic, before, voters)


@contextmanager
def _failing_where_voters_stall(namespace: NamespaceUnderTest, number: int) -> Iterator[None]:
    """Fail the stage's requirement on lost requests where its voters come to hardly any page or to none."""
    try:
        yield
    except (VotersStalled, RequirementFailed) as stalled:
        if isinstance(stalled, RequirementFailed) and stalled.breaks:
            raise
        breaks = namespace.rules.broken.by(Trait.BREAKS_WHEN_VOTERS_STALL, number)
        raise StageFailed(str(stalled), breaks=breaks or namespace.rules.broken.refused) from stalled


def enter_in_one_step(namespace: NamespaceUnderTest, numbers: Sequence[int]) -> None:
    """Make the steps of stages in their order, and wait for all their pods together at the end.

    The namespace's stage follows. Where one can't get ready, it is the one that would fail under traffic.

    Raises:
        StageFailed: A stage can't get ready.
        EnvironmentFailed: The environment failed.
    """
    target = _target(namespace)
    unready: list[tuple[int, Apply]] = []
    for number in numbers:
        if namespace.stage == 0 and number == numbers[0]:
            _make_namespace(namespace)
        for step in namespace.scenario.stage(number).steps:
            if isinstance(step, Delete):
                _get_ready(namespace, unready)
                namespace.reached.stage = number - 1
                _delete(namespace, step, number)
                continue
            if namespace.reached.opened and (
                step.wait_for is WaitFor.ROUTES or kinds_of(namespace.manifests, step) & ROUTING
            ):
                # A pod that a route shuts out of its store never starts; under traffic it has by then.
                _get_ready(namespace, unready)
            try:
                apply_file(target, step, between_objects(namespace, _at_once))
            except StageFailed:
                # Under traffic the first failure is what keeps an earlier stage from getting ready.
                _get_ready(namespace, unready)
                namespace.reached.stage = number - 1
                raise
            open_if_gateway(namespace, step)
            unready.append((number, step))
    _get_ready(namespace, unready)
    namespace.reached.stage = numbers[-1]
    if not any(deletes_namespace(step) for step in namespace.scenario.stage(namespace.stage).steps):
        observe_stage(namespace, namespace.stage)


def bring_up_to_date(namespace: NamespaceUnderTest, changes: Changes) -> None:
    """Bring a namespace that the last run left up to the manifests: what changed is applied, and no more.

    Raises:
        StageFailed: A stage can't get ready.
        EnvironmentFailed: The environment failed.
    """
    reached, target = namespace.stage, _target(namespace)
    every_step = [(stage.number, step) for stage in namespace.scenario.stages for step in stage.steps]
    made = [(number, step) for number, step in every_step if number <= reached]
    applied = [(number, step) for number, step in made if isinstance(step, Apply)]
    for manifest in changes.apply:
        namespace.reached.stage = (
            min(number for number, step in applied if step.file == manifest.place.file) - 1
        )
        apply_one(target, manifest, partial(body_of, namespace))
    for ref in changes.delete:
        delete_one(target, ref)
    if changes.new_pods:
        pods = namespace.workloads()
        old = {workload.uid for workload in pods}
        namespace.watch.expect_gone(old)
        for workload in pods:
            namespace.api.delete("v1", "Pod", workload.pod.name, namespace.name)
        wait_until(
            lambda: {workload.uid for workload in namespace.workloads()} & old,
            until=lambda left: not left,
            limit=LIMITS.objects_gone,
            what="the pods that were left are on their way out",
        )
    deleted = {ref for _, step in made if isinstance(step, Delete) for ref in step.objects}
    _get_ready(namespace, applied, deleted, changes.kinds)
    namespace.reached.stage = reached
    if changes.new_pods:
        namespace.watch.note()
    namespace.versions.look(namespace.proxied())


def observe_stage(namespace: NamespaceUnderTest, number: int) -> None:
    """Take and begin the observations of a stage that was just entered, while voters may go on."""
    rules = namespace.rules.of_stage(number)
    if rules.refuses_plaintext:
        # Most of these calls is waiting for the first word of a server that greets.
        calls = namespace.plain_calls
        namespace.taken.begin(f"{number} {PLAINTEXT}", lambda: namespace.from_outside(calls()))
    namespace.watch.note()
    namespace.versions.look(namespace.proxied())
    if rules.calls_from_pods:
        start_callers(namespace)


def start_callers(namespace: NamespaceUnderTest) -> None:
    """Start a caller in each pod from which tests call, without waiting for it."""
    namespace.callers.start(namespace.rules.callers(namespace.workloads()))


def deletes_namespace(step: Step) -> bool:
    """Return whether a step deletes the scenario's namespace."""
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

    deleted: objects of theirs that are no more. written: see stage_propagation.wait_until_live().
    """
    while unready:
        number, step = unready.pop(0)
        later = {ref for _, other in unready for ref in rollouts_of(namespace.manifests, other)}
        namespace.reached.stage = number - 1
        _wait_for_pods(namespace, step, number, later, deleted)
    if namespace.reached.opened:
        namespace.reached.propagated_at = wait_until_live(namespace, written)
    else:
        namespace.reached.propagated_at = time.monotonic()


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
        namespace.rules.sample_beside(namespace, step, number)
        made = _delete(namespace, step, number)
        applied_at = time.monotonic()
    else:
        ahead = partial(
            knock_before, namespace, step, knocks, partial(_wait_for_pods, namespace, step, number)
        )
        between = between_objects(namespace, partial(settle, namespace), ahead)
        made = apply_file(_target(namespace), step, between)
        applied_at = time.monotonic()
        with traffic.at_pace(PACE_WHILE_PODS_START):
            _wait_for_pods(namespace, step, number)
        open_if_gateway(namespace, step)
    warnings += made.warnings
    namespace.progress.event("step_applied", stage=number, step=str(step))
    written = kinds_of(namespace.manifests, step)
    live_at = wait_until_live(namespace, written) if namespace.reached.opened else time.monotonic()
    namespace.progress.event("step_propagated", stage=number, step=str(step))
    return StepRecord(str(step), made.live_since(live_at).objects, started, applied_at, live_at)


def _wait_for_pods(
    namespace: NamespaceUnderTest,
    step: Apply,
    number: int,
    later: Collection[ObjectRef] = (),
    deleted: Collection[ObjectRef] = (),
) -> None:
    diagnose = partial(namespace.rules.diagnosis, namespace)
    wait_for_pods(_target(namespace), step, number, namespace.progress.detail, diagnose, later, deleted)


def _target(namespace: NamespaceUnderTest) -> Target:
    rules, images = namespace.rules, namespace.setting.images
    return Target(namespace.api, namespace.manifests, namespace.name, rules.broken, images)


def _delete(namespace: NamespaceUnderTest, step: Delete, number: int) -> Made:
    """Delete objects; the suite's own namespace, or at least the way in, goes before the scenario's."""
    if deletes_namespace(step):
        if namespace.setting.shared:
            # The Lease on the names stays in it till the end.
            namespace.sentinel.remove()
        else:
            delete_namespace(namespace.api, namespace.setting.suite_namespace)
        namespace.reached.opened = False
    return delete_objects(_target(namespace), step, number)


def _make_namespace(namespace: NamespaceUnderTest) -> None:
    """Make the scenario's namespace, unless its first file does."""
    if brought_by_file(namespace.scenario, namespace.manifests) is None:
        labels = {**namespace.scenario.namespace_labels, **namespace.setting.label}
        apply_namespace(namespace.api, namespace.name, labels)
        bring_pull_secret(namespace)
