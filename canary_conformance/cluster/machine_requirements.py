"""What the machine must have before anything is made, checked in one go and said in one message."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from canary_conformance.errors import BadInput
from canary_conformance.images.engine import docker
from canary_conformance.processes import CommandFailed
from canary_conformance.progress import Progress

DISK_GB = 20
MEMORY_GIB = 4
MEMORY = Path("/proc/meminfo")
INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
# Each container runtime shim, systemd, kubelet and Envoy takes one or more, and the whole host shares the
# number.
INOTIFY_INSTANCES = 512


def check_machine(folder: Path, progress: Progress) -> None:
    """Raise BadInput that names all that is missing, and what to do: disk, memory, inotify instances.

    The last are raised here where we are root. folder: where the store is, or will be. Disk is looked at
    there and where the engine, which has to run, keeps its images, if that is on this machine.
    """
    wrong = [
        *(line for place in _places(folder) for line in _short_of_disk(place)),
        *_short_of_memory(),
        *_short_of_inotify(progress),
    ]
    if wrong:
        raise BadInput(
            "this machine does not meet the requirements:\n" + "\n".join(f"  {line}" for line in wrong)
        )


def _places(folder: Path) -> Sequence[Path]:
    """Return the folders that will grow, one for each disk."""
    places = [next(path for path in (folder, *folder.parents) if path.exists())]
    try:
        images = Path(docker("info", "--format", "{{.DockerRootDir}}").strip())
    except CommandFailed:
        return places
    if images.is_dir() and images.stat().st_dev != places[0].stat().st_dev:
        places.append(images)
    return places


def _short_of_disk(place: Path) -> list[str]:
    free_gb = shutil.disk_usage(place).free / 1e9
    if free_gb >= DISK_GB:
        return []
    advice = (
        "free some space there (`docker system df` shows the images), or set XDG_CACHE_HOME to another disk"
    )
    return [f"disk: {free_gb:.1f} GB free at {place}, {DISK_GB} GB needed: {advice}"]


def _short_of_memory() -> list[str]:
    lines = MEMORY.read_text().splitlines() if MEMORY.exists() else []
    available = [int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")]
    if not available or (gib := available[0] / 1024**2) >= MEMORY_GIB:
        return []
    advice = "end other programs, or give this machine more"
    return [f"memory: {gib:.1f} GiB available, {MEMORY_GIB} GiB needed: {advice}"]


def _short_of_inotify(progress: Progress) -> list[str]:
    allowed = int(INOTIFY.read_text()) if INOTIFY.exists() else INOTIFY_INSTANCES
    if allowed >= INOTIFY_INSTANCES:
        return []
    if os.geteuid() == 0:
        try:
            INOTIFY.write_text(f"{INOTIFY_INSTANCES}\n")
        except OSError:
            pass
        else:
            progress.note(f"fs.inotify.max_user_instances raised from {allowed} to {INOTIFY_INSTANCES}")
            return []
    raise_it = f"sudo sysctl fs.inotify.max_user_instances={INOTIFY_INSTANCES}"
    return [f"inotify: {allowed} instances a user, {INOTIFY_INSTANCES} needed: {raise_it}"]
