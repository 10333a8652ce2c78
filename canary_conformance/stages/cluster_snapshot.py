"""What a cluster holds, as names: taken before the scenario and after it, the two must be equal (R6.2).

Left out is what clusters change by themselves: events, leases, and the endpoints and pods that controllers
make. In what is kept, an object is named by kind, namespace and name; with `contents` also by what its author
wrote (spec and data).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.namespace_deletion import volumes_of

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
