"""What `istioctl analyze` finds in the namespace under test, given no more than a run may read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from canary_conformance.mesh.istioctl import analyze
from canary_conformance.mesh.object_server import ObjectServer
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest

Object = Mapping[str, Any]
# The ConfigMap that istioctl reads MeshConfig from, whatever the revision.
MESH_CONFIG = "istio"


def analyzed(namespace: NamespaceUnderTest) -> list[str]:
    """Return the findings. Raises NotJudged."""
    cluster, mesh = namespace.cluster, namespace.mesh
    if cluster.own_namespaces:
        return analyze(cluster.api, mesh.istioctl, namespace.name, mesh.root_namespace)
    with ObjectServer(namespace.api, _objects(namespace), namespace.api.folder) as server:
        return analyze(server, mesh.istioctl, namespace.name, mesh.root_namespace)


def _objects(namespace: NamespaceUnderTest) -> Iterator[Object]:
    """Yield what a run may read of what the analyzers look at; no Secret."""
    api, own, mesh = namespace.api, namespace.name, namespace.mesh
    yield from (found for found in [api.get("v1", "Namespace", own)] if found)
    for version, kind, name in dict.fromkeys(
        (one.api_version, str(one.body["kind"]), one.ref.name) for one in namespace.manifests.objects
    ):
        found = None if kind == "Secret" else api.get(version, kind, name, own)
        if found:
            yield found
    config = {"mesh": f"rootNamespace: {mesh.root_namespace}"}
    metadata = {"name": MESH_CONFIG, "namespace": mesh.root_namespace}
    yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": config}
    gateway = mesh.gateway
    for kind, where, labels in (
        ("Pod", own, None),
        ("Pod", gateway.namespace, gateway.pod_labels),
        ("Service", gateway.namespace, None),
    ):
        yield from ({"apiVersion": "v1", "kind": kind, **one} for one in api.list("v1", kind, where, labels))
