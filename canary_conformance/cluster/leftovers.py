"""What killed runs left on this machine: found by their marks and records, removed, and reported.

Nothing else is touched: no cluster that is kept or in use, no container, process or file without a mark of
this suite.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from canary_conformance import temporary_files
from canary_conformance.cluster.cluster_ownership import folder_of, records, unclaimed
from canary_conformance.cluster.kind import delete_cluster
from canary_conformance.images import partial_folders
from canary_conformance.images.engine import docker, engine_version
from canary_conformance.images.node_image import UNFINISHED_CONTAINER
from canary_conformance.process_owners import end_orphans, has_ended
from canary_conformance.processes import CommandFailed, run
from canary_conformance.timeouts import LIMITS

MOUNTS = Path("/proc/self/mounts")


def remove_stale(store: Path, *, kept: bool = False) -> list[str]:
    """Remove what dead runs left.

    Args:
        store: The suite's folder.
        kept: Remove also clusters that were kept on purpose and are not in use.

    Returns:
        A line for each thing: "removed process 12 (kind), ...". Clusters and containers stay where the engine
        is silent, which a line says.

    Raises:
        CommandFailed: Something can't be removed.
    """
    lines = [f"removed process {orphan}, left by a run that was killed" for orphan in end_orphans()]
    if engine_version() is not None:
        lines += [f"removed {what}" for what in _clusters(store, kept=kept)]
        lines += [f"removed {what}" for what in _containers()]
    elif any(kept or not record.keep for record in records(store).values()):
        lines.append("the container engine is silent: clusters and containers are left until it runs")
    lines += [f"removed unfinished folder {name}" for name in _unfinished(store)]
    return lines + [f"removed temporary folder {name}" for name in temporary_files.remove_abandoned()]


def left_alone(store: Path) -> list[str]:
    """Return a line for each folder whose run may be alive on another machine or in another container."""
    why = "its run was on another machine or in another container; remove it when that run is over"
    return [
        f"left {folder}: {why}"
        for folder in (*temporary_files.of_elsewhere(), *partial_folders.of_elsewhere(store))
    ]


def _clusters(store: Path, *, kept: bool) -> Iterator[str]:
    for name, record in unclaimed(store):
        if (kept or not record.keep) and delete_cluster(name, folder_of(name, store)):
            what = "kept" if record.keep else "left by a run that was killed"
            yield f"cluster {name}, {what} (of {record.since})"


def _containers() -> Iterator[str]:
    """The containers that images are made in."""
    named = ("ps", "--all", "--filter", f"name=^{UNFINISHED_CONTAINER}", "--format", "{{.Names}}")
    for name in docker(*named).split():
        if has_ended(name.rpartition(".")[2]):
            docker("rm", "--force", "--volumes", name, limit=LIMITS.cluster_delete)
            yield f"container {name}, left by a run that was killed"


def _unfinished(store: Path) -> Iterator[str]:
    """Folders in which something was being made."""
    for folder in partial_folders.abandoned(store):
        _unmount_below(folder)
        shutil.rmtree(folder, ignore_errors=True)
        yield folder.name


def _unmount_below(folder: Path) -> None:
    """A killed debootstrap leaves /proc mounted in what it made."""
    mounted = [line.split()[1] for line in MOUNTS.read_text().splitlines()] if MOUNTS.exists() else []
    for place in sorted((one for one in mounted if one.startswith(f"{folder}{os.sep}")), reverse=True):
        with contextlib.suppress(CommandFailed):
            run(["umount", "--lazy", place], limit=LIMITS.command)
