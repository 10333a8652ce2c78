"""Every request of voters and of the app, as classes that the routes in force treat alike.

For R4.3, R4.4, R4.5, R4.8 and R5.1. The decision is exact: which requests reach which version is worked out
for all of them, not for a list. Each class is shown by one of its simplest requests, which the model answers
as any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from canary_conformance.errors import NotSpoken
from canary_conformance.model.model import Model
from canary_conformance.model.objects.host_names import closest_domain, without_port
from canary_conformance.model.objects.questions import INGRESS, INGRESS_PORT, Answer, Request
from canary_conformance.model.patterns.match_conditions import AUTHORITY, METHOD, PATH, Kind, Property
from canary_conformance.model.patterns.mesh_words import hosts_of_domain, texts_of_policy
from canary_conformance.model.patterns.request_classes import (
    NotDecided,
    RequestClass,
    Texts,
    left_undecided,
    request_classes,
)
from canary_conformance.model.patterns.text_classes import exactly
from canary_conformance.model.routing.route_matching import matches_whole
from canary_conformance.model.routing.routes import Entry
from canary_conformance.scenario.places import Place
from canary_conformance.voting.feature_flag import FLAG, OPENS
from canary_conformance.voting.static.model_questions import ADDRESS, call, call_of, spoken
from canary_conformance.voting.static.static_requests import COOKIE, METHODS, PATHS, Asked, readable

EVERY_HOST = "*"
COOKIES = Property(Kind.HEADER, COOKIE)
_NAME = FLAG.partition("=")[0]
_SENT_BY_BROWSERS = f"([^;]+; )*{FLAG}(; [^;]+)*"
_NAMED = f"(?i:.*{_NAME}.*)"


@dataclass(frozen=True, slots=True)
class Voters:
    """Those whose requests are judged: which cookies they send ("" for none); str names them."""

    name: str
    sends: Callable[[str], bool]

    def __str__(self) -> str:
        return self.name


WITHOUT_FLAG = Voters("without the flag", lambda cookie: not matches_whole(_NAMED, cookie))
"""Those whose cookies do not name the flag at all (R4.3)."""
WITH_FLAG = Voters("with the flag", lambda cookie: matches_whole(_SENT_BY_BROWSERS, cookie))
"""Those who carry the flag among their cookies as browsers send them, separated by "; " (RFC 6265) (R4.4)."""
EVERYONE = Voters("with any cookie", lambda _: True)
"""Whatever the cookie is (R4.5, R5.1)."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A class of requests, shown by one: what becomes of it, and the line of the route that takes it."""

    asked: Asked
    cookie: str | None
    answer: Answer
    place: Place | None

    def __str__(self) -> str:
        sent = "" if self.cookie is None else f"{COOKIE}: {readable(self.cookie)}"
        if self.asked == Asked():
            return sent or f"{self.asked} without a cookie"
        joint = " and " if self.asked.headers or self.asked.host != ADDRESS else " with "
        return f"{self.asked}{joint}{sent}" if sent else str(self.asked)


@dataclass(frozen=True, slots=True)
class Requests:
    """Requests, one of each kind; `left` is what routes ask for that none of them shows, "" for nothing."""

    decided: tuple[Decided, ...]
    left: str = ""


def pages_decided(model: Model, voters: Voters) -> Requests:
    """Return what becomes of every request of some voters at the ingress.

    Raises:
        NotSpoken: a route asks for what the model cannot compare, or the model does not know the answer.
    """
    found: list[Decided] = []
    for domain, entries in _chains(model).items():
        shown: dict[object, tuple[Asked, str | None, Entry | None]] = {}
        for texts, entry in _shown(model, domain, entries, voters):
            asked, cookie = _asked(texts)
            # All that a route takes is answered alike, but by the path (rewrites, policies) and the method.
            kind = (id(entry), asked.of_contract, asked.method, texts.get(PATH), opens(cookie or ""))
            if kind not in shown or _size(asked, cookie) < _size(*shown[kind][:2]):
                shown[kind] = asked, cookie, entry
        for asked, cookie, entry in shown.values():
            request = _request(asked, cookie)
            _replay(request, entries, entry)
            place = (entry.match.place if entry.match else entry.route.place) if entry else None
            found.append(Decided(asked, cookie, spoken(model.answer(request)), place))
    matches = [entry.match for entries in _chains(model).values() for entry in entries]
    try:
        return Requests(tuple(found), left_undecided(matches))
    except NotDecided as undecided:
        raise NotSpoken(str(undecided)) from None


def _size(asked: Asked, cookie: str | None) -> tuple[int, int]:
    """Return how much a request has beyond the plain one."""
    parts = [*asked.headers.values(), *asked.path.partition("?")[2:], *(() if cookie is None else (cookie,))]
    return len(parts) + (asked.host != ADDRESS), sum(map(len, parts))


def opens(cookie: str) -> bool:
    """Return whether a cookie is one that opens 2.0 by the source's pattern."""
    return matches_whole(OPENS, cookie)


def calls_decided(model: Model, source: str, destination: tuple[str, int]) -> tuple[tuple[str, Answer], ...]:
    """Return what becomes of a workload's call to a Service, whatever its headers, each with what shows it.

    Raises:
        NotSpoken: see pages_decided().
    """
    try:
        request = call_of(model, source, destination)
    except LookupError:
        return (("no other header", call(model, source, destination)),)
    entries = model.routes_of_call(request)
    host, _, rest = request.host.partition(".")
    names = f"{exactly(host)}(\\.{exactly(rest.partition('.')[0])}(\\.svc(\\.cluster\\.local)?)?)?"
    fixed = {METHOD: exactly(request.method), PATH: exactly(request.path)}
    within = {**fixed, AUTHORITY: f"{names}(:{request.port})?"}
    preferred = {METHOD: (request.method,), PATH: (request.path,), AUTHORITY: (request.host,)}
    found = []
    for one in _classes(entries, {}, preferred, within):
        for texts in one.examples():
            asked, cookie = _asked(texts)
            sent = _headers(asked, cookie)
            path = request.path + asked.path[asked.path.find("?") :] if "?" in asked.path else request.path
            called = Request(
                request.source, request.host, request.port, sent, path, request.method, request.speaks
            )
            shown = ", ".join(f"{name}: {readable(text)}" for name, text in sent.items())
            found.append((shown or "no other header", spoken(model.answer(called))))
    return tuple(found)


def _chains(model: Model) -> Mapping[str, tuple[Entry, ...]]:
    """Return the routes by domain; without any, one domain without routes, whose answer says why."""
    return model.routes_at_ingress(INGRESS_PORT) or {EVERY_HOST: ()}


def _shown(
    model: Model, domain: str, entries: Sequence[Entry], voters: Voters
) -> Iterator[tuple[Texts, Entry | None]]:
    domains = tuple(_chains(model))
    methods, paths = model.asked_by_policies()
    also = {
        COOKIES: (OPENS, _SENT_BY_BROWSERS, _NAMED),
        METHOD: (*map(exactly, METHODS), *map(texts_of_policy, methods)),
        PATH: (*map(exactly, PATHS), *map(texts_of_policy, paths)),
        AUTHORITY: tuple(hosts_of_domain(one) for one in domains if one != EVERY_HOST),
    }
    preferred = {COOKIES: (None, FLAG, "a=1"), METHOD: METHODS, PATH: PATHS, AUTHORITY: (ADDRESS,)}
    for one in _classes(entries, also, preferred, {}):
        there = one.only(AUTHORITY, lambda host: closest_domain(domains, without_port(host or "")) == domain)
        entry = None if one.taken_by is None else entries[one.taken_by]
        for opening in (True, False):
            kept = there and there.only(COOKIES, partial(_is_of, voters, opening))
            if kept:
                yield from ((texts, entry) for texts in kept.examples(METHOD, PATH))


def _is_of(voters: Voters, opening: bool, text: str | None) -> bool:
    return voters.sends(text or "") and opens(text or "") is opening


def _classes(
    entries: Sequence[Entry],
    also: Mapping[Property, Iterable[str]],
    preferred: Mapping[Property, Sequence[str | None]],
    within: Mapping[Property, str],
) -> tuple[RequestClass, ...]:
    try:
        return request_classes([entry.match for entry in entries], also, preferred, within)
    except NotDecided as undecided:
        raise NotSpoken(str(undecided)) from None


def _asked(texts: Texts) -> tuple[Asked, str | None]:
    headers = {
        of.name: text
        for of, text in texts.items()
        if of.kind is Kind.HEADER and text is not None and of != COOKIES
    }
    pairs = [f"{of.name}={text}" for of, text in texts.items() if of.kind is Kind.QUERY and text is not None]
    query = f"?{'&'.join(pairs)}" if pairs else ""
    asked = Asked(
        texts.get(METHOD) or "GET",
        f"{texts.get(PATH) or '/'}{query}",
        headers,
        texts.get(AUTHORITY) or ADDRESS,
    )
    return asked, texts.get(COOKIES)


def _headers(asked: Asked, cookie: str | None) -> dict[str, str]:
    return {**asked.headers, **({} if cookie is None else {COOKIE: cookie})}


def _request(asked: Asked, cookie: str | None) -> Request:
    headers = _headers(asked, cookie)
    return Request(INGRESS, asked.host, INGRESS_PORT, headers, asked.path, asked.method)


def _replay(request: Request, entries: Sequence[Entry], decided: Entry | None) -> None:
    """Try the routes one by one, as the model does; another one than decided is a defect of the suite."""
    taken = next((one for one in entries if not (one.match and one.match.why_not(request))), None)
    if taken is not decided:
        raise AssertionError(f"{request} is taken by {taken}, decided was {decided}")
