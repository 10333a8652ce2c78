"""Where something is written, what is wrong there, and how it is reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from canary_conformance.errors import BadInput

# A person fixes the first few; a folder of another kind altogether would fill the screen.
_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line, counted from 1, of a file named by its path in the manifests folder; str is "file:line"."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong with what a person gave: where, and one sentence."""

    place: Place
    sentence: str

    def __str__(self) -> str:
        return f"{self.place}: {self.sentence}"


class BadManifests(BadInput):
    """Lines of the manifests can't be judged; `findings` are all of them."""

    def __init__(self, text: str, findings: Sequence[Finding]) -> None:
        """Take the whole message, and what it is about."""
        super().__init__(text)
        self.findings = tuple(findings)


def refuse(heading: str, findings: Sequence[Finding]) -> None:
    """Raise BadManifests with the findings under the heading, at most 20; return where there are none."""
    if not findings:
        return
    lines = [f"{heading}:", *(f"  {finding}" for finding in findings[:_MOST_SHOWN])]
    if len(findings) > _MOST_SHOWN:
        lines.append(f"  and {len(findings) - _MOST_SHOWN} more")
    raise BadManifests("\n".join(lines), findings)
