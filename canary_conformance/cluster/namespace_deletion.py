"""The deletion of namespaces, with all that is in them and the volumes that were claimed there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from canary_conformance.cluster.api import Api
from canary_conformance.errors import EnvironmentFailed
from canary_conformance.timeouts import LIMITS
from canary_conformance.waiting import NotInTime, wait_until


def delete_namespace(api: Api, name: str) -> bool:
    """Delete a namespace, its pods and claims at once; don't wait. Return False where it does not exist.

    Kubernetes' namespace controller deletes both too, but first after 5 s, and looks seconds later whether
    they are gone, before it removes the rest ("Namespaces", ordered deletion). Deleted now, they are gone
    when it first looks, and no new ones can come: the namespace is on its way out already. Not for the step
    that R6.1 judges.
    """
    found = api.delete("v1", "Namespace", name)
    if found:
        api.delete_pods_and_claims(name)
    return found


def is_terminating(namespace: Mapping[str, Any]) -> bool:
    """Return whether a namespace is on its way out."""
    return "deletionTimestamp" in namespace["metadata"]


def delete_namespaces(api: Api, names: Sequence[str]) -> None:
    """Delete namespaces and wait until they and their volumes are gone. Raises EnvironmentFailed."""
    for name in names:
        item = api.get("v1", "Namespace", name)
        if item is not None and not is_terminating(item):
            delete_namespace(api, name)
    try:
        wait_until(
            lambda: [
                *(name for name in names if api.get("v1", "Namespace", name)),
                *(volume for name in names for volume in volumes_going(api, name)),
            ],
            until=lambda left: not left,
            limit=LIMITS.namespace_gone,
            what=f"namespaces {', '.join(names)} are gone",
        )
    except NotInTime as late:
        raise EnvironmentFailed(str(late)) from late


def volumes_of(api: Api, namespace: str) -> list[dict[str, Any]]:
    """Return the volumes that were claimed from a namespace, which may be gone."""
    volumes = api.list("v1", "PersistentVolume")
    return [one for one in volumes if (one["spec"].get("claimRef") or {}).get("namespace") == namespace]


def volumes_going(api: Api, namespace: str) -> list[str]:
    """Return the names of those volumes that go by themselves (Kubernetes: "Reclaiming")."""
    return [
        str(volume["metadata"]["name"])
        for volume in volumes_of(api, namespace)
        if volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete"
    ]
