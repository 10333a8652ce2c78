"""Excerpts of the manifests for a page: the responsible lines with those around them, without secrets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from canary_conformance.report.manifest_lines import ManifestLine, ManifestLines
from canary_conformance.report.secret_masks import MASK, mask_secrets
from canary_conformance.scenario.places import Place

# Lines before and after a responsible one; and the most that one excerpt shows, also of a responsible object.
BEFORE, AFTER, LONGEST = 4, 4, 30


def excerpts_of(lines: ManifestLines, causes: Sequence[ManifestLine]) -> list[dict[str, Any]]:
    """Return an excerpt for each cause, those of one file whose lines touch as one.

    Args:
        lines: The manifests.
        causes: The responsible lines.
    """
    marked: dict[str, set[int]] = {}
    for cause in causes:
        marked.setdefault(cause.file, set()).add(cause.line)
    return [
        {"file": file, "lines": excerpt}
        for file in marked
        for excerpt in _excerpts(lines, file, marked[file])
    ]


def _excerpts(lines: ManifestLines, file: str, marked: set[int]) -> Iterable[list[dict[str, Any]]]:
    masked = _masked(lines.folder / file)
    shown = sorted({near for one in marked for near in _around(masked, one)})
    found: list[list[dict[str, Any]]] = []
    last = 0
    for number in shown:
        if not 0 < number <= len(masked):
            continue
        if not found or number != last + 1 or len(found[-1]) == LONGEST:
            found.append([])
        last = number
        found[-1].append({"line": number, "text": masked[number - 1], "marked": number in marked})
    return [[{**one, "text": _text(lines, file, one)} for one in excerpt] for excerpt in found]


def _around(text: Sequence[str], number: int) -> range:
    """Return the lines to show of a responsible one: those beside it, or the whole object that it begins."""
    if number > 1 and text[number - 2 : number - 1] != ["---"]:
        return range(number - BEFORE, number + AFTER + 1)
    rest = text[number : number + LONGEST - 1]
    return range(number, number + 1 + (rest.index("---") if "---" in rest else len(rest)))


def _masked(path: Path) -> list[str]:
    """Return the lines of a file without secrets; none where masking changed their number."""
    try:
        text = path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    except OSError:
        return []
    masked = mask_secrets(text).split("\n")
    return masked if len(masked) == len(text.split("\n")) else [MASK] * len(text.split("\n"))


def _text(lines: ManifestLines, file: str, shown: dict[str, Any]) -> str:
    """Return a line as both ways of masking leave it: that of the whole file, and that of a Secret's line."""
    line = lines.at(Place(file, shown["line"]))
    return line.text if line.object.startswith("Secret/") and MASK in line.text else str(shown["text"])
