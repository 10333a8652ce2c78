"""Lines of the manifests as reviewers meet them: file, text, and excerpts around them without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from canary_conformance.report.repository_paths import repository_of, repository_path
from canary_conformance.report.secret_masks import MASK, mask_secrets
from canary_conformance.scenario.places import Finding, Place
from canary_conformance.settings import Source

# YAML 1.1, "Line break characters": more than the line feeds by which editors and reviewers count.
_LINE_END = re.compile("(\r\n|[\r\n\x85\u2028\u2029])")
_VALUE = re.compile(r"(?<=:)\s+\S.*|(?<=-)\s+[^\s:]+$")


@dataclass(frozen=True, slots=True)
class ManifestLine:
    """A line of the manifests, and what is wrong there.

    Attributes:
        file: The file's path in the judged folder.
        line: Counted from 1, by line feeds.
        sentence: What is wrong there, "" for a line that is only to be looked at.
        path: The file's path in its repository, with slashes; "" where it lies in none.
        absolute: The file's path on this machine.
        object: The object that the line belongs to, "Kind/name"; "" for none.
        text: The line itself.
        same_before: How many equal lines the object has before it.
    """

    file: str
    line: int
    sentence: str = ""
    path: str = ""
    absolute: str = ""
    object: str = ""
    text: str = ""
    same_before: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(slots=True)
class ManifestLines:
    """The lines of a folder of manifests; each file is read once, and only where a line of it is needed.

    Attributes:
        folder: The judged folder.
        source: Its objects, None where it could not be read.
        repository: The root of the repository that it lies in.
    """

    folder: Path
    source: Source | None = None
    repository: Path | None = None
    _texts: dict[str, list[tuple[int, str]]] = field(default_factory=dict)

    @classmethod
    def of_folder(cls, folder: Path, source: Source | None = None) -> ManifestLines:
        """Return the lines of a folder, which is looked up in its repository."""
        return cls(folder, source, repository_of(folder))

    def of(self, findings: Iterable[Finding]) -> tuple[ManifestLine, ...]:
        """Return the lines of these places, each once, in order."""
        lines = (self.at(one.place, one.sentence) for one in findings)
        return tuple({(line.file, line.line): line for line in reversed(list(lines))}.values())[::-1]

    def of_concerns(self, concerns: Iterable[str], stage: int) -> tuple[ManifestLine, ...]:
        """Return where objects stand in the files that are in force at a stage; none without a source.

        Where none of them stands in a file, it is the begin of the last file: reviewers' formats show
        nothing that has no place.
        """
        if self.source is None:
            return ()
        scenario = self.source.scenario
        files = scenario.files_up_to(stage) or scenario.files()
        found = [self.source.manifests.place_of(concern, files) for concern in concerns]
        places = [place for place in dict.fromkeys(found) if place is not None]
        return tuple(self.at(place) for place in places or [Place(file, 1) for file in files[-1:]])

    def at(self, place: Place, sentence: str = "") -> ManifestLine:
        """Return the line at a place."""
        lines = self._lines_of(place.file)
        file = self.folder / place.file
        name, begin = self._object_at(place)
        number, text = lines[place.line - 1] if 0 < place.line <= len(lines) else (place.line, "")
        return ManifestLine(
            file=place.file,
            line=number,
            sentence=mask_secrets(sentence),
            path=repository_path(file, self.repository),
            absolute=str(file),
            object=name,
            # Of a Secret every value is hidden, whatever its name.
            text=_VALUE.sub(f" {MASK}", text, count=1) if name.startswith("Secret/") else mask_secrets(text),
            same_before=[one.strip() for _, one in lines[begin - 1 : place.line - 1]].count(text.strip()),
        )

    def _object_at(self, place: Place) -> tuple[str, int]:
        """Return the object that a line belongs to, and the line that it begins at ("" and 1 for none)."""
        objects = self.source.manifests.files.get(place.file, ()) if self.source else ()
        before = [one for one in objects if one.place.line <= place.line]
        return (str(before[-1].ref), before[-1].place.line) if before else ("", 1)

    def _lines_of(self, name: str) -> list[tuple[int, str]]:
        """Return the lines of a file as YAML counts them, each with its number by line feeds."""
        if name not in self._texts:
            try:
                raw = (self.folder / name).read_bytes()
            except OSError:
                raw = b""
            parts = _LINE_END.split(raw.decode("utf-8", "replace"))
            number, found = 1, []
            for text, end in zip(parts[::2], [*parts[1::2], ""], strict=True):
                found.append((number, text))
                number += end.endswith("\n")
            self._texts[name] = found
        return self._texts[name]


# Lines before and after a responsible one; and the most that one excerpt shows, also of a responsible object.
BEFORE, AFTER, LONGEST = 4, 4, 30


def excerpts_of(lines: ManifestLines, causes: Sequence[ManifestLine]) -> list[dict[str, Any]]:
    """Return an excerpt for each cause, those of one file whose lines touch as one."""
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
