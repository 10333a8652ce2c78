"""Where the files beside the code lie: in a clone next to this package, in an installation inside it.

A wheel carries images/, manifests/ and tests/static/ as package data (pyproject.toml, force-include). Paths
are not resolved: a clone whose folders are links writes its reports beside the links.
"""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(__file__).parent
IS_A_CLONE = (PACKAGE.parent / "pytest.ini").is_file()
REPOSITORY = PACKAGE.parent if IS_A_CLONE else PACKAGE / "data"
"""The folder that holds what follows; only a clone also has pytest's side and the makers' tools."""
IMAGES = REPOSITORY / "images"
MANIFESTS = REPOSITORY / "manifests"
TESTS = REPOSITORY / "tests"
STATIC_TESTS = TESTS / "static"
REPORTS = REPOSITORY / "reports"


def store() -> Path:
    """Return the folder where the suite keeps what it builds (XDG Base Directory: XDG_CACHE_HOME)."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "voting-conformance"


def shown(path: Path) -> Path:
    """Return a path as it is printed: from the repository on where it lies in it."""
    return path.relative_to(REPOSITORY) if path.is_relative_to(REPOSITORY) else path
