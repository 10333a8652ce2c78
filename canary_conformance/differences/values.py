"""What changes between two sets of manifests, as values, of which every view is made (terminal, JSON, ...).

BASE is "before" and HEAD "after" everywhere. A line is a place in the manifests of its own side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from canary_conformance.scenario.places import Finding, Place


class Standing(StrEnum):
    """What is known of a requirement by the manifests of one side."""

    HOLDS = "holds"
    FAILED = "FAILED"
    NOT_JUDGED = "not judged"


class Change(StrEnum):
    """What became of an object."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    RENAMED = "renamed"


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines that are responsible on both sides; none on a side that has nothing there."""

    before: tuple[Place, ...] = ()
    after: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownRequest:
    """A request in the order in which people write it; str is "GET / with cookie: a=1".

    Attributes:
        host: the Host header, "" where any will do.
        headers: those that decide, the cookie among them.
    """

    method: str
    path: str
    host: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __str__(self) -> str:
        sent = {**({"host": self.host} if self.host else {}), **self.headers}
        written = ", ".join(f"{name}: {escaped(value)}" for name, value in sent.items())
        return f"{self.method} {escaped(self.path)}" + (f" with {written}" if written else "")


@dataclass(frozen=True, slots=True)
class AnswerChange:
    """Requests or connections that are answered in another way.

    Attributes:
        stages: the stages at whose end they are.
        clients: who sends them ("ingress gateway", "voting-app 1.0", "outside"), one at least.
        destinations: what they are for: "port 80" of the ingress, else "voting-analytics:8080".
        request: a shortest one of them, None for a connection of any bytes.
        alike: how many more kinds of requests change in the same way.
        before: who answers, or how it ends; after: the same for HEAD.
        lines: what is responsible.
        same_version: whether the same pods answer, so that only how they do changes.
    """

    stages: tuple[int, ...]
    clients: tuple[str, ...]
    destinations: tuple[str, ...]
    request: ShownRequest | None
    alike: int
    before: str
    after: str
    lines: Lines
    same_version: bool = False


@dataclass(frozen=True, slots=True)
class PageChange:
    """Pages of voters that fail while a stage is applied, on one side only.

    Attributes:
        fails: whether they fail in HEAD (else they failed in BASE, and no longer do).
        what: what happens: "voting-app answers 503".
        sentence: which pages, from which object on, until when, by which line.
        place: the line that is responsible, None where it is not known.
    """

    stage: int
    fails: bool
    what: str
    sentence: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class PodChange:
    """Pods of a workload that are ready at the end of stages on one side only, or in another number."""

    stages: tuple[int, ...]
    workload: str
    before: int
    after: int
    lines: Lines
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LegChange:
    """Legs of the table of mutual TLS whose row changes.

    Attributes:
        legs: "voting-app 1.0 -> voting-storage:6379", one at least.
        before: the row in words; after: the same for HEAD.
    """

    stages: tuple[int, ...]
    legs: tuple[str, ...]
    before: str
    after: str
    lines: Lines


@dataclass(frozen=True, slots=True)
class RequirementChange:
    """A requirement whose standing by the manifests changes, or that fails for another reason.

    Attributes:
        seen: why it fails or is not judged, on the side where it does: HEAD's where both do.
        causes: the lines that are responsible, of the same side.
    """

    id: str
    stage: int
    sentence: str
    before: Standing
    after: Standing
    seen: str = ""
    causes: tuple[Finding, ...] = ()

    @property
    def breaks(self) -> bool:
        """Whether it FAILED in HEAD, and not in BASE."""
        return self.after is Standing.FAILED and self.before is not Standing.FAILED

    @property
    def heals(self) -> bool:
        """Whether it FAILED in BASE, and holds in HEAD."""
        return self.before is Standing.FAILED and self.after is Standing.HOLDS

    @property
    def lost(self) -> bool:
        """Whether it is not judged in HEAD, and was in BASE."""
        return self.after is Standing.NOT_JUDGED and self.before is not Standing.NOT_JUDGED


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of an object; a text is None where the field is absent."""

    path: str
    before: str | None
    after: str | None
    lines: Lines


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """An object in force at the end of stages that differs, in its own words.

    Attributes:
        name: "Kind/name"; its name in BASE where it is renamed.
        renamed_to: its name in HEAD, "" where it keeps its name.
        fields: those that differ; none for an object that is added or removed as a whole.
    """

    stages: tuple[int, ...]
    name: str
    change: Change
    fields: tuple[FieldChange, ...]
    lines: Lines
    renamed_to: str = ""


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """Something that differs, or that what differs meets, and that the model does not follow."""

    stages: tuple[int, ...]
    sentence: str
    lines: Lines


@dataclass(frozen=True, slots=True)
class Difference:
    """All that changes from BASE to HEAD.

    Attributes:
        before: what BASE is, for people ("main (1a2b3c4d): manifests"); after: the same for HEAD.
        identical: whether both sides apply the same objects in the same order, lines aside.
        stages: the stages that both sides have; only_before, only_after: those that one side has.
        requests: requests at the ingress.
        calls: calls between pods, and from outside of the mesh.
        judged: how many requirements the manifests alone decide on both sides.
        decided: over what it is decided that no other request changes its answer, "" where it is not.
    """

    before: str
    after: str
    identical: bool
    stages: tuple[int, ...] = ()
    only_before: tuple[int, ...] = ()
    only_after: tuple[int, ...] = ()
    requirements: tuple[RequirementChange, ...] = ()
    requests: tuple[AnswerChange, ...] = ()
    calls: tuple[AnswerChange, ...] = ()
    pages: tuple[PageChange, ...] = ()
    legs: tuple[LegChange, ...] = ()
    pods: tuple[PodChange, ...] = ()
    objects: tuple[ObjectChange, ...] = ()
    not_understood: tuple[NotUnderstood, ...] = ()
    judged: int = 0
    decided: str = ""

    @property
    def breaks(self) -> tuple[RequirementChange, ...]:
        """The requirements that FAILED in HEAD, and not in BASE."""
        return tuple(one for one in self.requirements if one.breaks)

    @property
    def undecided(self) -> bool:
        """Whether more requests may change their answers than those shown."""
        return bool(self.not_understood or self.only_before or self.only_after)

    @property
    def incomplete(self) -> bool:
        """Whether something that differs is not understood, or a requirement is no longer judged."""
        return bool(self.not_understood or self.only_before) or any(one.lost for one in self.requirements)


def escaped(text: str) -> str:
    """Return a text as it can be shown in a line: controls and what is no ASCII escaped."""
    return text.encode("unicode_escape").decode()
