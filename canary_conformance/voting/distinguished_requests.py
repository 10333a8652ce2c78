"""Requests on both sides of every condition that running routes have, derived from the conditions themselves.

For each route: a request that fulfils all of its conditions, and those that miss each of them alone; for each
property of a request: one text of every class that the conditions on it tell apart. What the routes do not
distinguish needs no request of its own, and the answer that is required is the scenario's, not the routes'.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from canary_conformance.mesh.routes.conditions import AUTHORITY, HEADER, METHOD, PATH, QUERY, Condition
from canary_conformance.model.patterns.pattern_syntax import Unreadable
from canary_conformance.model.patterns.text_classes import (
    AUTHORITIES,
    HEADER_VALUES,
    METHODS,
    PATHS,
    QUERY_VALUES,
    text_classes,
)
from canary_conformance.scenario.observations import Sent

COOKIE = f"{HEADER}cookie"
Texts = Mapping[str, str | None]
_NOT_EMPTY = ".+"


@dataclass(frozen=True, slots=True)
class Probe:
    """A request: what it holds beside a page's plain request, by its properties' subjects, None for absent.

    str is "POST /, x-beta: 1, cookie: featureflag=on".
    """

    texts: tuple[tuple[str, str], ...] = ()

    def text(self, subject: str, default: str = "") -> str:
        """Return the text of a property."""
        return dict(self.texts).get(subject, default)

    @property
    def method(self) -> str:
        """Its method."""
        return self.text(METHOD, "GET")

    def target(self, path: str = "/") -> str:
        """Return its path with the query; path: that of a plain request."""
        query = "&".join(
            f"{name.removeprefix(QUERY)}={value}" for name, value in self.texts if name.startswith(QUERY)
        )
        return self.text(PATH, path) + (f"?{query}" if query else "")

    @property
    def headers(self) -> dict[str, str]:
        """Its headers, the authority among them where it is another than the address."""
        host = {"host": self.text(AUTHORITY)} if self.text(AUTHORITY) else {}
        sent = {name.removeprefix(HEADER): text for name, text in self.texts if name.startswith(HEADER)}
        return host | sent

    @property
    def cookie(self) -> str:
        """Its Cookie header, "" for none."""
        return self.text(COOKIE)

    def described(self, path: str) -> str:
        """Return what is sent, in words; path: that of a plain request."""
        headers = (f"{name}: {value}" for name, value in self.headers.items())
        return ", ".join([f"{self.method} {self.target(path)}", *headers])

    def __str__(self) -> str:
        return self.described("/")


def sent_for(probe: Probe) -> Sent:
    """Return the request at the ingress gateway."""
    return Sent(probe.method, probe.target(), tuple(probe.headers.items()))


@dataclass(frozen=True, slots=True)
class Derived:
    """The requests that conditions give, and what gives none, in words."""

    probes: tuple[Probe, ...]
    unread: tuple[str, ...] = field(default=())


def derive(
    groups: Iterable[Sequence[Condition]],
    patterns: Mapping[str, Sequence[str]],
    plain: Texts,
    cookies: Sequence[str] = (),
) -> Derived:
    """Return the requests on both sides of every condition.

    Args:
        groups: the conditions of each route; all of a group hold together.
        patterns: what the scenario distinguishes itself, by subject: their classes are distinguished as well.
        plain: the properties of a request that is nothing but plain ("method": "GET").
        cookies: each request that does not vary the cookie is made with each of these, "" for none.
    """
    wanted = [tuple(group) for group in groups if group]
    values, unread = _values(wanted, patterns, plain)
    found: dict[Probe, None] = {}
    for subject, texts in values.items():
        for text in texts:
            found.update(_with_cookies({subject: text}, plain, cookies))
    for group in wanted:
        if any(one.subject not in values for one in group):
            continue
        fitting = _fitting(group, values)
        if fitting is None:
            unread.append(f"no request fulfils {' and '.join(map(str, group))}")
            continue
        found.update(_with_cookies(fitting, plain, cookies))
        for subject in fitting:
            for text in values[subject]:
                found.update(_with_cookies({**fitting, subject: text}, plain, cookies))
    return Derived(tuple(found), tuple(dict.fromkeys(unread)))


def _values(
    groups: Sequence[Sequence[Condition]], patterns: Mapping[str, Sequence[str]], plain: Texts
) -> tuple[dict[str, list[str | None]], list[str]]:
    """Return the texts to try by subject, the plain one first, and the patterns that are not read."""
    found: dict[str, list[str | None]] = {}
    unread = []
    conditions = [one for group in groups for one in group]
    for subject in dict.fromkeys([*patterns, *(one.subject for one in conditions)]):
        asked = [one.pattern for one in conditions if one.subject == subject]
        try:
            told_apart = [*asked, *patterns.get(subject, ()), _NOT_EMPTY]
            classes = text_classes(told_apart, within=_within(subject))
        except Unreadable as strange:
            unread.append(f"a pattern of {subject}: {strange}")
            continue
        found[subject] = list(dict.fromkeys([plain.get(subject), *(one.example for one in classes)]))
    return found, unread


def _fitting(group: Sequence[Condition], values: Mapping[str, Sequence[str | None]]) -> Texts | None:
    """Return a text for each subject with which all conditions of a group hold, None where none does."""
    found: dict[str, str | None] = {}
    for subject in dict.fromkeys(one.subject for one in group):
        asked = [one for one in group if one.subject == subject]
        texts = [text for text in values[subject] if all(one.holds(text) for one in asked)]
        if not texts:
            return None
        found[subject] = texts[0]
    return found


def _with_cookies(texts: Texts, plain: Texts, cookies: Sequence[str]) -> Iterator[tuple[Probe, None]]:
    """Yield a request with these texts; where the cookie is not among them, with each of the cookies."""
    own = {name: text for name, text in texts.items() if text is not None and text != plain.get(name)}
    for cookie in cookies if COOKIE not in texts else ():
        whole = own | ({COOKIE: cookie} if cookie else {})
        yield Probe(tuple(sorted(whole.items()))), None
    if COOKIE in texts or not cookies:
        yield Probe(tuple(sorted(own.items()))), None


def _within(subject: str) -> str:
    if subject.startswith(QUERY):
        return QUERY_VALUES
    return {METHOD: METHODS, PATH: PATHS, AUTHORITY: AUTHORITIES}.get(subject, HEADER_VALUES)
