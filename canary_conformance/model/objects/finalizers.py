"""Objects that a deletion does not remove, as nothing takes their finalizers away.

Source: Kubernetes, "Finalizers": an object that is deleted stays until each of its finalizers is taken away.
"""

from __future__ import annotations

from collections.abc import Mapping

from canary_conformance.scenario.manifests import Manifest
from canary_conformance.scenario.places import Finding

# Kubernetes' own controllers lift them as soon as what they wait for is done.
_LIFTED = frozenset(
    {
        "foregroundDeletion",
        "orphan",
        "kubernetes.io/pv-protection",
        "kubernetes.io/pvc-protection",
        "service.kubernetes.io/load-balancer-cleanup",
    }
)


def held_back(manifest: Manifest) -> Finding | None:
    """Return why an object stays when it is deleted; None where it goes."""
    metadata = manifest.body.get("metadata")
    told = metadata.get("finalizers") if isinstance(metadata, Mapping) else None
    for index, name in enumerate(told if isinstance(told, list) else []):
        if isinstance(name, str) and name not in _LIFTED:
            place = manifest.place_of("metadata", "finalizers", index)
            return Finding(place, f"{manifest.ref} waits for its finalizer {name}, which nothing lifts")
    return None
