"""Changes of objects that are there already which the API server refuses: fields that never change (R0.1).

Sources: Kubernetes API reference and "Deployments" (a selector is immutable), "StatefulSets", "Secrets" (the
type; of an immutable one, as of an immutable ConfigMap, neither the data nor the mark can be changed, and
only a deletion makes way for other data), "Persistent Volumes" (of a claim only what it requests can grow).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from canary_conformance.errors import NotSpoken
from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.stage_plan import Plan
from canary_conformance.scenario.manifests import Manifest
from canary_conformance.scenario.places import Finding
from canary_conformance.scenario.stages import Apply

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


_KINDS = ("Secret", "ConfigMap")


def refused_changes(plan: Plan, stage: int) -> Iterator[Finding]:
    """Yield each object of a stage's files that changes one which is immutable by then."""
    state = plan.before(stage).state
    for step in plan.scenario.stage(stage).steps:
        if not isinstance(step, Apply):
            for ref in step.objects:
                state = state.delete(ref)
            continue
        for manifest in plan.manifests.files.get(step.file, ()):
            before = state.objects.get(state.key_of(manifest))
            if before is not None and manifest.ref.kind in _KINDS and is_refused(before.manifest, manifest):
                why = f"is immutable since {before.manifest.place_of('immutable')}, and other data is refused"
                yield Finding(manifest.place, f"{manifest.ref} {why}")
            state = state.apply(manifest)


def is_refused(before: Manifest, after: Manifest) -> bool:
    """Return whether an object that is applied over another changes what is immutable there."""
    fixed = before.body.get("immutable") is True
    return fixed and (after.body.get("immutable") is not True or _data(before) != _data(after))


def _data(manifest: Manifest) -> dict[str, Any]:
    """Return what an object holds by its keys: a Secret's as bytes, however they are written."""
    body = manifest.body
    if manifest.ref.kind != "Secret":
        return {**(body.get("binaryData") or {}), **(body.get("data") or {})}
    texts = {key: str(value).encode() for key, value in (body.get("stringData") or {}).items()}
    return {**{key: _decoded(value) for key, value in (body.get("data") or {}).items()}, **texts}


def _decoded(value: Any) -> Any:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, TypeError, ValueError):
        return value
