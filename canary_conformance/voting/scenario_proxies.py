"""What the scenario's proxies run, beside what the mesh itself runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from canary_conformance.mesh.running_components import control_plane
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.stages.running_workloads import Workload


def what_proxies_run(namespace: NamespaceUnderTest, pods: Iterable[Workload]) -> Mapping[str, str]:
    """Return, by pod, the Istio and the Envoy that its proxy says it runs. Raises OSError."""
    names = [workload.pod for workload in pods]
    namespace.versions.look(names)
    return {name.name: str(namespace.versions.seen[name]) for name in names}


def what_the_mesh_runs(namespace: NamespaceUnderTest) -> str:
    """Return the Istio of the control plane and the Envoy of the ingress gateway, in the same words."""
    istio = " and ".join(control_plane(namespace.api, namespace.mesh.root_namespace).istio)
    gateways = {
        version.envoy
        for pod, version in namespace.versions.seen.items()
        if pod.namespace == namespace.mesh.gateway.namespace
    }
    return f"Istio {istio} on Envoy {' and '.join(sorted(gateways))}"
