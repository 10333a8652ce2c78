"""All requests of one client, divided by what both sides make of them: the routes of two models side by side.

The division is exact (model.patterns): every request that HTTP allows is in one region, and one of the
shortest stands for it. Where the effects of all regions are equal, no request changes its answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from canary_conformance.differences.answer_effects import Effect, effect_of
from canary_conformance.differences.route_actions import rewrites, route_settings
from canary_conformance.differences.values import ShownRequest
from canary_conformance.model.model import Model
from canary_conformance.model.objects.host_names import closest_domain, without_port
from canary_conformance.model.objects.questions import Answer, Request, Rule
from canary_conformance.model.patterns.match_conditions import AUTHORITY, METHOD, PATH, Kind, Property
from canary_conformance.model.patterns.mesh_words import hosts_of_domain, texts_of_policy
from canary_conformance.model.patterns.request_classes import JointClass, NotDecided, Texts, joint_classes
from canary_conformance.model.patterns.text_classes import (
    ALL_PATHS,
    AUTHORITIES,
    PATHS,
)
from canary_conformance.model.routing.route_matching import matches_whole
from canary_conformance.model.routing.routes import Entry

ANY_HOST = "192.0.2.1"
"""The host of a request for which any host will do: an address of no one (RFC 5737)."""
ALL_METHODS = r"[!#-'*+.0-9A-Z^-z|~-]+"
"""The methods of requests: tokens (RFC 9110, "Methods")."""
ALL_AUTHORITIES = rf"{AUTHORITIES}|{AUTHORITIES}\.(:[0-9]{{1,5}})?|\[[0-9A-Fa-f:.]+\](:[0-9]{{1,5}})?"
"""The names of hosts, addresses of IPv6 among them, maybe with a port."""
_EVERY_HOST = "*"
_METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH")
_COOKIE = Property(Kind.HEADER, "cookie")

Chains = Mapping[str, tuple[Entry, ...]]
Ask = Callable[[Model, ShownRequest], Request | None]


@dataclass(frozen=True, slots=True)
class Region:
    """Requests that both sides treat alike, shown by one; what becomes of them, and the routes they take."""

    request: ShownRequest
    before: Effect
    after: Effect
    answers: tuple[Answer, Answer]
    entries: tuple[Entry | None, Entry | None]
    settings: tuple[Mapping[str, Any], Mapping[str, Any]]

    @property
    def same(self) -> bool:
        """Whether nothing changes for them."""
        return self.before == self.after and self.settings[0] == self.settings[1]


@dataclass(frozen=True, slots=True)
class Unknown:
    """Requests of which it is not known what becomes of them on one side; side: 0 for BASE, 1 for HEAD."""

    rule: Rule
    side: int


@dataclass(frozen=True, slots=True)
class Pair:
    """The routes of one client on both sides, and how it is asked what becomes of a request.

    Attributes:
        chains: the routes by domain on each side.
        ask: makes the request of a client of a model; None where the model has no such client.
        hosts: a pattern of the hosts that are called.
        host: the host that stands for all others.
        policies_changed: whether the sides have other policies on paths.
    """

    models: tuple[Model, Model]
    chains: tuple[Chains, Chains]
    ask: Ask
    hosts: str = ALL_AUTHORITIES
    host: str = ANY_HOST
    policies_changed: bool = False


def regions(pair: Pair) -> Iterator[Region | Unknown]:
    """Yield every region of requests in which something changes, and what is not known of others."""
    before, after = (_of_every_host(chains) for chains in pair.chains)
    for domain, olds in before.items():
        for other, news in after.items():
            yield from _of_domains(pair, (domain, other), (olds, news))


def _of_every_host(chains: Chains) -> Chains:
    """Return the routes by domain, with none for the hosts of no domain."""
    return chains if _EVERY_HOST in chains else {**chains, _EVERY_HOST: ()}


def _of_domains(
    pair: Pair, domains: tuple[str, str], entries: tuple[Sequence[Entry], Sequence[Entry]]
) -> Iterator[Region | Unknown]:
    lists = [[entry.match for entry in some] for some in entries]
    try:
        classes = joint_classes(lists, _also(pair), _preferred(pair), _within(pair))
    except NotDecided as undecided:
        side = int(any(match and match.place == undecided.place for match in lists[1]))
        words = str(undecided).removeprefix(f"{undecided.place}: ")
        yield Unknown(Rule(undecided.place, words), side)
        yield from _of_some(pair, domains, entries)
        return
    for one in classes:
        if there := _in_domains(one, pair, domains):
            took = tuple(
                None if number is None else some[number]
                for number, some in zip(there.taken_by, entries, strict=True)
            )
            yield from _of_class(pair, there, (took[0], took[1]))


def _of_some(
    pair: Pair, domains: tuple[str, str], entries: tuple[Sequence[Entry], Sequence[Entry]]
) -> Iterator[Region | Unknown]:
    """Yield what changes for a few plain requests, where it is not decided for all."""
    cookie = pair.models[1].state.application.canary_cookie
    for headers in ({}, {"cookie": cookie}):
        shown = ShownRequest("GET", "/", headers=headers)
        requests = [pair.ask(model, shown) for model in pair.models]
        if not requests[0] or not requests[1] or not _are_of(pair, domains, pair.host):
            return
        first, second = (
            next((one for one in some if not (one.match and one.match.why_not(request))), None)
            for some, request in zip(entries, (requests[0], requests[1]), strict=True)
        )
        found = _region(pair, shown, (first, second))
        if found and not found.same and not found.before.unknown and not found.after.unknown:
            yield found


def _are_of(pair: Pair, domains: tuple[str, str], host: str) -> bool:
    """Return whether the proxies of both sides pick these domains for a host."""
    return all(
        (closest_domain(chains, without_port(host)) or _EVERY_HOST) == domain
        for chains, domain in zip(pair.chains, domains, strict=True)
    )


def _in_domains(one: JointClass, pair: Pair, domains: tuple[str, str]) -> JointClass | None:
    """Return a class with those hosts only for which the proxies of both sides pick these domains."""
    kept = tuple(host for host in one.texts[AUTHORITY] if _are_of(pair, domains, host or ""))
    return JointClass(one.taken_by, {**one.texts, AUTHORITY: kept}) if kept else None


def _of_class(
    pair: Pair, one: JointClass, entries: tuple[Entry | None, Entry | None]
) -> Iterator[Region | Unknown]:
    strange: list[Region] = []
    plain: list[Region] = []
    for texts in one.examples(METHOD, PATH):
        found = _region(pair, _shown(texts, pair.host), entries)
        if found is None:
            continue
        unknown = [(effect.unknown, side) for side, effect in enumerate((found.before, found.after))]
        yield from (Unknown(rule, side) for rule, side in unknown if rule)
        if found.before.unknown or found.after.unknown:
            continue
        if found.same and (doubt := _rewriting(pair, entries)):
            yield doubt
        elif not found.same:
            (plain if matches_whole(PATHS, texts[PATH] or "") else strange).append(found)
    yield from plain
    # What a proxy makes of a strange path before it matches is another path, of this class or of another.
    yield from (_strange(found) for found in strange if not plain)


def _region(pair: Pair, shown: ShownRequest, entries: tuple[Entry | None, Entry | None]) -> Region | None:
    answers = []
    for model, chains, entry in zip(pair.models, pair.chains, entries, strict=True):
        request = pair.ask(model, shown)
        if request is None:
            return None
        _replay(request, chains, entry)
        answers.append(model.answer(request))
    before, after = answers
    settings = [route_settings(model, entry) for model, entry in zip(pair.models, entries, strict=True)]
    return Region(
        shown,
        effect_of(before),
        effect_of(after),
        (before, after),
        entries,
        (settings[0], settings[1]),
    )


def _replay(request: Request, chains: Chains, decided: Entry | None) -> None:
    """Try the routes one by one, as the model does; another one than decided is a defect of the suite."""
    domain = closest_domain(chains, without_port(request.host)) or _EVERY_HOST
    entries = chains.get(domain, ())
    taken = next((one for one in entries if not (one.match and one.match.why_not(request))), None)
    if taken is not decided:
        raise AssertionError(f"{request} is taken by {taken}, decided was {decided}")


def _strange(found: Region) -> Unknown:
    side = 1 if found.entries[1] else 0
    entry = found.entries[side]
    place = (entry.match.place if entry.match else entry.route.place) if entry else None
    words = f"the model does not know how a proxy rewrites a path like {found.request.path}"
    return Unknown(Rule(place, words), side)


def _rewriting(pair: Pair, entries: tuple[Entry | None, Entry | None]) -> Unknown | None:
    """Return that paths are rewritten in ways that one example does not compare; None where they are not."""
    before, after = (rewrites(entry) for entry in entries)
    if before == after and not (before and pair.policies_changed):
        return None
    side = 1 if after else 0
    entry = entries[side]
    place = entry.route.place if entry else None
    return Unknown(Rule(place, "the model does not compare all paths that the two sides rewrite"), side)


def _also(pair: Pair) -> Mapping[Property, Iterable[str]]:
    asked = [model.asked_by_policies() for model in pair.models]
    domains = [domain for chains in pair.chains for domain in chains if domain != _EVERY_HOST]
    return {
        METHOD: [texts_of_policy(word) for methods, _ in asked for word in methods],
        PATH: [PATHS, *(texts_of_policy(word) for _, paths in asked for word in paths)],
        AUTHORITY: [hosts_of_domain(domain) for domain in domains],
    }


def _preferred(pair: Pair) -> Mapping[Property, Sequence[str | None]]:
    cookie = pair.models[1].state.application.canary_cookie
    return {_COOKIE: (None, cookie, "a=1"), METHOD: _METHODS, PATH: ("/",), AUTHORITY: (pair.host,)}


def _within(pair: Pair) -> Mapping[Property, str]:
    return {METHOD: ALL_METHODS, PATH: ALL_PATHS, AUTHORITY: pair.hosts}


def _shown(texts: Texts, any_host: str) -> ShownRequest:
    headers = {of.name: text for of, text in texts.items() if of.kind is Kind.HEADER and text is not None}
    pairs = [f"{of.name}={text}" for of, text in texts.items() if of.kind is Kind.QUERY and text is not None]
    host = texts.get(AUTHORITY) or any_host
    return ShownRequest(
        method=texts.get(METHOD) or "GET",
        path=f"{texts.get(PATH) or '/'}{'?' if pairs else ''}{'&'.join(pairs)}",
        host="" if host == any_host else host,
        headers=dict(sorted(headers.items())),
    )
