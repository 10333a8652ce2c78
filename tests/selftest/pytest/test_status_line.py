"""A live line shows where the run is and leaves nothing on the terminal, as one that understands it shows."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

import fixtures.terminal
from canary_conformance.status_line import NARROWEST, LiveLine
from canary_conformance.waiting import wait_until
from fixtures.terminal import live_line_of
from tests.selftest.repository_copy import linked_repository

pytestmark = pytest.mark.selftest

COLUMNS = 80
# With -v a line begins with the name of its test, which leaves little of 80 columns.
WIDE = 140
LIMIT = 60


class Screen:
    """A terminal: it keeps its text in lines and knows the control sequences that it may be sent."""

    _PART = re.compile(r"\x1b\[\?7([hl])|\x1b(\[K|7|8)|([\r\n])|([^\x1b\r\n]+)")

    def __init__(self, columns: int = COLUMNS) -> None:
        self._columns = columns
        self._lines = [""]
        self._row = self._column = 0
        self._saved = (0, 0)
        self._wraps = True

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._lines)

    def print(self, text: str) -> None:
        at = 0
        while at < len(text):
            part = self._PART.match(text, at)
            assert part, f"no terminal knows {text[at : at + 20]!r}"
            at = part.end()
            wraps, control, moved, letters = part.groups()
            if wraps:
                self._wraps = wraps == "h"
            elif control == "7":
                self._saved = self._row, self._column
            elif control == "8":
                self._row, self._column = self._saved
            elif control == "[K":
                self._lines[self._row] = self._lines[self._row][: self._column]
            elif moved:
                self._move(moved)
            else:
                self._put(letters)

    def _move(self, how: str) -> None:
        if how == "\r":
            self._column = 0
            return
        self._row += 1
        if self._row == len(self._lines):
            self._lines.append("")

    def _put(self, letters: str) -> None:
        for letter in letters:
            if self._column == self._columns:
                if self._wraps:
                    self._move("\n")
                    self._column = 0
                else:
                    self._column -= 1
            line = self._lines[self._row].ljust(self._column)
            self._lines[self._row] = line[: self._column] + letter + line[self._column + 1 :]
            self._column += 1


# --- the line ----------------------------------------------------------------------------------------------


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


# --- where there is one ------------------------------------------------------------------------------------


@contextmanager
def terminal(columns: int = COLUMNS) -> Iterator[tuple[int, int]]:
    """Yield both ends of a pseudo-terminal: the one to read what was printed, the one that programs have."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    try:
        yield ours, theirs
    finally:
        for end in (ours, theirs):
            with contextlib.suppress(OSError):
                os.close(end)


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
        monkeypatch.setattr(fixtures.terminal, "sys", SimpleNamespace(stdout=opened))
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


# --- a whole run -------------------------------------------------------------------------------------------

SITUATION = """
import json
import threading
from pathlib import Path

import pytest

from fixtures.run_state import RUN
from canary_conformance.waiting import wait_until

pytestmark = pytest.mark.selftest


def wait_for(name):
    wait_until(Path(name).exists, until=bool, limit=60, what=name, pause=0.02)


@pytest.fixture
def progress(pytestconfig):
    return pytestconfig.stash[RUN].progress


def test_a_phase_with_a_note(progress):
    with progress.phase("making the cluster"):
        print("captured")
        progress.detail("812 of 1375 pages")
        Path("threads").write_text(json.dumps([thread.name for thread in threading.enumerate()]))
        wait_for("first")
        progress.note("a note")


def test_a_quiet_phase_beside_a_dot(progress):
    with progress.phase("opening pages", quiet=True, kept=False):
        progress.detail("5 of 9 pages")
        wait_for("second")


def test_that_is_red():
    print("also captured")
    assert 1 + 1 == 3
"""


class Situation:
    """A pytest of its own with our plugin, on tests that run phases until they are let go."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "tests/selftest").mkdir(parents=True)
        (folder / "tests/selftest/test_situation.py").write_text(SITUATION)
        linked_repository(folder, without="tests")

    def let_go(self, *names: str) -> None:
        for name in names:
            (self.folder / name).touch()

    def threads(self) -> list[str]:
        return cast(list[str], json.loads((self.folder / "threads").read_text()))

    @contextmanager
    def pytest(self, *options: str, stdout: int) -> Iterator[subprocess.Popen[bytes]]:
        words = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:terminalprogress"]
        given = ["--color=no", "--tb=line", *options, "tests/selftest/test_situation.py"]
        process = subprocess.Popen(
            [*words, *given],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process
            process.wait(LIMIT)
        finally:
            process.kill()
            process.wait()

    def _environment(self) -> Mapping[str, str]:
        ours = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("PYTEST_") and name not in {"CI", "LINES"}
        }
        return ours | {"TERM": "xterm", "COLUMNS": str(WIDE), "PYTHONDONTWRITEBYTECODE": "1"}


class Reader:
    """Reads a pseudo-terminal onto a screen."""

    def __init__(self, end: int, columns: int = COLUMNS) -> None:
        os.set_blocking(end, False)
        self._end = end
        self._ended = False
        self.raw = ""
        self.screen = Screen(columns)

    def read(self) -> str:
        try:
            text = os.read(self._end, 100_000).decode()
        except BlockingIOError:
            return self.screen.text
        except OSError:  # EIO: nobody has the other end any more
            self._ended = True
            return self.screen.text
        self.raw += text
        self.screen.print(text)
        return self.screen.text

    def read_until(self, text: str) -> str:
        return wait_until(
            self.read,
            until=lambda seen: text in seen,
            give_up=lambda seen: f"it ended: {seen}" if self._ended else None,
            limit=LIMIT,
            what=text,
            pause=0.02,
        )

    def read_to_end(self) -> str:
        def read() -> str | None:
            text = self.read()
            return text if self._ended else None

        wait_until(read, until=lambda text: text is not None, limit=LIMIT, what="the end", pause=0.02)
        return self.screen.text


@pytest.fixture
def situation(tmp_path: Path) -> Situation:
    return Situation(tmp_path)


def without_times(text: str) -> list[str]:
    """Return lines in which times, and what is as long as they are, are alike."""
    # On a terminal pytest itself writes over its word of collecting.
    text = text.replace("collecting ... ", "")
    alike = re.sub(r"=+|-+", "=", re.sub(r"\d+(\.\d+)?", "N", text))
    return [" ".join(line.split()) for line in alike.strip().splitlines()]


def plain_log(situation: Situation, *options: str) -> str:
    situation.let_go("first", "second")
    log = situation.folder / "log"
    with log.open("wb") as opened, situation.pytest(*options, stdout=opened.fileno()) as process:
        pass
    assert process.returncode == pytest.ExitCode.TESTS_FAILED
    return log.read_text()


@pytest.mark.parametrize("option", ["--verbosity=0", "-v"])
def test_on_a_terminal_phases_are_seen_while_they_last_and_what_stays_is_the_plain_log(
    situation: Situation, option: str
) -> None:
    with terminal(WIDE) as (ours, theirs), situation.pytest(option, stdout=theirs) as process:
        os.close(theirs)
        reader = Reader(ours, WIDE)
        seen = reader.read_until("812 of 1375 pages")
        assert re.search(r"^  making the cluster, for \d s now: 812 of 1375 pages$", seen, re.MULTILINE)
        assert "progress" in situation.threads()
        situation.let_go("first")
        seen = reader.read_until("5 of 9 pages")
        assert "a note" in seen
        assert "812 of 1375" not in seen
        assert re.search(r"test_situation.py.+  opening pages, for \d s now: 5 of 9 pages$", seen)
        situation.let_go("second")
        stays = reader.read_to_end()
    assert process.returncode == pytest.ExitCode.TESTS_FAILED
    assert "of 9 pages" not in stays
    plain = plain_log(situation, option)
    assert "\x1b" not in plain
    assert "making the cluster took" in plain
    assert without_times(stays) == without_times(plain)


def test_nothing_is_told_with_q(situation: Situation) -> None:
    situation.let_go("first", "second")
    with terminal() as (ours, theirs), situation.pytest("-q", stdout=theirs):
        os.close(theirs)
        reader = Reader(ours)
        assert "1 failed, 2 passed in " in reader.read_to_end()
    assert "\x1b" not in reader.raw
    assert "making the cluster ..." not in reader.raw
    assert "progress" not in situation.threads()
