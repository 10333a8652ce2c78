"""The identity of a mesh that somebody runs, as the model takes it, so that manifests are judged for it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from kubernetes.client.exceptions import ApiException

from canary_conformance.cluster.api import Api
from canary_conformance.mesh.base import Gateway, Mesh
from canary_conformance.mesh.control_plane_settings import DEFAULT
from canary_conformance.mesh.ingress_gateways import FoundGateway, ingress_gateways, named_gateway
from canary_conformance.mesh.revision_choice import BY_DEFAULT, REVISION
from canary_conformance.model.objects.mesh_profile import (
    ANY_CLUSTER,
    MeshProfile,
    cluster_facts,
    ingress_gateway,
)
from canary_conformance.model.objects.questions import Source
from canary_conformance.scenario.mesh_facts import NO_FACTS, MeshFacts


def profile_of(api: Api, mesh: Mesh, facts: MeshFacts = NO_FACTS) -> MeshProfile:
    """Return the profile of a mesh, with what scenario.yaml states of its cluster.

    Args:
        api: The API server of its cluster, which has the gateways' Services and pods.
        mesh: The mesh.
        facts: What is stated; of the mesh itself nothing is taken from it.
    """
    labels = mesh.injection_labels
    # A tag that was asked for comes first: by it a namespace is to be labelled.
    revisions = dict.fromkeys((labels.get(REVISION, mesh.revision), mesh.revision, *mesh.tags))
    own = named_gateway(api, f"{mesh.gateway.namespace}/{mesh.gateway.name}")
    return MeshProfile(
        name=f"Istio {mesh.istio_version} in {mesh.root_namespace}",
        root_namespace=mesh.root_namespace,
        revisions=tuple(revisions),
        by_istio_injection=BY_DEFAULT.items() <= labels.items() or DEFAULT in revisions,
        gateways=(_source(own), *_others(api, mesh.gateway)),
        selector=mesh.gateway.selector,
        gateway_targets=_targets(own),
        cni=mesh.cni,
        versions=(mesh.istio_version,),
        cluster=cluster_facts(ANY_CLUSTER, facts),
        discovery={key: value for key, value in labels.items() if key not in {*BY_DEFAULT, REVISION}},
    )


def _others(api: Api, own: Gateway) -> Iterator[Source]:
    """Yield the other ingress gateways that may be read: manifests may have Gateways for them, too."""
    for namespace in (None, own.namespace):
        with contextlib.suppress(ApiException):
            for one in ingress_gateways(api, namespace):
                if (one.namespace, one.name) != (own.namespace, own.name):
                    yield _source(one)
            return


def _source(gateway: FoundGateway) -> Source:
    """Return an ingress gateway with the labels that all of its pods carry."""
    labels = [set((pod["metadata"].get("labels") or {}).items()) for pod in gateway.pods]
    common = set.intersection(*labels) if labels else set()
    accounts = {str(pod["spec"].get("serviceAccountName", "")) for pod in gateway.pods}
    account = accounts.pop() if len(accounts) == 1 else ""
    return ingress_gateway(gateway.namespace, {**gateway.selector, **dict(common)}, account)


def _targets(gateway: FoundGateway) -> dict[int, int]:
    """Return the pods' ports by the ports of their Service, where they have numbers."""
    ports = gateway.service["spec"].get("ports") or ()
    return {one["port"]: one["targetPort"] for one in ports if isinstance(one.get("targetPort"), int)}
