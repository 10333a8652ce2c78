"""What everything above the cluster needs of it, as Protocols. A kind cluster of this suite fulfils them.

Nothing above asks the container engine or a node: it asks the Cluster. What only the owner of the nodes can
know is the optional part NodeAccess; where it is absent, what needs it is reported as not watched or not
judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Protocol

from canary_conformance.cluster.api import Api
from canary_conformance.scenario.observations import Reply

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Address:
    """A host, by name or IP address, and a TCP port that can be connected to.

    Attributes:
        host: The host.
        port: The port.
        behind: The address in the cluster for which a relay accepts connections here, None where there is no
            relay. A relay accepts before it connects, so that a port behind it that nobody listens at is not
            refused, but closed without an answer.
    """

    host: str
    port: int
    behind: Address | None = None

    @property
    def url(self) -> str:
        """The address as the root of a web site."""
        return f"http://{self}/"

    def __str__(self) -> str:
        # RFC 3986, section 3.2.2: an IPv6 address in a URL stands in brackets.
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Port:
    """A port of this machine that leads to a port of a node; `address` is where this machine listens."""

    address: str
    number: int
    to: str

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return bool(self.address) and ip_address(self.address).is_loopback

    def __str__(self) -> str:
        return f"{self.address}:{self.number} -> {self.to}"


@dataclass(frozen=True, slots=True)
class Openings:
    """The network of the nodes: the ports that lead into them, and the networks they are in.

    A network is written as "172.18.0.0/16". engine_host: the host whose ports these are, None for this
    machine.
    """

    ports: tuple[Port, ...]
    networks: tuple[str, ...]
    engine_host: str | None = None


class NodeAccess(Protocol):
    """What can be known of nodes that run on this machine, beside what the API server reports of them."""

    def state(self) -> str:
        """Return how the nodes are, and since when: "running since 2026-..."; never raises."""

    def full_disks(self) -> list[str]:
        """Return each file system of the nodes that has no room left, as a sentence; never raises."""

    def control_groups(self) -> Sequence[Path]:
        """Return the folders of the control groups that limit the nodes' CPU; empty where unknown."""

    def openings(self) -> Openings:
        """Return what leads into the nodes. Raises CommandFailed."""

    def knock(self, addresses: Sequence[Address]) -> Sequence[Reply]:
        """Return how a request for a page to each address ended, made in a node, where relays don't answer.

        Raises NotJudged where none can be made.
        """

    def count_outbound(self, inside: Sequence[str]) -> int | None:
        """Return how many packets the nodes have sent out of this machine since the first call.

        Args:
            inside: The networks of this machine that the nodes are in.

        Returns:
            0 at the first call; None where packets can't be counted.
        """


class Cluster(Protocol):
    """A cluster in which a mesh is or can be installed, and namespaces under test can be made."""

    @property
    def name(self) -> str:
        """What messages call the cluster."""

    @property
    def api(self) -> Api:
        """Its API server, with the kubeconfig and context that lead to it, and a folder for files on it."""

    @property
    def own_namespaces(self) -> tuple[str, ...]:
        """The namespaces of Kubernetes' own pods, where each change disturbs the run.

        Empty in a cluster that others use too: they may change its parts at any time.
        """

    @property
    def node_address(self) -> str | None:
        """The host at which this machine reaches the ports that are opened on nodes; None where it can't."""

    @property
    def nodes(self) -> NodeAccess | None:
        """The nodes, where they run on this machine; None where only the API server reports of them."""

    def address_of(self, service: Object, port: int) -> Address | None:
        """Return where this machine reaches a port of a Service.

        Args:
            service: The Service as the API server returns it, of type NodePort or LoadBalancer.
            port: The number of one of its ports.

        Returns:
            None where the Service has no such port, or it has no address outside of the cluster.
        """

    def inside_address(self, service: Object, port: int) -> Address | None:
        """Return where a port of a Service is reached by way of the cluster itself.

        That is its own address where the run is in a pod, else a relay through the API server. Nobody else
        gets in this way, so it is for where the run sends requests, not for what is open to the outside.

        Args:
            service: The Service as the API server returns it.
            port: The number of one of its ports.

        Returns:
            None where the Service has no such port, no pod of it is ready, or the cluster has no such way.
        """


def node_port(service: Object, port: int) -> int | None:
    """Return the port of the nodes that leads to a port of a Service, None where there is none."""
    ports = (service.get("spec") or {}).get("ports") or ()
    return next((int(one["nodePort"]) for one in ports if one["port"] == port and one.get("nodePort")), None)


def label_selector(labels: Mapping[str, str]) -> str:
    """Return labels as lists are restricted by them (Kubernetes: "Labels and Selectors")."""
    return ",".join(f"{name}={value}" for name, value in labels.items())
