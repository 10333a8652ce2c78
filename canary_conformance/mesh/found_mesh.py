"""The mesh that a cluster has, which somebody else installed: found by what runs, and changed in nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

from kubernetes.client.exceptions import ApiException

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.apply_answers import message_of
from canary_conformance.cluster.base import Cluster
from canary_conformance.cluster.pod_access import UNANSWERED
from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.images.pins import minor_of, numbers_of
from canary_conformance.images.versions import KUBERNETES_OF_ISTIO
from canary_conformance.mesh.base import Gateway, gateway_address
from canary_conformance.mesh.control_plane_settings import settings_of
from canary_conformance.mesh.ingress_gateways import FoundGateway, gateways_of, named_gateway, usable
from canary_conformance.mesh.proxies import Proxies
from canary_conformance.mesh.revision_choice import Revision, chosen, injection_labels, revisions_of, selects
from canary_conformance.mesh.running_components import CONTROL_PLANE, ask_istiod, istiod_pods, proxy_versions

AMBIENT = "app=ztunnel"
# Istio builds its Envoy between releases; a release is what the Envoy project itself published.
ISTIOS_OWN = "-dev"


@dataclass(frozen=True, slots=True)
class FoundMesh:
    """A Mesh that the suite did not install; see Mesh for what its first attributes mean.

    Attributes:
        envoys: The versions of Envoy that the gateway's pods run.
        native_sidecars: Whether sidecars are init containers that stay (Kubernetes: "Sidecar Containers").
        ambient: Whether pods of ambient mode run too; None where that may not be read.
        mesh_config: The control plane's MeshConfig.
        revisions: Every revision that injects in the cluster.
    """

    root_namespace: str
    gateway: Gateway
    istio_version: str
    upstream_envoy: str | None
    istioctl: Path
    proxy_image: str
    injection_labels: Mapping[str, str]
    revision: str
    tags: tuple[str, ...]
    cni: bool
    envoys: tuple[str, ...]
    native_sidecars: bool
    ambient: bool | None
    mesh_config: Mapping[str, Any]
    revisions: tuple[Revision, ...]

    def with_gateway(self, gateway: Gateway) -> FoundMesh:
        """Return the same mesh, reached by another ingress gateway."""
        return replace(self, gateway=gateway)


def find_mesh(cluster: Cluster, *, gateway: str, revision: str, istioctl: Callable[[str], Path]) -> FoundMesh:
    """Return the mesh of a cluster.

    Args:
        cluster: The cluster.
        gateway: The ingress gateway as "NAMESPACE/NAME", "" for the only one.
        revision: The revision or a tag, "" for the one in charge.
        istioctl: Returns an istioctl of a version.

    Raises:
        BadInput: There is none, there are several, it is not supported, or it may not be read.
        EnvironmentFailed: It does not answer, or its gateway can't be reached.
    """
    with _readable(cluster):
        return _found(cluster, gateway, revision, istioctl)


def _found(cluster: Cluster, gateway: str, wanted: str, istioctl: Callable[[str], Path]) -> FoundMesh:
    api = cluster.api
    revisions = revisions_of(api)
    if not revisions:
        raise BadInput(f"cluster {cluster.name} has no Istio that injects sidecars{_only_ambient(api)}")
    one = chosen(revisions, wanted)
    version = _version(api, one)
    settings = settings_of(api, one.namespace, one.name)
    root = settings.mesh_config.get("rootNamespace") or one.namespace
    if root != one.namespace:
        raise BadInput(
            f"the mesh's rootNamespace is {root} and its control plane is in {one.namespace}: "
            "the suite supports one namespace for both"
        )
    found = usable([named_gateway(api, gateway)] if gateway else gateways_of(api, one.namespace))
    envoys = _envoys(api, found)
    kubelets = [str(node["status"]["nodeInfo"]["kubeletVersion"]) for node in api.list("v1", "Node")]
    return FoundMesh(
        root_namespace=one.namespace,
        gateway=Gateway(
            found.namespace,
            found.name,
            gateway_address(cluster, found.namespace, found.name),
            found.selector,
            shared=True,
        ),
        istio_version=version,
        upstream_envoy=next((envoy for envoy in envoys if not envoy.endswith(ISTIOS_OWN)), None),
        istioctl=istioctl(version),
        # A gateway is injected as sidecars are, unless it was installed with an image of its own.
        proxy_image=settings.proxy_image or found.proxy_image,
        injection_labels={**injection_labels(one, wanted), **_discovered(settings.mesh_config)},
        revision=one.name,
        tags=one.tags,
        cni=settings.cni,
        envoys=envoys,
        native_sidecars=settings.native_sidecars(kubelets),
        ambient=has_ambient(api),
        mesh_config=settings.mesh_config,
        revisions=tuple(revisions),
    )


@contextmanager
def _readable(cluster: Cluster) -> Iterator[None]:
    """Have what may not be read, and a server that does not answer, end in one sentence each."""
    try:
        yield
    except ApiException as error:
        if error.status == HTTPStatus.FORBIDDEN:
            why = message_of(error)
            raise BadInput(
                f"a right is missing on cluster {cluster.name} (--check-cluster names each): {why}"
            ) from error
        raise EnvironmentFailed(f"cluster {cluster.name} can't be read: {message_of(error)}") from error
    except UNANSWERED as error:
        raise EnvironmentFailed(f"the mesh of cluster {cluster.name} does not answer: {error}") from error


def _version(api: Api, revision: Revision) -> str:
    """Return the version of a revision's control plane. Raises BadInput where it is not supported."""
    if not revision.namespace:
        raise BadInput(f"the control plane of revision {revision} does not run in the cluster")
    pods = istiod_pods(api, revision.namespace, f"{CONTROL_PLANE},istio.io/rev={revision.name}")
    if not pods:
        raise EnvironmentFailed(f"no istiod of revision {revision} runs in {revision.namespace}")
    version = ask_istiod(api, pods[0], "/version").rsplit("-", 2)[0]
    oldest, *_, newest = sorted(KUBERNETES_OF_ISTIO, key=numbers_of)
    if numbers_of(minor_of(version)) < numbers_of(oldest):
        raise BadInput(
            f"Istio {version} of revision {revision} is too old: the suite supports {oldest} to {newest}"
        )
    return version


def _envoys(api: Api, gateway: FoundGateway) -> tuple[str, ...]:
    with contextlib.closing(Proxies(api)) as proxies:
        seen = proxy_versions(proxies, gateway.ready)
    return tuple(sorted({one.envoy for one in seen.values()}))


def _discovered(mesh_config: Mapping[str, Any]) -> dict[str, str]:
    """Return the labels that make the control plane see a namespace (MeshConfig: discoverySelectors)."""
    selectors = mesh_config.get("discoverySelectors") or [{}]
    wanted = (
        dict(one.get("matchLabels") or {}) for one in selectors if selects(one, one.get("matchLabels") or {})
    )
    labels = next(wanted, None)
    if labels is None:
        raise BadInput("MeshConfig.discoverySelectors of the mesh select namespaces by no labels to set")
    return labels


def has_ambient(api: Api) -> bool | None:
    """Return whether pods of ambient mode run in a cluster, None where that may not be read."""
    try:
        return bool(api.list("v1", "Pod", None, AMBIENT))
    except ApiException as error:
        if error.status == HTTPStatus.FORBIDDEN:
            return None
        raise


def _only_ambient(api: Api) -> str:
    return ": it has ambient mode only, which the suite does not support" if has_ambient(api) else ""
