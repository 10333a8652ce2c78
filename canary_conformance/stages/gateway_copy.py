"""An ingress gateway of one's own: the mesh's once more, but for names, labels and ports of the nodes.

What opens its port, answers there or leaves it closed is then one run's own doing alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from canary_conformance.cluster.base import Cluster
from canary_conformance.cluster.pod_readiness import wait_for_rollouts
from canary_conformance.cluster.rollouts import DEPLOYMENT
from canary_conformance.errors import EnvironmentFailed, StageFailed
from canary_conformance.mesh.base import HTTP_PORT, Gateway, Mesh, gateway_address
from canary_conformance.scenario.namespace_names import Renaming
from canary_conformance.scenario.stages import ObjectRef
from canary_conformance.stages.owned_namespaces import apply_namespace
from canary_conformance.timeouts import LIMITS
from canary_conformance.waiting import NotInTime, wait_until

# What a Service has for itself alone; all else (its type, who may connect) is as the mesh's owner chose it.
_OF_ONE_SERVICE = frozenset(
    {"clusterIP", "clusterIPs", "externalIPs", "healthCheckNodePort", "loadBalancerIP", "ports", "selector"}
)
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def gateway_labels(cluster: Cluster, mesh: Mesh) -> tuple[dict[str, str], dict[str, str]]:
    """Return the labels that name the mesh's ingress gateway, and those that every gateway's pods carry."""
    named = dict(_read(cluster, "v1", "Service", mesh.gateway)["spec"]["selector"])
    pods = _read(cluster, "apps/v1", "Deployment", mesh.gateway)["spec"]["template"]["metadata"]["labels"]
    return named, {name: value for name, value in pods.items() if name not in named}


def copied_gateway(
    cluster: Cluster,
    mesh: Mesh,
    renaming: Renaming,
    namespace: str,
    label: Mapping[str, str],
    node_port: int | None = None,
) -> Gateway:
    """Make the mesh's ingress gateway once more, or find it as it is.

    Args:
        cluster: Where it is made.
        mesh: It has the original.
        renaming: It names the labels of the copy.
        namespace: Where the copy is.
        label: The label of the namespace.
        node_port: The port of the nodes that leads to it, None for any.

    Raises:
        EnvironmentFailed: It can't be made, or doesn't get ready.
    """
    original = mesh.gateway
    deployment = _read(cluster, "apps/v1", "Deployment", original)
    service = _read(cluster, "v1", "Service", original)
    account = deployment["spec"]["template"]["spec"].get("serviceAccountName", "default")
    # A gateway whose proxy is injected (image: auto) needs a namespace that asks for it.
    apply_namespace(cluster.api, namespace, {**mesh.injection_labels, **label})
    for body in (
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": account}},
        _deployment(deployment, renaming),
        _service(service, renaming, node_port),
    ):
        cluster.api.apply(body, namespace)
    try:
        wait_for_rollouts(cluster.api, namespace, [ObjectRef(DEPLOYMENT, original.name)])
        if _given_addresses(service):
            wait_until(
                lambda: cluster.api.get("v1", "Service", original.name, namespace) or {},
                until=lambda one: bool(_given_addresses(one)),
                limit=LIMITS.load_balancer,
                what=f"the load balancer of Service {namespace}/{original.name} has an address",
            )
    except (StageFailed, NotInTime) as failed:
        raise EnvironmentFailed(f"the ingress gateway in {namespace} is not ready: {failed}") from failed
    return replace(
        original,
        namespace=namespace,
        address=gateway_address(cluster, namespace, original.name),
        selector=renaming.labels(original.selector),
        shared=False,
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


def _service(original: Mapping[str, Any], renaming: Renaming, node_port: int | None) -> dict[str, Any]:
    ports = [{k: v for k, v in port.items() if k != "nodePort"} for port in original["spec"]["ports"]]
    if node_port is not None:
        ports = [{**one, "nodePort": node_port} if one["port"] == HTTP_PORT else one for one in ports]
    annotations = original["metadata"].get("annotations") or {}
    # They may keep a load balancer inside of a network.
    kept = {name: value for name, value in annotations.items() if name != _LAST_APPLIED}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": original["metadata"]["name"], "annotations": kept},
        "spec": {
            **{key: value for key, value in original["spec"].items() if key not in _OF_ONE_SERVICE},
            "selector": renaming.labels(original["spec"]["selector"]),
            "ports": ports,
        },
    }


def _given_addresses(service: Mapping[str, Any]) -> list[Any]:
    return list((service.get("status") or {}).get("loadBalancer", {}).get("ingress") or ())


def _read(cluster: Cluster, api_version: str, kind: str, gateway: Gateway) -> dict[str, Any]:
    found = cluster.api.get(api_version, kind, gateway.name, gateway.namespace)
    if found is None:
        raise EnvironmentFailed(f"the mesh has no {kind} {gateway.namespace}/{gateway.name}")
    return found
