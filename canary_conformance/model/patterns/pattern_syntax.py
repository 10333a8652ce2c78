"""A pattern of RE2 read into its parts: characters, sequences, alternatives, repetitions and assertions.

Source: RE2, "Syntax". Which characters a class stands for is asked of RE2 itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from canary_conformance.model.routing.route_matching import is_pattern, matches_whole

_LETTERS, _DIGITS = "abcdefghijklmnopqrstuvwxyz", "0123456789"
_VISIBLE = [chr(code) for code in range(0x21, 0x7F)]
_READABLE = [*_LETTERS, *_DIGITS, *_LETTERS.upper(), *"=-_./:;,"]
# The last two are what RE2 takes for a small s and a k where case is ignored.
CHARACTERS = "".join(dict.fromkeys([*_READABLE, *_VISIBLE, " ", "\t", "\xe9", "\u017f", "\u212a"]))
"""The characters of a header's value; those that examples should have come first.

Visible ASCII, the space and the tab, and a few that stand for all others in UTF-8. Bytes that are no UTF-8
are left out: no pattern of RE2 matches them.
"""

_ASSERTIONS = {"b": "b", "B": "B", "A": "^", "z": "$"}
# Classes of Unicode, and characters by numbers beyond ASCII, would need all its characters.
_NO_CLASS = frozenset("CpP") | frozenset("123456789")
_BEYOND_ASCII = re.compile(r"\\x(\{0*(7f|[89a-f][0-9a-f]|[0-9a-f]{3,})\}|7f|[89a-f])|\\[pP]", re.IGNORECASE)
_FLAGS = frozenset("imsU-")
_MOST_TIMES = 200
_MOST_GROUPS = 100


class Unreadable(Exception):
    """A pattern has a part that is not read here, or is too large to compare."""


@dataclass(frozen=True, slots=True)
class Chars:
    """One character of a set."""

    of: frozenset[str]


@dataclass(frozen=True, slots=True)
class Assertion:
    """The start ("^") or end ("$") of the text, a boundary of words ("b") or none ("B")."""

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


Node = Chars | Assertion | Sequence | Alternatives | Repeated


def characters(patterns: Iterable[str]) -> str:
    """Return the characters that texts are made of here: the common ones, and what the patterns name."""
    named = {ord(char) for pattern in patterns for char in pattern if ord(char) > ord("~")}
    # With those beside them: a class may begin or end there.
    others = sorted({chr(code + step) for code in named for step in (-1, 0, 1)})
    return CHARACTERS + "".join(char for char in others if char > "\x7f" and char not in CHARACTERS)


def read_pattern(pattern: str, chars: str = CHARACTERS) -> Node:
    """Return a pattern's parts; chars: the characters of the texts. Raises Unreadable."""
    if not is_pattern(pattern) or _BEYOND_ASCII.search(pattern) or pattern.count("(") > _MOST_GROUPS:
        raise Unreadable(pattern)
    reader = _Reader(pattern, chars)
    found = reader.alternatives()
    if not reader.ended:
        raise Unreadable(pattern)
    return found


class _Reader:
    def __init__(self, pattern: str, chars: str) -> None:
        self._pattern = pattern
        self._chars = chars
        self._at = 0
        self._any_case = False

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
            # A text of HTTP has one line, so that (?m) changes nothing.
            return Assertion(char)
        if char in "*+?":
            raise Unreadable(self._pattern)
        if char == "[":
            return self._class(self._bracket())
        if char == "\\":
            return self._escaped()
        return self._class("." if char == "." else f"\\x{{{ord(char):x}}}")

    def _group(self) -> Node:
        outside = self._any_case
        if self._next("?") and not self._next(("P<", "<")):
            if not self._flags():
                # RE2 repeats what stands before the flags then.
                if self._times() is not None:
                    raise Unreadable(self._pattern)
                return Sequence(())
        elif self._pattern.startswith(("P<", "<"), self._at - 2) and self._pattern[self._at - 1] == "<":
            end = self._pattern.find(">", self._at)
            if end < 0:
                raise Unreadable(self._pattern)
            self._at = end + 1
        found = self.alternatives()
        if not self._next(")"):
            raise Unreadable(self._pattern)
        self._any_case = outside
        return found

    def _flags(self) -> bool:
        """Read (?flags) or (?flags:, and return whether a group's content follows."""
        start = self._at
        while not self.ended and self._pattern[self._at] in _FLAGS:
            self._at += 1
        on, _, off = self._pattern[start : self._at].partition("-")
        # How greedy a repetition is (U), and where lines end (m, s), changes nothing here.
        if "i" in on or "i" in off:
            self._any_case = "i" in on
        if self._next(":"):
            return True
        if not self._next(")"):
            raise Unreadable(self._pattern)
        return False

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
        char = self._pattern[self._at : self._at + 1]
        if not char or char in _NO_CLASS:
            raise Unreadable(self._pattern)
        self._at += 1
        if char in _ASSERTIONS:
            return Assertion(_ASSERTIONS[char])
        if char == "Q":
            return self._quoted()
        start = self._at - 2
        if char == "x" and self._next("{"):
            self._at = self._pattern.find("}", self._at) + 1
        elif char == "x":
            self._at += 2
        elif char == "0":
            while not self.ended and self._pattern[self._at] in "01234567" and self._at - start < 4:
                self._at += 1
        return self._class(self._pattern[start : self._at])

    def _quoted(self) -> Node:
        """Read what is quoted; a repetition after it is of its last character, and not read."""
        end = self._pattern.find("\\E", self._at)
        text = self._pattern[self._at : end if end >= 0 else None]
        self._at = end + 2 if end >= 0 else len(self._pattern)
        if not self.ended and self._pattern[self._at] in "*+?{":
            raise Unreadable(self._pattern)
        return Sequence(tuple(self._class(f"\\x{{{ord(char):x}}}") for char in text))

    def _repeated(self, part: Node) -> Node:
        while (times := self._times()) is not None:
            # How greedy a repetition is changes nothing about which texts match.
            self._next("?")
            part = Repeated(part, *times)
        return part

    def _times(self) -> tuple[int, int | None] | None:
        for char, times in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._next(char):
                return times
        end = self._pattern.find("}", self._at)
        if self.ended or self._pattern[self._at] != "{" or end < 0:
            return None
        least, comma, most = self._pattern[self._at + 1 : end].partition(",")
        if not _is_number(least) or not (_is_number(most) or most == ""):
            return None
        self._at = end + 1
        last = int(most) if most else None if comma else int(least)
        if max(int(least), last or 0) > _MOST_TIMES:
            raise Unreadable(self._pattern)
        return int(least), last

    def _next(self, text: str | tuple[str, ...]) -> bool:
        for one in (text,) if isinstance(text, str) else text:
            if self._pattern.startswith(one, self._at):
                self._at += len(one)
                return True
        return False

    def _class(self, written: str) -> Chars:
        return _chars_of(f"(?i){written}" if self._any_case else written, self._chars)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()


@lru_cache(maxsize=2048)
def _chars_of(written: str, chars: str) -> Chars:
    return Chars(frozenset(char for char in chars if matches_whole(written, char)))
