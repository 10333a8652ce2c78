"""The one step from an observation to a verdict: judged once, written down, raised when broken.

There is no way to judge again: waiting belongs before the observation. The ledger is a context variable, so
that a test needs no handle on the collector of the verdicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import TypeVar

from canary_conformance.verdicts.verdict import Verdict
from canary_conformance.verdicts.verdict_text import render

Observed = TypeVar("Observed")

NOTHING = "nothing was observed"

_current: ContextVar[list[Verdict] | None] = ContextVar("ledger", default=None)


class ExpectationFailed(AssertionError):
    """One or more verdicts that do not hold; the message renders them all."""

    def __init__(self, *verdicts: Verdict) -> None:
        if not verdicts:
            raise ValueError("a failure needs at least one verdict")
        super().__init__(*verdicts)
        self.verdicts = verdicts

    @property
    def verdict(self) -> Verdict:
        """The first broken verdict."""
        return self.verdicts[0]

    def __str__(self) -> str:
        return "\n".join(render(verdict) for verdict in self.verdicts)


@contextmanager
def ledger() -> Iterator[list[Verdict]]:
    """Collect the verdicts of this context, held and broken, in the order in which they are made.

    The list is the caller's; an inner ledger keeps its verdicts to itself.
    """
    verdicts: list[Verdict] = []
    token = _current.set(verdicts)
    try:
        yield verdicts
    finally:
        _current.reset(token)


def _of_something(observed: object, verdict: Verdict) -> Verdict:
    """Return the verdict, FAILED where it holds on nothing and does not require that there is nothing."""
    empty = isinstance(observed, Sized) and not isinstance(observed, str | bytes) and not observed
    if not verdict.held or verdict.of_nothing or (verdict.sample_size and not empty):
        return verdict
    return replace(verdict, held=False, seen=NOTHING, evidence=NOTHING)


def expect(observed: Observed, judge: Callable[[Observed], Verdict]) -> Verdict:
    """Judge the observed once, write the verdict to the ledger and return it.

    What holds on nothing at all proves nothing: it FAILED, unless the judge requires that there is nothing.
    Raises ExpectationFailed, which carries the verdict, when it is not held.
    """
    __tracebackhide__ = True
    return expect_all(observed, judge)[0]


def expect_all(observed: Observed, *judges: Callable[[Observed], Verdict]) -> tuple[Verdict, ...]:
    """Judge the observed by each judge and write all verdicts to the ledger.

    Raises ExpectationFailed once, with all the broken ones, those that saw the same as one; ValueError when
    there is no judge.
    """
    __tracebackhide__ = True
    if not judges:
        raise ValueError("nothing judges the observed")
    verdicts = tuple(_of_something(observed, judge(observed)) for judge in judges)
    _record(verdicts)
    broken: dict[str, Verdict] = {}
    for verdict in verdicts:
        if not verdict.held:
            broken.setdefault(verdict.seen, verdict)
    if broken:
        raise ExpectationFailed(*broken.values())
    return verdicts


def _record(verdicts: tuple[Verdict, ...]) -> None:
    collected = _current.get()
    if collected is not None:
        collected.extend(verdicts)
