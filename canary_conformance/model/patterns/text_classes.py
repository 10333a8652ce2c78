"""Classes of texts: all that a set of patterns of RE2 cannot tell apart, each with a shortest text.

Every pattern becomes an automaton (Thompson's construction), all of them are followed side by side, the
shortest texts first, and the first text that reaches a combination of matches and misses stands for it. Envoy
matches a pattern with the whole value, so that the classes decide whatever routes ask of that value.
google-re2 matches each text again; where it disagrees, this module has a defect.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from canary_conformance.model.patterns.pattern_automaton import Automaton
from canary_conformance.model.patterns.pattern_syntax import Unreadable
from canary_conformance.model.routing.route_matching import matches_whole

HEADER_VALUES = r"([^ \t](.*[^ \t])?)?"
"""The values of a header: HTTP trims spaces and tabs at both ends (RFC 9110, "Field Values")."""

METHODS = "GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|TRACE"
"""The methods of RFC 9110 and RFC 5789 that a proxy routes by their name; CONNECT asks for no page."""

PATHS = r"/([!$&-.0-;=@-Z_a-z~]+(/[!$&-.0-;=@-Z_a-z~]+)*/?)?"
"""The paths of requests, without a query.

Escapes (%2f), doubled slashes and other characters are left out: proxies rewrite them before they match.
"""

ALL_PATHS = r"/[!\"$->@-~]*"
"""Those that proxies rewrite, too."""

QUERY_VALUES = r"[!-\"$-%'-~]*"
"""The values of a parameter of the query, as they are written."""

AUTHORITIES = r"[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?(:[0-9]{1,5})?"
"""The names of hosts, maybe with a port."""

_MOST_STATES = 20_000


@dataclass(frozen=True, slots=True)
class TextClass:
    """Texts that every pattern treats alike.

    Attributes:
        example: a shortest of them.
        fits: for each pattern, in the order given, whether it matches them.
    """

    example: str
    fits: tuple[bool, ...]


def text_classes(patterns: Iterable[str], within: str = HEADER_VALUES) -> tuple[TextClass, ...]:
    """Return one shortest text for each combination of matches and misses that some text has.

    A request that is sent with each of the examples finds out all that the patterns distinguish; for what is
    absent (a header that is not sent) one more is needed. Repetitions of one pattern are fine.

    Args:
        patterns: patterns of RE2 for one property of a request, each matched with the whole value as Envoy
            does; see exactly(), beginning(), ending() and containing() for what is no pattern.
        within: a pattern of the values that the property can have: HEADER_VALUES, METHODS, PATHS,
            QUERY_VALUES or AUTHORITIES. The empty value is among those of HEADER_VALUES and QUERY_VALUES.

    Returns:
        The classes, shortest examples first; at least one unless no value is possible.

    Raises:
        Unreadable: a pattern is invalid, has a part that is not read, or all together are too large.
    """
    found = _text_classes(tuple(patterns), within)
    if isinstance(found, Unreadable):
        raise Unreadable(*found.args)
    return found


def exactly(text: str) -> str:
    """Return the pattern of one text."""
    return re.sub(r"[!-/:-@\[-^`{-~]", r"\\\g<0>", text)


def beginning(text: str) -> str:
    """Return the pattern of what begins with a text."""
    return f"{exactly(text)}.*"


def ending(text: str) -> str:
    """Return the pattern of what ends with a text."""
    return f".*{exactly(text)}"


def containing(text: str) -> str:
    """Return the pattern of what contains a text."""
    return f".*{exactly(text)}.*"


def in_any_case(pattern: str) -> str:
    """Return the pattern that ignores the case of letters."""
    return f"(?i:{pattern})"


@lru_cache(maxsize=256)
def _text_classes(patterns: tuple[str, ...], within: str) -> tuple[TextClass, ...] | Unreadable:
    """Return the classes, or why there are none: that patterns are too large takes long to find out."""
    distinct = tuple(dict.fromkeys(patterns))
    found: dict[tuple[bool, ...], str] = {}
    try:
        for text, matched in _shortest(distinct, within):
            found.setdefault(matched, text)
    except Unreadable as unread:
        return unread
    for matched, text in found.items():
        if matched != tuple(matches_whole(pattern, text) for pattern in distinct):
            raise AssertionError(
                f"google-re2 matches {text!r} with other patterns than {matched} of {distinct}"
            )
    at = [distinct.index(pattern) for pattern in patterns]
    return tuple(TextClass(text, tuple(matched[index] for index in at)) for matched, text in found.items())


def _shortest(patterns: Sequence[str], within: str) -> Iterator[tuple[str, tuple[bool, ...]]]:
    """Yield texts, the shortest first, each with the patterns that match: one for each way to go on."""
    automaton = Automaton([within, *patterns])
    waiting = deque([(automaton.start, "")])
    seen = {automaton.start}
    while waiting:
        state, text = waiting.popleft()
        ends = automaton.ends(state)
        if ends[0]:
            yield text, ends[1:]
        for letter, after in automaton.steps(state):
            # What is no beginning of a possible value leads nowhere.
            if after not in seen and automaton.may_end(after, 0):
                seen.add(after)
                if len(seen) > _MOST_STATES:
                    raise Unreadable(" | ".join(patterns))
                waiting.append((after, text + letter))
