"""A machine that is too small is told all that it lacks, and what to do about each."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from canary_conformance.cluster import machine_requirements
from canary_conformance.cluster.machine_requirements import DISK_GB, INOTIFY_INSTANCES, check_machine
from canary_conformance.errors import BadInput
from canary_conformance.progress import Progress
from tests.selftest.support import Programs

pytestmark = pytest.mark.selftest

MEMINFO = "MemTotal:       16384000 kB\nMemFree:          100000 kB\nMemAvailable:   {} kB\n"
GIB_IN_KB = 1024 * 1024


class Host:
    """A machine with as much of everything as a test says; it starts with enough."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.programs = Programs(tmp_path, monkeypatch)
        self.programs.add("docker", "exit 1")
        self.folder = tmp_path / "cache"
        self.free: dict[Path, float] = {}
        self.inotify = tmp_path / "max_user_instances"
        self.memory = tmp_path / "meminfo"
        self._monkeypatch = monkeypatch
        self.has_memory(4 * GIB_IN_KB)
        self.inotify.write_text(f"{INOTIFY_INSTANCES}\n")
        self.is_root(False)
        monkeypatch.setattr(machine_requirements, "INOTIFY", self.inotify)
        monkeypatch.setattr(machine_requirements, "MEMORY", self.memory)
        monkeypatch.setattr(shutil, "disk_usage", self._disk_usage)

    def _disk_usage(self, path: Path) -> SimpleNamespace:
        assert path.exists()
        return SimpleNamespace(free=self.free.get(path, DISK_GB * 1e9))

    def has_memory(self, available: int) -> None:
        self.memory.write_text(MEMINFO.format(available))

    def is_root(self, root: bool) -> None:
        self._monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    host = Host(tmp_path, monkeypatch)
    host.folder.mkdir()
    return host


def refusal(host: Host) -> str:
    with pytest.raises(BadInput) as refused:
        check_machine(host.folder, Progress())
    return str(refused.value)


def test_exactly_enough_is_enough(host: Host) -> None:
    said: list[str] = []
    check_machine(host.folder, Progress(said.append))
    assert said == []


def test_too_little_disk_is_told_with_where_and_what_to_do(host: Host) -> None:
    host.free[host.folder] = 3.21e9
    told = refusal(host)
    assert f"disk: 3.2 GB free at {host.folder}, 20 GB needed" in told
    assert "free some space there" in told
    assert "XDG_CACHE_HOME" in told


def test_a_store_that_is_not_there_yet_is_looked_at_where_it_will_be(host: Host) -> None:
    host.free[host.folder] = 0
    host.folder /= "not/yet/there"
    assert f"0.0 GB free at {host.folder.parents[2]}" in refusal(host)


def test_the_disk_of_the_engine_s_images_counts_too(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    images = host.folder.parent / "engine"
    images.mkdir()
    host.programs.add("docker", f"echo {images}")
    host.free[images] = 1e9
    check_machine(host.folder, Progress())  # it is the same disk, and has been looked at
    other_disk = SimpleNamespace(st_dev=-1, st_mode=images.stat().st_mode)
    real = Path.stat
    monkeypatch.setattr(Path, "stat", lambda path, **how: other_disk if path == images else real(path, **how))
    assert f"1.0 GB free at {images}" in refusal(host)
    assert host.programs.calls()[0] == "docker info --format {{.DockerRootDir}}"


def test_an_engine_elsewhere_has_its_own_disk(host: Host) -> None:
    host.programs.add("docker", "echo /no/such/folder")
    check_machine(host.folder, Progress())


def test_too_little_memory_is_told_with_what_to_do(host: Host) -> None:
    host.has_memory(int(1.5 * GIB_IN_KB))
    told = refusal(host)
    assert "memory: 1.5 GiB available, 4 GiB needed: end other programs" in told
    assert "disk" not in told


def test_a_system_that_does_not_tell_its_memory_is_not_refused(host: Host) -> None:
    host.memory.write_text("MemTotal: 1 kB\n")
    check_machine(host.folder, Progress())
    host.memory.unlink()
    host.inotify.unlink()
    check_machine(host.folder, Progress())


def test_too_few_inotify_instances_are_told_with_the_command_that_raises_them(host: Host) -> None:
    host.inotify.write_text("128\n")
    told = refusal(host)
    assert "inotify: 128 instances a user, 512 needed" in told
    assert "sudo sysctl fs.inotify.max_user_instances=512" in told
    assert host.inotify.read_text() == "128\n"


def test_root_raises_the_inotify_instances_and_says_so(host: Host) -> None:
    host.inotify.write_text("128\n")
    host.is_root(True)
    said: list[str] = []
    check_machine(host.folder, Progress(said.append))
    assert host.inotify.read_text() == "512\n"
    assert "fs.inotify.max_user_instances raised from 128 to 512" in said[0]


def test_root_who_may_not_raise_them_is_told_how(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(path: Path, text: str) -> None:
        raise OSError(30, "Read-only file system", str(path), None, text)

    host.inotify.write_text("128\n")
    host.is_root(True)
    monkeypatch.setattr(Path, "write_text", read_only)
    assert "sudo sysctl" in refusal(host)


def test_all_that_is_missing_is_said_at_once(host: Host) -> None:
    host.free[host.folder] = 0
    host.has_memory(0)
    host.inotify.write_text("1\n")
    heading, *lines = refusal(host).splitlines()
    assert heading == "this machine does not meet the requirements:"
    assert [line.split(":")[0] for line in lines] == ["  disk", "  memory", "  inotify"]
