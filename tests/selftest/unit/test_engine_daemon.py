"""The engine's daemon is started with what the machine allows, and outlives the run."""

import gc
import os
import tempfile
from pathlib import Path

import pytest

from canary_conformance.errors import EnvironmentFailed
from canary_conformance.images import engine
from canary_conformance.images.engine import CAP_SYS_RESOURCE, CAPPED_RUNTIME, bounding_set_lacks
from canary_conformance.process_owners import MARK, name_of, own_token
from canary_conformance.temporary_files import scratch
from canary_conformance.waiting import wait_until
from tests.selftest.engine_machine import ALL, Machine, ensured, machine

__all__ = ["machine"]


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
    text = Path("/proc/self/status")
    if not text.exists():
        pytest.skip("no /proc here")
    assert "CapBnd:\t" in text.read_text()
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
        text = wait_until(machine.log.read_text, until=bool, limit=5, what="the log is written")
    assert text == "no mark, no folder\n"


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
