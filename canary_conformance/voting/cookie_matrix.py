"""The cookie matrix of R4.5 at the real page.

The page is opened several times with each, since a rule with weights could send some of them elsewhere; a
cell that saw both versions says so. What had no answer once failed, and is not asked again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from canary_conformance.scenario.observations import Page, Sent
from canary_conformance.traffic.voter import SIDE_BY_SIDE, Voter
from canary_conformance.verdicts import to_find_leak_in_each
from canary_conformance.voting.feature_flag import FLAG

# A route by halves is what each of them can show; the leak of 1 % is looked for with the plain cookie (R4.4).
BY_HALVES = 0.5


@dataclass(frozen=True, slots=True)
class ServedBy:
    """What served the pages of one voter: versions of the app, and the statuses of pages that are not whole.

    str is "1.0 and no page (status 503)". A status is None where there was no answer.
    """

    versions: frozenset[str] = frozenset()
    statuses: frozenset[int | None] = frozenset()

    def __str__(self) -> str:
        failed = (f"no page (status {status})" for status in self.statuses)
        return " and ".join([*sorted(self.versions), *sorted(failed)])


def versions_by_cookie(voter: Voter, cookies: Sequence[str]) -> Mapping[str, ServedBy]:
    """Return the version that served the pages with each raw Cookie header."""
    return _versions({cookie: Voter(voter.url, cookie) for cookie in cookies})


def versions_by_header(voter: Voter, headers: Sequence[str]) -> Mapping[str, ServedBy]:
    """Return the version that served the pages with the flag in each of these other headers."""
    return _versions({header: Voter(voter.url, headers={header: FLAG}) for header in headers})


def with_flag_in(header: str) -> Sent:
    """Return a request with the flag in this header."""
    return Sent(headers=((header, FLAG),))


def _versions(voters: Mapping[str, Voter]) -> Mapping[str, ServedBy]:
    times = to_find_leak_in_each(len(voters), BY_HALVES)
    # Side by side, each on one connection: several for a few pages would cost more than the pages.
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        pages = pool.map(lambda one: until_unanswered(lambda: one.open_page()[0], times), voters.values())
        return {name: served_by(seen) for name, seen in zip(voters, pages, strict=True)}


def until_unanswered(send: Callable[[], Page], times: int) -> list[Page]:
    """Return so many answers, one after the other, or those up to the first that did not come."""
    pages: list[Page] = []
    while len(pages) < times and (not pages or pages[-1].status is not None):
        pages.append(send())
    return pages


def served_by(pages: Sequence[Page]) -> ServedBy:
    """Return what served pages."""
    return ServedBy(
        frozenset(page.version for page in pages if page.whole),
        frozenset(page.status for page in pages if not page.whole),
    )
