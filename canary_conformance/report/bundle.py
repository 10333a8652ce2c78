"""A run's folder on disk: reports/RUN with its JUnit file, summary, record and a bundle for each failure.

Names that come from tests and pods are made harmless before they touch the disk, every text is masked, and
`reports/latest` is replaced in one step, so that it never leads nowhere.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from canary_conformance.errors import BadInput
from canary_conformance.report.run_record import RunRecord
from canary_conformance.report.run_tables import requirement_table, times_tables
from canary_conformance.report.secret_masks import mask_secrets

LATEST = "latest"
# A file system takes names of 255 bytes; what is added to distinguish equal names has to fit too.
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The folder of one run; everything that the suite leaves behind is written through it."""

    path: Path
    linked: bool = True  # whether `latest` beside it leads to it

    @classmethod
    def of_now(cls, reports: Path, now: datetime | None = None) -> RunFolder:
        """Return reports/RUN, RUN being the UTC time and a few random digits; it isn't made yet.

        Raises BadInput when reports/latest is there and is no symbolic link.
        """
        latest = reports / LATEST
        if latest.exists() and not latest.is_symlink():
            raise BadInput(f"{latest} must be a symbolic link to the newest run; move it away")
        stamp = (now or datetime.now(UTC)).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        return cls(reports / f"{stamp}-{secrets.token_hex(3)}")

    def make(self) -> Self:
        """Make the folder, link reports/latest to it, and return it; one that is there stays as it is.

        Raises OSError when nothing can be written there.
        """
        reports, new = self.path.parent, self.linked and not self.path.parent.exists()
        try:
            self.path.mkdir(parents=True)
        except FileExistsError:
            return self
        if not self.linked:
            return self
        if new:
            # The user's repository shall not show them as changes (gitignore: "*" hides this file, too).
            (reports / ".gitignore").write_text("*\n")
        link = self.path.with_name(f".{LATEST}-{self.path.name}")
        link.symlink_to(self.path.name, target_is_directory=True)
        link.replace(self.path.with_name(LATEST))
        return self

    @property
    def made(self) -> bool:
        """Whether it is there."""
        return self.path.is_dir()

    @property
    def junit(self) -> Path:
        """Where pytest shall write its JUnit XML."""
        return self.path / "junit.xml"

    def write_run(self, run: RunRecord) -> None:
        """Write summary.txt (the header and both tables) and run.json (the record, times in seconds)."""
        parts = ["\n".join(run.heading), requirement_table(run), *times_tables(run)]
        _write(self.path / "summary.txt", "\n\n".join(part for part in parts if part) + "\n")
        _write(self.path / "run.json", json.dumps(asdict(run), indent=2) + "\n")

    def write(self, name: str, text: str) -> None:
        """Write a file of the report."""
        _write(self.path / name, text)

    def write_picture(self, name: str, content: bytes) -> str:
        """Write a screenshot to screenshots/ under a free name; return its path from this folder on."""
        pictures = self.path / "screenshots"
        pictures.mkdir(exist_ok=True)
        stem, dot, ending = safe_name(name).rpartition(".")
        path = _claim(pictures, stem or ending, dot and f".{ending}", _touch)
        path.write_bytes(content)
        return f"{pictures.name}/{path.name}"

    def write_failure(self, test_name: str, text: str, files: Mapping[str, str | bytes]) -> Path:
        """Write a failure's text and files to a new folder failures/TEST and return that.

        `files` are named as their reader shall see them; a slash becomes an underscore. Texts, and bytes that
        are UTF-8, are masked; other bytes (a screenshot) are written as they are.
        """
        failures = self.path / "failures"
        failures.mkdir(exist_ok=True)
        folder = _claim(failures, safe_name(test_name.removeprefix("tests/")), "", Path.mkdir)
        for name, content in [("failure.txt", text), *files.items()]:
            stem, dot, ending = safe_name(name).rpartition(".")
            path = _claim(folder, stem or ending, dot and f".{ending}", _touch)
            _write(path, content)
        return folder


def _claim(folder: Path, stem: str, ending: str, make: Callable[[Path], None]) -> Path:
    """Make a file or folder of this name, or of the first of stem-2, stem-3 ... that isn't there yet."""
    number = 1
    while True:
        path = folder / (f"{stem}{ending}" if number == 1 else f"{stem}-{number}{ending}")
        try:
            make(path)
        except FileExistsError:
            number += 1
        else:
            return path


def _touch(path: Path) -> None:
    path.touch(exist_ok=False)


def safe_name(name: str) -> str:
    """Return one name of harmless characters, never hidden, never a way out, no longer than a disk takes."""
    safe = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._-") or "unnamed"
    if len(safe) <= _LONGEST_NAME:
        return safe
    digest = hashlib.sha256(name.encode("utf-8", "backslashreplace")).hexdigest()[:8]
    return f"{safe[: _LONGEST_NAME - 9]}-{digest}"


def _write(path: Path, content: str | bytes) -> None:
    if isinstance(content, bytes):
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            path.write_bytes(content)
            return
    else:
        text = content
    # newline="": what is written is what was seen. Half characters come from undecodable logs.
    path.write_text(mask_secrets(text), encoding="utf-8", errors="backslashreplace", newline="")
