"""The repository in a folder of its own, made of links, so that runs of pytest leave their reports there."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from canary_conformance.paths import REPOSITORY

PARTS = (
    "conftest.py", "pytest.ini", "canary_conformance", "fixtures", "tools", "docs", "tests", "manifests",
    "images", "action.yml", ".github", "examples",
)  # fmt: skip


def linked_repository(folder: Path, *more: str, without: str = "") -> Path:
    """Link the parts of the repository that a run of pytest needs into the folder, made if need be."""
    folder.mkdir(exist_ok=True)
    for name in (*PARTS, *more):
        if name != without:
            (folder / name).symlink_to(REPOSITORY / name)
    return folder


def run_pytest(
    folder: Path, *words: str | Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run pytest in such a folder, without the settings of the pytest that runs this."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    # Code compiled through the links would be found by others under the wrong name.
    used = kept | {"PYTHONDONTWRITEBYTECODE": "1"} | dict(environment or {})
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words]
    return subprocess.run(command, cwd=folder, env=used, capture_output=True, text=True, check=False)
