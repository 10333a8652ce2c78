"""A folder with the files that recipes are made from."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    for folder in ("go", "proxy", "node", "app"):
        (root / folder).mkdir(parents=True)
        (root / folder / "file").write_text("as it was")
    (root / "requirements.txt").write_text("envoy==1\n")
    return root
