"""The engine that runs is used; else one is installed and started, or a sentence says what to do."""

from __future__ import annotations

import gc
import os
import tempfile
from pathlib import Path

import pytest

from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.images import debian, engine
from canary_conformance.images.debian import install_packages
from canary_conformance.images.engine import (
    CAP_SYS_RESOURCE,
    CAPPED_RUNTIME,
    bounding_set_lacks,
    engine_version,
    ensure_engine,
)
from canary_conformance.process_owners import MARK, name_of, own_token
from canary_conformance.processes import CommandFailed
from canary_conformance.progress import Progress
from canary_conformance.temporary_files import scratch
from canary_conformance.timeouts import Timeouts
from canary_conformance.waiting import wait_until
from tests.selftest.support import Programs

pytestmark = pytest.mark.selftest

ALL = 0x1FFFFFFFFFF
DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n'
UBUNTU = 'ID=ubuntu\nID_LIKE=debian\nNAME="Ubuntu"\n'
MINT = 'ID=linuxmint\nID_LIKE="ubuntu debian"\n'
FEDORA = 'ID=fedora\nNAME="not debian"\n'


class Machine:
    """What the engine module sees of a machine: who we are, the system, its capabilities and programs."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.programs = Programs(tmp_path, monkeypatch)
        self.log = tmp_path / "dockerd.log"
        self.home = tmp_path / "home"
        self._tmp_path = tmp_path
        self._monkeypatch = monkeypatch
        monkeypatch.delenv("DOCKER_HOST", raising=False)
        monkeypatch.setattr(engine, "LOG", self.log)
        monkeypatch.setattr(engine, "HOME", self.home)
        monkeypatch.setattr(engine, "LIMITS", Timeouts(engine_start=0.3))
        self.is_root(True)
        self.runs(DEBIAN)
        self.has_capabilities(ALL)
        # None of these may be reached in earnest, whatever a test forgets.
        self.programs.add("docker", "exit 1")
        self.programs.add("systemctl", "exit 1")
        self.programs.add("dockerd")
        self.programs.add("dpkg-query", "exit 1")
        self.programs.add("apt-get", "exit 1")

    def is_root(self, root: bool) -> None:
        self._monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)

    def runs(self, release: str) -> None:
        file = self._tmp_path / "os-release"
        file.write_text(release)
        self._monkeypatch.setattr(debian, "RELEASE", file)

    def has_capabilities(self, bounding_set: int) -> None:
        file = self._tmp_path / "status"
        file.write_text(
            f"Name:\tpython\nCapEff:\t{0:016x}\nCapBnd:\t{bounding_set:016x}\nCapAmb:\t{0:016x}\n"
        )
        self._monkeypatch.setattr(engine, "STATUS", file)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def ensured(said: list[str] | None = None) -> str:
    return ensure_engine(Progress() if said is None else Progress(said.append))


# --- which engine ----------------------------------------------------------------------------------------


def test_a_running_engine_is_used_as_it_is(machine: Machine) -> None:
    machine.programs.add("docker", "echo 28.1.0")
    machine.is_root(False)
    said: list[str] = []
    assert ensured(said) == "28.1.0"
    assert "Docker 28.1.0, already running" in said[0]
    assert machine.programs.calls() == ["docker version --format {{.Server.Version}}"]


@pytest.mark.parametrize("script", ["exit 1", "echo", "echo 28.1.0; exit 1"])
def test_a_docker_that_tells_no_server_version_is_no_engine(machine: Machine, script: str) -> None:
    machine.programs.add("docker", script)
    assert engine_version() is None


def test_no_docker_at_all_is_no_engine(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert engine_version() is None
    assert machine.programs.calls() == []


@pytest.mark.parametrize(("root", "release"), [(False, DEBIAN), (True, FEDORA), (False, FEDORA), (True, "")])
def test_no_engine_and_no_right_to_install_one_says_what_to_start(
    machine: Machine, root: bool, release: str
) -> None:
    machine.is_root(root)
    machine.runs(release)
    with pytest.raises(BadInput) as refused:
        ensured()
    for advice in ("systemctl start docker", "DOCKER_HOST", "root on Debian or Ubuntu", "group docker"):
        assert advice in str(refused.value)
    assert not any(call.startswith(("apt-get", "dockerd")) for call in machine.programs.calls())


def test_a_user_who_may_not_use_the_engine_is_told_the_command(machine: Machine) -> None:
    refused = "permission denied while trying to connect to the Docker daemon socket at unix:///..."
    machine.programs.add("docker", f"echo '{refused}' >&2; exit 1")
    machine.is_root(False)
    with pytest.raises(BadInput, match="sudo usermod -aG docker"):
        ensured()


def test_a_machine_without_docker_is_told_what_to_install(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.is_root(False)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BadInput, match=r"run `sudo apt-get install docker\.io`, or install Docker Desktop"):
        ensured()


@pytest.mark.parametrize(
    ("lacks", "packages"), [(False, "docker.io iptables"), (True, "docker.io iptables jq")]
)
def test_only_what_an_engine_needs_is_installed(machine: Machine, lacks: bool, packages: str) -> None:
    machine.has_capabilities(ALL & ~(1 << CAP_SYS_RESOURCE) if lacks else ALL)
    machine.programs.add("apt-get")
    with pytest.raises(EnvironmentFailed):
        ensured()
    installed = [call for call in machine.programs.calls() if call.startswith("apt-get install")]
    assert installed == [f"apt-get install -y -qq --no-install-recommends {packages}"]


def test_a_docker_host_that_does_not_answer_is_not_replaced(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://elsewhere:2375")
    with pytest.raises(BadInput, match=r"DOCKER_HOST=tcp://elsewhere:2375: start that one, or unset"):
        ensured()
    assert not any(call.startswith("apt-get") for call in machine.programs.calls())


@pytest.mark.parametrize("release", [DEBIAN, UBUNTU, MINT])
def test_root_on_debian_and_its_children_gets_an_engine_and_is_told(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, release: str
) -> None:
    machine.runs(release)
    machine.has_capabilities(ALL & ~(1 << CAP_SYS_RESOURCE))
    machine.programs.add("apt-get")
    machine.programs.add("docker", f"[ -e {tmp_path}/running ] && echo 20.10")
    machine.programs.add("dockerd", f"touch {tmp_path}/running")
    monkeypatch.setattr(engine, "LIMITS", Timeouts(engine_start=10))
    said: list[str] = []
    assert ensured(said) == "20.10"
    assert "none runs, installing and starting Debian's" in said[0]
    assert "Docker 20.10, started here; it stays for the next run" in said[-1]


# --- packages --------------------------------------------------------------------------------------------


def test_only_missing_packages_are_installed(machine: Machine) -> None:
    machine.programs.add("dpkg-query", 'for last; do :; done; [ "$last" = jq ] && printf installed')
    machine.programs.add("apt-get", 'echo "$DEBIAN_FRONTEND"')
    install_packages(("jq", "docker.io", "iptables"))
    assert [call for call in machine.programs.calls() if call.startswith("apt-get")] == [
        "apt-get update -qq",
        "apt-get install -y -qq --no-install-recommends docker.io iptables",
    ]


def test_nothing_is_installed_when_nothing_is_missing(machine: Machine) -> None:
    machine.is_root(False)
    machine.programs.add("dpkg-query", "printf installed")
    install_packages(("jq", "docker.io"))
    assert not any(call.startswith("apt-get") for call in machine.programs.calls())


def test_a_removed_package_is_missing(machine: Machine) -> None:
    machine.programs.add("dpkg-query", "printf config-files")
    machine.programs.add("apt-get")
    install_packages(("jq",))
    assert machine.programs.calls()[-1].endswith(" jq")


def test_missing_packages_are_named_to_who_can_not_install_them(machine: Machine) -> None:
    machine.is_root(False)
    with pytest.raises(
        BadInput, match="only root can install them: run `sudo apt-get install debootstrap jq`"
    ):
        install_packages(("debootstrap", "jq"))


def test_a_failed_installation_is_told_with_its_last_lines(machine: Machine) -> None:
    machine.programs.add("apt-get", "echo 'E: Unable to locate package jq' >&2; exit 100")
    with pytest.raises(CommandFailed, match="Unable to locate package jq"):
        install_packages(("jq",))


# --- the bounding set, and the daemon --------------------------------------------------------------------


@pytest.mark.parametrize("capability", [0, CAP_SYS_RESOURCE, 40])
def test_the_bounding_set_is_read_bit_by_bit(machine: Machine, capability: int) -> None:
    machine.has_capabilities(ALL)
    assert not bounding_set_lacks(capability)
    machine.has_capabilities(ALL & ~(1 << capability))
    assert bounding_set_lacks(capability)
    assert not bounding_set_lacks(capability + 1 if capability < 40 else 1)
    machine.has_capabilities(1 << capability)
    assert not bounding_set_lacks(capability)


def test_a_system_that_tells_no_bounding_set_lacks_nothing(machine: Machine) -> None:
    engine.STATUS.write_text("Name:\tpython\n")
    assert not bounding_set_lacks(CAP_SYS_RESOURCE)
    assert machine.programs.calls() == []


def test_the_kernel_s_own_word_can_be_read() -> None:
    told = Path("/proc/self/status")
    if not told.exists():
        pytest.skip("no /proc here")
    assert "CapBnd:\t" in told.read_text()
    assert isinstance(bounding_set_lacks(CAP_SYS_RESOURCE), bool)


def daemon_call(machine: Machine) -> str:
    engine._start_daemon()
    gc.collect()  # a child that nobody waits for would warn now, and warnings are errors
    calls = wait_until(machine.programs.calls, until=bool, limit=5, what="dockerd is started")
    return calls[0]


def test_dockerd_is_started_as_it_is_where_nothing_lacks(machine: Machine) -> None:
    assert daemon_call(machine).split() == ["dockerd"]
    assert not machine.home.exists()


def test_dockerd_outlives_the_run_whose_folder_and_mark_it_does_not_have(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv(MARK, own_token())
    machine.programs.add("dockerd", f'echo "${{{MARK}-no mark}}, ${{TMPDIR-no folder}}"')
    with scratch():
        daemon_call(machine)
        told = wait_until(machine.log.read_text, until=bool, limit=5, what="the log is written")
    assert told == "no mark, no folder\n"


def test_only_without_cap_sys_resource_the_runtime_is_replaced(machine: Machine) -> None:
    machine.has_capabilities(ALL & ~(1 << CAP_SYS_RESOURCE))
    runtime = machine.home / "runc-without-sys-resource"
    assert daemon_call(machine).split() == [
        "dockerd",
        f"--add-runtime=without-sys-resource={runtime}",
        "--default-runtime=without-sys-resource",
    ]
    assert os.access(runtime, os.X_OK)
    assert runtime.read_bytes() == CAPPED_RUNTIME.read_bytes()


def test_the_daemon_writes_to_its_log_and_not_to_ours(
    machine: Machine, capfd: pytest.CaptureFixture[str]
) -> None:
    machine.programs.add("dockerd", "echo told; echo warned >&2")
    daemon_call(machine)
    wait_until(machine.log.read_text, until=lambda text: "warned" in text, limit=5, what="the log is written")
    assert machine.log.read_text() == "told\nwarned\n"
    assert capfd.readouterr() == ("", "")


def test_an_engine_that_was_started_and_does_not_answer_is_told_with_the_end_of_its_log(
    machine: Machine,
) -> None:
    machine.has_capabilities(ALL & ~(1 << CAP_SYS_RESOURCE))
    machine.programs.add("dockerd", "echo 'failed to start daemon: no iptables' >&2")
    machine.programs.add("apt-get")
    with pytest.raises(
        EnvironmentFailed, match=r"does not answer; its log ends with:\nfailed to start daemon"
    ):
        ensured()


def test_a_dockerd_that_can_not_be_started_is_said(machine: Machine) -> None:
    machine.programs.only_these()
    with pytest.raises(EnvironmentFailed, match="dockerd can't be started"):
        engine._start_daemon()


def test_pid_files_of_killed_daemons_are_forgotten_and_those_of_running_ones_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead, other, alive = (tmp_path / name for name in ("dead", "other", "alive"))
    mine = name_of(os.getpid())
    if mine is None:
        pytest.skip("this machine does not show its processes")
    dead.write_text("4194305\n")
    other.write_text(f"{os.getpid()}\n")
    alive.write_text(f"{os.getpid()}")
    monkeypatch.setattr(engine, "PID_FILES", {dead: "dockerd", other: "dockerd", alive: mine})
    engine._forget_dead_daemons()
    assert [file.exists() for file in (dead, other, alive)] == [False, False, True]
