"""A machine that is too small is told all that it lacks, and what to do about each."""

import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from canary_conformance.cluster import machine_requirements
from canary_conformance.cluster.machine_requirements import (
    INOTIFY_INSTANCES,
    NEEDED,
    NEEDED_WITH_NODE,
    Needs,
    check_machine,
)
from canary_conformance.errors import BadInput
from canary_conformance.images.image_options import ImagesFrom
from canary_conformance.progress import Progress
from tests.selftest.support import Programs

MEMINFO = "MemTotal:       16384000 kB\nMemFree:          100000 kB\nMemAvailable:   {} kB\n"
GIB_IN_KB = 1024 * 1024
NEEDS = Needs(images_gb=6, store_gb=3, memory_gib=4, cores=2)


class Host:
    """A machine with as much of everything as a test says; it starts with enough."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.programs = Programs(tmp_path, monkeypatch)
        self.engine(DockerRootDir=str(tmp_path), NCPU=2, MemTotal=16 * 1024**3)
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
        return SimpleNamespace(free=self.free.get(path, 9e9))

    def engine(self, **text: object) -> None:
        self.programs.add("docker", f"echo '{json.dumps(text)}'")

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
        check_machine(host.folder, NEEDS, Progress())
    return str(refused.value)


def test_exactly_enough_is_enough(host: Host) -> None:
    said: list[str] = []
    check_machine(host.folder, NEEDS, Progress(said.append))
    assert said == []


def test_one_disk_for_images_and_programs_needs_room_for_both(host: Host, tmp_path: Path) -> None:
    host.free[tmp_path] = 8.21e9
    text = refusal(host)
    assert f"disk: 8.2 GB free at {tmp_path}, 9 GB needed: free some space" in text
    assert "docker image prune" in text
    assert "XDG_CACHE_HOME" in text
    assert len(text.splitlines()) == 2


def test_two_disks_need_room_for_what_lies_on_each(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = tmp_path / "engine"
    images.mkdir()
    host.engine(DockerRootDir=str(images))
    other_disk = SimpleNamespace(st_dev=-1, st_mode=images.stat().st_mode)
    real = Path.stat
    monkeypatch.setattr(Path, "stat", lambda path, **how: other_disk if path == images else real(path, **how))
    host.free = {images: 6e9, host.folder: 3e9}
    check_machine(host.folder, NEEDS, Progress())
    host.free = {images: 5e9, host.folder: 2e9}
    text = refusal(host)
    assert f"5.0 GB free at {images}, 6 GB needed" in text
    assert f"2.0 GB free at {host.folder}, 3 GB needed" in text


def test_a_store_that_is_not_there_yet_is_looked_at_where_it_will_be(host: Host) -> None:
    host.engine()
    host.free[host.folder] = 0
    host.folder /= "not/yet/there"
    assert f"0.0 GB free at {host.folder.parents[2]}" in refusal(host)


def closed_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    def refused(path: Path) -> bool:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_dir", refused)
    return str(tmp_path / "closed" / "docker")


@pytest.mark.parametrize("case", ["elsewhere", "closed", "unknown"])
def test_images_on_a_disk_that_can_t_be_read_are_said_to_be_unchecked(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    where = {"elsewhere": "/no/such/folder", "closed": "", "unknown": ""}[case]
    if case == "closed":
        where = closed_folder(tmp_path, monkeypatch)
    host.engine(DockerRootDir=where)
    host.free[host.folder] = 3e9
    said: list[str] = []
    check_machine(host.folder, NEEDS, Progress(said.append))
    assert "free disk not checked: the container engine keeps its images in" in said[0]
    assert where in said[0]
    host.free[host.folder] = 2.9e9
    assert f"2.9 GB free at {host.folder}, 3 GB needed" in refusal(host)


def test_an_engine_that_does_not_answer_leaves_its_own_machine_unchecked(host: Host) -> None:
    host.programs.add("docker", "exit 1")
    said: list[str] = []
    check_machine(host.folder, NEEDS, Progress(said.append))
    assert "a folder that it does not report" in said[0]


def test_the_machine_of_the_engine_needs_memory_and_cores(host: Host, tmp_path: Path) -> None:
    host.memory.unlink()
    host.engine(DockerRootDir=str(tmp_path), NCPU=1, MemTotal=2 * 1024**3)
    text = refusal(host)
    assert "memory: the container engine has 2.0 GiB, 4 GiB needed: raise it in its settings" in text
    assert "cores: the container engine has 1, 2 needed" in text


def test_a_standard_runner_of_github_meets_what_a_pull_run_needs() -> None:
    for needs in (NEEDED[ImagesFrom.PULL], NEEDED_WITH_NODE):
        assert needs.images_gb + needs.store_gb <= 13
        assert needs.memory_gib <= 16
        assert needs.cores <= 2


def test_too_little_memory_is_told_with_what_to_do(host: Host) -> None:
    host.has_memory(int(1.5 * GIB_IN_KB))
    text = refusal(host)
    assert "memory: 1.5 GiB available, 4 GiB needed: end other programs" in text
    assert "disk" not in text


def test_a_system_that_does_not_tell_its_memory_is_not_refused(host: Host) -> None:
    host.memory.write_text("MemTotal: 1 kB\n")
    check_machine(host.folder, NEEDS, Progress())
    host.memory.unlink()
    host.inotify.unlink()
    check_machine(host.folder, NEEDS, Progress())


def test_too_few_inotify_instances_are_told_with_the_command_that_raises_them(host: Host) -> None:
    host.inotify.write_text("128\n")
    text = refusal(host)
    assert "inotify: 128 instances a user, 512 needed" in text
    assert "sudo sysctl -w fs.inotify.max_user_instances=512" in text
    assert host.inotify.read_text() == "128\n"


def test_root_raises_the_inotify_instances_and_says_so(host: Host) -> None:
    host.inotify.write_text("128\n")
    host.is_root(True)
    said: list[str] = []
    check_machine(host.folder, NEEDS, Progress(said.append))
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
    host.engine()
    host.free[host.folder] = 0
    host.has_memory(0)
    host.inotify.write_text("1\n")
    heading, *lines = refusal(host).splitlines()
    assert heading == "this machine does not meet the requirements:"
    assert [line.split(":")[0] for line in lines] == ["  disk", "  memory", "  inotify"]


def test_an_engine_on_another_host_is_not_measured_by_this_machine(host: Host) -> None:
    info = json.dumps({"DockerRootDir": "/", "NCPU": 2, "MemTotal": 16 * 1024**3})
    remote = "case $1 in context) echo tcp://engine.example.test:2376;; *) echo '%s';; esac"
    host.programs.add("docker", remote % info)
    host.has_memory(1)
    host.inotify.write_text("128\n")
    host.is_root(True)
    said: list[str] = []
    check_machine(host.folder, NEEDS, Progress(said.append))
    assert host.inotify.read_text() == "128\n"
    assert "inotify instances not checked: the container engine is on another host" in "\n".join(said)
    assert "free disk not checked" in "\n".join(said)
    host.programs.add("docker", remote % json.dumps({"NCPU": 1, "MemTotal": 2 * 1024**3}))
    with pytest.raises(BadInput) as refused:
        check_machine(host.folder, NEEDS, Progress())
    for short in ("memory: the container engine has 2.0 GiB", "cores: the container engine has 1"):
        assert short in str(refused.value)
