"""A kind cluster of this suite: made, reused, kept or deleted, and never confused with other clusters.

The suite's own is a cluster that one of its runs recorded and whose node runs one of its images; any other
cluster of the same name is left alone. kubeconfig, kind configuration and discovery cache lie in a folder of
the store; the user's kubeconfig is never touched.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.base import Address, Object, node_port
from canary_conformance.cluster.cluster_ownership import Claim, claimed, write_down, written_by_us
from canary_conformance.cluster.host_reach import HostReach, reach_of
from canary_conformance.cluster.node_conditions import is_ready_node
from canary_conformance.cluster.nodes import (
    KindNode,
    Node,
    container_of,
    node_image_of,
    node_of,
    remove_nodes,
)
from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.images.content_keys import key_of
from canary_conformance.images.engine import docker, ensure_engine
from canary_conformance.images.engine_endpoint import endpoint, engine_host
from canary_conformance.images.node_image import contents_of
from canary_conformance.images.provisions import Provisions
from canary_conformance.images.recipes import REPOSITORY
from canary_conformance.processes import CommandFailed
from canary_conformance.progress import Progress
from canary_conformance.timeouts import LIMITS
from canary_conformance.waiting import NotInTime, wait_until

SYSTEM = "kube-system"
# The annotation of the system's namespace that records what was applied there, for a run that reuses it.
APPLIED = "voting-conformance/platform"
PLATFORM = Path(__file__).with_name("platform.yaml")
# The first address of kubeadm's default service network: the API server as every pod calls it.
API_SERVICE = "https://10.96.0.1:443"
PROBE = (
    f"kubectl --kubeconfig=/etc/kubernetes/admin.conf --server={API_SERVICE} "
    "get --raw=/readyz --request-timeout=2s"
)
# kind's default network of pods (kind, "Configuration", Pod Subnet). Each pod has a route of its own; what is
# sent to one that is gone would take the default route, out of the machine.
NOWHERE = "ip route replace unreachable 10.244.0.0/16"


@dataclass(frozen=True, slots=True)
class KindCluster:
    """A Cluster on this machine that can be used.

    Attributes:
        name: As kind knows it.
        api: Its API server.
        reach: How this machine reaches its one node.
        reused: Whether it was found running.
    """

    name: str
    api: Api
    reach: HostReach
    reused: bool

    @property
    def own_namespaces(self) -> tuple[str, ...]:
        """The namespace of Kubernetes' own pods."""
        return (SYSTEM,)

    @property
    def node_address(self) -> str | None:
        """The address of its one node, None where this machine has no route to it."""
        return self.reach.node if self.reach.routed else None

    @property
    def nodes(self) -> KindNode:
        """Its one node."""
        return KindNode(self.name)

    def address_of(self, service: Object, port: int) -> Address | None:
        """Return where this machine reaches a port of a Service, by the Service's port of the node."""
        opened = node_port(service, port)
        return None if opened is None else self.reach.address(opened)

    def inside_address(self, service: Object, port: int) -> None:  # noqa: ARG002
        """Return None: the engine has a relay for each ingress gateway, see HostReach."""
        return


@contextmanager
def kind_cluster(
    name: str, provisions: Provisions, store: Path, progress: Progress, *, keep: bool
) -> Iterator[KindCluster]:
    """Yield a cluster of this name, reused if it was kept and is of the same images.

    It is deleted at the end unless it is to be kept.

    Raises:
        BadInput: Another run uses the name now, or this suite did not make the cluster of that name.
        EnvironmentFailed: The cluster can't be made.
    """
    with claimed_cluster(name, store, progress, keep=keep) as claim:
        yield ensure_cluster(claim, provisions, progress)


@contextmanager
def claimed_cluster(name: str, store: Path, progress: Progress, *, keep: bool) -> Iterator[Claim]:
    """Yield the claim on a name, before a cluster is made; the container engine runs from then on.

    What there is of the cluster by the end is deleted, unless it is to be kept. Raises BadInput as
    kind_cluster() does, and what ensure_engine() raises.
    """
    ensure_engine(progress)
    with claimed(name, store) as claim:
        check_own(claim)
        if claim.mine:
            write_down(claim, keep=keep)
        with _ended(claim, progress, keep=keep):
            yield claim


def ensure_cluster(
    claim: Claim, provisions: Provisions, progress: Progress, gateways: int = 1
) -> KindCluster:
    """Return the claimed cluster, made unless one is there that was kept, holds these images and works.

    Args:
        claim: The claim on its name.
        provisions: What it is made from.
        progress: What reports how far it is.
        gateways: How many ingress gateways this machine has to reach.

    Raises:
        EnvironmentFailed: It can't be made, or can't be reached.
    """
    name, folder = claim.name, claim.folder
    node = node_of(name)
    kept = claim.before is not None and (claim.before.keep or not claim.mine)
    fits = node is not None and provisions.node_contents <= contents_of([node.image])[0]
    why = "stopped, or kept from other images" if kept else "left by a run that was killed"
    if kept and fits and node and node.runs and (folder / "kubeconfig").exists():
        try:
            return _ready_cluster(claim, node, provisions, progress, gateways, reused=True)
        except EnvironmentFailed as failed:
            why = f"kept, but it can't be used ({failed})"
    if node is not None:
        with progress.phase(f"cluster {name}: {why}; deleting it"):
            remove_nodes(name)
    with progress.phase(f"cluster {name}: creating"):
        # Only a run that makes a cluster needs pytest-kind.
        from canary_conformance.cluster.kind_creation import create  # noqa: PLC0415

        create(claim, provisions, gateways)
    made = node_of(name)
    if made is None:
        raise EnvironmentFailed(f"the node of cluster {name} is gone, right after kind made it")
    return _ready_cluster(claim, made, provisions, progress, gateways, reused=False)


def _ready_cluster(
    claim: Claim, node: Node, provisions: Provisions, progress: Progress, gateways: int, *, reused: bool
) -> KindCluster:
    name, kubeconfig = claim.name, claim.folder / "kubeconfig"
    with progress.phase(f"cluster {name}: {'reused, checking it' if reused else 'getting ready'}"):
        cluster = KindCluster(name, _api_of(kubeconfig), HostReach(node.address), reused)
        _get_ready(cluster, provisions, LIMITS.cluster_reused if reused else LIMITS.cluster_create)
        reach = reach_of(node.address, cluster.nodes.openings(), kubeconfig)
    if reach.lacks(gateways):
        raise EnvironmentFailed(
            f"this machine has no route to the node's address {node.address}, and the node has "
            f"{len(reach.mapped)} ports mapped to this machine, too few for {gateways} ingress gateways"
        )
    return replace(cluster, reach=reach)


def _api_of(kubeconfig: Path) -> Api:
    """Return the API server. Raises EnvironmentFailed that names the host of an engine elsewhere."""
    try:
        return Api(kubeconfig)
    except EnvironmentFailed as failed:
        host = engine_host(endpoint())
        if host is None:
            raise
        raise EnvironmentFailed(
            f"{failed}. The container engine is on another host, {host}: the ports that it maps there "
            f"must be open to this machine"
        ) from failed


@contextmanager
def _ended(claim: Claim, progress: Progress, *, keep: bool) -> Iterator[None]:
    """At the end keep the cluster or delete it, whatever there is of it by then, with its files."""
    try:
        yield
    finally:
        if keep:
            progress.note(f"cluster {claim.name} is kept; KUBECONFIG={claim.folder / 'kubeconfig'}")
        elif written_by_us(claim):
            with progress.phase(f"cluster {claim.name}: deleting"):
                delete_cluster(claim.name, claim.folder)


def remove_unless_kept(claim: Claim, progress: Progress) -> None:
    """Remove what a run that was killed left of a claimed cluster; one that was kept stays."""
    kept = claim.before is not None and (claim.before.keep or not claim.mine)
    if not kept and node_image_of(claim.name) is not None:
        with progress.phase(f"cluster {claim.name}: left by a run that was killed; deleting it"):
            remove_nodes(claim.name)


def check_own(claim: Claim) -> str | None:
    """Return the image of the claimed cluster's node, None where there is no such cluster.

    Raises BadInput where there is one that no run of this suite recorded.
    """
    image = node_image_of(claim.name)
    if image is None or (claim.before is not None and image.startswith(f"{REPOSITORY}/")):
        return image
    raise BadInput(
        f"a kind cluster named {claim.name!r} exists that this suite did not make (its node runs {image}, "
        f"and {claim.folder} has no record of it): choose another name with --cluster-name, "
        f"or delete it yourself: kind delete cluster --name {claim.name}"
    )


def delete_cluster(name: str, folder: Path) -> bool:
    """Delete a cluster and its files; return whether there was one. Raises CommandFailed."""
    there = remove_nodes(name)
    shutil.rmtree(folder, ignore_errors=True)
    return there


def _get_ready(cluster: KindCluster, provisions: Provisions, limit: float) -> None:
    if provisions.own_network:
        _apply_platform(cluster, provisions, limit)
    try:
        wait_until(
            lambda: _not_ready(cluster.api),
            until=lambda missing: not missing,
            limit=limit,
            what=f"cluster {cluster.name} is ready",
            passing=(Exception,),
        )
    except NotInTime as late:
        raise EnvironmentFailed(str(late)) from late


def _apply_platform(cluster: KindCluster, provisions: Provisions, limit: float) -> None:
    # A pod that calls a Service before kube-proxy knows it waits 30 s for its lost packets: services first,
    # pods second. A TCP connect proves nothing where a router answers for everybody, so the API server must
    # show its certificate.
    script = f"{NOWHERE} && exec {PROBE}"
    try:
        wait_until(
            lambda: docker("exec", container_of(cluster.name), "sh", "-c", script),
            until=lambda _: True,
            limit=limit,
            what=f"services of cluster {cluster.name} answer",
            passing=(CommandFailed,),
        )
    except NotInTime as late:
        raise EnvironmentFailed(str(late)) from late
    text = PLATFORM.read_text().replace("COREDNS_IMAGE", provisions.coredns_image)
    applied = key_of(text)
    namespace = cluster.api.get("v1", "Namespace", SYSTEM) or {"metadata": {}}
    if (namespace["metadata"].get("annotations") or {}).get(APPLIED) == applied:
        return
    if cluster.reused:
        # What is replaced while a stage is entered is a disturbance.
        raise EnvironmentFailed("its DNS and its provisioner are not those of this version of the suite")
    for document in yaml.safe_load_all(text):
        cluster.api.apply(document, document["metadata"].get("namespace"))
    metadata = {"name": SYSTEM, "annotations": {APPLIED: applied}}
    cluster.api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}, None)


def _not_ready(api: Api) -> list[str]:
    """Return what keeps the cluster from being used: nodes that are not ready, no default service account."""
    waiting = [
        f"node {node['metadata']['name']}" for node in api.list("v1", "Node") if not is_ready_node(node)
    ]
    if api.get("v1", "ServiceAccount", "default", "default") is None:
        waiting.append("service account default/default")
    return waiting
