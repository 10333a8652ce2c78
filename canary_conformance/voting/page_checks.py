"""Checks of what only the voting app shows: the result's format and arithmetic, its versions, its stores.

They are used as those of canary_conformance.verdicts are.
"""

from __future__ import annotations

from canary_conformance.scenario.observations import Page, Reply
from canary_conformance.verdicts.checks import Saying, no_answer
from canary_conformance.verdicts.wording import failure_of, shorten
from canary_conformance.voting.contract import APP
from canary_conformance.voting.cookie_matrix import ServedBy
from canary_conformance.voting.page_results import (
    DEFAULT_VOTES,
    ResultFormat,
    VoteNames,
    arithmetic_error,
    parse_results,
)


def formatted_as(wanted: ResultFormat, votes: VoteNames = DEFAULT_VOTES) -> Saying[Page]:
    """The result is in this format: "plain" (analytics 1.0) or "percent" (1.1, 2.0). Source: R2.2, R3.1."""

    def check(page: Page) -> str:
        counts = parse_results(page.results, votes)
        if counts is None:
            return failure_of(page) or f"had a result in neither format: {page.results!r}"
        return "" if counts.format == wanted else f"were in the {counts.format} format"

    return Saying(f"in the {wanted} format", check)


def arithmetic_of(votes: VoteNames) -> Saying[Page]:
    """The totals and percentages of the result are right for these two names of votes. Source: R2.3."""

    def check(page: Page) -> str:
        error = arithmetic_error(page.results, votes)
        return error and (failure_of(page) or f"showed {error}")

    return Saying("right in its arithmetic", check)


right_arithmetic: Saying[Page] = arithmetic_of(DEFAULT_VOTES)
"""The totals and percentages are right; the plain format has nothing to get wrong (R2.3)."""


def _mysql_greeting(reply: Reply) -> str:
    received = reply.received
    # A packet is its length (3 bytes), its number (the greeting is 0), its content (10 is the version).
    if len(received) > 4 and int.from_bytes(received[:3], "little") > 0 and received[3:5] == b"\x00\x0a":
        return ""
    return f"received {received[:24]!r}" if received else no_answer(reply)


greets_as_mysql: Saying[Reply] = Saying("greeted by MySQL", _mysql_greeting)
"""The server spoke first, with the handshake of MySQL and MariaDB. Source: MySQL's protocol, HandshakeV10."""


def routed_to(version: str) -> Saying[ServedBy]:
    """The pages of one kind of voter came from this version of the app alone ("1.0"). Source: R4.5, R5.1."""

    def check(seen: ServedBy) -> str:
        if seen == ServedBy(frozenset({version})):
            return ""
        if seen.statuses or "" in seen.versions:
            return f"were answered by {shorten(str(seen))}"
        return f"were routed to {APP} {seen}"

    return Saying(f"routed to {APP} {version}", check)


def not_routed_to(version: str) -> Saying[ServedBy]:
    """None of the pages came from this version of the app, whatever else answered. Source: R4.3, R5.1."""

    def check(seen: ServedBy) -> str:
        return f"were routed to {APP} {seen}" if version in seen.versions else ""

    return Saying("routed elsewhere", check)


def results_format(page: Page) -> str:
    """Key for all_seen and shares: "plain", "percent", or what there is instead."""
    counts = parse_results(page.results)
    return counts.format if counts else f"({failure_of(page) or 'neither format'})"
