"""The container that is the node of a kind cluster: its image, state, disks, CPU limits and network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from canary_conformance.cluster.base import Address, Openings
from canary_conformance.cluster.machine_pressure import groups_of
from canary_conformance.cluster.network_exposure import count_outbound, knock_in_node, openings_of
from canary_conformance.images.engine import docker, engine_version
from canary_conformance.processes import CommandFailed
from canary_conformance.scenario.observations import Reply
from canary_conformance.timeouts import LIMITS

# By it kind finds the containers of a cluster (kind: "Delete Cluster").
KIND_LABEL = "io.x-k8s.kind.cluster"
# A disk with less room than this, in KiB, takes no write of a database.
FULL_BELOW_KIB = 1024
OF_PODS = ("/var/lib/kubelet/pods/", "/run/containerd/", "/var/lib/containerd/")


@dataclass(frozen=True, slots=True)
class Node:
    """A node's container: its image, whether it runs, its address ("" where it doesn't run)."""

    image: str
    runs: bool
    address: str


def remove_nodes(name: str) -> bool:
    """Remove the containers of a kind cluster with their volumes, as `kind delete cluster` does.

    Returns:
        Whether there were any.
    """
    found = docker("ps", "--all", "--quiet", "--filter", f"label={KIND_LABEL}={name}").split()
    if found:
        docker("rm", "--force", "--volumes", *found, limit=LIMITS.cluster_delete)
    return bool(found)


def node_of(name: str) -> Node | None:
    """Return the node of a kind cluster, None when there is no such cluster."""
    template = "{{.Config.Image}} {{.State.Status}} {{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    try:
        image, status, address = docker("inspect", "--format", template, container_of(name)).split(" ")
    except CommandFailed:
        return None
    return Node(image, status == "running", address.strip())


def node_image_of(name: str) -> str | None:
    """Return the image that the node of a kind cluster runs, None when there is no such cluster."""
    node = node_of(name)
    return node.image if node else None


@dataclass(frozen=True, slots=True)
class KindNode:
    """The NodeAccess of a kind cluster, which has one node.

    Args:
        cluster: The cluster's name.
    """

    cluster: str

    @property
    def container(self) -> str:
        """The name that kind gives to the container."""
        return container_of(self.cluster)

    def state(self) -> str:
        """Return how the container is, and since when: "running since 2026-..."; never raises."""
        template = "{{.State.Status}} since {{.State.StartedAt}}"
        try:
            return docker("inspect", "--format", template, self.container).strip()
        except CommandFailed as error:
            if engine_version():
                return f"not to be seen ({error})"
            return "lost: the container engine is silent"

    def full_disks(self) -> list[str]:
        """Return the file systems of the node that have no room left, a sentence each; never raises.

        File systems of pods and containers are left out.
        """
        try:
            table = docker("exec", self.container, "df", "--block-size=1K", "--output=avail,target")
        except CommandFailed:
            return []
        rows = [line.split(None, 1) for line in table.splitlines()[1:]]
        return [
            f"the disk is full: {target} of the node has {free} KiB left"
            for free, target in rows
            if free.isdecimal() and int(free) < FULL_BELOW_KIB and not target.startswith(OF_PODS)
        ]

    def control_groups(self) -> Sequence[Path]:
        """Return the control groups that limit the container's CPU; empty for an engine elsewhere.

        The process id of an engine on another machine belongs to some other process here.
        """
        try:
            seen = docker("inspect", "--format", "{{.Id}} {{.State.Pid}}", self.container)
            container, process = seen.split()
            groups = groups_of(int(process))
        except (CommandFailed, ValueError):
            return ()
        return groups if any(container in str(folder) for folder in groups) else ()

    def openings(self) -> Openings:
        """Return what leads into the container. Raises CommandFailed."""
        return openings_of(self.container)

    def knock(self, addresses: Sequence[Address]) -> Sequence[Reply]:
        """Return how a request for a page to each address ended, made in the node. Raises NotJudged."""
        return knock_in_node(self.container, addresses)

    def count_outbound(self, inside: Sequence[str]) -> int | None:
        """Return how many packets have left the machine since the first call; see NodeAccess."""
        return count_outbound(self.container, inside)


def container_of(cluster: str) -> str:
    """Return the name of the container that is a kind cluster's node (kind: "Quick Start")."""
    return f"{cluster}-control-plane"
