"""Copies of a manifests folder in which some files are others."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from canary_conformance.errors import BadInput
from canary_conformance.paths import MANIFESTS


@contextmanager
def changed_copy(folder: Path, overlay: Mapping[str, bytes]) -> Iterator[Path]:
    """Yield a copy of a manifests folder with some of its files replaced; it goes with the block."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as temporary:
        copy = Path(temporary) / "manifests"
        shutil.copytree(folder, copy)
        for file, content in overlay.items():
            (copy / file).write_bytes(content)
        yield copy


def with_mistake(file: str, written: str, mistake: str) -> Mapping[str, bytes]:
    """Return a file of our manifests in which a text is another, where it comes first. Raises BadInput."""
    text = (MANIFESTS / file).read_text(encoding="utf-8")
    if written not in text:
        raise BadInput(f"{file} has no {written!r} to replace")
    return {file: text.replace(written, mistake, 1).encode("utf-8")}
