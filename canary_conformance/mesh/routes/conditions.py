"""One condition of a running proxy on a request, and how it is read from Envoy's matchers.

Sources: Envoy, "RouteMatch", "HeaderMatcher", "QueryParameterMatcher", "StringMatcher" (a regex has to match
the whole text; a header that is not sent matches nothing but an inverted condition).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from canary_conformance.model.patterns.text_classes import (
    beginning,
    containing,
    ending,
    exactly,
    in_any_case,
)
from canary_conformance.model.routing.route_matching import matches_whole

METHOD, PATH, AUTHORITY = "method", "path", "authority"
HEADER, QUERY = "header ", "query "
"""A condition's subject: one of the three, or one of these two with a name ("header cookie")."""

_PSEUDO = {":method": METHOD, ":authority": AUTHORITY, "host": AUTHORITY}
# What the client's and the proxy's own HTTP writes.
_NOT_OURS = frozenset(
    {"connection", "content-length", "expect", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)
_OLD_WORDS = ("exact", "prefix", "suffix", "contains")


class Unread(Exception):
    """A matcher of a kind that is not read here; its message is the kind's name."""


class How(StrEnum):
    """How a text is compared; a text that is absent is compared as none of them."""

    EXACT = "exact"
    PREFIX = "prefix"
    SUFFIX = "suffix"
    CONTAINS = "contains"
    REGEX = "regex"
    PRESENT = "present"


_PATTERNS: Mapping[How, Callable[[str], str]] = {
    How.EXACT: exactly,
    How.PREFIX: beginning,
    How.SUFFIX: ending,
    How.CONTAINS: containing,
    How.REGEX: str,
    How.PRESENT: lambda _: ".*",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on one subject of a request: its text has to be so, or, inverted, must not be so."""

    subject: str
    how: How
    wanted: str = ""
    ignore_case: bool = False
    inverted: bool = False

    @property
    def pattern(self) -> str:
        """The texts that fit, without inversion, as a regular expression of RE2 that matches them whole."""
        pattern = _PATTERNS[self.how](self.wanted)
        return in_any_case(pattern) if self.ignore_case else pattern

    def holds(self, text: str | None) -> bool:
        """Return whether a request with this text, None for none, fulfils the condition."""
        return (text is not None and matches_whole(self.pattern, text)) is not self.inverted

    def __str__(self) -> str:
        negation = "not " if self.inverted else ""
        return (
            f"{self.subject} {negation}{self.how} {self.wanted!r}"
            if self.wanted
            else (f"{self.subject} {negation}{self.how}")
        )


def read_header(matcher: Mapping[str, Any]) -> Condition:
    """Return the condition of a HeaderMatcher. Raises Unread."""
    name = str(matcher["name"]).lower()
    subject = _PSEUDO.get(name) or (f"{HEADER}{name}" if not name.startswith(":") else "")
    if not subject or name in _NOT_OURS:
        raise Unread(f"a matcher of {name}")
    inverted = bool(matcher.get("invert_match", False))
    if matcher.get("treat_missing_header_as_empty"):
        raise Unread(f"a matcher of {subject} that takes an absent one for empty")
    return _read(subject, matcher, inverted=inverted)


def read_query(matcher: Mapping[str, Any]) -> Condition:
    """Return the condition of a QueryParameterMatcher. Raises Unread."""
    return _read(f"{QUERY}{matcher['name']}", matcher, inverted=False)


def read_path(match: Mapping[str, Any]) -> Condition | None:
    """Return the condition of a RouteMatch on the path, None where it takes every path. Raises Unread."""
    ignore_case = match.get("case_sensitive") is False
    for how, field in ((How.PREFIX, "prefix"), (How.EXACT, "path")):
        if field in match:
            every = how is How.PREFIX and match[field] in {"", "/"}
            return None if every else Condition(PATH, how, match[field], ignore_case)
    if "safe_regex" in match:
        return Condition(PATH, How.REGEX, match["safe_regex"]["regex"], ignore_case)
    if "path_separated_prefix" in match:
        prefix = exactly(match["path_separated_prefix"])
        return Condition(PATH, How.REGEX, f"{prefix}(/.*)?", ignore_case)
    raise Unread("a matcher of paths")


def read_string(subject: str, matcher: Mapping[str, Any], *, inverted: bool = False) -> Condition:
    """Return the condition of a StringMatcher. Raises Unread."""
    ignore_case = bool(matcher.get("ignore_case", False))
    for word in _OLD_WORDS:
        if word in matcher:
            return Condition(subject, How(word), matcher[word], ignore_case, inverted)
    if "safe_regex" in matcher:
        return Condition(subject, How.REGEX, matcher["safe_regex"]["regex"], inverted=inverted)
    raise Unread(f"a matcher of {subject}")


def _read(subject: str, matcher: Mapping[str, Any], *, inverted: bool) -> Condition:
    if "string_match" in matcher:
        return read_string(subject, matcher["string_match"], inverted=inverted)
    for word in _OLD_WORDS:
        if f"{word}_match" in matcher:
            return Condition(subject, How(word), matcher[f"{word}_match"], inverted=inverted)
    if "safe_regex_match" in matcher:
        return Condition(subject, How.REGEX, matcher["safe_regex_match"]["regex"], inverted=inverted)
    if "range_match" in matcher:
        raise Unread(f"a matcher of {subject} by numbers")
    present = bool(matcher.get("present_match", True))
    return Condition(subject, How.PRESENT, inverted=inverted is present)
