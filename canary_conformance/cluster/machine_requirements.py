"""What the machine must have before anything is made, checked in one go and said in one message."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from canary_conformance.errors import BadInput
from canary_conformance.images.engine import docker
from canary_conformance.images.engine_endpoint import endpoint, engine_host
from canary_conformance.images.image_options import ImagesFrom
from canary_conformance.processes import CommandFailed, usable_cores
from canary_conformance.progress import Progress


@dataclass(frozen=True, slots=True)
class Needs:
    """What a run needs, a margin included.

    images_gb: free disk where the engine keeps its images. store_gb: free disk where the suite keeps its
    programs, beside that of Go's caches. memory_gib, cores: of the machine that the engine runs on.
    """

    images_gb: float
    store_gb: float
    memory_gib: float
    cores: int


# GitHub's standard runner has 14 GB of disk, 16 GB of memory and 4 cores.
NEEDED: Mapping[ImagesFrom, Needs] = {
    # `tox -e pulled` prints the peaks: 5.5 GB in the engine, 1.1 GB in the home, 1.8 GB of memory. Docker 29
    # keeps images twice, packed and unpacked.
    ImagesFrom.PULL: Needs(images_gb=9, store_gb=2, memory_gib=4, cores=2),
    # Seen: 3.2 GB of images, 1.1 GB of programs, 7.6 GB in Go's caches.
    ImagesFrom.BUILD: Needs(images_gb=8, store_gb=12, memory_gib=4, cores=2),
}
# Where the node is there already, or comes out of a file: the node of 1.9 GB and its containers.
NEEDED_WITH_NODE = Needs(images_gb=6, store_gb=0.5, memory_gib=4, cores=2)

MEMORY = Path("/proc/meminfo")
INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
# Each container runtime shim, systemd, kubelet and Envoy takes one or more, and the whole host shares the
# number.
INOTIFY_INSTANCES = 512


def check_machine(folder: Path, needs: Needs, progress: Progress) -> None:
    """Raise BadInput that names all that is missing, and what to do: disk, memory, cores, inotify instances.

    The last are raised here where we are root. What can't be checked is said.
    """
    engine, host = _engine(), engine_host(endpoint())
    images = "" if host else str(engine.get("DockerRootDir") or "")
    wrong = [
        *_short_of_disk(folder, images, needs, progress),
        *_short_of_memory(needs, engine.get("MemTotal"), here=host is None),
        *_short_of_cores(needs, engine.get("NCPU")),
    ]
    if host is None:
        wrong += _short_of_inotify(progress)
    else:
        progress.note(f"inotify instances not checked: the container engine is on another host, {host}")
    if wrong:
        raise BadInput(
            "this machine does not meet the requirements:\n" + "\n".join(f"  {line}" for line in wrong)
        )


def _engine() -> Mapping[str, Any]:
    """Return what the engine reports of itself, nothing where it does not answer."""
    try:
        info = json.loads(docker("info", "--format", "{{json .}}"))
    except (CommandFailed, ValueError):
        return {}
    return info if isinstance(info, dict) else {}


def _short_of_disk(folder: Path, images: str, needs: Needs, progress: Progress) -> Iterator[str]:
    """Yield a line for each disk with too little room; one that images and programs share needs both."""
    store = next(path for path in (folder, *folder.parents) if path.exists())
    place = _readable(images)
    if place is None:
        where = f"the container engine keeps its images in {images or 'a folder that it does not report'}"
        progress.note(f"free disk not checked: {where}, which can't be read from here")
    elif place.stat().st_dev == store.stat().st_dev:
        yield from _too_full(place, needs.images_gb + needs.store_gb)
        return
    else:
        yield from _too_full(place, needs.images_gb)
    yield from _too_full(store, needs.store_gb)


def _readable(images: str) -> Path | None:
    """Return the engine's folder, None where it is not of this machine or a user may not look at it."""
    try:
        return Path(images) if images and Path(images).is_dir() else None
    except OSError:
        return None


def _too_full(place: Path, needed_gb: float) -> Iterator[str]:
    free_gb = shutil.disk_usage(place).free / 1e9
    if free_gb < needed_gb:
        advice = "`docker system df` shows what images take, `docker image prune` removes unused ones; "
        advice += "XDG_CACHE_HOME moves the programs to another disk"
        yield f"disk: {free_gb:.1f} GB free at {place}, {needed_gb:g} GB needed: free some space ({advice})"


def _short_of_memory(needs: Needs, engines: object, *, here: bool) -> Iterator[str]:
    lines = MEMORY.read_text().splitlines() if here and MEMORY.exists() else []
    available = [int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")]
    if available and (gib := available[0] / 1024**2) < needs.memory_gib:
        advice = "end other programs, or give this machine more"
        yield f"memory: {gib:.1f} GiB available, {needs.memory_gib:g} GiB needed: {advice}"
    elif isinstance(engines, int) and 0 < engines < needs.memory_gib * 1024**3:
        gib, advice = engines / 1024**3, "raise it in its settings"
        yield f"memory: the container engine has {gib:.1f} GiB, {needs.memory_gib:g} GiB needed: {advice}"


def _short_of_cores(needs: Needs, engines: object) -> Iterator[str]:
    cores = engines if isinstance(engines, int) and engines > 0 else usable_cores()
    if cores < needs.cores:
        advice = "give the machine of the container engine more"
        yield f"cores: the container engine has {cores}, {needs.cores} needed: {advice}"


def _short_of_inotify(progress: Progress) -> Iterator[str]:
    allowed = int(INOTIFY.read_text()) if INOTIFY.exists() else INOTIFY_INSTANCES
    if allowed >= INOTIFY_INSTANCES:
        return
    if os.geteuid() == 0:
        try:
            INOTIFY.write_text(f"{INOTIFY_INSTANCES}\n")
        except OSError:
            pass
        else:
            progress.note(f"fs.inotify.max_user_instances raised from {allowed} to {INOTIFY_INSTANCES}")
            return
    raise_it = f"run `sudo sysctl -w fs.inotify.max_user_instances={INOTIFY_INSTANCES}`"
    yield f"inotify: {allowed} instances a user, {INOTIFY_INSTANCES} needed: {raise_it}"
