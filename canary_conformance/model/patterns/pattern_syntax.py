"""A pattern of RE2 read into its parts: characters, sequences, alternatives, repetitions and anchors.

Source: RE2, "Syntax". Which characters a class stands for is asked of RE2 itself.
"""

from __future__ import annotations

from dataclasses import dataclass

from canary_conformance.model.routing.route_matching import matches_whole

CHARACTERS = "abcdefghijklmnopqrstuvwxyz" + "".join(
    char for char in map(chr, range(0x20, 0x7F)) if not ("a" <= char <= "z")
)
"""The characters of a header's value, as people write them; letters first, so that examples have them."""

_NO_CLASS = frozenset("bBAzCQEpP") | frozenset("0123456789x")
_MOST_TIMES = 64


class Unreadable(Exception):
    """A pattern has a part that is not read here: a flag, a class by a property, a boundary of words."""


@dataclass(frozen=True, slots=True)
class Chars:
    """One character of a set."""

    of: frozenset[str]


@dataclass(frozen=True, slots=True)
class Anchor:
    """The start ("^") or end ("$") of the text."""

    at: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """Parts one after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Alternatives:
    """One of several parts."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Repeated:
    """A part several times; most: None for any number."""

    part: Node
    least: int
    most: int | None


Node = Chars | Anchor | Sequence | Alternatives | Repeated


def read_pattern(pattern: str) -> Node:
    """Return a pattern's parts. Raises Unreadable."""
    reader = _Reader(pattern)
    found = reader.alternatives()
    if not reader.ended:
        raise Unreadable(pattern)
    return found


class _Reader:
    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0

    @property
    def ended(self) -> bool:
        return self._at >= len(self._pattern)

    def alternatives(self) -> Node:
        found = [self._sequence()]
        while self._next("|"):
            found.append(self._sequence())
        return found[0] if len(found) == 1 else Alternatives(tuple(found))

    def _sequence(self) -> Node:
        parts = []
        while not self.ended and self._pattern[self._at] not in "|)":
            parts.append(self._repeated(self._atom()))
        return Sequence(tuple(parts))

    def _atom(self) -> Node:
        char = self._pattern[self._at]
        self._at += 1
        if char == "(":
            return self._group()
        if char in "^$":
            return Anchor(char)
        if char in "*+?":
            raise Unreadable(self._pattern)
        if char == "[":
            return _class(self._bracket())
        if char == "\\":
            return self._escaped()
        return _class(".") if char == "." else Chars(frozenset({char}))

    def _group(self) -> Node:
        if self._next("?") and not self._next(":"):
            end = self._pattern.find(">", self._at)
            if not self._pattern.startswith(("P<", "<"), self._at) or end < 0:
                raise Unreadable(self._pattern)
            self._at = end + 1
        found = self.alternatives()
        if not self._next(")"):
            raise Unreadable(self._pattern)
        return found

    def _bracket(self) -> str:
        start = self._at - 1
        self._next("^")
        self._next("]")
        while not self.ended and self._pattern[self._at] != "]":
            if self._pattern.startswith("[:", self._at):
                end = self._pattern.find(":]", self._at)
                if end < 0:
                    raise Unreadable(self._pattern)
                self._at = end + 1
            self._at += 2 if self._pattern[self._at] == "\\" else 1
        self._at += 1
        return self._pattern[start : self._at]

    def _escaped(self) -> Node:
        if self.ended or self._pattern[self._at] in _NO_CLASS:
            raise Unreadable(self._pattern)
        self._at += 1
        return _class(self._pattern[self._at - 2 : self._at])

    def _repeated(self, part: Node) -> Node:
        times = self._times()
        if times is None:
            return part
        # How greedy a repetition is changes nothing about which texts match.
        self._next("?")
        return Repeated(part, *times)

    def _times(self) -> tuple[int, int | None] | None:
        for char, times in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._next(char):
                return times
        end = self._pattern.find("}", self._at)
        if self.ended or self._pattern[self._at] != "{" or end < 0:
            return None
        least, comma, most = self._pattern[self._at + 1 : end].partition(",")
        if not least.isdecimal() or not (most.isdecimal() or most == ""):
            return None
        self._at = end + 1
        last = int(most) if most else None if comma else int(least)
        if max(int(least), last or 0) > _MOST_TIMES:
            raise Unreadable(self._pattern)
        return int(least), last

    def _next(self, char: str) -> bool:
        found = self._pattern.startswith(char, self._at)
        self._at += found
        return found


def _class(written: str) -> Chars:
    return Chars(frozenset(char for char in CHARACTERS if matches_whole(written, char)))
