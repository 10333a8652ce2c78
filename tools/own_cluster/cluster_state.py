"""What a cluster holds, by its administrator: before and after the suite it has to be the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from canary_conformance.cluster.api import Api
from canary_conformance.stages.cluster_snapshot import described, everything, namespace_of
from tools.own_cluster.other_teams import CHURN


def state(api: Api) -> Mapping[str, str]:
    """Return what each object's author wrote, with the object's UID, by kind and name.

    Left out are what clusters change by themselves, and what other people make come and go.
    """
    objects = [*everything(api), *(("Pod", pod) for pod in api.list("v1", "Pod"))]
    going = {item["metadata"]["name"] for kind, item in objects if kind == "Namespace" and _churns(item)}
    kept = [
        (kind, item) for kind, item in objects if not _churns(item) and namespace_of(kind, item) not in going
    ]
    return dict(_line(kind, item) for kind, item in kept)


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return what was added, removed or changed, a line each."""
    return [
        *(f"added: {name}" for name in sorted(after.keys() - before.keys())),
        *(f"removed: {name}" for name in sorted(before.keys() - after.keys())),
        *(f"changed: {name}" for name in sorted(before.keys() & after.keys()) if before[name] != after[name]),
    ]


def _line(kind: str, item: Mapping[str, Any]) -> tuple[str, str]:
    name, _, content = described(kind, item).partition(" #")
    # The status and the node of a pod are its own; another pod has another UID.
    return name, f"{item['metadata'].get('uid', '')} {'' if kind == 'Pod' else content}"


def _churns(item: Mapping[str, Any]) -> bool:
    return CHURN in (item["metadata"].get("labels") or {})
