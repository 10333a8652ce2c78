"""The two clusters of others that the suite is judged on: istioctl's defaults, and the add-on of AKS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from canary_conformance.cluster.kind import claimed_cluster
from canary_conformance.images.provisions import Provisions
from canary_conformance.progress import Progress
from tools.own_cluster.load_balancer import balance
from tools.own_cluster.mesh_layouts import AKS, DEFAULTS, Layout, install
from tools.own_cluster.other_teams import put_to_work
from tools.own_cluster.plain_cluster import PlainCluster
from tools.own_cluster.runner_account import make_account

VARIANTS: Mapping[str, Layout] = {"own-a": DEFAULTS, "own-b": AKS}


@dataclass(frozen=True, slots=True)
class OwnCluster:
    """A cluster that is ready to be judged on."""

    cluster: PlainCluster
    layout: Layout
    kubeconfig: Path


@contextmanager
def made(
    name: str, provisions: Provisions, store: Path, progress: Progress, *, keep: bool
) -> Iterator[OwnCluster]:
    """Yield a cluster made anew, with a mesh, the work of others and an account for the suite.

    It is deleted at the end, unless it is to be kept, and after a killed run by the next one of the suite.
    Raises BadInput for a cluster of its name that others made, CommandFailed.
    """
    layout = VARIANTS[name]
    with claimed_cluster(name, store, progress, keep=keep) as claim:
        cluster = PlainCluster(name, claim.folder, provisions)
        with progress.phase(f"{name}: kind create cluster"):
            cluster.create()
        with progress.phase(f"{name}: istioctl install"):
            install(cluster, layout)
        with progress.phase(f"{name}: the work of others, and an account"):
            if layout.load_balanced:
                balance(cluster)
            put_to_work(cluster, layout)
            kubeconfig = make_account(cluster, layout)
        yield OwnCluster(cluster, layout, kubeconfig)
