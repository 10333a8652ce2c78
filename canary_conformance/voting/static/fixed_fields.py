"""Changes of objects that are there already which the API server refuses: fields that never change (R0.1).

Sources: Kubernetes API reference and "Deployments" (a selector is immutable), "StatefulSets", "Secrets" (the
type), "Persistent Volumes" (of a claim only what it requests can grow).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from canary_conformance.errors import NotSpoken
from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.stage_plan import Plan
from canary_conformance.scenario.manifests import Manifest
from canary_conformance.scenario.places import Finding

_SELECTOR = ("spec", "selector")
_FIXED: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "Deployment": (_SELECTOR,),
    "DaemonSet": (_SELECTOR,),
    "StatefulSet": (
        _SELECTOR,
        ("spec", "serviceName"),
        ("spec", "podManagementPolicy"),
        ("spec", "volumeClaimTemplates"),
    ),
    "PersistentVolumeClaim": (("spec", "accessModes"), ("spec", "volumeMode"), ("spec", "selector")),
    "Secret": (("type",),),
}
_REQUESTED = ("spec", "resources", "requests", "storage")


def changed_fixed_fields(plan: Plan, stage: int) -> list[Finding]:
    """Return each change of a field that never changes, among the objects that a stage applies.

    Raises NotSpoken where nothing is found, and a claim that is there requests another amount.
    """
    state = plan.before(stage).state
    found: list[Finding] = []
    resized: list[Finding] = []
    for moment in plan.during(stage):
        before = state.objects.get(state.key_of(moment.applied)) if moment.applied else None
        if before is not None and moment.applied is not None:
            found += _changed(before.manifest, moment.applied, _FIXED.get(before.key.kind, ()))
            if before.key.kind == "PersistentVolumeClaim":
                resized += _changed(before.manifest, moment.applied, (_REQUESTED,))
        state = moment.model.state
    if resized and not found:
        raise NotSpoken(f"{resized[0]}: whether its storage class lets it grow is not in the manifests")
    return found


def _changed(before: Manifest, after: Manifest, fields: tuple[tuple[str, ...], ...]) -> Iterator[Finding]:
    for field in fields:
        old, new = Part.whole(before).at(*field), Part.whole(after).at(*field)
        # What is left out keeps its default, or what it was.
        if old and new and old.value != new.value:
            yield Finding(new.place, f"{after.ref} {new.name} is another than before ({old.place})")
