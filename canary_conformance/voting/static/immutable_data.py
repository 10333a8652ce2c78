"""Changes of Secrets and ConfigMaps that the API server refuses, as the object before them is immutable.

Source: Kubernetes, "Secrets" (Immutable Secrets) and "ConfigMaps" (Immutable ConfigMaps): neither the
data nor the mark can be changed, and only a deletion makes way for other data.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from canary_conformance.model.stage_plan import Plan
from canary_conformance.scenario.manifests import Manifest
from canary_conformance.scenario.places import Finding
from canary_conformance.scenario.stages import Apply

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
