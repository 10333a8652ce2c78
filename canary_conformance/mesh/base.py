"""What everything above the mesh needs of it, as a Protocol. A mesh installed by this suite fulfils it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from canary_conformance.cluster.base import Address, Cluster, label_selector
from canary_conformance.errors import EnvironmentFailed

HTTP_PORT = 80


@dataclass(frozen=True, slots=True)
class Gateway:
    """An ingress gateway.

    Attributes:
        namespace: Where its Deployment, its Service and its pods are.
        name: The name of Deployment and Service.
        address: Where this machine reaches its HTTP port 80.
        selector: The labels by which Gateway objects choose its pods.
        shared: Whether it is others' too, whose Gateway objects may open it.
    """

    namespace: str
    name: str
    address: Address
    selector: Mapping[str, str]
    shared: bool = False

    @property
    def pod_labels(self) -> str:
        """The label selector by which the API server lists its pods."""
        return label_selector(self.selector)

    @property
    def url(self) -> str:
        """The page's address."""
        return self.address.url

    def reached(self) -> str:
        """Return how this machine reaches it, for the run's header."""
        behind = self.address.behind
        if behind is None:
            return f"{self.address}, where this machine has a route to it"
        return f"by {self.address} on this machine, which has no route to {behind}"


class Mesh(Protocol):
    """The mesh under test, as the control plane of one revision runs it."""

    @property
    def root_namespace(self) -> str:
        """The namespace of the control plane, whose policies hold for the whole mesh."""

    @property
    def gateway(self) -> Gateway:
        """The ingress gateway that the scenario's Gateway objects choose."""

    @property
    def istioctl(self) -> Path:
        """An istioctl of the control plane's version."""

    @property
    def istio_version(self) -> str:
        """The version of Istio, such as "1.31.0"."""

    @property
    def upstream_envoy(self) -> str | None:
        """The version of the upstream Envoy that stands in for Istio's own; None where Istio's own runs."""

    @property
    def proxy_image(self) -> str:
        """The image of the proxy that the control plane injects."""

    @property
    def revision(self) -> str:
        """The revision of the control plane: "default" where it was installed without one."""

    @property
    def tags(self) -> tuple[str, ...]:
        """The revision tags that point to this control plane (Istio: "Canary Upgrades")."""

    @property
    def cni(self) -> bool:
        """Whether Istio's CNI plugin captures the pods' traffic, instead of an init container."""

    @property
    def injection_labels(self) -> Mapping[str, str]:
        """The labels by which a namespace gets this control plane's sidecars."""

    def with_gateway(self, gateway: Gateway) -> Mesh:
        """Return the same mesh, reached by another ingress gateway."""


def gateway_address(cluster: Cluster, namespace: str, name: str) -> Address:
    """Return where this machine reaches the HTTP port of an ingress gateway's Service.

    Raises:
        EnvironmentFailed: The Service does not exist, or has no address that this machine can reach.
    """
    service = cluster.api.get("v1", "Service", name, namespace)
    if service is None:
        raise EnvironmentFailed(f"Service {namespace}/{name} is absent")
    address = cluster.address_of(service, HTTP_PORT) or cluster.inside_address(service, HTTP_PORT)
    if address is None:
        why = f"has no address for port {HTTP_PORT} that this machine can reach"
        raise EnvironmentFailed(f"Service {namespace}/{name} {why}")
    return address
