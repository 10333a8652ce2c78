"""Where the files beside the code lie: in a clone next to this package, in an installation inside it.

A wheel carries images/, manifests/, fixtures/ and the judged tests as package data (pyproject.toml,
force-include). Paths are not resolved: a clone whose folders are links writes its reports beside the links.
"""

from __future__ import annotations

import os
from pathlib import Path


def current_folder() -> Path | None:
    """Return the folder that the process works in, None where that is gone."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None


PACKAGE = Path(__file__).parent
_DATA = PACKAGE / "data"
IS_A_CLONE = not _DATA.is_dir()
"""Whether this is a clone, which also has the makers' tools; else it was installed from a wheel."""
REPOSITORY = PACKAGE.parent if IS_A_CLONE else _DATA
"""The folder that holds what follows, pytest.ini and pytest's side."""
IMAGES = REPOSITORY / "images"
MANIFESTS = REPOSITORY / "manifests"
TESTS = REPOSITORY / "tests"
STATIC_TESTS = TESTS / "static"
REPORTS = (REPOSITORY if IS_A_CLONE else current_folder() or Path()) / "reports"
"""Beside the tests in a clone; an installation is not written to, and reports lie in the user's folder."""
E2E = "tox -e e2e --" if IS_A_CLONE else "canary-conformance e2e"
"""How messages call the command that judges both tiers."""


def store() -> Path:
    """Return the folder where the suite keeps what it builds (XDG Base Directory: XDG_CACHE_HOME)."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "voting-conformance"


def shown(path: Path) -> Path:
    """Return a path as it is printed: from the folder of the reports or from the repository on."""
    for folder in (REPORTS.parent, REPOSITORY):
        if path.is_relative_to(folder):
            return path.relative_to(folder)
    return path
