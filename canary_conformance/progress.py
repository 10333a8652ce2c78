"""What the run is doing now, and where its time went.

Each phase prints one line when it starts and one when it ends, with seconds since the run began. The list of
ended phases is the run's table of times. While a phase lasts, a terminal shows it in a live line, and a log
gets a line about it after a long silence. The caller decides where the lines go (the plugin: pytest's
terminal).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

from canary_conformance.events import EventLog
from canary_conformance.repeating import repeating
from canary_conformance.status_line import LiveLine

Say = Callable[[str], None]

# Seconds between two looks at the running phase: a count seems to run, and the cost is not noticeable.
LOOK_EVERY = 0.2
# Seconds: a phase that has lasted as long gets a line where nothing was printed for as long. Each such line
# doubles the silence that is allowed, so that an hour of compiling is not a hundred lines.
SILENCE, LONGEST_SILENCE = 15.0, 60.0


def say_nothing(line: str) -> None:
    """Print nothing: for a run without output."""


@dataclass(frozen=True, slots=True)
class Phase:
    """An ended phase: name, depth below other phases, start and length in seconds."""

    name: str
    depth: int
    started: float
    seconds: float


@dataclass(slots=True)
class _Running:
    """A phase that has not ended: when it started, in seconds since the run began, and how far it is."""

    name: str
    started: float
    detail: str = ""


@dataclass(slots=True)
class Progress:
    """Prints what happens, timed, and keeps the phases for the table of times.

    Phases are of one thread; notes and details may come from any.
    """

    say: Say = say_nothing
    began: float = field(default_factory=time.monotonic)
    phases: list[Phase] = field(default_factory=list)
    live: LiveLine | None = None
    events: EventLog = field(default_factory=EventLog)
    now: Callable[[], float] = time.monotonic
    # The first is no phase: it takes the details that come while none runs.
    _running: list[_Running] = field(default_factory=lambda: [_Running("", 0.0)])
    # Reentrant: a signal handler prints a note in the middle of anything.
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _said_at: float = 0.0
    _bearable: float = SILENCE

    @property
    def depth(self) -> int:
        """How many phases run, each within the one before."""
        return len(self._running) - 1

    def elapsed(self) -> float:
        """Return the seconds since the run began."""
        return self.now() - self.began

    def event(self, name: str, /, **facts: object) -> None:
        """Write an event for programs that follow the run (canary_conformance.events)."""
        self.events.write(name, self.elapsed(), **facts)

    def note(self, text: str) -> None:
        """Print one timed line."""
        with self._lock:
            self._bearable = SILENCE
            self._say(text)

    def detail(self, text: str) -> None:
        """Set the text that shows how far the innermost phase is; nothing is printed now."""
        self._running[-1].detail = text

    @contextmanager
    def phase(self, name: str, *, quiet: bool = False, kept: bool = True) -> Iterator[None]:
        """Time a phase; its start and end are printed unless quiet, and it is in the table if it is kept."""
        started = self.elapsed()
        if not quiet:
            self.note(f"{name} ...")
        self.event("phase_began", name=name, depth=self.depth)
        ended = "failed after"
        try:
            with self._watched(_Running(name, started)):
                yield
            ended = "took"
        finally:
            seconds = self.elapsed() - started
            failed = ended != "took"
            self.event("phase_ended", name=name, depth=self.depth, length=round(seconds, 3), failed=failed)
            if kept:
                self.phases.append(Phase(name, self.depth, started, seconds))
            if not quiet:
                self.note(f"{name} {ended} {seconds:.1f} s")

    def look(self) -> None:
        """Draw the live line anew, or where there is none, break a silence that is too long."""
        with self._lock:
            running = self._running.copy()
            if len(running) == 1:
                return
            if self.live is not None:
                self.live.draw(
                    "  " * (len(running) - 1) + running[-1].name, self._how_far(running[-1], running)
                )
            elif self.elapsed() - self._said_at >= self._bearable:
                self._break_silence(running)

    def _break_silence(self, running: list[_Running]) -> None:
        lasting = [phase for phase in running[1:] if self.elapsed() - phase.started >= SILENCE]
        if lasting:
            self._bearable = min(2 * self._bearable, LONGEST_SILENCE)
            self._say(lasting[-1].name + self._how_far(lasting[-1], running))

    def _how_far(self, phase: _Running, running: list[_Running]) -> str:
        detail = running[-1].detail or phase.detail
        return f", for {self.elapsed() - phase.started:.0f} s now{f': {detail}' if detail else ''}"

    def _say(self, text: str) -> None:
        if self.live is not None:
            self.live.erase()
        self._said_at = self.elapsed()
        self.say(f"[{self._said_at:7.1f}s] {'  ' * self.depth}{text}")

    @contextmanager
    def _watched(self, phase: _Running) -> Iterator[None]:
        """Have a thread look at a phase: one for all running phases, none where nothing would be shown."""
        seen = self.live is not None or self.say is not say_nothing
        looking = repeating(self.look, LOOK_EVERY, "progress") if seen and self.depth == 0 else nullcontext()
        if self.depth == 0:
            self._bearable = SILENCE
        self._running.append(phase)
        try:
            with looking:
                yield
        finally:
            self._running.pop()
            if self.depth == 0 and self.live is not None:
                with self._lock:
                    self.live.erase()
