"""A program that a dead run left is found by its mark and ended; every other process is left alone."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from canary_conformance import process_owners
from canary_conformance.images.partial_folders import abandoned, unfinished
from canary_conformance.paths import REPOSITORY
from canary_conformance.temporary_files import remove_abandoned, scratch
from canary_conformance.waiting import wait_until

# Linux never gives a process this number (proc_sys_kernel(5): pid_max).
NO_PROCESS = 4194305
needs_to_see_processes = pytest.mark.skipif(
    process_owners.name_of(os.getpid()) is None, reason="this machine does not show its processes"
)


@pytest.fixture(autouse=True)
def _a_mark_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What real runs left on this machine is not this test's to end."""
    monkeypatch.setattr(process_owners, "MARK", "VOTING_CONFORMANCE_SELFTEST_OWNER")


@contextmanager
def sleeping(token: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs until it is ended, with this mark in its environment."""
    environment = {name: value for name, value in os.environ.items() if name != process_owners.MARK}
    environment |= {process_owners.MARK: token} if token else {}
    with subprocess.Popen(["sleep", "600"], env=environment) as process:
        # While a program is loaded it has its name before its environment.
        wait_until(lambda: _is_loaded(process.pid, token), until=bool, limit=10, what="it sleeps", pause=0.01)
        try:
            yield process
        finally:
            process.kill()


def _is_loaded(pid: int, token: str) -> bool:
    """Return whether a program runs with its own environment, no longer with that of who started it."""
    process = psutil.Process(pid)
    return process.name() == "sleep" and process.environ().get(process_owners.MARK, "") == token


def dead_token() -> str:
    """The mark of a process that has ended."""
    code = "from canary_conformance.process_owners import own_token; print(own_token())"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def changed(token: str, **fields: object) -> str:
    """A mark with other fields."""
    pid, ticks, seconds, place = token.split("-")
    return "-".join(
        str(one)
        for one in ({"pid": pid, "ticks": ticks, "seconds": seconds, "place": place} | fields).values()
    )


@needs_to_see_processes
def test_this_process_has_not_ended_and_an_ended_one_has() -> None:
    assert not process_owners.has_ended(process_owners.own_token())
    assert process_owners.has_ended(dead_token())


@pytest.mark.parametrize(
    "token", ["", "-", "1", "x-1", "1-", "0-0", "0-1-1-abc", "1-1-1", "my-folder", "1-1-1-1-1"]
)
def test_what_is_no_mark_proves_nothing(token: str) -> None:
    assert not process_owners.has_ended(token)


@needs_to_see_processes
def test_another_process_of_the_same_number_proves_that_the_owner_has_ended() -> None:
    token = process_owners.own_token()
    _, ticks, seconds, _ = token.split("-")
    assert process_owners.has_ended(changed(token, ticks=int(ticks) + 500, seconds=int(seconds) + 500))


@pytest.mark.parametrize(
    "moved", [{"seconds": 1}, {"ticks": 1}, {"seconds": 0}, {"ticks": 0}, {"ticks": 0, "seconds": 0}]
)
def test_a_clock_that_was_set_or_a_start_that_is_not_known_ends_nobody(moved: dict[str, int]) -> None:
    assert not process_owners.has_ended(changed(process_owners.own_token(), **moved))


def test_a_number_without_a_process_proves_it_however_the_start_was_marked() -> None:
    token = process_owners.own_token()
    assert process_owners.has_ended(changed(token, pid=NO_PROCESS))
    assert process_owners.has_ended(changed(token, pid=NO_PROCESS, ticks=0, seconds=0))


def test_a_run_of_another_machine_or_container_may_be_alive() -> None:
    token = changed(process_owners.own_token(), pid=NO_PROCESS, place="ffffff")
    assert process_owners.is_elsewhere(token)
    assert not process_owners.has_ended(token)
    for other in (process_owners.own_token(), f"{NO_PROCESS}-1", "no-mark"):
        assert not process_owners.is_elsewhere(other)


@needs_to_see_processes
def test_marks_of_earlier_versions_are_understood() -> None:
    pid, ticks, *_ = process_owners.own_token().split("-")
    assert not process_owners.has_ended(f"{pid}-{ticks}")
    assert process_owners.has_ended(f"{pid}-{int(ticks) + 500}")
    assert process_owners.has_ended(f"{NO_PROCESS}-{ticks}")


@needs_to_see_processes
def test_a_process_that_nobody_has_waited_for_has_ended() -> None:
    code = "from canary_conformance.process_owners import own_token; print(own_token(), flush=True)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        token = process.stdout.read().strip()
        wait_until(
            lambda: process_owners.has_ended(token), until=bool, limit=10, what="it has ended", pause=0.01
        )
        assert process.returncode is None


def test_a_mark_stays_the_same_although_the_clock_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    before = process_owners.own_token()
    monkeypatch.setattr(psutil, "boot_time", lambda: 1.0)
    assert process_owners.own_token() == before


@needs_to_see_processes
def test_what_a_dead_run_left_is_ended() -> None:
    with sleeping(dead_token()) as left:
        ended = process_owners.end_orphans()
        assert f"{left.pid} (sleep)" in [str(orphan) for orphan in ended]
        assert left.wait(10) == -9
    assert left.pid not in [orphan.pid for orphan in process_owners.end_orphans()]


@needs_to_see_processes
def test_what_a_living_run_or_nobody_started_is_left_alone() -> None:
    with sleeping(process_owners.own_token()) as ours, sleeping("") as anybodys, sleeping("a word") as others:
        process_owners.end_orphans()
        for process in (ours, anybodys, others):
            assert process.poll() is None


@needs_to_see_processes
def test_a_process_that_we_may_not_look_into_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(process: psutil.Process) -> dict[str, str]:
        raise psutil.AccessDenied(process.pid)

    with sleeping(dead_token()) as left:
        monkeypatch.setattr(psutil.Process, "environ", denied)
        assert left.pid not in [orphan.pid for orphan in process_owners.end_orphans()]
        assert left.poll() is None


def test_children_are_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(process_owners.MARK, "somebody")
    process_owners.mark_children()
    assert os.environ[process_owners.MARK] == process_owners.own_token()


# --- a machine that shows no process ---------------------------------------------------------------------


@pytest.fixture
def no_proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let psutil look for processes in an empty folder."""
    empty = tmp_path / "proc"
    empty.mkdir()
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(empty))


@pytest.mark.usefixtures("no_proc")
def test_where_no_process_is_seen_each_may_be_alive() -> None:
    with subprocess.Popen(["sleep", "600"]) as process:
        try:
            assert not process_owners.has_ended(changed(process_owners.own_token(), pid=process.pid))
            assert not process_owners.has_ended(f"{process.pid}-1")
            assert process_owners.end_orphans() == process_owners.end_children() == []
            assert process_owners.name_of(process.pid) is None
            assert process.poll() is None
        finally:
            process.kill()


@pytest.mark.usefixtures("no_proc")
def test_where_no_process_is_seen_a_mark_still_tells_one_run_from_another() -> None:
    process_owners._token_of.cache_clear()
    try:
        assert process_owners.own_token().startswith(f"{os.getpid()}-0-0-")
        assert not process_owners.has_ended(process_owners.own_token())
        assert process_owners.has_ended(changed(process_owners.own_token(), pid=NO_PROCESS))
    finally:
        process_owners._token_of.cache_clear()


@pytest.mark.usefixtures("no_proc")
def test_where_no_process_is_seen_the_folders_of_a_live_run_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("TMPDIR", raising=False)
    store = tmp_path / "store"
    with scratch() as ours, unfinished(store) as making:
        assert remove_abandoned() == []
        assert abandoned(store) == []
        assert ours.exists()
        assert making.exists()


CLEANER = """
import sys
from pathlib import Path
from canary_conformance.images.partial_folders import abandoned
from canary_conformance.process_owners import end_orphans
from canary_conformance.temporary_files import remove_abandoned
assert not list(Path("/proc").iterdir())
print(end_orphans(), remove_abandoned(), abandoned(Path(sys.argv[1])))
"""


def without_proc(*command: str | Path) -> list[str | Path]:
    """Return a command that runs with an empty folder for /proc; skip where this is not allowed."""
    hidden: list[str | Path] = [
        "unshare",
        "--mount",
        "sh",
        "-c",
        'mount -t tmpfs none /proc && exec "$@"',
        "sh",
    ]
    tried = ["false"] if shutil.which("unshare") is None else [*hidden, "true"]
    if subprocess.run(tried, capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let us hide /proc (unshare)")
    return [*hidden, *command]


def test_a_run_on_a_machine_without_proc_leaves_the_folders_of_a_live_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = without_proc(sys.executable, "-c", CLEANER, tmp_path / "store")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with scratch() as ours, unfinished(tmp_path / "store") as making:
        environment = os.environ | {"TMPDIR": str(tmp_path)}
        done = subprocess.run(
            command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
        )
        assert done.stdout == "[] [] []\n", done.stderr
        assert ours.exists()
        assert making.exists()
