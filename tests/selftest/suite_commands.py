"""The repository in a folder of its own, and commands that are typed there."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.selftest.repository_copy import linked_repository
from tests.selftest.support import Programs

BAD_INPUT = 4
WITHOUT_HYPOTHESIS = """
from importlib.machinery import PathFinder
found = PathFinder.find_spec
class Find:
    def __call__(self, name, *more):
        return None if name.startswith("hypothesis") else found(name, *more)
PathFinder.find_spec = Find()
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: exit code, the ids of the tests that it listed, all that it printed."""

    code: int
    ids: tuple[str, ...]
    output: str


class Suite:
    """The repository in a folder of its own, with programs that fail and write down that they were called."""

    def __init__(self, folder: Path, programs: Programs) -> None:
        self.folder = folder
        self._programs = programs
        linked_repository(folder, "canary_conformance_settings.dist-info")
        for name in ("docker", "apt-get", "kind", "kubectl"):
            programs.add(name, "exit 1")
        # As tox.ini: bytecode is kept, or each command would compile all that it imports.
        self.environment = {"PYTHONPATH": str(folder.parent / "site"), "PYTHONDONTWRITEBYTECODE": ""}
        (folder.parent / "site").mkdir()

    def without_hypothesis(self) -> None:
        (self.folder.parent / "site/sitecustomize.py").write_text(WITHOUT_HYPOTHESIS)

    def __call__(
        self, *words: str | Path, cwd: str | Path = ".", program: tuple[str, ...] = ("-m", "pytest")
    ) -> Ended:
        done = subprocess.run(
            [sys.executable, *program, "-p", "no:cacheprovider", *words],
            cwd=self.folder / cwd,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert self._programs.calls() == []
        ids = tuple(line for line in done.stdout.splitlines() if re.match(r"[^ ]+\.py::", line))
        return Ended(done.returncode, ids, done.stdout + done.stderr)

    def lists(self, *words: str | Path, cwd: str | Path = ".") -> set[str]:
        """Return the ids of the tests that a command selects."""
        ended = self("--collect-only", "-q", *words, cwd=cwd)
        assert ended.code == 0, ended.output
        assert not (self.folder / "reports").exists()
        return set(ended.ids)


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Suite:
    folder = tmp_path / "repository"
    folder.mkdir()
    return Suite(folder, Programs(tmp_path, monkeypatch))


@pytest.fixture
def bare(suite: Suite) -> Suite:
    """The suite without hypothesis."""
    suite.without_hypothesis()
    return suite
