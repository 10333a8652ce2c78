"""A machine as the module of the container engine sees it."""

import os
from pathlib import Path

import pytest

from canary_conformance.images import debian, engine
from canary_conformance.images.engine import ensure_engine
from canary_conformance.progress import Progress
from canary_conformance.timeouts import Timeouts
from tests.selftest.support import Programs

ALL = 0x1FFFFFFFFFF
DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n'


class Machine:
    """What the engine module sees of a machine: who we are, the system, its capabilities and programs."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.programs = Programs(tmp_path, monkeypatch)
        self.log = tmp_path / "dockerd.log"
        self.home = tmp_path / "home"
        self._tmp_path = tmp_path
        self._monkeypatch = monkeypatch
        monkeypatch.delenv("DOCKER_HOST", raising=False)
        monkeypatch.setattr(engine, "LOG", self.log)
        monkeypatch.setattr(engine, "HOME", self.home)
        monkeypatch.setattr(engine, "LIMITS", Timeouts(engine_start=0.3))
        self.is_root(True)
        self.runs(DEBIAN)
        self.has_capabilities(ALL)
        # None of these may be reached in earnest, whatever a test forgets.
        self.programs.add("docker", "exit 1")
        self.programs.add("systemctl", "exit 1")
        self.programs.add("dockerd")
        self.programs.add("dpkg-query", "exit 1")
        self.programs.add("apt-get", "exit 1")

    def is_root(self, root: bool) -> None:
        self._monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)

    def runs(self, release: str) -> None:
        file = self._tmp_path / "os-release"
        file.write_text(release)
        self._monkeypatch.setattr(debian, "RELEASE", file)

    def has_capabilities(self, bounding_set: int) -> None:
        file = self._tmp_path / "status"
        file.write_text(
            f"Name:\tpython\nCapEff:\t{0:016x}\nCapBnd:\t{bounding_set:016x}\nCapAmb:\t{0:016x}\n"
        )
        self._monkeypatch.setattr(engine, "STATUS", file)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def ensured(said: list[str] | None = None) -> str:
    return ensure_engine(Progress() if said is None else Progress(said.append))
