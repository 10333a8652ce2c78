"""The objects that the source lists, by the stage that makes or deletes them, whatever scenario.yaml lists.

The judged folder may add objects, and may spread its own over other files. Source: SCENARIO.md, "The
manifests" (what `kubectl apply` prints); what stage 5 configures is prose there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import takewhile

from canary_conformance.errors import NotJudged
from canary_conformance.model.objects.state import POD_MAKERS
from canary_conformance.model.stage_plan import Plan
from canary_conformance.scenario.own_namespace import is_own
from canary_conformance.scenario.places import Finding
from canary_conformance.scenario.stages import Apply, ObjectRef
from canary_conformance.voting.contract import (
    ANALYTICS,
    APP,
    CANARY,
    DEPLOY,
    FINALIZE,
    LOCK,
    STORAGE,
    UPDATE,
)

_COMPONENTS = (STORAGE, ANALYTICS, APP)


def _of(kind: str, *names: str) -> tuple[ObjectRef, ...]:
    return tuple(ObjectRef(kind, name) for name in names)


_CREATED: Mapping[int, tuple[ObjectRef, ...]] = {
    DEPLOY: (
        *_of("Deployment", *(f"{component}-1-0" for component in _COMPONENTS)),
        *_of("Service", *_COMPONENTS),
        *_of("VirtualService", APP),
        *_of("Gateway", "voting-app-gateway"),
    ),
    UPDATE: _of("Deployment", f"{ANALYTICS}-1-1"),
    LOCK: (
        *_of("DestinationRule", *_COMPONENTS),
        *_of("PeerAuthentication", "default"),
        *_of("VirtualService", ANALYTICS, STORAGE),
    ),
    CANARY: (
        *_of("Secret", "voting-storage-secret"),
        *_of("PersistentVolumeClaim", "mysql-pv-claim"),
        *_of("Deployment", *(f"{component}-2-0" for component in _COMPONENTS)),
    ),
}
_DELETED: Mapping[int, tuple[ObjectRef, ...]] = {
    FINALIZE: _of("Deployment", f"{APP}-1-0", f"{ANALYTICS}-1-0", f"{ANALYTICS}-1-1", f"{STORAGE}-1-0"),
}
# Every object that the source makes.
KNOWN = frozenset(ref for refs in _CREATED.values() for ref in refs)


def lacking(plan: Plan, stage: int) -> list[str]:
    """Return the source's objects that a stage does not make, or deletes though the source keeps them."""
    before = set(_lacking(plan, stage - 1))
    return [str(ref) for ref in _lacking(plan, stage) if ref not in before]


def strange(plan: Plan, stage: int) -> list[Finding]:
    """Return each object that a stage applies and the source does not know."""
    namespace = plan.after(stage).state.namespace
    return [
        Finding(one.place, f"{one.ref} is not an object of the source")
        for file in plan.scenario.stage(stage).files()
        for one in plan.manifests.files.get(file, ())
        if _in_the_source(one.ref) not in KNOWN and not is_own(one, namespace)
    ]


def check_pods_before_gateway(applied: Iterable[ObjectRef]) -> None:
    """Check that pods run before the first Gateway, or nothing shows that they can't be reached without it.

    Args:
        applied: What the first stage applies, in order.

    Raises:
        NotJudged: The Gateway comes before one of the Deployments of the first stage (R1.4).
    """
    before = {_in_the_source(ref) for ref in takewhile(lambda ref: ref.kind != "Gateway", applied)}
    late = [str(ref) for ref in _CREATED[DEPLOY] if ref.kind == "Deployment" and ref not in before]
    if late:
        raise NotJudged(
            f"the Gateway is applied before {', '.join(late)}, so nothing shows that the pods can't be "
            "reached without it; apply the pods first, as the source does"
        )


def _lacking(plan: Plan, stage: int) -> Iterator[ObjectRef]:
    """Yield what the source has by the end of a stage, and the steps up to there don't make or delete."""
    made: set[ObjectRef] = set()
    for step in (step for one in plan.scenario.stages if one.number <= stage for step in one.steps):
        if isinstance(step, Apply):
            made |= {_in_the_source(one.ref) for one in plan.manifests.files.get(step.file, ())}
        else:
            made -= {_in_the_source(ref) for ref in step.objects}
    return (ref for ref in _required(stage) if ref not in made)


def _required(stage: int) -> Collection[ObjectRef]:
    """Return what the source has made by the end of a stage and not deleted."""
    made = [ref for number, refs in _CREATED.items() if number <= stage for ref in refs]
    gone = {ref for number, refs in _DELETED.items() if number <= stage for ref in refs}
    return [ref for ref in made if ref not in gone]


def _in_the_source(ref: ObjectRef) -> ObjectRef:
    """Return an object as the source has it: what keeps pods running is a Deployment there."""
    return ObjectRef("Deployment", ref.name) if ref.kind in POD_MAKERS else ref
