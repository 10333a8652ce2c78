"""How this machine reaches a kind cluster's node: at its address, or by ports that the engine maps for it.

The node's address has no route where the engine runs in a virtual machine (Docker Desktop), without root, or
on another host. So a node is made with mapped ports (kind: "Extra Port Mappings"), and once it runs the
address is tried: only this cluster's API server has its certificate, whatever else has that address here.
"""

from __future__ import annotations

import base64
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from canary_conformance.cluster.base import Address, Openings
from canary_conformance.timeouts import LIMITS

API_PORT = 6443
# From here on, one port of the node for each ingress gateway: beyond the ports that are handed out by choice
# (30000 to 30085) and the ones that manifests like to name (Kubernetes: "Service", NodePort allocation).
FIRST_GATEWAY_PORT = 32381


@dataclass(frozen=True, slots=True)
class HostReach:
    """How this machine reaches the ports that are opened on a node.

    Attributes:
        node: The node's address in the engine's network.
        routed: Whether this machine reaches it.
        mapped: Where a port of the node is reached by a relay of the engine, by that port.
    """

    node: str
    routed: bool = True
    mapped: Mapping[int, Address] = field(default_factory=dict, hash=False)

    def address(self, port: int) -> Address | None:
        """Return where this machine reaches a port of the node, None where it can't."""
        return Address(self.node, port) if self.routed else self.mapped.get(port)

    def lacks(self, gateways: int) -> bool:
        """Return whether so many ingress gateways can't all be reached."""
        return any(self.address(port) is None for port in gateway_ports(gateways))


def gateway_ports(count: int) -> list[int]:
    """Return the ports of the node at which so many ingress gateways are opened."""
    return [FIRST_GATEWAY_PORT + number for number in range(count)]


def reach_of(node: str, openings: Openings, kubeconfig: Path) -> HostReach:
    """Return how this machine reaches a node, found out by trying.

    Args:
        node: The node's address in the engine's network.
        openings: What the engine maps for it.
        kubeconfig: It has the certificate authority of the cluster.
    """
    mapped = {}
    for port in openings.ports:
        number, _, protocol = port.to.partition("/")
        if protocol == "tcp":
            mapped[int(number)] = Address(port.address, port.number, behind=Address(node, int(number)))
    return HostReach(node, answers_as_itself(node, kubeconfig), mapped)


def answers_as_itself(node: str, kubeconfig: Path) -> bool:
    """Return whether the API server of this kubeconfig's cluster answers at the node's address."""
    cluster = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))["clusters"][0]["cluster"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    try:
        trusted = ssl.create_default_context(cadata=authority)
        # Whose certificate it is counts, not the form of each field (Python 3.13: VERIFY_X509_STRICT).
        trusted.verify_flags &= ~ssl.VERIFY_X509_STRICT
        with (
            socket.create_connection((node, API_PORT), timeout=LIMITS.node_route) as connection,
            trusted.wrap_socket(connection, server_hostname=node),
        ):
            return True
    except OSError:
        return False
