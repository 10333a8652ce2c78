"""A whole run on a terminal shows its phases while they last, and leaves the plain log."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import pytest

from canary_conformance.waiting import wait_until
from tests.selftest.repository_copy import linked_repository
from tests.selftest.terminal_screen import COLUMNS, Screen, terminal

# With -v a line begins with the name of its test, which leaves little of 80 columns.
WIDE = 140
LIMIT = 60

SITUATION = """
import json
import threading
from pathlib import Path

import pytest

from fixtures.run_state import RUN
from canary_conformance.waiting import wait_until

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
