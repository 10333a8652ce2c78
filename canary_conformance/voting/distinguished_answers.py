"""Each request that the running routes distinguish comes to the version that the scenario requires.

Beside what is derived from them (R4.3, R4.4, R4.5, R5.1), some requests are fixed: methods, a query, headers
that browsers send.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from canary_conformance.errors import NotJudged
from canary_conformance.mesh.routes.conditions import AUTHORITY, HEADER, METHOD, PATH, QUERY, Condition
from canary_conformance.mesh.routes.route_tables import RouteTable
from canary_conformance.model.routing.route_matching import matches_whole
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.verdicts import expect, matrix, nothing, same, to_find_leak_in_each
from canary_conformance.voting.contract import FINALIZE, NEW, OLD
from canary_conformance.voting.cookie_matrix import ServedBy
from canary_conformance.voting.distinguished_requests import COOKIE, Derived, Probe, derive, sent_for
from canary_conformance.voting.feature_flag import FLAG, OPENS
from canary_conformance.voting.page_checks import not_routed_to, routed_to
from canary_conformance.voting.request_sending import versions_by_request
from canary_conformance.voting.running_routes import cookies_changed_for_some, expect_derived, way_of_pages

FIXED: Sequence[tuple[str, str]] = (
    (METHOD, "HEAD"),
    (METHOD, "OPTIONS"),
    # Without a vote in it, so that no store counts it.
    (METHOD, "POST"),
    (f"{QUERY}a", "1"),
    (f"{QUERY}featureflag", "on"),
    (f"{HEADER}accept-language", "nl"),
    (f"{HEADER}user-agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile Safari/604.1"),
    (f"{HEADER}x-canary", "true"),
)
# Routes without shares send equal requests one way; a second one costs little.
TWICE = 2
MOST_REQUESTS = 20_000


@dataclass(frozen=True, slots=True)
class Answers:
    """What answered each request.

    `elsewhere` are those to other authorities, which only must not open the wrong version; `unread` is what
    gave no request, in words.
    """

    seen: Mapping[Probe, ServedBy]
    elsewhere: frozenset[Probe]
    unread: tuple[str, ...]


def expect_answers(namespace: NamespaceUnderTest, which: Callable[[Probe], bool]) -> None:
    """Expect the version that the scenario requires for each of these requests."""
    answers = answers_of(namespace)
    seen = {probe: served for probe, served in answers.seen.items() if which(probe)}
    checks = {}
    for probe in seen:
        version = required_version(namespace, probe)
        other = OLD.app if version == NEW.app else NEW.app
        checks[probe] = not_routed_to(other) if probe in answers.elsewhere else routed_to(version)
    expect(seen, matrix(checks, "requests", sent=sent_for))


def expect_every_condition_is_probed(namespace: NamespaceUnderTest) -> None:
    """Expect that the requests are derived from all that runs on a page's way. Raises NotJudged where not."""
    way = way_of_pages(namespace)
    derived = dict.fromkeys(answers_of(namespace).unread, ("the ingress gateway",))
    expect_derived(namespace, {**way.unread, **derived})
    expect(bool(way.tables), same(True, "the routes of the page are read"))


def expect_no_cookie_changed_for_some(namespace: NamespaceUnderTest) -> None:
    """Expect that no route changes cookies for some voters only. Raises NotJudged where one does."""
    changed = cookies_changed_for_some(namespace)
    expect_derived(namespace, changed, "routes change cookies for voters unlike those of R4.6")
    expect(list(changed), nothing("changes of cookies for some voters only"))


def answers_of(namespace: NamespaceUnderTest) -> Answers:
    """Return what answered the fixed and the derived requests; taken once at a stage."""
    return namespace.once("distinguished requests", lambda: _take(namespace))


def required_version(namespace: NamespaceUnderTest, probe: Probe) -> str:
    """Return the version that a request has to come to at this stage."""
    return NEW.app if namespace.stage >= FINALIZE or opens(probe) else OLD.app


def opens(probe: Probe) -> bool:
    """Return whether a request's cookie opens 2.0 by the source's pattern."""
    return matches_whole(OPENS, probe.cookie)


def varies_the_cookie_alone(probe: Probe) -> bool:
    """Return whether a request differs from a plain one by its cookie only, or not at all."""
    return {subject for subject, _ in probe.texts} <= {COOKIE}


def ordinary(probe: Probe) -> bool:
    """Return whether a request is without the flag, and holds something else."""
    return not opens(probe) and not varies_the_cookie_alone(probe)


def flagged(probe: Probe) -> bool:
    """Return whether a request has the flag, and holds something else."""
    return opens(probe) and not varies_the_cookie_alone(probe)


def any_request(_: Probe) -> bool:
    """Choose every request."""
    return True


def _take(namespace: NamespaceUnderTest) -> Answers:
    way = way_of_pages(namespace)
    own = [table for table in way.tables if _serves(table, namespace.mesh.gateway.address.host)]
    derived = _derive([*(route.conditions for table in own for route in table.routes), *way.rules])
    unread = list(derived.unread)
    fixed = [Probe(tuple(sorted([one, *cookie]))) for one in FIXED for cookie in ((), ((COOKIE, FLAG),))]
    probes = dict.fromkeys([*fixed, *derived.probes])
    elsewhere: dict[Probe, None] = {}
    for table in (one for one in way.tables if one not in own):
        more = _derive([route.conditions for route in table.routes])
        unread += more.unread
        elsewhere |= dict.fromkeys(_at(probe, host) for host in _authorities(table) for probe in more.probes)
    share = min((table.share for table in way.tables), default=1.0)
    times = TWICE if share == 1 else to_find_leak_in_each(len(probes), share)
    whole = list(dict.fromkeys([*probes, *elsewhere]))
    if times * len(whole) > MOST_REQUESTS:
        raise NotJudged(
            f"the running routes distinguish {len(whole)} requests, to be made {times} times each"
        )
    seen = versions_by_request(namespace, whole, times, lambda probe: required_version(namespace, probe))
    return Answers(seen, frozenset(elsewhere) - frozenset(probes), tuple(dict.fromkeys(unread)))


def _derive(groups: Sequence[Sequence[Condition]]) -> Derived:
    return derive(groups, {COOKIE: [OPENS]}, {METHOD: "GET", PATH: "/"}, ("", FLAG))


def _at(probe: Probe, host: str) -> Probe:
    return Probe(
        tuple(sorted([*((name, text) for name, text in probe.texts if name != AUTHORITY), (AUTHORITY, host)]))
    )


def _serves(table: RouteTable, host: str) -> bool:
    """Return whether a virtual host serves the gateway's own address (Envoy, "VirtualHost": domains)."""
    return any(domain == "*" or domain.partition(":")[0] == host for domain in table.domains)


def _authorities(table: RouteTable) -> list[str]:
    """Return an authority for each domain of a virtual host."""
    return [domain.replace("*", "any", 1) for domain in table.domains]
