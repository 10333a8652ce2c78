"""A second container engine that has no image of ours: own storage, bridge, socket and containerd names.

It pulls through a mirror of Docker Hub (dockerd: registry-mirrors), as engines behind a company's mirror do.
It makes no packet filter rules itself, as those would replace the rules of the engine that runs already. The
few that its networks need are added here, each with a comment, and removed at the end.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.images.debian import install_packages, may_install
from canary_conformance.images.engine import CAP_SYS_RESOURCE, CAPPED_RUNTIME, bounding_set_lacks
from canary_conformance.process_owners import MARK, name_of
from canary_conformance.processes import CommandFailed, find_program, last_lines, run
from canary_conformance.progress import Progress
from canary_conformance.timeouts import LIMITS
from canary_conformance.waiting import NotInTime, wait_until

BRIDGE = "pulled0"
# Addresses of all its networks; kind's own default networks for pods and services lie elsewhere.
POOL = "10.213.0.0/16"
BRIDGE_ADDRESS = "10.213.0.1/24"
PACKAGES = ("docker.io", "iproute2", "iptables", "jq")
COMMENT = "voting-conformance-pulled"
NAMESPACE = "voting-conformance-pulled"
RUNTIME = "without-sys-resource"


@dataclass(frozen=True, slots=True)
class ColdEngine:
    """The engine's folder, and where its files lie in it."""

    folder: Path

    @property
    def data(self) -> Path:
        """Its storage: images, containers, volumes."""
        return self.folder / "data"

    @property
    def execution(self) -> Path:
        """What exists only while it runs."""
        return self.folder / "exec"

    @property
    def socket(self) -> Path:
        """Where it answers."""
        return self.folder / "docker.sock"

    @property
    def host(self) -> str:
        """The value of DOCKER_HOST by which clients reach it."""
        return f"unix://{self.socket}"

    @property
    def log(self) -> Path:
        """What it printed."""
        return self.folder / "dockerd.log"

    @property
    def process_files(self) -> dict[Path, str]:
        """The files that hold the numbers of its processes, and those programs' names."""
        contained = self.execution / "containerd/containerd.pid"
        return {self.folder / "dockerd.pid": "dockerd", contained: "containerd"}

    def docker(self, *words: str, limit: float | None = None) -> str:
        """Run a docker command against this engine and return its output. Raises CommandFailed."""
        return run(["docker", "--host", self.host, *words], limit=limit or LIMITS.command)


@contextlib.contextmanager
def cold_engine(folder: Path, group: str, mirror: str, *, keep: bool = False) -> Iterator[ColdEngine]:
    """Yield a running engine; it and all that it made are removed at the end, also what a killed run left.

    Args:
        folder: An own folder for it; removed at the end.
        group: The group whose members may use it.
        mirror: The address of a registry that stands for Docker Hub.
        keep: Leave it running at the end; the next one replaces it.

    Raises:
        EnvironmentFailed: It does not start.
    """
    engine = ColdEngine(folder)
    remove(engine)
    try:
        _start(engine, group, mirror)
        yield engine
    finally:
        if not keep:
            remove(engine)


def check_root() -> None:
    """Raise BadInput unless we are root."""
    if os.geteuid() != 0:
        raise BadInput("only root can start a second container engine: run this command as root")


def ensure_programs(progress: Progress) -> None:
    """See to it that the programs are there by which a second engine is made; Debian's are installed.

    Raises:
        BadInput: One is missing, and cannot be installed.
        CommandFailed: Its installation failed.
    """
    if may_install():
        install_packages(PACKAGES, progress)
    missing = [name for name in ("dockerd", "ip", "iptables", "jq") if find_program(name) is None]
    if missing:
        raise BadInput(
            f"these programs are missing: {', '.join(missing)}; install Debian's docker.io, iproute2, jq"
        )


def command(engine: ColdEngine, group: str, configuration: Path) -> list[str]:
    """Return the command that starts the engine."""
    return [
        "dockerd",
        f"--config-file={configuration}",
        f"--data-root={engine.data}",
        f"--exec-root={engine.execution}",
        f"--pidfile={engine.folder / 'dockerd.pid'}",
        f"--host={engine.host}",
        f"--group={group}",
        f"--bridge={BRIDGE}",
        f"--default-address-pool=base={POOL},size=24",
        "--iptables=false",
        "--ip6tables=false",
        f"--containerd-namespace={NAMESPACE}",
        f"--containerd-plugins-namespace={NAMESPACE}-plugins",
    ]


def configuration(mirror: str, runtime: Path | None) -> dict[str, object]:
    """Return what the engine's configuration file says (Docker: "Daemon configuration file").

    Args:
        mirror: The address of the registry that stands for Docker Hub.
        runtime: The runtime of containers, None for the engine's own.
    """
    settings: dict[str, object] = {"registry-mirrors": [f"http://{mirror}"]}
    if runtime is not None:
        settings |= {"runtimes": {RUNTIME: {"path": str(runtime)}}, "default-runtime": RUNTIME}
    return settings


def rules() -> list[list[str]]:
    """Return the rules that its networks need: traffic from and to them, and the host's address."""
    note = ["-m", "comment", "--comment", COMMENT]
    return [
        ["filter", "FORWARD", "-s", POOL, *note, "-j", "ACCEPT"],
        ["filter", "FORWARD", "-d", POOL, *note, "-j", "ACCEPT"],
        ["nat", "POSTROUTING", "-s", POOL, "!", "-d", POOL, *note, "-j", "MASQUERADE"],
    ]


def remove(engine: ColdEngine) -> None:
    """Remove the engine with its containers, networks, rules and files, as far as they exist."""
    for file, name in engine.process_files.items():
        _end(file, name)
    for link in _links():
        run(["ip", "link", "delete", link], limit=LIMITS.command)
    for table, chain, *words in rules():
        while _accepted(["iptables", "-t", table, "-D", chain, *words]):
            pass
    for line in reversed(Path("/proc/self/mountinfo").read_text().splitlines()):
        mounted = line.split()[4]
        if Path(mounted).is_relative_to(engine.folder):
            _accepted(["umount", "--lazy", mounted])
    if engine.folder.exists():
        shutil.rmtree(engine.folder)


def _start(engine: ColdEngine, group: str, mirror: str) -> None:
    engine.folder.mkdir(mode=0o711, parents=True)
    run(["ip", "link", "add", "name", BRIDGE, "type", "bridge"], limit=LIMITS.command)
    run(["ip", "address", "add", BRIDGE_ADDRESS, "dev", BRIDGE], limit=LIMITS.command)
    run(["ip", "link", "set", BRIDGE, "up"], limit=LIMITS.command)
    for table, chain, *words in rules():
        run(["iptables", "-t", table, "-I", chain, *words], limit=LIMITS.command)
    runtime = None
    if bounding_set_lacks(CAP_SYS_RESOURCE):
        runtime = engine.folder / CAPPED_RUNTIME.name
        shutil.copy2(CAPPED_RUNTIME, runtime)
    file = engine.folder / "daemon.json"
    file.write_text(json.dumps(configuration(mirror, runtime)))
    with engine.log.open("wb") as log:
        process = subprocess.Popen(
            command(engine, group, file),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env={name: value for name, value in os.environ.items() if name not in {MARK, "TMPDIR"}},
            start_new_session=True,
        )
    try:
        wait_until(
            lambda: process.poll() is not None or _answers(engine),
            until=bool,
            limit=LIMITS.engine_start,
            what="the second container engine answers",
        )
    except NotInTime as late:
        raise EnvironmentFailed(str(late)) from late
    if process.poll() is not None:
        log_end = last_lines(engine.log.read_text(errors="replace"))
        raise EnvironmentFailed(f"the second container engine could not be started:\n{log_end}")


def _answers(engine: ColdEngine) -> bool:
    try:
        engine.docker("version", "--format", "{{.Server.Version}}")
    except CommandFailed:
        return False
    return True


def _end(file: Path, name: str) -> None:
    """End a process by the number in a file, if the number is still that program's."""
    try:
        number = int(file.read_text())
    except (OSError, ValueError):
        return
    if name_of(number) != name:
        return
    os.kill(number, signal.SIGTERM)
    with contextlib.suppress(NotInTime):
        wait_until(
            lambda: _living_name(number),
            until=lambda found: found != name,
            limit=LIMITS.command,
            what=f"{name} ends",
        )


def _living_name(number: int) -> str | None:
    """Return the name of a process, after taking note of its end if it is a child of this one."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(number, os.WNOHANG)
    return name_of(number)


def _links() -> list[str]:
    """Return the bridges that have an address of its pool: its own, and those of networks that it made."""
    listed = json.loads(
        run(["ip", "-json", "address", "show", "type", "bridge"], limit=LIMITS.command) or "[]"
    )
    first = POOL.removesuffix("0.0/16")
    return [
        str(link["ifname"])
        for link in listed
        if link and any(address.get("local", "").startswith(first) for address in link.get("addr_info", ()))
    ]


def _accepted(words: list[str]) -> bool:
    try:
        run(words, limit=LIMITS.command)
    except CommandFailed:
        return False
    return True
