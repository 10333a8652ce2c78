"""The containers that are the nodes of a kind cluster, as the engine tells of them."""

from __future__ import annotations

from dataclasses import dataclass

from canary_conformance.images.engine import docker, engine_version
from canary_conformance.processes import CommandFailed
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

    Return whether there were any.
    """
    found = docker("ps", "--all", "--quiet", "--filter", f"label={KIND_LABEL}={name}").split()
    if found:
        docker("rm", "--force", "--volumes", *found, limit=LIMITS.cluster_delete)
    return bool(found)


def node_of(name: str) -> Node | None:
    """Return the node of a kind cluster, None when there is no such cluster."""
    template = "{{.Config.Image}} {{.State.Status}} {{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"
    try:
        image, status, address = docker("inspect", "--format", template, f"{name}-control-plane").split(" ")
    except CommandFailed:
        return None
    return Node(image, status == "running", address.strip())


def node_image_of(name: str) -> str | None:
    """Return the image that the node of a kind cluster runs, None when there is no such cluster."""
    node = node_of(name)
    return node.image if node else None


def node_state(name: str) -> str:
    """Return how the node of a kind cluster is, and since when: "running since 2026-..."; never raises."""
    template = "{{.State.Status}} since {{.State.StartedAt}}"
    try:
        return docker("inspect", "--format", template, f"{name}-control-plane").strip()
    except CommandFailed as error:
        return f"not to be seen ({error})" if engine_version() else "lost: the container engine is silent"


def node_process(name: str) -> tuple[str, int]:
    """Return a node's container and its first process as the engine numbers it, "" and 0 if unknown."""
    try:
        told = docker("inspect", "--format", "{{.Id}} {{.State.Pid}}", f"{name}-control-plane").split()
        return told[0], int(told[1])
    except (CommandFailed, ValueError, IndexError):
        return "", 0


def full_disks(name: str) -> list[str]:
    """Return the file systems of a cluster's node that have no room left, a sentence each; never raises.

    Those that pods and containers bring along are theirs.
    """
    try:
        told = docker("exec", f"{name}-control-plane", "df", "--block-size=1K", "--output=avail,target")
    except CommandFailed:
        return []
    rows = [line.split(None, 1) for line in told.splitlines()[1:]]
    return [
        f"the disk is full: {target} of the node has {free} KiB left"
        for free, target in rows
        if free.isdecimal() and int(free) < FULL_BELOW_KIB and not target.startswith(OF_PODS)
    ]
