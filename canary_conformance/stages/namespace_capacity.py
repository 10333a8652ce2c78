"""How many namespaces under test a machine has room for, by what their pods request of its processors.

Kubernetes reserves what pods request, used or not ("Resource Management for Pods and Containers"). The
numbers are those of the cluster's and the mesh's own pods as this suite creates them.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from canary_conformance.model.objects.quantities import amount
from canary_conformance.scenario.manifests import ManifestFolder

# Cores that Kubernetes' and Istio's own pods request (seen 0.96; kind's own network requests a little more).
OF_THE_CLUSTER = Fraction(11, 10)
# A sidecar, and a namespace's ingress gateway, as canary_conformance.mesh.installation has them.
OF_A_PROXY = Fraction(1, 100)


def namespaces_that_fit(manifests: ManifestFolder, cores: int) -> int:
    """Return how many namespaces with these manifests fit on so many cores at once; at least one."""
    requested = OF_A_PROXY + sum(
        _requested(manifest.body)
        for manifest in manifests.objects
        if manifest.ref.kind in {"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"}
    )
    return max(1, int((cores - OF_THE_CLUSTER) / requested))


def _requested(body: Mapping[str, Any]) -> Fraction:
    """Return what all pods of a workload request; a request that can't be read counts as none."""
    spec = _mapping(body.get("spec"))
    replicas = spec.get("replicas", 1)
    containers = _mapping(_mapping(spec.get("template")).get("spec")).get("containers")
    requested = OF_A_PROXY
    for container in containers if isinstance(containers, list) else []:
        requests = _mapping(_mapping(_mapping(container).get("resources")).get("requests"))
        requested += max(Fraction(0), amount(requests.get("cpu")) or Fraction(0))
    return requested * (max(0, replicas) if isinstance(replicas, int) else 1)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
