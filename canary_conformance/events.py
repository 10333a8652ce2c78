"""A run's events: reports/RUN/events.jsonl, one JSON object a line, for programs that follow a run.

Every event has `event` (its name), `seconds` (since the run began) and `worker` ("gw0", or "" where the run
is one process). By name it also has:

| event | when | fields |
|---|---|---|
| run_began | tests were selected | requirements: ids |
| phase_began, phase_ended | a part of the run, nested | name, depth; at its end length (s) and failed |
| transition_begun | a stage is about to be entered | stages: numbers (several in one step), watched |
| step_applied | the objects of a step are applied, its pods ready | stage, step |
| step_propagated | each proxy has the step's configuration | stage, step |
| stage_entered | a stage is reached | stage |
| transition_seen | a stage was entered, or not | stage, began, address, steps, pages, votes, stalls |
| transition_seen | the mesh was moved, or not | move (its name); the rest as for a stage |
| connections_seen | pods connected to each other | stage, rows: source, destination, end, first bytes |
| routes_seen | proxies' routes were read | stage, proxies: origin, conditions, clusters, share; subsets |
| tls_seen | both ends of each leg were read | stage, rows: leg, status, server, client, policy, rule |
| screenshot_taken | Chromium shows a page | stage, file, left_out, after, version, flag, results, cookie |
| test_judged | a test ended | test, requirements, stage, tier, outcome, length (s), evidence |
| environment_failed | the environment ended the run | reason |
| run_ended | the exit code is decided | exit_code, reason |

Times are seconds; `began` is when the run did, on the monotonic clock. Steps of stages that are entered in
one step have no events of their own. A line is written whole, in one write, as soon as the event happens.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

FILE = "events.jsonl"


class EventLog:
    """Appends events to a file, several processes to the same one; keeps them until the file is known."""

    def __init__(self, worker: str = "", mask: Callable[[str], str] | None = None) -> None:
        """Keep events until their file is known."""
        self._worker = worker
        self._mask = mask
        self._path: Path | None = None
        self._waiting: list[str] = []

    def write_to(self, path: Path) -> None:
        """Write to this file from now on, what came before first."""
        self._path = path
        waiting, self._waiting = self._waiting, []
        self._append("".join(waiting))

    def write(self, event: str, seconds: float, /, **facts: object) -> None:
        """Write an event; seconds: since the run began."""
        head = {"event": event, "seconds": round(seconds, 3), "worker": self._worker}
        text = json.dumps({**head, **facts}, default=str)
        line = (self._mask(text) if self._mask else text) + "\n"
        if self._path is None:
            self._waiting.append(line)
        else:
            self._append(line)

    def _append(self, text: str) -> None:
        # A disk that takes no more ends the run where its report is written, with the reason.
        with contextlib.suppress(OSError):
            file = os.open(self._path or FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                os.write(file, text.encode())
            finally:
                os.close(file)


def events_in(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the events of a file so far; none where it does not exist yet."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.endswith("\n"):
            yield json.loads(line)
