"""A run's own folder for temporary files: what a killed run leaves there is known by its name.

Libraries and browsers leave keys and profiles in the system's folder for temporary files, and would leave
them for good where nothing lets them tidy up.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from canary_conformance.process_owners import MARK, has_ended, is_elsewhere, own_token

# Short: sockets lie below it, and their addresses have no more than 108 letters (unix(7)).
PREFIX = "voting-conformance."
OUTLIVING = ("env", f"--unset={MARK}", "--unset=TMPDIR")
"""The words before a command that is to outlive the run, as the container engine.

It has no mark of the run, and puts its temporary files where the system has them.
"""


@contextmanager
def scratch() -> Iterator[Path]:
    """Let this process and all that it starts put their temporary files into one folder, removed at the end.

    Only its owner can read it. A worker has its controller's: one within another would be too long.
    """
    system, variable = tempfile.gettempdir(), os.environ.get("TMPDIR")
    if _is_scratch(Path(system)):
        yield Path(system)
        return
    folder = Path(system) / f"{PREFIX}{own_token()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
    try:
        yield folder
    finally:
        tempfile.tempdir = system
        os.environ.pop("TMPDIR")
        if variable is not None:
            os.environ["TMPDIR"] = variable
        shutil.rmtree(folder, ignore_errors=True)


def remove_abandoned() -> list[str]:
    """Remove such folders of runs that have ended; return their names."""
    gone = [folder for folder, token in _folders() if has_ended(token)]
    for folder in gone:
        shutil.rmtree(folder, ignore_errors=True)
    return [folder.name for folder in gone]


def of_elsewhere() -> list[Path]:
    """Return such folders that were made on another machine or in another container."""
    return [folder for folder, token in _folders() if is_elsewhere(token)]


def _folders() -> list[tuple[Path, str]]:
    """Return such folders of this user, each with its run's mark."""
    found = [folder for folder in sorted(_systems().glob(f"{PREFIX}*")) if not folder.is_symlink()]
    return [(folder, folder.name.removeprefix(PREFIX)) for folder in found if _is_ours(folder)]


def _systems() -> Path:
    """Return the system's folder for temporary files: a run's own lies in it."""
    current = Path(tempfile.gettempdir())
    return current.parent if _is_scratch(current) else current


def _is_scratch(folder: Path) -> bool:
    return folder.name.startswith(PREFIX)


def _is_ours(folder: Path) -> bool:
    """Return whether this user made the folder: any user may make one of that name in a shared folder."""
    return folder.is_dir() and folder.stat().st_uid == os.getuid()
