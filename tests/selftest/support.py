"""What several selftests need: programs that only pretend, and time that takes none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


class FakeClock:
    """Time that passes by sleeping."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


class Programs:
    """Shell scripts that stand for programs, found before those of the machine; each call is written down."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder / "programs"
        self._folder.mkdir()
        self._calls = folder / "calls"
        self._monkeypatch = monkeypatch
        monkeypatch.setenv("PATH", f"{self._folder}{os.pathsep}{os.environ['PATH']}")

    @property
    def path(self) -> str:
        return str(self._folder)

    def add(self, name: str, script: str = "") -> Path:
        program = self._folder / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >> {self._calls}\n{script}\n')
        program.chmod(0o755)
        return program

    def only_these(self) -> None:
        """Hide the machine's own programs; scripts are left with the shell's built-in commands."""
        self._monkeypatch.setenv("PATH", self.path)

    def calls(self) -> list[str]:
        return self._calls.read_text().splitlines() if self._calls.exists() else []
