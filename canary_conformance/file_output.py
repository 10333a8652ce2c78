"""A file that cannot be written is a failure of the environment, reported by path and reason."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from canary_conformance.errors import EnvironmentFailed


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raise EnvironmentFailed where the system refuses what is made or written within.

    path: the path to report where the system names none.
    """
    try:
        yield
    except OSError as error:
        raise EnvironmentFailed(f"can't write {error.filename or path}: {error.strerror}") from error


def check_writable(folder: Path) -> None:
    """Raise EnvironmentFailed where no file can be written into a folder, be it there or still to be made.

    Nothing is left behind.
    """
    there = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        TemporaryFile(dir=there).close()
    except OSError as error:
        # The system names the file of the trial, which means nothing to the reader.
        raise EnvironmentFailed(f"can't write {folder}: {error.strerror}") from error
