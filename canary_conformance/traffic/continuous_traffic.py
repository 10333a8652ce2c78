"""Pages opened and votes cast at a steady pace, by voters with and without the flag, during a change.

Each voter is two threads with a connection each: one opens a page at a time, one casts a vote at a time, so a
slow answer is seen as a gap, not as a queue. A voter that opens no page says nothing of the app where its own
process was not running: a frozen machine, a signal, a core that others held; a beat that comes late shows it.
What was slow outside of this process is not seen by it.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Generic, TypeVar

from canary_conformance.scenario.observations import Ballot, Page, Transition
from canary_conformance.timeouts import LIMITS
from canary_conformance.traffic.voter import Voter
from canary_conformance.waiting import NotInTime, wait_until

# Seconds between the starts of two pages of one voter: fast enough to see a gap of a tenth, slow enough to
# leave a small machine its cores for the change itself. Pods that start need them most, and for longest.
PACE = 0.02
PACE_WHILE_PODS_START = 0.04
WITHOUT_PAUSE = 0.0
# Votes are fewer than pages: each is written to a store.
PACE_OF_VOTES = 0.1
VOTES_AFTER = 3
# So many pages in a row without an answer show as much as any number of them.
UNANSWERED_AFTER = 3

Seen = TypeVar("Seen")


class VotersStalled(Exception):
    """Continuous voters had fewer pages than they should have in their time, though they were answered."""


class Continuous(Generic[Seen]):
    """What is done again and again by name, each in a thread of its own, and everything that it has seen.

    Attributes:
        died: What ended a thread before it was stopped: defects, as what is done raises nothing.
    """

    def __init__(self, doing: Mapping[str, Callable[[], Iterable[Seen]]], pace: float) -> None:
        """Name what is done, and the seconds between two starts of it; start() sets it off."""
        self._doing = dict(doing)
        self._pace = pace
        self._seen: dict[str, list[Seen]] = {name: [] for name in doing}
        self._stopping = threading.Event()
        self.died: list[Exception] = []
        self._threads = [
            threading.Thread(target=self._go_on, args=(name,), name=name, daemon=True) for name in self._doing
        ]

    def start(self) -> None:
        """Set everything off."""
        for thread in self._threads:
            thread.start()

    def stop(self, limit: float | None = None) -> None:
        """Stop; what is on its way ends first, within so many seconds (LIMITS.traffic_stop)."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(limit or LIMITS.traffic_stop)

    @contextmanager
    def at_pace(self, seconds: float) -> Iterator[None]:
        """Do each so many seconds after its last start, or when it has ended, until the block ends."""
        pace, self._pace = self._pace, seconds
        try:
            yield
        finally:
            self._pace = pace

    def seen(self) -> Mapping[str, tuple[Seen, ...]]:
        """Return everything so far, in order, by name."""
        return {name: tuple(seen) for name, seen in self._seen.items()}

    def _go_on(self, name: str) -> None:
        do, seen = self._doing[name], self._seen[name]
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                seen.extend(do())
            except Exception as error:
                self.died.append(error)
                return
            self._stopping.wait(max(0.0, started + self._pace - time.monotonic()))


class ContinuousTraffic(Continuous[Page]):
    """Running voters by name, every page they have had, and every vote they have cast.

    Attributes:
        ballots: Their votes.
        heartbeat: What notes when this process itself stood still.
    """

    def __init__(
        self, voters: Mapping[str, Voter], choices: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        """Prepare the voters; start() sets them off.

        Args:
            voters: They, by name.
            choices: What each votes for in turn, by its name; others cast no vote.
        """
        super().__init__({name: voter.open_page for name, voter in voters.items()}, PACE)
        casting = {
            name: casting_in_turn(voters[name], turns)
            for name, turns in (choices or {}).items()
            if name in voters
        }
        self.ballots: Continuous[Ballot] = Continuous(casting, PACE_OF_VOTES)
        self.heartbeat = Heartbeat()

    def start(self) -> None:
        """Set all of them off."""
        self.heartbeat.start()
        super().start()
        self.ballots.start()

    def stop(self, limit: float | None = None) -> None:
        """Stop; the page and the vote that each has on its way end first."""
        self.ballots.stop(limit)
        super().stop(limit)
        self.heartbeat.stop()

    def pages(self) -> Mapping[str, tuple[Page, ...]]:
        """Return every page so far, in order, by the voter's name."""
        return self.seen()


def casting_in_turn(voter: Voter, choices: Sequence[str]) -> Callable[[], Iterable[Ballot]]:
    """Return what casts one vote, for each choice in its turn."""
    turns = itertools.cycle(choices)
    return lambda: (voter.cast(next(turns)),)


@contextmanager
def continuous_traffic(
    voters: Mapping[str, Voter], choices: Mapping[str, Sequence[str]] | None = None
) -> Iterator[ContinuousTraffic]:
    """Yield voters who open pages, and cast these votes by their names, until the block ends."""
    traffic = ContinuousTraffic(voters, choices)
    traffic.start()
    try:
        yield traffic
    finally:
        traffic.stop()


@contextmanager
def passing(traffic: ContinuousTraffic, pages: int) -> Iterator[None]:
    """Have each voter open so many pages more than at the block's start, those after its end without pause.

    And cast a few votes. A voter who is not answered has had enough sooner: its requests are the stage's
    evidence, and each takes as long as a request may.

    Raises:
        VotersStalled: Voters who are answered had too few pages or votes within LIMITS.page_whole.
    """
    before = {name: len(seen) for name, (seen, _) in _wanted(traffic, pages).items()}

    def since() -> dict[str, tuple[Sequence[Page], int]]:
        wanted = _wanted(traffic, pages)
        return {name: (seen[before[name] :], enough) for name, (seen, enough) in wanted.items()}

    def died() -> Sequence[BaseException]:
        return [*traffic.died, *traffic.ballots.died]

    yield
    with traffic.at_pace(WITHOUT_PAUSE):
        try:
            wait_until(
                since,
                until=lambda seen: (
                    bool(died())
                    or all(len(some) >= enough or _is_silent(some) for some, enough in seen.values())
                ),
                limit=LIMITS.page_whole,
                what="the continuous voters go on",
                pause=0.02,
            )
        except NotInTime as late:
            raise _stalled(late, since()) from late
    if died():
        raise died()[0]


def _stalled(late: NotInTime, since: Mapping[str, tuple[Sequence[Page], int]]) -> VotersStalled:
    few = {name: (len(some), enough) for name, (some, enough) in since.items() if len(some) < enough}
    had = ", ".join(f"{name} {seen} of {enough}" for name, (seen, enough) in few.items())
    limit = f"within {late.limit:g} s after the stage had propagated"
    return VotersStalled(f"continuous voters had too few pages {limit}: {had}")


def page_of_each(voters: Mapping[str, Voter]) -> Mapping[str, Page]:
    """Return one page of each voter, which shows what its store counts."""
    return {name: voter.open_page()[0] for name, voter in voters.items()}


def ended(
    transition: Transition,
    traffic: ContinuousTraffic,
    before: Mapping[str, Page],
    voters: Mapping[str, Voter],
) -> Transition:
    """Return a transition with all that its continuous voters saw, once they have stopped.

    before: the page of each right before its first vote.
    """
    return replace(
        transition,
        pages=traffic.pages(),
        ballots=traffic.ballots.seen(),
        before=before,
        after=page_of_each(voters),
        stalls=traffic.heartbeat.stalls(),
    )


def _wanted(traffic: ContinuousTraffic, pages: int) -> dict[str, tuple[Sequence[Page], int]]:
    """Return each voter's pages, and the answers to its votes, with how many of them are enough."""
    votes = {
        f"votes of {name}": ([ballot.answer for ballot in seen], VOTES_AFTER)
        for name, seen in traffic.ballots.seen().items()
    }
    return {**{name: (seen, pages) for name, seen in traffic.pages().items()}, **votes}


def _is_silent(pages: Sequence[Page]) -> bool:
    """Return whether the last pages had no answer at all."""
    return len(pages) >= UNANSWERED_AFTER and not any(page.status for page in pages[-UNANSWERED_AFTER:])


BEAT = 0.05
"""Seconds between two beats: well below the shortest silence that anything is judged by."""
LATE = 0.1
"""Seconds by which a beat may be late: Python's threads hand over to each other, and share the cores."""


class Heartbeat:
    """A thread that only notes the time."""

    def __init__(self) -> None:
        """Prepare; start() sets it off."""
        self._stalls: list[tuple[float, float]] = []
        self._last = time.monotonic()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Beat from now on."""
        self._last = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Beat no more."""
        self._stopping.set()
        self._thread.join()

    def stalls(self) -> tuple[tuple[float, float], ...]:
        """Return from when to when (monotonic) this process stood still."""
        return tuple(self._stalls)

    def note(self, now: float) -> None:
        """Take a beat at this moment."""
        if now - self._last > BEAT + LATE:
            self._stalls.append((self._last, now))
        self._last = now

    def _beat(self) -> None:
        while not self._stopping.wait(BEAT):
            self.note(time.monotonic())
