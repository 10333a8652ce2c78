"""The scenario's namespace where a file brings it: `kubectl create namespace` is then not needed before.

The labels that scenario.yaml lists are the namespace's in any case, and those of the file come over
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from canary_conformance.scenario.manifests import Manifest, ManifestFolder
from canary_conformance.scenario.stages import Apply, ObjectRef, Scenario


def brought_by_file(scenario: Scenario, manifests: ManifestFolder) -> Manifest | None:
    """Return the namespace's manifest where it is the first object of all, None where the suite makes it.

    One that comes later finds the namespace there: nothing could have been applied before into none.
    """
    for stage in scenario.stages:
        for step in stage.steps:
            objects = manifests.files.get(step.file, ()) if isinstance(step, Apply) else ()
            if not objects:
                return None
            return objects[0] if is_own(objects[0], scenario.namespace) else None
    return None


def is_own(manifest: Manifest, namespace: str) -> bool:
    """Return whether an object is the namespace of this name."""
    return manifest.ref == ObjectRef("Namespace", namespace)


def with_labels(body: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    """Return an object with these labels where it has no others of the same names."""
    metadata = body["metadata"]
    own = metadata.get("labels") or {}
    if not isinstance(own, Mapping):
        # The API server has to see it, and refuses it (R0.1).
        return dict(body)
    return {**body, "metadata": {**metadata, "labels": {**labels, **own}}}
