"""Claims that are never bound, by what the mesh profile knows of the cluster's storage.

Sources: Kubernetes, "Persistent Volumes" and "Storage Classes": a class that does not exist provisions
nothing, "" asks for a volume that somebody made; local-path-provisioner (the class `standard` of kind)
provides volumes for one node, and no raw devices.
"""

from __future__ import annotations

from collections.abc import Iterator

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.state import State
from canary_conformance.scenario.places import Finding

_FILES, _BLOCK = "Filesystem", "Block"


def never_bound(spec: Part, state: State, who: str) -> Iterator[Finding]:
    """Yield why a claim is never bound; doubts become problems of its spec.

    Args:
        spec: The claim's spec, or that of a StatefulSet's template.
        state: The objects in force.
        who: What needs the claim, for the message.
    """
    _check_source(spec)
    cluster = state.mesh.cluster
    classes, name = cluster.storage_classes, spec["storageClassName"]
    if name and not (name.text() and state.has("StorageClass", name.text())):
        if classes is None:
            name.problem("which storage classes the cluster has is not in the manifests")
            return
        if not name.text():
            sentence = f"the claim of {who} names no storage class, and no volume of that kind exists"
            yield Finding(name.place, sentence)
        elif name.text() not in classes:
            yield Finding(name.place, f"StorageClass/{name.text()} does not exist, and {who} needs it")
    if spec["volumeName"] and not state.has("PersistentVolume", spec["volumeName"].text()):
        if classes is None:
            spec["volumeName"].problem("which volumes the cluster has is not in the manifests")
        else:
            what = f"PersistentVolume/{spec['volumeName'].text()} does not exist, and {who} needs it"
            yield Finding(spec["volumeName"].place, what)
    kind = spec["volumeMode"]
    if kind.text(_FILES) == _BLOCK:
        yield Finding(
            kind.place, f"the claim of {who} is for a raw device (Block), which it mounts as a folder"
        )
    for mode in spec["accessModes"].items():
        if cluster.claim_modes is not None and mode.text() not in cluster.claim_modes:
            sentence = f"the cluster's storage class does not provide {mode.text()}, and {who} needs it"
            yield Finding(mode.place, sentence)


def _check_source(spec: Part) -> None:
    """Note a claim that takes a certain volume, or the copy of one.

    Source: Kubernetes, "Persistent Volumes" (no volume is provisioned for a claim with a selector).
    """
    if spec["selector"] and not spec["volumeName"]:
        spec["selector"].problem("which volumes with these labels the cluster has is not in the manifests")
    for source in ("dataSource", "dataSourceRef"):
        if spec[source]:
            spec[source].problem("whether the cluster's storage class copies volumes is not in the manifests")
