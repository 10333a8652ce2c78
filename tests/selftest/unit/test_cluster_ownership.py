"""One run at a time uses a cluster's name; a dead run's claim is known, and only that is cleaned."""

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from canary_conformance import process_owners
from canary_conformance.cluster import cluster_ownership, leftovers
from canary_conformance.cluster.cluster_ownership import Record, claimed, record_of, write_down, written_by_us
from canary_conformance.errors import BadInput
from canary_conformance.images.partial_folders import unfinished
from canary_conformance.temporary_files import scratch
from tests.selftest.support import Programs

# The mark of a run of an earlier version; Linux gives no process this number (proc_sys_kernel(5): pid_max).
ENDED = "4194305-1"
HOLDER = """
import sys
from pathlib import Path
from canary_conformance.cluster.cluster_ownership import claimed, write_down
with claimed("ours", Path(sys.argv[1])) as claim:
    write_down(claim, keep=sys.argv[2] == "keep")
    print("claimed", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_run(store: Path, *, keep: bool = False) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the claim on "ours" until it is ended."""
    command = [sys.executable, "-c", HOLDER, str(store), "keep" if keep else "delete"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "claimed\n"
        try:
            yield run
        finally:
            run.kill()


@pytest.fixture(autouse=True)
def _a_mark_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What real runs left on this machine is not this test's to end."""
    monkeypatch.setattr(process_owners, "MARK", "VOTING_CONFORMANCE_SELFTEST_OWNER")


@pytest.fixture
def docker(programs: Programs) -> Programs:
    """An engine that has a node for every cluster, and nothing that is being made."""
    programs.add("docker", 'case "$*" in *label=*) echo node-id;; version*) echo 20;; esac')
    return programs


def test_a_name_that_another_run_uses_is_rejected_with_its_process(tmp_path: Path) -> None:
    with another_run(tmp_path) as other:
        with pytest.raises(BadInput) as refused, claimed("ours", tmp_path):
            pass
        for part in ("'ours'", f"process {other.pid}", "--cluster-name"):
            assert part in str(refused.value)
        with claimed("another-name", tmp_path) as claim:
            assert claim.mine


def test_a_killed_run_holds_nothing_and_is_remembered(tmp_path: Path) -> None:
    with another_run(tmp_path) as other:
        other.kill()
        other.wait()
        with claimed("ours", tmp_path) as claim:
            assert claim.mine
            assert claim.before is not None
            assert claim.before.pid == str(other.pid)
            assert process_owners.has_ended(claim.before.owner)
            assert not written_by_us(claim)
            write_down(claim, keep=True)
            assert written_by_us(claim)
        assert record_of("ours", tmp_path) == Record(process_owners.own_token(), *_since_and_keep(tmp_path))


def _since_and_keep(store: Path) -> tuple[str, bool]:
    record = record_of("ours", store)
    assert record is not None
    return record.since, True


def test_a_run_started_by_the_holder_shares_its_claim(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with another_run(tmp_path, keep=True):
        record = record_of("ours", tmp_path)
        assert record is not None
        monkeypatch.setattr(cluster_ownership, "inherited_token", lambda: record.owner)
        with claimed("ours", tmp_path) as claim:
            assert not claim.mine
            assert not written_by_us(claim)


@pytest.mark.parametrize("name", ["", "..", ".", "a/b", "A", "-a", "a-", "a.b", "x" * 46, "a\n", "/tmp"])
def test_what_can_not_name_a_cluster(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="is not a valid cluster name"), claimed(name, tmp_path):
        pass


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"owner": "1-2"}'])
def test_a_record_that_can_not_be_read_is_none(content: str, tmp_path: Path) -> None:
    (tmp_path / "clusters/ours").mkdir(parents=True)
    (tmp_path / "clusters/ours/record.json").write_text(content)
    assert record_of("ours", tmp_path) is None


def test_the_cluster_of_a_killed_run_is_removed_with_its_files(tmp_path: Path, docker: Programs) -> None:
    with another_run(tmp_path) as other:
        other.kill()
        other.wait()
    (line,) = leftovers.remove_stale(tmp_path)
    assert line.startswith("removed cluster ours, left by a run that was killed")
    assert "docker rm --force --volumes node-id" in docker.calls()
    assert not (tmp_path / "clusters/ours").exists()
    assert leftovers.remove_stale(tmp_path) == []


def test_a_cluster_in_use_or_kept_is_left_alone(tmp_path: Path, docker: Programs) -> None:
    with another_run(tmp_path):
        assert leftovers.remove_stale(tmp_path, kept=True) == []
    with another_run(tmp_path, keep=True) as other:
        other.kill()
        other.wait()
    assert leftovers.remove_stale(tmp_path) == []
    assert not any(call.startswith("docker rm") for call in docker.calls())
    (line,) = leftovers.remove_stale(tmp_path, kept=True)
    assert line.startswith("removed cluster ours, kept")


def test_what_was_being_made_is_removed_and_nothing_else(tmp_path: Path, docker: Programs) -> None:
    docker.add("docker", "exit 1")
    (tmp_path / "kind-123").mkdir()
    left = tmp_path / f".unfinished-{ENDED}.abc"
    (left / "root").mkdir(parents=True)
    with unfinished(tmp_path) as making:
        assert leftovers.remove_stale(tmp_path) == [f"removed unfinished folder .unfinished-{ENDED}.abc"]
        assert making.exists()
    assert not left.exists()
    assert not making.exists()
    assert (tmp_path / "kind-123").exists()


def test_temporary_files_of_dead_runs_alone_are_removed(
    tmp_path: Path, docker: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker.add("docker", "exit 1")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("TMPDIR", raising=False)
    (tmp_path / f"voting-conformance.{ENDED}").mkdir()
    (tmp_path / f"voting-conformance.{ENDED}/key").touch()
    (tmp_path / "somebody-else").mkdir()
    (tmp_path / f"voting-conformance.{ENDED}0").symlink_to(tmp_path / "somebody-else")
    with scratch() as ours:
        assert tempfile.gettempdir() == os.environ["TMPDIR"] == str(ours)
        assert ours.stat().st_mode & 0o777 == 0o700
        assert leftovers.remove_stale(tmp_path) == [f"removed temporary folder voting-conformance.{ENDED}"]
        assert ours.exists()
    assert not ours.exists()
    assert "TMPDIR" not in os.environ
    assert (tmp_path / "somebody-else").exists()


def test_folders_of_another_machine_or_container_are_left_and_named(
    tmp_path: Path, docker: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker.add("docker", "exit 1")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    elsewhere = f"{ENDED}-1-ffffff"
    folders = [tmp_path / f"voting-conformance.{elsewhere}", tmp_path / f".unfinished-{elsewhere}.abc"]
    for folder in folders:
        folder.mkdir()
    with scratch(), unfinished(tmp_path):
        assert leftovers.remove_stale(tmp_path) == []
        lines = leftovers.left_alone(tmp_path)
    assert [line.partition(": ")[0] for line in lines] == [f"left {folder}" for folder in folders]
    assert all(folder.exists() for folder in folders)


def test_a_worker_puts_its_temporary_files_into_its_controllers_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("TMPDIR", raising=False)
    with scratch() as controllers:
        with scratch() as workers:
            assert workers == controllers
        assert controllers.exists()


def test_a_silent_engine_is_reported_where_it_may_hold_a_cluster(tmp_path: Path, docker: Programs) -> None:
    docker.add("docker", "exit 1")
    assert leftovers.remove_stale(tmp_path) == []
    with another_run(tmp_path) as other:
        other.kill()
        other.wait()
    (line,) = leftovers.remove_stale(tmp_path)
    assert line.startswith("the container engine is silent")
    assert (tmp_path / "clusters/ours/record.json").exists()


def test_a_run_that_starts_while_a_dead_run_is_cleaned_up_waits(tmp_path: Path) -> None:
    with another_run(tmp_path) as other:
        other.kill()
        other.wait()
    cleaner = cluster_ownership.unclaimed(tmp_path)
    assert next(cleaner)[0] == "ours"
    waiting = threading.Timer(0.1, cleaner.close)
    waiting.start()
    with claimed("ours", tmp_path) as claim:
        assert claim.mine
    waiting.join()


def test_cleaning_up_holds_no_cluster_but_the_one_it_removes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        with claimed(name, tmp_path) as claim:
            write_down(claim, keep=True)
    cleaner = cluster_ownership.unclaimed(tmp_path)
    assert next(cleaner)[0] == "one"
    with claimed("two", tmp_path) as claim:
        assert claim.mine
    cleaner.close()


def test_the_containers_of_dead_runs_alone_are_removed(tmp_path: Path, docker: Programs) -> None:
    prefix = "voting-conformance-unfinished-node."
    names = f"{prefix}{ENDED} {prefix}{process_owners.own_token()}"
    docker.add("docker", f'case "$*" in *name=*) echo {names};; version*) echo 20;; esac')
    assert leftovers.remove_stale(tmp_path) == [
        f"removed container {prefix}{ENDED}, left by a run that was killed"
    ]
    assert [call for call in docker.calls() if "rm" in call.split()] == [
        f"docker rm --force --volumes {prefix}{ENDED}"
    ]
