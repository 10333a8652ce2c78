"""The ingress gateways that a mesh has, found by what their pods run, and the one that a run sends through.

A gateway is a Service that leads to pods whose proxy runs as a router (Istio: "Installing Gateways"). Egress
and east-west gateways are none; those of the Kubernetes Gateway API belong to the object that made them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kubernetes.client.exceptions import ApiException

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.apply_answers import FIELD_MANAGER
from canary_conformance.cluster.base import label_selector
from canary_conformance.cluster.pod_access import PodName
from canary_conformance.cluster.pod_state import is_ready
from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.mesh.base import HTTP_PORT, Gateway
from canary_conformance.mesh.proxies import PROXY_CONTAINER

Object = Mapping[str, Any]
# The label by which Gateway objects choose a gateway's pods by convention.
ISTIO = "istio"
COMPONENT, EGRESS = "operator.istio.io/component", "EgressGateways"
# Where gateways are installed, for who may not list the pods of all namespaces (Istio: "Installing Gateways";
# AKS: "Istio-based service mesh add-on").
ROOT_NAMESPACE = "istio-system"
USUAL_NAMESPACES = ("istio-ingress", "aks-istio-ingress")
# The labels of gateways between clusters, and of those that a Gateway of the Kubernetes Gateway API made.
_NO_INGRESS = ("topology.istio.io/network", "gateway.networking.k8s.io/gateway-name")


@dataclass(frozen=True, slots=True)
class FoundGateway:
    """A Service that leads to gateway pods.

    Attributes:
        service: The Service as the API server has it.
        pods: The pods, ready or not.
    """

    service: Object
    pods: tuple[Object, ...]

    @property
    def namespace(self) -> str:
        """Its namespace."""
        return str(self.service["metadata"]["namespace"])

    @property
    def name(self) -> str:
        """The Service's name."""
        return str(self.service["metadata"]["name"])

    @property
    def ports(self) -> tuple[int, ...]:
        """The Service's ports."""
        return tuple(int(one["port"]) for one in self.service["spec"].get("ports") or ())

    @property
    def selector(self) -> dict[str, str]:
        """The labels by which Gateway objects choose its pods."""
        labels = dict(self.service["spec"].get("selector") or {})
        return {ISTIO: labels[ISTIO]} if ISTIO in labels else labels

    @property
    def ready(self) -> list[PodName]:
        """Its ready pods."""
        names = (one["metadata"] for one in self.pods if is_ready(one))
        return [PodName(one["namespace"], one["name"]) for one in names]

    @property
    def proxy_image(self) -> str:
        """The image of its proxy, "" where it has no pod."""
        containers = (container for pod in self.pods for container in pod["spec"]["containers"])
        images = (str(one["image"]) for one in containers if one["name"] == PROXY_CONTAINER)
        return next(images, "")

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class PortUser:
    """A Gateway object that opens the HTTP port of an ingress gateway for these hosts."""

    namespace: str
    name: str
    hosts: tuple[str, ...]

    @property
    def takes_all(self) -> bool:
        """Whether requests for any host are its."""
        return any(host.rpartition("/")[2] == "*" for host in self.hosts)

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name} for {', '.join(self.hosts)}"


def ingress_gateways(api: Api, namespace: str | None = None) -> list[FoundGateway]:
    """Return the ingress gateways of a namespace, or of the cluster. Raises ApiException."""
    pods = [one for one in api.list("v1", "Pod", namespace, ISTIO) if _is_ingress(one)]
    namespaces = sorted({str(one["metadata"]["namespace"]) for one in pods})
    found = [one for name in namespaces for one in _of_services(api.list("v1", "Service", name), pods)]
    # A gateway may have other Services beside, for its metrics.
    return [one for one in found if HTTP_PORT in one.ports] or found


def gateways_of(api: Api, root_namespace: str = ROOT_NAMESPACE) -> list[FoundGateway]:
    """Return the ingress gateways of a cluster, or of the usual namespaces where not all may be read."""
    try:
        return ingress_gateways(api)
    except ApiException as error:
        if error.status != 403:
            raise
    found = []
    for namespace in dict.fromkeys((root_namespace, *USUAL_NAMESPACES)):
        with contextlib.suppress(ApiException):
            found += ingress_gateways(api, namespace)
    return found


def named_gateway(api: Api, name: str) -> FoundGateway:
    """Return the gateway of "NAMESPACE/NAME". Raises BadInput where it is none; ApiException."""
    namespace, _, service_name = name.partition("/")
    service = api.get("v1", "Service", service_name, namespace)
    if service is None:
        known = ", ".join(map(str, gateways_of(api, namespace))) or "none"
        raise BadInput(f"--gateway {name}: there is no such Service; ingress gateways: {known}")
    labels = label_selector(service["spec"].get("selector") or {})
    pods = api.list("v1", "Pod", namespace, labels) if labels else []
    if pods and not all(map(_is_router, pods)):
        raise BadInput(f"--gateway {name}: the Service leads to pods that run no gateway of Istio")
    return FoundGateway(service, tuple(pods))


def usable(found: Sequence[FoundGateway]) -> FoundGateway:
    """Return the only gateway, which has the port and a ready pod. Raises BadInput, EnvironmentFailed."""
    if not found:
        raise BadInput("no ingress gateway of Istio was found: install one, or name it with --gateway")
    if len(found) > 1:
        listed = ", ".join(map(str, found))
        raise BadInput(f"there are several ingress gateways; name one with --gateway: {listed}")
    (gateway,) = found
    if HTTP_PORT not in gateway.ports:
        ports = ", ".join(map(str, gateway.ports)) or "none"
        raise BadInput(f"the ingress gateway {gateway} has no port {HTTP_PORT}; its ports are {ports}")
    if not gateway.ready:
        raise EnvironmentFailed(f"the ingress gateway {gateway} has 0 of {len(gateway.pods)} pods ready")
    return gateway


def others_on_port(api: Api, gateway: Gateway) -> list[PortUser]:
    """Return the Gateway objects that open the port of a gateway. Raises ApiException."""
    pods = api.list("v1", "Pod", gateway.namespace, gateway.pod_labels)
    labels = [(one["metadata"].get("labels") or {}).items() for one in pods]
    found = []
    for one in api.list("networking.istio.io/v1", "Gateway"):
        metadata, spec = one["metadata"], one["spec"]
        selector = (spec.get("selector") or {}).items()
        if not any(selector <= every for every in labels):
            continue
        servers = [server for server in spec["servers"] if server["port"]["number"] == HTTP_PORT]
        if hosts := sorted({host for server in servers for host in server["hosts"]}):
            found.append(PortUser(metadata["namespace"], metadata["name"], tuple(hosts)))
    return found


def _of_services(services: Sequence[Object], pods: Sequence[Object]) -> Iterator[FoundGateway]:
    for service in services:
        selector = (service["spec"].get("selector") or {}).items()
        namespace = service["metadata"]["namespace"]
        led = [
            pod
            for pod in pods
            if selector
            and pod["metadata"]["namespace"] == namespace
            and selector <= (pod["metadata"].get("labels") or {}).items()
        ]
        # A run of this suite may have a copy of its own beside.
        if led and not _is_a_copy(service):
            yield FoundGateway(service, tuple(led))


def _is_a_copy(service: Object) -> bool:
    return any(one["manager"] == FIELD_MANAGER for one in service["metadata"].get("managedFields") or ())


def _is_router(pod: Object) -> bool:
    containers = (one for one in pod["spec"]["containers"] if one["name"] == PROXY_CONTAINER)
    return any("router" in (one.get("args") or ()) for one in containers)


def _is_ingress(pod: Object) -> bool:
    labels = pod["metadata"].get("labels") or {}
    egress = labels.get(COMPONENT) == EGRESS or "egress" in str(labels.get(ISTIO))
    return _is_router(pod) and not egress and not any(one in labels for one in _NO_INGRESS)
