"""Where things are made before they are moved into their place: folders of the store with a telling name."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from canary_conformance.process_owners import has_ended, is_elsewhere, own_token

PREFIX = ".unfinished-"
LOCK = "lock"
"""The store's lock, held by the run that makes something in it."""


@contextmanager
def unfinished(store: Path) -> Iterator[Path]:
    """Yield a new folder of the store for something that is being made; it is removed at the end.

    Its name holds the mark of the run that makes it.
    """
    store.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=store, prefix=f"{PREFIX}{own_token()}.") as folder:
        yield Path(folder)


def abandoned(store: Path) -> list[Path]:
    """Return such folders whose run has ended."""
    return [folder for folder, token in _folders(store) if has_ended(token)]


def of_elsewhere(store: Path) -> list[Path]:
    """Return such folders that were made on another machine or in another container."""
    return [folder for folder, token in _folders(store) if is_elsewhere(token)]


def _folders(store: Path) -> list[tuple[Path, str]]:
    """Return such folders, each with its run's mark."""
    found = sorted(store.glob(f"{PREFIX}*"))
    return [(folder, folder.name[len(PREFIX) :].partition(".")[0]) for folder in found]
