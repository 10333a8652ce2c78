"""The engine that runs is used; else one is installed and started, or a sentence says what to do."""

from pathlib import Path

import pytest

from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.images import engine
from canary_conformance.images.debian import install_packages
from canary_conformance.images.engine import CAP_SYS_RESOURCE, engine_version
from canary_conformance.processes import CommandFailed
from canary_conformance.progress import Progress
from canary_conformance.timeouts import Timeouts
from tests.selftest.engine_machine import ALL, DEBIAN, Machine, ensured, machine

__all__ = ["machine"]

UBUNTU = 'ID=ubuntu\nID_LIKE=debian\nNAME="Ubuntu"\n'
MINT = 'ID=linuxmint\nID_LIKE="ubuntu debian"\n'
FEDORA = 'ID=fedora\nNAME="not debian"\n'


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


@pytest.mark.parametrize("provider", ["podman", "nerdctl"])
def test_another_engine_for_kind_alone_is_refused(monkeypatch: pytest.MonkeyPatch, provider: str) -> None:
    monkeypatch.setenv("KIND_EXPERIMENTAL_PROVIDER", provider)
    with pytest.raises(BadInput, match=f"KIND_EXPERIMENTAL_PROVIDER={provider} is not supported"):
        engine.ensure_engine(Progress())
