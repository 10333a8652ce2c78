"""When this process itself stood still: a beat that comes late was not woken, so nothing here was.

A voter that opens no page says nothing of the app where its own process was not running: a frozen machine, a
signal, a core that others held. What was slow outside of this process is not seen by it.
"""

from __future__ import annotations

import threading
import time

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
