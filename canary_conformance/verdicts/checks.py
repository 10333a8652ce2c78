"""Checks of one observation: "" when it is fine, else the complaint as a predicate ("came from 1.0").

A check looks at one property and says nothing of the others, so that `never` finds a trace of a wrong version
even on a page that is broken otherwise; `both(whole_page, served_by("2.0"))` asks for two.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

from canary_conformance.scenario.observations import Page, Reply, ReplyKind
from canary_conformance.verdicts.wording import failure_of, listed, shorten

T = TypeVar("T")

Check: TypeAlias = Callable[[T], str]

Flag = Literal["set", "clear"]

_NO_FLAG = "showed no state of the feature flag (one of set and clear as plain text, not both)"

_NOT_A_REFUSAL = {
    ReplyKind.REFUSED: "found nothing that listens (connection refused)",
    ReplyKind.TIMED_OUT: "timed out",
    ReplyKind.UNRESOLVED: "asked for a host name that does not resolve",
}


@dataclass(frozen=True, slots=True)
class Saying(Generic[T]):
    """A check with its words: `requirement` completes "each page is ..." ("served by 2.0")."""

    requirement: str
    check: Check[T]

    def __call__(self, observation: T) -> str:
        """Return "" when the observation is fine, else the complaint."""
        return self.check(observation)


def requirement_of(check: Check[T]) -> str:
    """Return what the check asks, in words; for a plain function its name, without underscores."""
    if isinstance(check, Saying):
        return check.requirement
    return str(getattr(check, "__name__", "fine")).strip("_<>").replace("_", " ")


def both(first: Check[T], second: Check[T]) -> Saying[T]:
    """Ask for two properties; the first complaint counts."""
    return Saying(
        f"{requirement_of(first)} and {requirement_of(second)}",
        lambda observation: first(observation) or second(observation),
    )


whole_page: Saying[Page] = Saying("whole", failure_of)
"""200, with a host, a store and a result."""

failed_page: Saying[Page] = Saying("failed", lambda page: "were whole" if page.whole else "")
"""The opposite of whole_page, for `only_before(moment, failed_page)`."""


def served_by(version: str) -> Saying[Page]:
    """The page's footer names the store of this app version: "1.0" or "2.0"."""

    def check(page: Page) -> str:
        if page.version == version:
            return ""
        if page.version:
            return f"came from {page.version}"
        return failure_of(page) or f"had store {page.store!r}"

    return Saying(f"served by {version}", check)


def shows(results: str) -> Saying[Page]:
    """The result is exactly this text."""

    def check(page: Page) -> str:
        return "" if page.results == results else (failure_of(page) or f"showed {page.results!r}")

    return Saying(f"showing {results!r}", check)


def offers(*buttons: str) -> Saying[Page]:
    """The page has these buttons; it may have more, such as those of the feature flag."""

    def check(page: Page) -> str:
        missing = Counter(buttons) - Counter(page.buttons)
        if not missing:
            return ""
        if page.buttons:
            return f"offered {listed(page.buttons)}"
        return failure_of(page) or "offered no button"

    return Saying(f"offering {listed(buttons)}", check)


def from_pods(names: Collection[str]) -> Saying[Page]:
    """The host in the footer is one of these pods."""

    def check(page: Page) -> str:
        if page.host in names:
            return ""
        return f"came from {page.host}" if page.host else (failure_of(page) or "named no pod")

    return Saying(f"from one of {listed(sorted(names))}", check)


def flag_is(wanted: Flag) -> Saying[Page]:
    """The footer says that the feature flag is set, or clear."""

    def check(page: Page) -> str:
        if page.flag == wanted:
            return ""
        return f"had the flag {page.flag}" if page.flag else (failure_of(page) or _NO_FLAG)

    return Saying(f"with the flag {wanted}", check)


def status(code: int) -> Saying[Page]:
    """The answer has this HTTP status."""

    def check(page: Page) -> str:
        if page.status == code:
            return ""
        return f"failed: {shorten(page.error, 60)}" if page.status is None else f"answered {page.status}"

    return Saying(f"answered {code}", check)


def _refusal(reply: Reply) -> str:
    if reply.received:
        return f"received {reply.received[:24]!r}"
    if reply.kind in (ReplyKind.RESET, ReplyKind.CLOSED):
        return ""
    return no_answer(reply)


def no_answer(reply: Reply) -> str:
    """Return the complaint about a reply without a byte."""
    if reply.kind in (ReplyKind.RESET, ReplyKind.CLOSED):
        return f"were {reply.kind} without a byte"
    return _NOT_A_REFUSAL.get(reply.kind) or f"failed: {shorten(reply.detail, 60) or reply.kind}"


refused_by_reset: Saying[Reply] = Saying("refused by a reset or a close", _refusal)
"""The connection came about and was reset or closed before any byte (R3.3, R3.5).

That is how a proxy refuses. A time-out, a name without an address and a port without a listener are
accidents: the same is seen when the backend is just gone.
"""


closed: Saying[str] = Saying(
    "closed", lambda kind: "" if kind in {ReplyKind.REFUSED, ReplyKind.UNCHANGED} else f"were {kind}"
)
"""A way in, by the word for how a knock ended: nothing listens, or what answers has nothing of the app."""


def answers_with(prefix: bytes) -> Saying[Reply]:
    """The first bytes received are these: b"+PONG" for a Redis that was asked PING."""
    if not prefix:
        raise ValueError("every answer starts with no bytes at all")

    def check(reply: Reply) -> str:
        if reply.received.startswith(prefix):
            return ""
        return f"received {reply.received[:24]!r}" if reply.received else no_answer(reply)

    return Saying(f"answered with {prefix!r}", check)


def _answered(reply: Reply) -> str:
    return "" if reply.received else no_answer(reply)


answered: Saying[Reply] = Saying("answered", _answered)
"""Any byte came back: the positive control of a refusal (R3.5)."""


def contains(text: bytes) -> Saying[Reply]:
    """These bytes stand somewhere in what was received: the counts of one store in the JSON of analytics."""
    if not text:
        raise ValueError("every answer contains no bytes at all")

    def check(reply: Reply) -> str:
        if text in reply.received:
            return ""
        return f"received {reply.received[-60:]!r}" if reply.received else no_answer(reply)

    return Saying(f"containing {text.decode(errors='replace')!r}", check)


def exactly(value: object) -> Saying[object]:
    """The observation equals this value: for cells of a matrix that hold plain values."""

    def check(observation: object) -> str:
        return "" if observation == value else f"were {shorten(str(observation)) or '(nothing)'}"

    return Saying(shorten(str(value)) or "(nothing)", check)


def pod(page: Page) -> str:
    """Key for all_seen and shares: the pod that served the page, or why none is known."""
    return page.host or f"({failure_of(page) or 'no pod'})"
