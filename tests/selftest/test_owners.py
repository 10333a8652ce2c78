"""A program that a dead run left is found by its mark and ended; every other process is left alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from fixtures import owners
from fixtures.waiting import wait_until

pytestmark = pytest.mark.selftest


@pytest.fixture(autouse=True)
def _a_mark_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What real runs left on this machine is not this test's to end."""
    monkeypatch.setattr(owners, "MARK", "VOTING_CONFORMANCE_SELFTEST_OWNER")


@contextmanager
def sleeping(token: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program that runs until it is ended, with this mark in its environment."""
    environment = {name: value for name, value in os.environ.items() if name != owners.MARK}
    environment |= {owners.MARK: token} if token else {}
    with subprocess.Popen(["sleep", "600"], env=environment) as process:
        # Until the program is loaded, /proc shows the environment of who started it.
        wait_until(
            lambda: owners._name(process.pid),
            until=lambda name: name == "sleep",
            limit=10,
            what="it sleeps",
            pause=0.01,
        )
        try:
            yield process
        finally:
            process.kill()


def dead_token() -> str:
    """The mark of a process that has ended."""
    code = "from fixtures.owners import own_token; print(own_token())"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_this_process_is_alive_and_an_ended_one_is_not() -> None:
    assert owners.is_alive(owners.own_token())
    assert not owners.is_alive(dead_token())


@pytest.mark.parametrize("token", ["", "-", "1", "x-1", "1-", "0-0", "1-1"])
def test_what_is_no_mark_of_a_living_process(token: str) -> None:
    assert not owners.is_alive(token)


def test_what_a_dead_run_left_is_ended() -> None:
    with sleeping(dead_token()) as left:
        assert left.pid in [orphan.pid for orphan in owners.orphans()]
        ended = owners.end_orphans()
        assert f"{left.pid} (sleep)" in [str(orphan) for orphan in ended]
        assert left.wait(10) == -9
    assert left.pid not in [orphan.pid for orphan in owners.orphans()]


def test_what_a_living_run_or_nobody_started_is_left_alone() -> None:
    with sleeping(owners.own_token()) as ours, sleeping("") as anybodys:
        owners.end_orphans()
        assert ours.poll() is None
        assert anybodys.poll() is None


def test_children_are_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(owners.MARK, "somebody")
    owners.mark_children()
    assert os.environ[owners.MARK] == owners.own_token()
