"""The names and the gateway of a namespace under test: alone on its cluster, or beside others.

Alone it has the manifests as they are written. Beside others each has a name of its own, a namespace of the
suite's and an ingress gateway: what opens the gateway's port, answers there or leaves it closed is then its
own doing alone, so that nothing has to be judged in another way. The gateway is a copy of the mesh's own, as
istioctl installed it, but for names, labels and the node's port.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from canary_conformance.cluster.base import Cluster
from canary_conformance.cluster.host_reach import gateway_ports
from canary_conformance.cluster.pod_readiness import wait_for_rollouts
from canary_conformance.cluster.rollouts import DEPLOYMENT
from canary_conformance.errors import EnvironmentFailed, StageFailed
from canary_conformance.mesh.base import HTTP_PORT, Gateway, Mesh, gateway_address
from canary_conformance.model.objects.mesh_profile import MeshProfile
from canary_conformance.progress import Progress
from canary_conformance.scenario.application import Application
from canary_conformance.scenario.manifests import ManifestFolder
from canary_conformance.scenario.namespace_names import Renaming, rename_manifests, rename_scenario
from canary_conformance.scenario.stages import ObjectRef, Scenario
from canary_conformance.stages.owned_namespaces import OURS, SUITE_NAMESPACE


@dataclass(frozen=True, slots=True)
class Setting:
    """The scenario and manifests under the names of one namespace, its gateway, its application.

    others: the namespaces of other workers, which come and go by themselves. written_namespace: the name that
    the manifests have, where this namespace has another. profile: the mesh as the model takes it, None for
    the one that the scenario states. burst: a file's objects are applied without waiting for any of them, as
    kubectl does.
    """

    scenario: Scenario
    manifests: ManifestFolder
    mesh: Mesh
    application: Application
    suite_namespace: str = SUITE_NAMESPACE
    others: frozenset[str] = frozenset()
    written_namespace: str = ""
    profile: MeshProfile | None = None
    burst: bool = False

    @property
    def namespaces(self) -> tuple[str, str]:
        """The namespaces that a run makes and removes."""
        return self.scenario.namespace, self.suite_namespace

    def as_written(self, cells: str) -> str:
        """Return a text of names like "default/voting" with the namespace that the manifests have."""
        here = self.scenario.namespace
        return cells.replace(f"/{here}", f"/{self.written_namespace}") if self.written_namespace else cells


def namespaces_of(scenario: Scenario, worker: str) -> tuple[str, str]:
    """Return the names of a worker's two namespaces: the scenario's and the suite's."""
    return f"{scenario.namespace}-{worker}", f"{SUITE_NAMESPACE}-{worker}"


def beside_others(
    cluster: Cluster,
    mesh: Mesh,
    scenario: Scenario,
    manifests: ManifestFolder,
    application: Application,
    worker: str,
    workers: Sequence[str],
    progress: Progress,
) -> Setting:
    """Return the setting of one worker's namespace, its ingress gateway made and ready.

    Raises BadInput for manifests that can't be kept apart, EnvironmentFailed where the gateway can't be made.
    """
    namespace, suite = namespaces_of(scenario, worker)
    labels, shared = _labels(cluster, mesh)
    renaming = Renaming(scenario.namespace, namespace, labels, shared, worker)
    renamed = rename_manifests(manifests, renaming)
    with progress.phase(f"ingress gateway of {worker}", quiet=True):
        # The first is the mesh's own. A worker has the same port whatever their number: its gateway stays.
        in_order = sorted(workers, key=lambda name: (len(name), name))
        node_port = gateway_ports(1 + len(workers))[1 + in_order.index(worker)]
        gateway = _make_gateway(cluster, mesh.gateway, renaming, _gateway_namespace(worker), node_port)
    others = {
        name
        for other in workers
        if other != worker
        for name in (*namespaces_of(scenario, other), _gateway_namespace(other))
    }
    return Setting(
        scenario=rename_scenario(scenario, renaming),
        manifests=renamed,
        mesh=mesh.with_gateway(gateway),
        application=application,
        suite_namespace=suite,
        others=frozenset(others),
        written_namespace=scenario.namespace,
    )


def _gateway_namespace(worker: str) -> str:
    return f"{SUITE_NAMESPACE}-ingress-{worker}"


def _labels(cluster: Cluster, mesh: Mesh) -> tuple[dict[str, str], dict[str, str]]:
    """Return the labels that name the mesh's ingress gateway, and those that every gateway's pods carry."""
    named = dict(_read(cluster, "v1", "Service", mesh.gateway)["spec"]["selector"])
    pods = _read(cluster, "apps/v1", "Deployment", mesh.gateway)["spec"]["template"]["metadata"]["labels"]
    return named, {name: value for name, value in pods.items() if name not in named}


def _make_gateway(
    cluster: Cluster, original: Gateway, renaming: Renaming, namespace: str, node_port: int
) -> Gateway:
    """Make the mesh's ingress gateway once more, or find it as it is. It stays as long as the cluster."""
    deployment = _read(cluster, "apps/v1", "Deployment", original)
    service = _read(cluster, "v1", "Service", original)
    account = deployment["spec"]["template"]["spec"]["serviceAccountName"]
    wanted = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "annotations": OURS}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account}},
        _deployment(deployment, renaming),
        _service(service, renaming, node_port),
    ]
    for body in wanted:
        cluster.api.apply(body, None if body["kind"] == "Namespace" else namespace)
    try:
        wait_for_rollouts(cluster.api, namespace, [ObjectRef(DEPLOYMENT, original.name)])
    except StageFailed as failed:
        raise EnvironmentFailed(f"the ingress gateway in {namespace} is not ready: {failed}") from failed
    return replace(
        original,
        namespace=namespace,
        address=gateway_address(cluster, namespace, original.name),
        selector=renaming.labels(original.selector),
    )


def _deployment(original: Mapping[str, Any], renaming: Renaming) -> dict[str, Any]:
    spec, template = original["spec"], original["spec"]["template"]
    labels = renaming.labels(template["metadata"]["labels"])
    metadata = {**template["metadata"], "labels": labels}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": original["metadata"]["name"], "labels": labels},
        "spec": {
            **spec,
            "selector": {"matchLabels": renaming.labels(spec["selector"]["matchLabels"])},
            "template": {"metadata": metadata, "spec": template["spec"]},
        },
    }


def _service(original: Mapping[str, Any], renaming: Renaming, node_port: int) -> dict[str, Any]:
    ports = [
        {**port, "nodePort": node_port}
        if port["port"] == HTTP_PORT
        else {k: v for k, v in port.items() if k != "nodePort"}
        for port in original["spec"]["ports"]
    ]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": original["metadata"]["name"]},
        "spec": {
            "type": original["spec"]["type"],
            "selector": renaming.labels(original["spec"]["selector"]),
            "ports": ports,
        },
    }


def _read(cluster: Cluster, api_version: str, kind: str, gateway: Gateway) -> dict[str, Any]:
    found = cluster.api.get(api_version, kind, gateway.name, gateway.namespace)
    if found is None:
        raise EnvironmentFailed(f"the mesh has no {kind} {gateway.namespace}/{gateway.name}")
    return found
