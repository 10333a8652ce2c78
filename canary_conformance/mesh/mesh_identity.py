"""The identity of a mesh that somebody runs, as the model takes it, so that manifests are judged for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from canary_conformance.cluster.api import Api
from canary_conformance.mesh.base import Gateway, Mesh
from canary_conformance.model.objects.mesh_profile import (
    ANY_CLUSTER,
    MeshProfile,
    cluster_facts,
    ingress_gateway,
)
from canary_conformance.model.objects.questions import Source
from canary_conformance.scenario.mesh_facts import NO_FACTS, MeshFacts

# The revision, or a tag, whose control plane also injects by istio-injection: enabled (Istio: "Canary
# Upgrades", default tag).
_DEFAULT = "default"


def profile_of(api: Api, mesh: Mesh, facts: MeshFacts = NO_FACTS) -> MeshProfile:
    """Return the profile of a mesh, with what scenario.yaml states of its cluster.

    Args:
        api: The API server of its cluster, which has the gateway's Service and pods.
        mesh: The mesh.
        facts: What is stated; of the mesh itself nothing is taken from it.
    """
    revisions = (mesh.revision, *mesh.tags)
    service = api.get("v1", "Service", mesh.gateway.name, mesh.gateway.namespace) or {}
    return MeshProfile(
        name=f"Istio {mesh.istio_version} in {mesh.root_namespace}",
        root_namespace=mesh.root_namespace,
        revisions=revisions,
        by_istio_injection=_DEFAULT in revisions,
        gateways=(_gateway(api, mesh.gateway, service),),
        selector=mesh.gateway.selector,
        gateway_targets=_targets(service),
        cni=mesh.cni,
        versions=(mesh.istio_version,),
        cluster=cluster_facts(ANY_CLUSTER, facts),
    )


def _gateway(api: Api, gateway: Gateway, service: Mapping[str, Any]) -> Source:
    """Return the ingress gateway with the labels that all of its pods carry."""
    selector = (service.get("spec") or {}).get("selector") or gateway.selector
    chosen = ",".join(f"{key}={value}" for key, value in selector.items())
    pods = api.list("v1", "Pod", gateway.namespace, chosen)
    common = set.intersection(*(set(pod["metadata"]["labels"].items()) for pod in pods)) if pods else ()
    accounts = {str(pod["spec"].get("serviceAccountName", "")) for pod in pods}
    account = accounts.pop() if len(accounts) == 1 else ""
    return ingress_gateway(gateway.namespace, {**gateway.selector, **dict(common)}, account)


def _targets(service: Mapping[str, Any]) -> dict[int, int]:
    """Return the pods' ports by the ports of their Service, where they have numbers."""
    ports = (service.get("spec") or {}).get("ports") or ()
    return {one["port"]: one["targetPort"] for one in ports if isinstance(one.get("targetPort"), int)}
