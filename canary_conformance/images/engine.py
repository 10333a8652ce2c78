"""The container engine: the Docker that runs, or Debian's, installed and started by us where we may.

A host may lack CAP_SYS_RESOURCE in its bounding set (nested sandboxes do); runc then fails on every
privileged container. Only there the engine is started with a runtime that leaves this one capability out.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.images.debian import install_packages, may_install
from canary_conformance.paths import IMAGES
from canary_conformance.process_owners import name_of
from canary_conformance.processes import CommandFailed, find_program, run
from canary_conformance.progress import Progress
from canary_conformance.temporary_files import OUTLIVING
from canary_conformance.timeouts import LIMITS
from canary_conformance.waiting import NotInTime, wait_until

CAP_SYS_RESOURCE = 24
HOME = Path("/usr/local/lib/voting-conformance")
LOG = Path("/var/log/voting-conformance-dockerd.log")
STATUS = Path("/proc/self/status")
CAPPED_RUNTIME = IMAGES / "offline/engine/runc-without-sys-resource"
PID_FILES = {
    Path("/var/run/docker.pid"): "dockerd",
    Path("/var/run/docker/containerd/containerd.pid"): "containerd",
}
NEEDED = ("docker.io", "iptables")
# What the runtime that leaves a capability out is written in.
NEEDED_BY_CAPPED_RUNTIME = ("jq",)
_HOW_TO_START = (
    "start one (`sudo systemctl start docker`, or Docker Desktop), or set DOCKER_HOST; "
    "one that runs answers root and the members of the group docker"
)


def docker(*words: str | Path, limit: float | None = None, feed: bytes | None = None) -> str:
    """Run one docker command and return its output; limit: seconds (LIMITS.command). Raises CommandFailed."""
    return run(["docker", *words], limit=limit or LIMITS.command, feed=feed)


def build(tag: str, words: Sequence[str], context: Path, *, own: Path) -> None:
    """Build an image from a folder with a Dockerfile, by whichever builder the client has.

    buildx keeps records of each build, and which builder was chosen, in a folder of its own (Docker: "Buildx
    environment variables"). With a new one it builds into the engine as the older builder does, and the
    user's stays as it is. Without attestations an image is one manifest (Docker: "Build attestations").

    Args:
        tag: The image's name.
        words: More words for `docker build`.
        context: The folder.
        own: A folder for buildx, which need not be there.

    Raises:
        CommandFailed: The build failed.
    """
    private = {"BUILDX_CONFIG": str(own), "BUILDX_BUILDER": "", "BUILDX_NO_DEFAULT_ATTESTATIONS": "1"}
    command: list[str | Path] = ["docker", "build", "--quiet", "--tag", tag, *words, context]
    run(command, limit=LIMITS.image_build, environment=private)


def engine_version() -> str | None:
    """Return the version of the engine that answers, None when none does."""
    return _asked()[0] or None


def engine_platform() -> str:
    """Return what the engine's images run on, "linux/amd64". Raises CommandFailed."""
    return docker("version", "--format", "{{.Server.Os}}/{{.Server.Arch}}").strip()


def _asked() -> tuple[str, str]:
    """Return the version of the engine that answers, and why none does; one of both is ""."""
    if find_program("docker") is None:
        return "", "docker is not on PATH"
    try:
        version = docker("version", "--format", "{{.Server.Version}}").strip()
    except CommandFailed as failed:
        return "", str(failed)
    return version, "" if version else "docker reports no version of its engine"


def ensure_engine(progress: Progress) -> str:
    """Return the version of a running Docker engine, after installing and starting Debian's where none runs.

    Raises BadInput (no engine, and no right to install one; kind is to use another one) or EnvironmentFailed
    (it was started and doesn't answer).
    """
    if (provider := os.environ.get("KIND_EXPERIMENTAL_PROVIDER", "docker")) not in {"", "docker"}:
        raise BadInput(
            f"KIND_EXPERIMENTAL_PROVIDER={provider} is not supported: kind would make the node in another "
            "engine than the Docker engine that this suite uses; unset it"
        )
    version, why = _asked()
    if version:
        progress.note(f"container engine: Docker {version}, already running")
        return version
    if "permission denied" in why.lower():
        raise BadInput(
            "a Docker engine runs, but this user may not use it: run `sudo usermod -aG docker "
            "$USER` and log in again"
        )
    if host := os.environ.get("DOCKER_HOST"):
        raise BadInput(
            f"no Docker engine answers at DOCKER_HOST={host}: start that one, or unset DOCKER_HOST"
        )
    if not may_install():
        install = "sudo apt-get install docker.io" if find_program("docker") is None else ""
        raise BadInput(
            "no Docker engine answers, and only root on Debian or Ubuntu can have one installed here: "
            + (f"run `{install}`, or install Docker Desktop" if install else _HOW_TO_START)
        )
    with progress.phase("container engine: none runs, installing and starting Debian's"):
        capped = NEEDED_BY_CAPPED_RUNTIME if bounding_set_lacks(CAP_SYS_RESOURCE) else ()
        install_packages((*NEEDED, *capped), progress)
        _start()
    version = engine_version() or "unknown"
    progress.note(f"container engine: Docker {version}, started here; it stays for the next run (log: {LOG})")
    return version


def bounding_set_lacks(capability: int) -> bool:
    """Tell whether this host's bounding set lacks a capability, given by its number (capabilities(7))."""
    for line in STATUS.read_text().splitlines() if STATUS.exists() else ():
        if line.startswith("CapBnd:"):
            return not int(line.split()[1], 16) >> capability & 1
    return False


def _start() -> None:
    if Path("/run/systemd/system").is_dir() and not bounding_set_lacks(CAP_SYS_RESOURCE):
        run(["systemctl", "start", "docker"], limit=LIMITS.engine_start)
    else:
        _start_daemon()
    try:
        wait_until(
            engine_version,
            until=lambda version: version is not None,
            limit=LIMITS.engine_start,
            what="the container engine answers",
        )
    except NotInTime as late:
        log_end = LOG.read_text(errors="replace")[-1500:] if LOG.exists() else "no log"
        raise EnvironmentFailed(
            f"dockerd was started but does not answer; its log ends with:\n{log_end}"
        ) from late


def _forget_dead_daemons() -> None:
    """Remove the pid files of daemons that were killed: the number may belong to any program by now."""
    for file, name in PID_FILES.items():
        with contextlib.suppress(OSError, ValueError):
            pid = int(file.read_text())
            if name_of(pid) not in {name, None}:
                file.unlink()


def _start_daemon() -> None:
    _forget_dead_daemons()
    command = ["dockerd"]
    if bounding_set_lacks(CAP_SYS_RESOURCE):
        HOME.mkdir(parents=True, exist_ok=True)
        runtime = HOME / CAPPED_RUNTIME.name
        shutil.copy2(CAPPED_RUNTIME, runtime)
        command += [f"--add-runtime=without-sys-resource={runtime}", "--default-runtime=without-sys-resource"]
    with LOG.open("ab") as log:
        # The daemon outlives the run, so it must be no child of it, nor hold its terminal or pipes.
        try:
            subprocess.run(
                [*OUTLIVING, "setsid", "--fork", *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                check=True,
            )
        except (OSError, subprocess.CalledProcessError) as error:
            raise EnvironmentFailed(f"dockerd can't be started: {error}") from error
