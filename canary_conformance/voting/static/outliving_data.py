"""What outlives the deletion of the namespace (R6.1): data on nodes, retained volumes, pods that never go.

Sources: Kubernetes, "Volumes" (hostPath), "Persistent Volumes" (reclaiming; one that is made by hand is
retained by default), "Storage Classes" (reclaim policy), "Finalizers".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.state import POD_MAKERS, State
from canary_conformance.model.stage_plan import Plan
from canary_conformance.scenario.places import Finding
from canary_conformance.voting.contract import CLEAN_UP

_MADE_ON_THE_NODE = frozenset({"DirectoryOrCreate", "FileOrCreate"})
_PODS_OF: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys((*POD_MAKERS, "ReplicaSet", "Job"), ("spec", "template")),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "Pod": (),
}


def outliving(plan: Plan) -> list[Finding]:
    """Return what a stage before the clean-up leaves behind when the namespace is deleted."""
    stages = [stage.number for stage in plan.scenario.stages if stage.number < CLEAN_UP]
    states = [plan.after(number).state for number in stages if not plan.scenario.why_not(number)]
    return list(dict.fromkeys(finding for state in states for finding in _of_state(state)))


def _of_state(state: State) -> Iterator[Finding]:
    for kind, path in _PODS_OF.items():
        for one in state.of(kind):
            yield from _of_pods(Part.whole(one.manifest).at(*path), str(one.key))
    for one in state.of("PersistentVolume"):
        policy = Part.whole(one.manifest).at("spec", "persistentVolumeReclaimPolicy")
        if policy.text("Retain") != "Delete":
            place = policy.place if policy else one.manifest.place
            yield Finding(place, f"{one.key}: its data is retained when its claim goes")
    claimed = {
        Part.whole(one.manifest).at("spec", "storageClassName").text()
        for one in state.of("PersistentVolumeClaim")
    }
    for one in state.of("StorageClass"):
        policy = Part.whole(one.manifest)["reclaimPolicy"]
        if policy.text("Delete") != "Delete" and one.key.name in claimed:
            yield Finding(policy.place, f"{one.key}: its volumes are retained when their claims go")


def _of_pods(template: Part, owner: str) -> Iterator[Finding]:
    for finalizer in template.at("metadata", "finalizers").items():
        yield Finding(
            finalizer.place,
            f"{owner}: its pods wait for their finalizer {finalizer.text()}, which nothing lifts",
        )
    spec = template["spec"]
    mounts = [
        mount
        for containers in ("containers", "initContainers")
        for container in spec[containers].items()
        for mount in container["volumeMounts"].items()
    ]
    for volume in spec["volumes"].items():
        path = volume["hostPath"]
        written = any(
            mount["name"].text() == volume["name"].text() and mount["readOnly"].value is not True
            for mount in mounts
        )
        if path and (written or path["type"].text() in _MADE_ON_THE_NODE):
            sentence = f"{owner}: what it writes to {path['path'].text()} of the node outlives the namespace"
            yield Finding(path.place, sentence)
