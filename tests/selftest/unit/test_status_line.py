"""A live line shows where the run is and leaves nothing on the terminal, as one that understands it shows."""

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

import fixtures.session
from canary_conformance.status_line import NARROWEST, LiveLine
from fixtures.session import live_line_of
from tests.selftest.terminal_screen import COLUMNS, Screen, terminal


def test_a_line_is_drawn_over_the_one_before_and_erased() -> None:
    screen = Screen()
    line = LiveLine(screen.print, lambda: COLUMNS - 1)
    screen.print("printed\r\n")
    line.draw("  sampling", ", for 10 s now: 812 of 1375 pages")
    assert screen.text == "printed\n  sampling, for 10 s now: 812 of 1375 pages"
    line.draw("  sampling", ", for 11 s now")
    assert screen.text == "printed\n  sampling, for 11 s now"
    line.erase()
    assert screen.text == "printed\n"


def test_it_stands_after_what_is_there_and_who_knows_nothing_of_it_prints_over_it() -> None:
    screen = Screen()
    line = LiveLine(screen.print, lambda: 40)
    screen.print("tests/test_page.py ..")
    line.draw(" opening pages", ", 3 s")
    assert screen.text == "tests/test_page.py .. opening pages, 3 s"
    screen.print(".")
    assert screen.text.startswith("tests/test_page.py ...")
    line.erase()
    assert screen.text == "tests/test_page.py ..."


@pytest.mark.parametrize("room", [NARROWEST, 30, 60, COLUMNS])
@pytest.mark.parametrize(
    "tail", [", for 5 s now", ", for 5 s now: 3 of 5 ready; voting-storage-2-0: not there", "x" * 99]
)
def test_no_line_is_longer_than_its_room_and_the_name_is_cut_before_the_detail(room: int, tail: str) -> None:
    screen = Screen()
    head = "kubernetes/step-2-update-voting-analytics-to-1.1.yaml"
    LiveLine(screen.print, lambda: room).draw(head, tail)
    assert "\n" not in screen.text
    assert NARROWEST <= len(screen.text) <= room
    assert screen.text.startswith("kubernetes/")
    assert ("..." in screen.text) is (len(head) + len(tail) > room)
    assert screen.text.endswith(tail) is (len(tail) + NARROWEST <= room)


def test_where_there_is_no_room_nothing_is_drawn_and_nothing_stays() -> None:
    screen = Screen()
    rooms = [40, NARROWEST - 1]
    line = LiveLine(screen.print, lambda: rooms.pop(0))
    line.draw("making", "")
    assert screen.text == "making"
    line.draw("making", "")
    assert screen.text == ""


def test_letters_that_move_a_cursor_and_a_room_that_is_less_than_was_said_break_no_other_line() -> None:
    screen = Screen(columns=30)
    screen.print("printed\r\n")
    line = LiveLine(screen.print, lambda: 60)
    line.draw("a\nb\x1b[2Jc\r", "x" * 40)
    assert screen.text.startswith("printed\na b [2Jc xxx")
    line.erase()
    assert screen.text == "printed\n"


def test_what_was_not_drawn_is_not_erased() -> None:
    written: list[str] = []
    line = LiveLine(written.append, lambda: COLUMNS)
    line.erase()
    assert written == []
    line.draw("a", "b")
    line.erase()
    line.erase()
    assert len(written) == 2


# --- where there is one ----------------------------------------------------------------------------------


@dataclass
class FakeSession:
    """As much of pytest's configuration as the live line asks for."""

    verbosity: int = 0
    captures: bool = True
    printed: int = 0
    has_reporter: bool = True

    def live_line(self) -> LiveLine | None:
        disabled = contextlib.nullcontext
        capture = SimpleNamespace(
            is_globally_capturing=lambda: self.captures, global_and_fixture_disabled=disabled
        )
        plugins = {"capturemanager": capture} | ({"terminalreporter": object()} if self.has_reporter else {})
        self.cleanups: list[Any] = []
        config = SimpleNamespace(
            pluginmanager=SimpleNamespace(get_plugin=plugins.get),
            get_verbosity=lambda: self.verbosity,
            add_cleanup=self.cleanups.append,
            get_terminal_writer=lambda: SimpleNamespace(width_of_current_line=self.printed),
        )
        return live_line_of(cast(Any, config))


@pytest.fixture
def stdout(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Make standard output a terminal that moves its cursor, and return the end that reads it."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    with terminal() as (ours, theirs), os.fdopen(os.dup(theirs), "w") as opened:
        # The module's own: pytest puts its capture in place of sys.stdout again when the test begins.
        monkeypatch.setattr(fixtures.session, "sys", SimpleNamespace(stdout=opened))
        yield ours


def test_a_terminal_has_one_as_wide_as_it_has_room(stdout: int) -> None:
    session = FakeSession(printed=30)
    line = session.live_line()
    assert line is not None
    line.draw("x" * 200, "")
    screen = Screen()
    screen.print(os.read(stdout, 10_000).decode())
    assert len(screen.text) == COLUMNS - 30 - 1
    (close,) = session.cleanups
    close()
    line.draw("the terminal is gone", "")
    line.erase()


@pytest.mark.parametrize("name", ["", "dumb", "unknown"])
def test_a_terminal_that_can_not_move_its_cursor_has_none(
    stdout: int, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assert stdout
    monkeypatch.setenv("TERM", name)
    assert FakeSession().live_line() is None


def test_ci_has_none(stdout: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert stdout
    monkeypatch.setenv("CI", "true")
    assert FakeSession().live_line() is None


@pytest.mark.parametrize(
    "session",
    [FakeSession(verbosity=-1), FakeSession(captures=False), FakeSession(has_reporter=False)],
    ids=["-q", "-s", "a worker of xdist"],
)
def test_a_session_that_prints_nothing_or_anything_has_none(stdout: int, session: FakeSession) -> None:
    assert stdout
    assert session.live_line() is None


def test_a_file_has_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    with (tmp_path / "log").open("w") as log:
        monkeypatch.setattr(sys, "stdout", log)
        assert FakeSession().live_line() is None
