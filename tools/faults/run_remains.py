"""What a run has left on this machine, and what it must not have touched."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from canary_conformance.cluster.cluster_ownership import claimed, folder_of, record_of, write_down
from canary_conformance.cluster.nodes import KIND_LABEL, remove_nodes
from canary_conformance.images.engine import docker
from canary_conformance.images.node_image import UNFINISHED_CONTAINER
from canary_conformance.process_owners import marked_by
from tools.faults.suite_run import Home

_BYSTANDER = "voting-conformance-bystander"


@dataclass(frozen=True, slots=True)
class Bystanders:
    """A container of another program, and a kept cluster: no run may remove either.

    The kept cluster is a container with kind's label and the record that keeps it, all that distinguishes it
    from others; no Kubernetes runs in it.
    """

    kept: str
    store: Path

    def harmed(self) -> list[str]:
        """Return a word on each that is not there any more."""
        names = docker("ps", "--all", "--format", "{{.Names}}").split()
        gone = [name for name in (_BYSTANDER, f"{self.kept}-control-plane") if name not in names]
        harmed = [f"container {name} was removed" for name in gone]
        return harmed + (
            [] if record_of(self.kept, self.store) else [f"the record of {self.kept} was removed"]
        )


@contextmanager
def bystanders(cluster: str, image: str, store: Path) -> Iterator[Bystanders]:
    """Yield two bystanders made of the node's image, which are removed at the end."""
    kept = f"{cluster}-kept"
    try:
        docker("create", "--name", _BYSTANDER, image)
        docker("create", "--name", f"{kept}-control-plane", "--label", f"{KIND_LABEL}={kept}", image)
        with claimed(kept, store) as claim:
            write_down(claim, keep=True)
        yield Bystanders(kept, store)
    finally:
        docker("rm", "--force", "--volumes", _BYSTANDER)
        remove_nodes(kept)
        shutil.rmtree(folder_of(kept, store), ignore_errors=True)


def volumes() -> set[str]:
    """Return the names of the engine's volumes."""
    return set(docker("volume", "ls", "--quiet").split())


def remains(cluster: str, pid: int, store: Path, home: Home, volumes_before: set[str]) -> list[str]:
    """Return a word on each thing that a run, given by its process id, left or changed."""
    nodes = docker(
        "ps", "--all", "--filter", f"label={KIND_LABEL}={cluster}", "--format", "{{.Names}}"
    ).split()
    unfinished = ("ps", "--all", "--filter", f"name={UNFINISHED_CONTAINER}", "--format", "{{.Names}}")
    left = [f"container {name}" for name in (*nodes, *docker(*unfinished).split())]
    left += [f"process {process}" for process in marked_by(pid)]
    left += [f"folder {folder_of(cluster, store)}"] if folder_of(cluster, store).exists() else []
    left += [f"temporary {path.name}" for path in sorted(home.temporary.iterdir())]
    left += [f"volume {name[:12]}" for name in sorted(volumes() - volumes_before)]
    return left + home.changed()
