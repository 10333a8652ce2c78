"""Parts of pages that a command writes between two markers, or compares with what it would write."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path


def with_part(page: str, name: str, text: str, file: Path) -> str:
    """Return a page's text with this text between its markers `<!-- NAME:begin -->` and `<!-- NAME:end -->`.

    Raises ValueError where the page, which is this file, lacks one of the two.
    """
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    if page.count(begin) != 1 or page.count(end) != 1 or page.index(begin) > page.index(end):
        raise ValueError(f"{file} needs one line {begin} and, after it, one line {end}")
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n{text}\n{end}{rest.partition(end)[2]}"


def write_part(root: Path, file: Path, name: str, text: str, made_by: str, *, check: bool) -> int:
    """Write a part of a page, or print how the page differs; return the exit code.

    Args:
        root: The repository.
        file: The page in it.
        name: The part's.
        text: What it has to be.
        made_by: What it comes from, for the difference.
        check: Change nothing, and return 1 where the page differs.

    Raises:
        ValueError: The page lacks the markers.
    """
    path = root / file
    old = path.read_text(encoding="utf-8")
    new = with_part(old, name, text, file)
    if not check:
        path.write_text(new, encoding="utf-8")
        return 0
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    sys.stdout.writelines(difflib.unified_diff(before, after, str(file), f"{file} by {made_by}"))
    return int(old != new)
