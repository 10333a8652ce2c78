"""The wheel, built from this repository."""

import subprocess
import sys
from pathlib import Path

import pytest

from canary_conformance.paths import REPOSITORY


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel; without a network, since the build backend is pinned in requirements-selftest.txt."""
    return build_wheel(REPOSITORY, tmp_path_factory.mktemp("wheel"))


def build_wheel(source: Path, folder: Path) -> Path:
    """Build the wheel of a source folder into another folder and return it."""
    words: list[str | Path] = ["wheel", "--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    subprocess.run([sys.executable, "-m", "pip", *words, "-w", folder, source], check=True, timeout=120)
    (built,) = folder.glob("*.whl")
    return built
