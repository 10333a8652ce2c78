"""The cookie matrix of R4.5 at the real page.

The page is opened several times with each, since a rule with weights could send some of them elsewhere; a
cell that saw both versions says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from canary_conformance.scenario.observations import Page, Sample
from canary_conformance.traffic.voter import SIDE_BY_SIDE, Voter
from canary_conformance.verdicts import to_find_leak_in_each
from canary_conformance.voting.feature_flag import FLAG

# A route by halves is what each of them can show; the leak of 1 % is looked for with the plain cookie (R4.4).
BY_HALVES = 0.5

AND, NO_PAGE = " and ", "no page"


def versions_by_cookie(voter: Voter, cookies: Sequence[str]) -> Mapping[str, str]:
    """Return the version that served the pages with each raw Cookie header."""
    return _versions({cookie: Voter(voter.url, cookie) for cookie in cookies})


def versions_by_header(voter: Voter, headers: Sequence[str]) -> Mapping[str, str]:
    """Return the version that served the pages with the flag in each of these other headers."""
    return _versions({header: Voter(voter.url, headers={header: FLAG}) for header in headers})


def _versions(voters: Mapping[str, Voter]) -> Mapping[str, str]:
    times = to_find_leak_in_each(len(voters), BY_HALVES)
    # Side by side, each on one connection: several for a few pages would cost more than the pages.
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        seen = pool.map(lambda one: versions(one.open_page_one_by_one(times)), voters.values())
        return dict(zip(voters, seen, strict=True))


def versions(pages: Sample[Page]) -> str:
    """Return the one version that served all pages, or all that were seen, joined by "and"."""
    seen = {page.version if page.whole else f"{NO_PAGE} (status {page.status})" for page in pages}
    return AND.join(sorted(seen))
