"""A short text that fits a pattern of RE2, made from the pattern itself. Source: RE2, "Syntax".

Whoever uses the text asks RE2 whether it fits: what is not read here (classes by name, flags) gives one that
doesn't.
"""

from __future__ import annotations

from canary_conformance.model.routing.route_matching import matches_whole

_CLASSES = {"d": "0", "D": "a", "w": "a", "W": "-", "s": " ", "S": "a"} | dict.fromkeys("bBAzQE", "")
_NEVER = "*?"
# Deeper ones are read by nobody.
_MOST_GROUPS = 50
_LIKELY = "a0A-_ ~"


def example_of(pattern: str) -> str | None:
    """Return a text that the pattern matches as a whole, None where none is found."""
    if pattern.count("(") > _MOST_GROUPS:
        return None
    for text in (_Reader(pattern).alternatives(), pattern):
        if matches_whole(pattern, text):
            return text
    return None


class _Reader:
    """Reads a pattern from left to right, and writes what its parts stand for."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0

    def alternatives(self) -> str:
        """Return the shortest of the alternatives up to the end of a group or of the pattern."""
        found = [self._sequence()]
        while self._next("|"):
            found.append(self._sequence())
        return min(found, key=len)

    def _sequence(self) -> str:
        text = ""
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            text += self._repeated(self._atom())
        return text

    def _atom(self) -> str:
        char = self._pattern[self._at]
        self._at += 1
        if char == "(":
            return self._group()
        if char == "[":
            return self._one_of_class()
        if char == "\\" and self._at < len(self._pattern):
            self._at += 1
            escaped = self._pattern[self._at - 1]
            return _CLASSES.get(escaped, escaped)
        return {".": "a", "^": "", "$": ""}.get(char, char)

    def _group(self) -> str:
        if self._next("?"):
            # (?:...), (?P<name>...), (?i)...: what stands before the colon, the > or the ) is no text.
            while self._at < len(self._pattern) and self._pattern[self._at] not in ":>)":
                self._at += 1
            if self._at < len(self._pattern) and self._pattern[self._at] != ")":
                self._at += 1
        text = self.alternatives()
        self._next(")")
        return text

    def _one_of_class(self) -> str:
        start = self._at
        self._next("^")
        self._next("]")
        while self._at < len(self._pattern) and self._pattern[self._at] != "]":
            self._at += 2 if self._pattern[self._at] == "\\" else 1
        self._at += 1
        written = self._pattern[start - 1 : self._at]
        candidates = (*written.strip("[]^"), *_LIKELY)
        return next((char for char in candidates if matches_whole(written, char)), "")

    def _repeated(self, text: str) -> str:
        if self._at >= len(self._pattern):
            return text
        char = self._pattern[self._at]
        if char in "*?+":
            self._at += 1
            times = 0 if char in _NEVER else 1
        elif char == "{" and (end := self._pattern.find("}", self._at)) > 0:
            least = self._pattern[self._at + 1 : end].partition(",")[0]
            self._at = end + 1
            times = int(least) if least.isascii() and least.isdigit() else 1
        else:
            return text
        self._next("?")
        return text * min(times, len(self._pattern) + 64)

    def _next(self, char: str) -> bool:
        """Step over a character, and return whether it was there."""
        found = self._pattern.startswith(char, self._at)
        self._at += found
        return found
