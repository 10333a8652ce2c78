"""What the cluster holds beside a run, and what is left of the run at its end (R6.1, R6.2).

In a cluster that others use, only what could be the run's is looked at: the namespace, the volumes that were
claimed from it, and the manifests' objects of the cluster. What is others', their Secrets above all, is not
listed.
"""

from __future__ import annotations

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.namespace_deletion import volumes_of
from canary_conformance.stages.cluster_objects import left_of, objects_of_cluster
from canary_conformance.stages.cluster_snapshot import left_behind, outliving, snapshot
from canary_conformance.stages.namespace_setting import Setting


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
