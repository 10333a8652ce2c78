"""The steps of the scenario: apply a file's objects in order, or delete objects until they are gone."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from canary_conformance.cluster.api import Api, Object
from canary_conformance.cluster.apply_answers import Applied, Refused
from canary_conformance.cluster.image_probe import explained
from canary_conformance.cluster.namespace_deletion import volumes_going
from canary_conformance.cluster.pod_readiness import Diagnosis, wait_for_rollouts
from canary_conformance.cluster.rollouts import KINDS, owner_of
from canary_conformance.errors import StageFailed
from canary_conformance.images.cluster_images import ClusterImages, used_images
from canary_conformance.scenario.kinds import API_VERSIONS, MAKES_PODS
from canary_conformance.scenario.manifests import Manifest, ManifestFolder
from canary_conformance.scenario.observations import AppliedObject
from canary_conformance.scenario.requirement import BrokenRequirements
from canary_conformance.scenario.stages import Apply, Delete, ObjectRef, Step, Verb, WaitFor
from canary_conformance.timeouts import LIMITS
from canary_conformance.waiting import NotInTime, wait_until

ROUTING = frozenset({"VirtualService", "DestinationRule"})


@dataclass(frozen=True, slots=True)
class Target:
    """Where steps are made: the API server, the manifests, the namespace, and what a failure breaks.

    images: what stands for the manifests' images there, None for these.
    """

    api: Api
    manifests: ManifestFolder
    namespace: str
    broken: BrokenRequirements
    images: ClusterImages | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """What a step did: the objects with their verbs, and the API server's warnings as "place: text"."""

    objects: tuple[AppliedObject, ...]
    warnings: tuple[str, ...]

    def live_since(self, moment: float | None) -> Made:
        """Return the same with each object that wasn't known to be live before live since a moment."""
        return replace(self, objects=tuple(_live(self.objects, moment)))


@dataclass(frozen=True, slots=True)
class Between:
    """What is done between the objects of a file.

    settle: waits until what was applied, whose kinds it is given, is live, and returns when that was. ahead:
    is called before each object, after: after it. body: what is applied of an object.
    """

    settle: Callable[[Collection[str]], float | None]
    ahead: Callable[[Manifest], None] = lambda _: None
    body: Callable[[Manifest], Object] = lambda manifest: manifest.body
    after: Callable[[Manifest], None] = lambda _: None


def apply_file(target: Target, step: Apply, between: Between) -> Made:
    """Apply a file's objects one after the other, in its order. Raises StageFailed when one is refused.

    It settles between a DestinationRule and a VirtualService that leads to its host, whichever comes first,
    as Istio asks ("Avoid 503 errors while reconfiguring service routes"): a proxy that gets both at once has
    the route a moment before the subset's endpoints, and loses what comes in that moment. And between routing
    and the pods that come after it, which nobody may meet before it is live (R4.1).
    """
    made = Made((), ())
    unsettled: list[Manifest] = []
    for manifest in target.manifests.files[step.file]:
        between.ahead(manifest)
        if any(_settles_before(manifest, other) for other in unsettled):
            made = made.live_since(between.settle({other.ref.kind for other in unsettled}))
            unsettled.clear()
        unsettled.append(manifest)
        applied = apply_one(target, manifest, between.body)
        between.after(manifest)
        warnings = (f"{manifest.place}: {text}" for text in applied.warnings)
        made = Made((*made.objects, applied.object), (*made.warnings, *warnings))
    return made


def apply_one(
    target: Target,
    manifest: Manifest,
    body: Callable[[Manifest], Object] = lambda manifest: manifest.body,
) -> Applied:
    """Apply one object. Raises StageFailed when it is refused."""
    try:
        return target.api.apply(body(manifest), target.namespace)
    except Refused as refused:
        reason = f"{manifest.place}: the API server refuses {refused}"
        raise StageFailed(reason, breaks=target.broken.refused) from refused


def _settles_before(manifest: Manifest, other: Manifest) -> bool:
    """Return whether another object has to be live before this one is applied."""
    pods_after_routing = manifest.ref.kind in MAKES_PODS and other.ref.kind in ROUTING
    return pods_after_routing or concern_each_other(manifest, other)


def _live(objects: Sequence[AppliedObject], moment: float | None) -> Iterator[AppliedObject]:
    for one in objects:
        yield replace(one, live_at=moment) if one.live_at is None else one


def concern_each_other(one: Manifest, other: Manifest) -> bool:
    """Return whether one is a DestinationRule and the other a VirtualService that leads to its host."""
    if {one.ref.kind, other.ref.kind} != ROUTING:
        return False
    rule, route = (one, other) if one.ref.kind == "DestinationRule" else (other, one)
    host = str((rule.body.get("spec") or {}).get("host", "")).partition(".")[0]
    return host in {destination.partition(".")[0] for destination in _destinations(route.body)}


def _destinations(part: object) -> Iterator[str]:
    """Yield the host of every destination in a VirtualService, wherever it stands."""
    if isinstance(part, Mapping):
        destination = part.get("destination")
        if isinstance(destination, Mapping):
            yield str(destination.get("host", ""))
        for below in part.values():
            yield from _destinations(below)
    elif isinstance(part, Sequence) and not isinstance(part, str):
        for below in part:
            yield from _destinations(below)


def wait_for_pods(
    target: Target,
    step: Apply,
    stage: int,
    note: Callable[[str], None],
    diagnose: Callable[[Sequence[ObjectRef], int], Diagnosis],
    later: Collection[ObjectRef] = (),
    deleted: Collection[ObjectRef] = (),
) -> None:
    """Wait for the rollouts of a file that is to wait for its pods. Raises StageFailed.

    Args:
        target: Where the step was made.
        step: The file and what it waits for.
        stage: The stage that the step belongs to.
        note: Is given how far the rollouts are.
        diagnose: Makes, for these objects and the stage, what finds out why they don't get ready.
        later: Objects that are another stage's, although they are there.
        deleted: Objects that another step deleted again.
    """
    refs = [ref for ref in rollouts_of(target.manifests, step) if ref not in deleted]
    if step.wait_for is not WaitFor.PODS or not refs:
        return
    try:
        wait_for_rollouts(target.api, target.namespace, refs, note, diagnose(refs, stage), others=later)
    except StageFailed as failed:
        failed.breaks = target.broken.by_pods(stage)
        if target.images:
            failed.reason = explained(failed.reason, target.images, used_images(target.manifests))
        raise


def kinds_of(manifests: ManifestFolder, step: Step) -> set[str]:
    """Return the kinds of all that a step applies or deletes."""
    if isinstance(step, Delete):
        return {ref.kind for ref in step.objects}
    return {manifest.ref.kind for manifest in manifests.files[step.file]}


def rollouts_of(manifests: ManifestFolder, step: Apply) -> list[ObjectRef]:
    """Return the objects of a file that keep pods running."""
    return [one.ref for one in manifests.files[step.file] if one.ref.kind in KINDS]


def delete_objects(target: Target, step: Delete, stage: int) -> Made:
    """Delete objects and wait until they and their pods are gone. Raises StageFailed."""
    api, namespace, started = target.api, target.namespace, time.monotonic()
    versions = {ref: version for ref in step.objects if (version := api_version_of(target.manifests, ref))}
    gone = tuple(
        AppliedObject(ref, Verb.DELETED)
        for ref, version in versions.items()
        if _delete(api, version, ref, namespace)
    )
    limit = (
        LIMITS.namespace_gone if any(ref.kind == "Namespace" for ref in step.objects) else LIMITS.objects_gone
    )
    try:
        wait_until(
            lambda: _left(api, versions, namespace),
            until=lambda left: not left,
            limit=max(1.0, limit - (time.monotonic() - started)),
            what=f"{step} is done",
        )
    except NotInTime as late:
        raise StageFailed(str(late), breaks=target.broken.by_deletion(stage)) from late
    return Made(gone, ())


def api_version_of(manifests: ManifestFolder, ref: ObjectRef) -> str:
    """Return the API version of an object: that of the last file that has it, or its kind's preferred one.

    "" where nothing names it: nobody can have made such an object.
    """
    written = [one.api_version for one in manifests.objects if one.ref == ref]
    return written[-1] if written else API_VERSIONS.get(ref.kind, ("",))[0]


def delete_one(target: Target, ref: ObjectRef) -> None:
    """Ask for the deletion of one object, which needn't be there."""
    if version := api_version_of(target.manifests, ref):
        _delete(target.api, version, ref, target.namespace)


def _delete(api: Api, version: str, ref: ObjectRef, namespace: str) -> bool:
    # A namespace alone, as a user deletes it: that this suffices is R6.1. So delete_namespace() is not used.
    return api.delete(version, _own_kind(ref), ref.name, None if ref.kind == "Namespace" else namespace)


def _left(api: Api, versions: Mapping[ObjectRef, str], namespace: str) -> list[str]:
    """Return what there still is of objects: pods, and when there is none any more, the rest."""
    owners = {ref for ref in versions if ref.kind in KINDS}
    pods = api.list("v1", "Pod", namespace) if owners else []
    left = [f"Pod/{pod['metadata']['name']}" for pod in pods if owner_of(pod) in owners]
    if left:
        return left
    left = [
        str(ref)
        for ref, version in versions.items()
        if api.get(version, _own_kind(ref), ref.name, None if ref.kind == "Namespace" else namespace)
    ]
    for ref in versions:
        if ref.kind == "Namespace":
            left += [f"PersistentVolume/{volume}" for volume in volumes_going(api, ref.name)]
    return left


def _own_kind(ref: ObjectRef) -> str:
    """Return a kind as its group has it: "Gateway.gateway.networking.k8s.io" is a Gateway there."""
    return ref.kind.partition(".")[0]
