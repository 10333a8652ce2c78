"""What a match of a route asks of a request, property by property, each as a pattern of RE2."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from canary_conformance.model.patterns.text_classes import (
    AUTHORITIES,
    HEADER_VALUES,
    METHODS,
    PATHS,
    QUERY_VALUES,
    beginning,
    exactly,
    in_any_case,
)
from canary_conformance.model.routing.route_matching import How, Match, StringMatch, excludes, fits_path

SCHEME = "http"
"""The scheme of every request: an HTTP port is what is judged."""


class Kind(StrEnum):
    """What a property is of."""

    METHOD = "method"
    PATH = "path"
    AUTHORITY = "authority"
    HEADER = "header"
    QUERY = "query parameter"


WITHIN = {
    Kind.METHOD: METHODS,
    Kind.PATH: PATHS,
    Kind.AUTHORITY: AUTHORITIES,
    Kind.HEADER: HEADER_VALUES,
    Kind.QUERY: QUERY_VALUES,
}
"""The values that a property can have, as patterns."""


@dataclass(frozen=True, slots=True)
class Property:
    """A property of requests; name: of the header, in small letters, or of the parameter."""

    kind: Kind
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".strip()


METHOD, PATH, AUTHORITY = Property(Kind.METHOD), Property(Kind.PATH), Property(Kind.AUTHORITY)


@dataclass(frozen=True, slots=True)
class Condition:
    """What one match asks of one property, and a pattern that has the same texts."""

    of: Property
    pattern: str
    holds: Callable[[str | None], bool]


def conditions(match: Match) -> Iterator[Condition]:
    """Yield what a match asks of each property; its scheme is no property, see SCHEME."""
    if match.uri is not None:
        pattern = _pattern(match.uri)
        any_case = match.ignore_case and match.uri.how is not How.REGEX
        yield Condition(PATH, in_any_case(pattern) if any_case else pattern, _path(match))
    for name, wanted in match.texts:
        if name != "scheme":
            yield Condition(METHOD if name == "method" else AUTHORITY, _pattern(wanted), _sent(wanted))
    for name, wanted in match.headers:
        yield Condition(Property(Kind.HEADER, name), _pattern(wanted), _sent(wanted))
    for name, wanted in match.without:
        yield Condition(Property(Kind.HEADER, name), _pattern(wanted), _kept(wanted))
    for name, wanted in match.query:
        yield Condition(Property(Kind.QUERY, name), _pattern(wanted), _sent(wanted))


def _pattern(wanted: StringMatch) -> str:
    if wanted.how is How.REGEX:
        return wanted.wanted
    if wanted.how is How.EXACT:
        return exactly(wanted.wanted)
    # What must only be there begins with an empty text.
    return beginning(wanted.wanted)


def _sent(wanted: StringMatch) -> Callable[[str | None], bool]:
    return lambda text: text is not None and wanted.fits(text)


def _kept(wanted: StringMatch) -> Callable[[str | None], bool]:
    return lambda text: not excludes(wanted, text)


def _path(match: Match) -> Callable[[str | None], bool]:
    return lambda text: fits_path(match, text or "")
