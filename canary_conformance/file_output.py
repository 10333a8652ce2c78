"""What the suite can't write is the environment's fault: told by path and reason, not by a traceback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile

from canary_conformance.errors import EnvironmentFailed


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Raise EnvironmentFailed where the system refuses what is made or written within.

    path: what is told where the system names none.
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
        # The system names the file that was tried, which nobody has asked for.
        raise EnvironmentFailed(f"can't write {folder}: {error.strerror}") from error
