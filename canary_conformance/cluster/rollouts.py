"""The objects that keep pods running, which of them owns a pod, and when a rollout is complete.

Complete is what `kubectl rollout status` calls so, for each kind (Kubernetes: "Deployments", "StatefulSets",
"DaemonSets"). A StatefulSet's pod keeps its name when it is replaced, so pods are distinguished by UID.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from canary_conformance.scenario.stages import ObjectRef

Object = Mapping[str, Any]

API_VERSION = "apps/v1"
DEPLOYMENT, STATEFUL_SET, DAEMON_SET, REPLICA_SET = "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"
KINDS = (DEPLOYMENT, STATEFUL_SET, DAEMON_SET, REPLICA_SET)
_HASH = "pod-template-hash"


def owner_of(pod: Object) -> ObjectRef | None:
    """Return what a pod belongs to: the Deployment of its ReplicaSet, or its controller; None for others."""
    owners = pod["metadata"].get("ownerReferences") or []
    owner = next((one for one in owners if one.get("controller", True)), None)
    if owner is None:
        return None
    ref = ObjectRef(str(owner["kind"]), str(owner["name"]))
    # A Deployment names its ReplicaSets after itself and the hash of their template.
    name, _, last = ref.name.rpartition("-")
    template = (pod["metadata"].get("labels") or {}).get(_HASH)
    return ObjectRef(DEPLOYMENT, name) if ref.kind == REPLICA_SET and template == last else ref


def wanted_pods(item: Object, kind: str) -> int:
    """Return how many pods an object is to have."""
    if kind == DAEMON_SET:
        return int((item.get("status") or {}).get("desiredNumberScheduled", 0))
    replicas = item["spec"].get("replicas", 1)
    return 1 if replicas is None else int(replicas)


def existing_pods(item: Object, kind: str) -> int:
    """Return how many pods an object has made, by its status."""
    field = "currentNumberScheduled" if kind == DAEMON_SET else "replicas"
    return int((item.get("status") or {}).get(field, 0))


def rollout_left(ref: ObjectRef, item: Object | None) -> str:
    """Return what a rollout still waits for: "voting-app-1-0: 2 of 3 available"; "" when it is complete."""
    if item is None:
        return f"{ref.name}: not there"
    status = item.get("status") or {}
    if status.get("observedGeneration", 0) < item["metadata"]["generation"]:
        return f"{ref.name}: not looked at yet"
    wanted = wanted_pods(item, ref.kind)
    left = {
        DEPLOYMENT: _deployment_left,
        STATEFUL_SET: _stateful_set_left,
        DAEMON_SET: _daemon_set_left,
    }.get(ref.kind, _replica_set_left)(item, status, wanted)
    return f"{ref.name}: {left}" if left else ""


def is_settled(item: Object, kind: str) -> bool:
    """Return whether an object has no old pods left to replace by itself."""
    status = item.get("status") or {}
    if status.get("observedGeneration", 0) < item["metadata"]["generation"]:
        return False
    if kind == STATEFUL_SET:
        return bool(status.get("currentRevision") == status.get("updateRevision"))
    if kind == DAEMON_SET:
        return bool(status.get("updatedNumberScheduled", 0) >= wanted_pods(item, kind))
    return True


def _deployment_left(_: Object, status: Object, wanted: int) -> str:
    counts = [status.get(field, 0) for field in ("updatedReplicas", "availableReplicas", "replicas")]
    return "" if counts == [wanted] * 3 else f"{counts[1]} of {wanted} available"


def _replica_set_left(_: Object, status: Object, wanted: int) -> str:
    counts = [status.get(field, 0) for field in ("availableReplicas", "replicas")]
    return "" if counts == [wanted] * 2 else f"{counts[0]} of {wanted} available"


def _stateful_set_left(item: Object, status: Object, wanted: int) -> str:
    ready = status.get("readyReplicas", 0)
    if ready != wanted or status.get("replicas", 0) != wanted:
        return f"{ready} of {wanted} ready"
    strategy = item["spec"].get("updateStrategy") or {}
    if strategy.get("type", "RollingUpdate") != "RollingUpdate":
        # Its owner deletes the old pods by hand ("OnDelete").
        return ""
    kept_old = (strategy.get("rollingUpdate") or {}).get("partition", 0)
    updated, to_update = status.get("updatedReplicas", 0), max(0, wanted - kept_old)
    if kept_old:
        return "" if updated >= to_update else f"{updated} of {to_update} updated"
    done = status.get("currentRevision") == status.get("updateRevision")
    return "" if done else f"{updated} of {to_update} updated"


def _daemon_set_left(_: Object, status: Object, wanted: int) -> str:
    updated, available = (status.get(field, 0) for field in ("updatedNumberScheduled", "numberAvailable"))
    if updated < wanted:
        return f"{updated} of {wanted} updated"
    return "" if available >= wanted else f"{available} of {wanted} available"
