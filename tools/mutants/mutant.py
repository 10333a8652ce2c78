"""One mistake: a file of the scenario as a user could have written it, and the requirements that name it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from canary_conformance.report.run_record import Tier
from canary_conformance.scenario.places import Place
from canary_conformance.voting.requirements import requirement_of

# Enough of a file's name to know it; the whole name would fill the line.
_STEP = re.compile(r"(?P<step>.*\bstep-\d+)-.*\.yaml")


class Altered(Protocol):
    """A manifests folder with some files replaced: a mutant, or a variant."""

    @property
    def name(self) -> str:
        """What was changed, in a few words."""

    @property
    def overlay(self) -> Mapping[str, bytes]:
        """What stands instead of the folder's own files, by their paths in it."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A file with one mistake in it.

    `file` is its path in the manifests folder, `original` and `content` are its bytes before and after,
    `place` is where the mistake is. `expected` are the ids of the requirements that name the mistake; it is
    empty where no requirement is about what was changed. `decided`: who can judge it: the manifests
    alone, or only a cluster, because an image, a volume or time has its part in it. Raises UnknownRequirement
    for an id that no requirement has.
    """

    name: str
    file: str
    original: bytes
    content: bytes
    operator: str
    place: Place
    expected: frozenset[str]
    decided: Tier = Tier.STATIC

    def __post_init__(self) -> None:
        for id_ in self.expected:
            requirement_of(id_)

    @property
    def overlay(self) -> Mapping[str, bytes]:
        """Return what stands instead of the folder's own files."""
        return {self.file: self.content}

    @property
    def diff(self) -> str:
        """Return the changed lines as a unified diff with one line around them."""
        before, after = (
            text.decode("utf-8", "replace").splitlines() for text in (self.original, self.content)
        )
        lines = difflib.unified_diff(before, after, self.file, self.file, lineterm="", n=1)
        return "\n".join(lines)


def short_file(file: str) -> str:
    """Return a file's path as it stands in names: "istio/step-3", or "scenario"."""
    found = _STEP.fullmatch(file)
    return found["step"] if found else file.removesuffix(".yaml")
