"""What was observed of one request or connection, in the words in which the model answers.

A reply names the workload that gave it only as far as its content shows: the votes that analytics reports,
how a store speaks. "Answered" by no named workload agrees with every workload.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from canary_conformance.model.objects.questions import Ending, Outcome
from canary_conformance.scenario.observations import Reply, ReplyKind
from canary_conformance.verdicts import (
    answers_with,
    refused_by_reset,
)
from canary_conformance.voting.contract import ANALYTICS, APP, FIRST_ANALYTICS, NEW, OLD
from canary_conformance.voting.cookie_matrix import ServedBy
from canary_conformance.voting.page_checks import greets_as_mysql
from canary_conformance.voting.page_results import DIFFERENT_VOTES, parse_results

Cell = TypeVar("Cell")

_STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3})\b")
# Envoy names itself; it adds the time header to what an upstream answered, not to its own answers
# (Envoy: "HTTP header manipulation", server and x-envoy-upstream-service-time).
_ENVOY = re.compile(rb"^server:\s*(?:istio-)?envoy\s*$", re.IGNORECASE | re.MULTILINE)
_UPSTREAM = re.compile(rb"^x-envoy-upstream-service-time:", re.IGNORECASE | re.MULTILINE)
_TEXT = re.compile(rb'"text"\s*:\s*"([^"]*)"')


class SeenKind(StrEnum):
    """How a request or connection ended, as a client sees it."""

    ANSWERED = "answered"  # by a workload
    STATUS = "HTTP status"  # by a proxy on the way, or a page that is not whole
    REFUSED = "refused"  # reset or closed before any byte
    NO_LISTENER = "connection refused"
    NOTHING = "no answer"


@dataclass(frozen=True, slots=True)
class Seen:
    """One observation.

    `workloads` are those that answer like this ("voting-analytics 1.1"), none where the content fits any.
    `status` is the HTTP status where one came, `detail` says what the system reported.
    """

    kind: SeenKind
    workloads: frozenset[str] = frozenset()
    status: int | None = None
    detail: str = ""

    def __str__(self) -> str:
        if self.kind is SeenKind.ANSWERED:
            named = " or ".join(sorted(self.workloads))
            return f"answered by {named}" if named else "answered"
        if self.kind is SeenKind.STATUS:
            return f"HTTP {self.status}"
        return f"{self.kind} ({self.detail})" if self.detail else str(self.kind)

    def fits(self, outcome: Outcome) -> bool:
        """Return whether this is what a client sees of one of the model's outcomes."""
        ending = outcome.ending
        if ending in {Ending.SERVED, Ending.REWRITTEN}:
            return self._answered_by(outcome)
        if ending is Ending.TIMED_OUT and self._answered_by(outcome):
            # A limit is too short for most answers, and now and then one is in time.
            return True
        if ending is Ending.FAULT:
            # An abort has a status, a delay is served late or not in time, a direct response has any status.
            late = self.kind is SeenKind.NOTHING or self._answered_by(outcome)
            return late or (self.status or 0) >= 400 or outcome.reason == f"status {self.status}"
        if ending is Ending.REDIRECT:
            return self.status is not None and 300 <= self.status < 400
        if self.status is not None:
            return str(self.status) == str(ending) or (ending is Ending.RESET and self.status == 503)
        refused = {SeenKind.REFUSED} if ending is Ending.RESET else {SeenKind.REFUSED, SeenKind.NO_LISTENER}
        return ending in _WITHOUT_AN_ANSWER and self.kind in refused

    def _answered_by(self, outcome: Outcome) -> bool:
        if self.kind is not SeenKind.ANSWERED:
            return False
        return not self.workloads or not self.workloads.isdisjoint(outcome.pods)


# Behind a sidecar, which takes every connection itself, a port without a listener is a reset too.
_WITHOUT_AN_ANSWER = frozenset({Ending.RESET, Ending.UNAVAILABLE, Ending.NO_LISTENER})


def seen_in(reply: Reply) -> Seen:
    """Return what a reply to a raw connection shows, its workload as far as its content names one."""
    if not refused_by_reset(reply):
        return Seen(SeenKind.REFUSED)
    if not reply.received:
        refused = reply.kind is ReplyKind.REFUSED
        kind = SeenKind.NO_LISTENER if refused else SeenKind.NOTHING
        return Seen(kind, detail="" if refused else f"{reply.kind} {reply.detail}".strip())
    if not answers_with(b"+PONG")(reply):
        return Seen(SeenKind.ANSWERED, frozenset({OLD.store}))
    if not greets_as_mysql(reply):
        return Seen(SeenKind.ANSWERED, frozenset({NEW.store}))
    found = _STATUS_LINE.match(reply.received)
    status = int(found[1]) if found else None
    if status and status >= 400 and _ENVOY.search(_head(reply)) and not _UPSTREAM.search(_head(reply)):
        return Seen(SeenKind.STATUS, status=status)
    return Seen(SeenKind.ANSWERED, _analytics(reply), status)


def seen_on_pages(served: Mapping[Cell, ServedBy], *, whole: bool) -> dict[Cell, tuple[Seen, ...]]:
    """Return what the pages of each voter showed.

    Args:
        served: What served them.
        whole: Whether the model has every page whole; if not, a page that is not shows nothing.
    """
    return {cell: tuple(_on_pages(one, whole=whole)) for cell, one in served.items()}


def seen_once(replies: Mapping[Cell, Reply]) -> dict[Cell, tuple[Seen, ...]]:
    """Return what each reply shows, one observation each."""
    return {cell: (seen_in(reply),) for cell, reply in replies.items()}


def _on_pages(served: ServedBy, *, whole: bool) -> Iterator[Seen]:
    for version in sorted(served.versions):
        yield Seen(SeenKind.ANSWERED, frozenset({f"{APP} {version}"}) if version else frozenset())
    for status in sorted(served.statuses, key=str) if whole else ():
        if status is None:
            yield Seen(SeenKind.NOTHING, detail="no page")
        else:
            yield Seen(SeenKind.STATUS, status=status)


def _head(reply: Reply) -> bytes:
    return reply.received.partition(b"\r\n\r\n")[0].replace(b"\r\n", b"\n")


def _analytics(reply: Reply) -> frozenset[str]:
    """Return the versions of analytics that answer so: by the format and, after different votes, counts."""
    found = _TEXT.search(reply.received)
    text = found[1].decode(errors="replace") if found else ""
    counts = parse_results(text)
    if counts is None:
        return frozenset()
    if counts.format == "plain":
        return frozenset({f"{ANALYTICS} {FIRST_ANALYTICS}"})
    found_of = {DIFFERENT_VOTES[chain.app]: frozenset({chain.counter}) for chain in (OLD, NEW)}
    return found_of.get(text, frozenset({OLD.counter, NEW.counter}))
