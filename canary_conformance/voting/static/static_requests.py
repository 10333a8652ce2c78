"""Requests that differ in all but the cookie: what the routes of the page ask for, and what browsers send.

Which version serves may hang on the flag alone (R4.3, R4.4, R4.5), so each of them has to be answered as the
plain page is. They come from the routes' own conditions, each met once, and from a list of ordinary ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from canary_conformance.errors import NotSpoken
from canary_conformance.model.model import Model
from canary_conformance.model.objects.questions import INGRESS, Answer, Ending, Request
from canary_conformance.model.patterns.pattern_syntax import Unreadable
from canary_conformance.model.patterns.text_classes import text_classes
from canary_conformance.model.routing.route_matching import How, Match, StringMatch, is_pattern, matches_whole
from canary_conformance.scenario.places import Finding
from canary_conformance.voting import chains
from canary_conformance.voting.feature_flag import FLAG, OPENS
from canary_conformance.voting.static.model_questions import ADDRESS, call, page, spoken

COOKIE = "cookie"
_CHROMIUM = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
BROWSER = {"user-agent": _CHROMIUM, "accept": "text/html", "accept-language": "en-US,en;q=0.9"}
"""Headers that the browser of R4.6 sends."""

_BROWSERS = (
    _CHROMIUM,
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile "
    "Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "curl/8.16.0",
)
_PATHS = frozenset({"/", "/featureflag/set", "/featureflag/clear"})
_METHODS = frozenset({"GET", "HEAD", "POST"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request at the ingress, but for its cookie; str is its difference from GET / in short."""

    method: str = "GET"
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def of_contract(self) -> bool:
        """Whether the application has this path and method (SCENARIO.md, "The application")."""
        return self.path.partition("?")[0] in _PATHS and self.method in _METHODS

    def __str__(self) -> str:
        headers = ", ".join(f"{name}: {value}" for name, value in self.headers.items())
        return f"{self.method} {self.path}" + (f" with {headers}" if headers else "")


VOTE = Asked("POST")
_ORDINARY = (
    Asked(),
    VOTE,
    Asked("HEAD"),
    Asked(path="/?a=1"),
    Asked("POST", "/featureflag/set"),
    Asked("POST", "/featureflag/clear"),
    *(Asked(headers={"user-agent": name}) for name in _BROWSERS),
    Asked(headers={"accept-language": "nl"}),
    Asked(headers={"x-forwarded-for": "192.0.2.7"}),
)


def answers(model: Model, cookie: str, other: str) -> dict[str, Answer]:
    """Return what becomes of each request when it is sent with a cookie, "" for none. Raises NotSpoken.

    Paths and methods that the application's contract does not have are left out, unless the other version of
    the app ("voting-app 2.0") gets them: what answers them otherwise is nobody's concern.
    """
    found = {one: answer(model, one, cookie) for one in _requests(model)}
    return {str(one): given for one, given in found.items() if one.of_contract or given.share_of(other)}


def answer(model: Model, asked: Asked, cookie: str) -> Answer:
    """Return what becomes of a request at the ingress. Raises NotSpoken."""
    headers = {**asked.headers, **({COOKIE: cookie} if cookie else {})}
    return spoken(model.answer(Request(INGRESS, ADDRESS, 80, headers, asked.path, asked.method)))


def telling_cookies(model: Model) -> dict[str, bool]:
    """Return cookies that distinguish a route's patterns from the source's, and whether each opens 2.0.

    They are the shortest that only one of the two matches; the flag alone is always among them.

    Raises:
        NotSpoken: A pattern is not one that the model can compare.
    """
    patterns = [
        _pattern(wanted)
        for match in model.matches(Request(INGRESS, ADDRESS, 80))
        for name, wanted in (*match.headers, *match.without)
        if name == COOKIE
    ]
    valid = [pattern for pattern in dict.fromkeys(patterns) if is_pattern(pattern)]
    # Several rules may open 2.0 together to what none of them opens alone.
    together = ["|".join(f"(?:{pattern})" for pattern in valid)] if len(valid) > 1 else []
    found = (text for pattern in (*valid, *together) for text in _differing(pattern))
    return {FLAG: True} | {text: matches_whole(OPENS, text) for text in found}


def _pattern(wanted: StringMatch) -> str:
    patterns = {
        How.EXACT: re.escape(wanted.wanted),
        How.PREFIX: f"{re.escape(wanted.wanted)}.*",
        How.PRESENT: ".*",
    }
    return patterns.get(wanted.how, wanted.wanted)


def _differing(pattern: str) -> tuple[str, ...]:
    try:
        classes = text_classes((OPENS, pattern))
    except Unreadable:
        raise NotSpoken(f"the model does not compare the pattern {pattern!r} with the source's") from None
    return tuple(one.example for one in classes if one.example and len(set(one.fits)) > 1)


def _requests(model: Model) -> Iterator[Asked]:
    yield from _ORDINARY
    for match in model.matches(Request(INGRESS, ADDRESS, 80)):
        yield from _meeting(match)


def _meeting(match: Match) -> Iterator[Asked]:
    """Yield requests that meet all that a match asks for, but for the cookie, and one for each header."""
    methods = [_example(wanted, "GET") for name, wanted in match.texts if name == "method"]
    headers = {name: _example(wanted, "1") for name, wanted in match.headers if name != COOKIE}
    query = "&".join(f"{name}={_example(wanted, '1')}" for name, wanted in match.query)
    path = (_example(match.uri, "/") if match.uri else "/") + (f"?{query}" if query else "")
    yield Asked(methods[0] if methods else "GET", path, headers)
    for name, wanted in match.without:
        if name != COOKIE:
            yield Asked(methods[0] if methods else "GET", path, {**headers, name: _example(wanted, "1")})


def _example(wanted: StringMatch, otherwise: str) -> str:
    """Return a text that fits. Raises NotSpoken where none is found."""
    if wanted.how is not How.REGEX:
        return wanted.wanted or otherwise
    # A browser's own name is what a page would be asked by.
    known = next((text for text in (otherwise, *_BROWSERS) if wanted.fits(text)), None)
    if known is not None:
        return known
    with suppress(Unreadable):
        for one in text_classes((wanted.wanted,)):
            if one.fits[0]:
                return one.example
    raise NotSpoken(f"the model finds no text that matches the pattern {wanted.wanted!r}")


# Set is pressed on a page without the flag, clear on one with it.
_PRESSED = (("/featureflag/set", ""), ("/featureflag/clear", FLAG))


def lost_cookies(model: Model) -> list[Finding]:
    """Return each operation on headers by which set or clear changes nothing in a browser.

    Raises NotSpoken where a route changes a header in a way that a browser may take either way.
    """
    outcomes = [
        (path, outcome)
        for path, cookie in _PRESSED
        for outcome in page(model, cookie, path=path, method="POST").outcomes
    ]
    found = [
        Finding(rule.place, f"{rule.sentence}, so POST {path} does not change the flag")
        for path, outcome in outcomes
        if (rule := outcome.loses_cookie) and rule.place
    ]
    for _, outcome in outcomes:
        if outcome.unclear and not found:
            raise NotSpoken(str(outcome.unclear))
    return found


def copies_to(model: Model, workload: str) -> list[Finding]:
    """Return each route by which a copy of a request gets to a workload (R3.2: one that is to get none).

    Looked at are the pages of voters and the calls of every pod to analytics. Raises NotSpoken.
    """
    found: dict[Finding, None] = {}
    for answer in _answers(model):
        for outcome in answer.copies:
            if outcome.ending is Ending.UNKNOWN:
                raise NotSpoken(f"the model does not predict where a copy ends: {outcome.reason}")
            first = next((rule for rule in outcome.rules if rule.place), None)
            if first and first.place and workload in {name for name, _ in outcome.by_pod()}:
                found[Finding(first.place, f"{first.sentence}, which {workload} gets")] = None
    return list(found)


def _answers(model: Model) -> Iterator[Answer]:
    for method in ("GET", "POST"):
        yield page(model, method=method)
    for name in dict.fromkeys(str(one) for one in model.pods() if one.ready):
        answer = call(model, name, chains.ANALYTICS)
        if answer is not None:
            yield answer
