"""What a cluster holds, as names, before the scenario and after it, and what is left of a run (R6.1, R6.2).

Left out is what clusters change by themselves: events, leases, and the endpoints and pods that controllers
make. In what is kept, an object is named by kind, namespace and name; with `contents` also by what its author
wrote (spec and data).

In a cluster that others use, only what could be the run's is looked at: the namespace, the volumes that were
claimed from it, and the manifests' objects of the cluster. What is others', their Secrets above all, is not
listed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.namespace_deletion import volumes_of
from canary_conformance.stages.cluster_objects import left_of, objects_of_cluster
from canary_conformance.stages.namespace_setting import Setting

VOLATILE = frozenset(
    {
        "Event",
        "Lease",
        "EndpointSlice",
        "Endpoints",
        "Pod",
        "ReplicaSet",
        "ControllerRevision",
        "ComponentStatus",
        "CertificateSigningRequest",
        "PodMetrics",
        "NodeMetrics",
    }
)


def snapshot(api: Api, without_namespaces: Collection[str], others: Collection[str] = ()) -> frozenset[str]:
    """Return each object but those of some namespaces as "Kind namespace/name #what its author wrote".

    others: the namespaces of other workers; what the cluster itself keeps for them (a volume, a Service's
    address) is left out too.
    """
    left_out = {*without_namespaces, *others}
    return frozenset(
        described(kind, item)
        for kind, item in everything(api)
        if namespace_of(kind, item) not in left_out and kept_for(item) not in others
    )


def everything(api: Api) -> list[tuple[str, Mapping[str, Any]]]:
    """Return every object of the cluster with its kind, but for those that clusters change by themselves."""
    kinds = [(version, kind) for version, kind, _ in api.kinds() if kind not in VOLATILE]
    with ThreadPoolExecutor(4) as pool:
        listed = pool.map(lambda one: [(one[1], item) for item in api.list(*one)], kinds)
        return [pair for objects in listed for pair in objects]


def described(kind: str, item: Mapping[str, Any]) -> str:
    """Return an object as "Kind namespace/name #what its author wrote"."""
    metadata = item["metadata"]
    return f"{kind} {metadata.get('namespace', '')}/{metadata['name']} #{_content(kind, item)}"


def namespace_of(kind: str, item: Mapping[str, Any]) -> str:
    """Return the namespace that an object is in, or is; "" for an object of the cluster."""
    metadata = item["metadata"]
    return str(metadata["name"] if kind == "Namespace" else metadata.get("namespace", ""))


def left_behind(api: Api, namespace: str) -> list[str]:
    """Return what there still is of a namespace: itself, objects in it, volumes claimed from it."""
    inside = [item for item in sorted(snapshot(api, ())) if f" {namespace}/" in item]
    return inside + outliving(api, namespace)


def outliving(api: Api, namespace: str) -> list[str]:
    """Return a namespace where there still is one, and the volumes that were claimed from it."""
    there = [f"Namespace {namespace}"] if api.get("v1", "Namespace", namespace) is not None else []
    volumes = volumes_of(api, namespace)
    return there + [f"PersistentVolume {volume['metadata']['name']}" for volume in volumes]


def kept_for(item: Mapping[str, Any]) -> str:
    """Return the namespace that an object of the cluster is kept for, "" for none.

    A volume names its claim (PersistentVolume), an address its Service (IPAddress).
    """
    spec = item.get("spec") or {}
    return str((spec.get("claimRef") or spec.get("parentRef") or {}).get("namespace", ""))


def _content(kind: str, item: Mapping[str, object]) -> str:
    """Nodes, and the leases of their volumes, change by themselves.

    What their author wrote of the others does not.
    """
    if kind == "Node":
        return "-"
    written = {
        field: value for field, value in item.items() if field in {"spec", "data", "rules", "webhooks"}
    }
    return hashlib.sha256(json.dumps(written, sort_keys=True, default=str).encode()).hexdigest()[:8]


def held_beside(api: Api, setting: Setting) -> frozenset[str]:
    """Return what the cluster holds, the namespaces of the run left out."""
    if not setting.shared:
        return snapshot(api, setting.namespaces, setting.others)
    namespace, left = setting.scenario.namespace, _of_cluster(api, setting)
    there = api.get("v1", "Namespace", namespace) is not None
    volumes = sorted(str(one["metadata"]["name"]) for one in volumes_of(api, namespace))
    states = {
        f"Namespace {namespace}": "exists" if there else "does not exist",
        "volumes claimed from it": ", ".join(volumes) or "none",
        "objects of the cluster that the manifests have": ", ".join(left) or "none",
    }
    return frozenset(f"{name}: {state}" for name, state in states.items())


def compared(setting: Setting) -> str:
    """Return what held_beside() returns, in words."""
    if not setting.shared:
        return "objects"
    return "states of what could be the run's (its namespace, its volumes, its objects of the cluster)"


def remains(api: Api, setting: Setting) -> list[str]:
    """Return what there still is of the scenario, in its namespace and of the cluster."""
    of_cluster = _of_cluster(api, setting)
    undeleted = [f"{one} belongs to the cluster: the last stage has to delete it" for one in of_cluster]
    left = outliving if setting.shared else left_behind
    return left(api, setting.scenario.namespace) + undeleted


def _of_cluster(api: Api, setting: Setting) -> list[str]:
    return left_of(api, objects_of_cluster(api, setting.manifests))
