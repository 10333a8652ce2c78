"""One run of the suite as a process whose lines are followed, in a home folder of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from canary_conformance.events import FILE, events_in
from canary_conformance.paths import store
from canary_conformance.user_files import changes, fingerprints
from canary_conformance.waiting import SYSTEM_CLOCK, GaveUp, NotInTime, wait_until
from tools.suite_process import Ended, report_of, started_process

# A user's kubectl and docker, with contexts that lead elsewhere; no run may touch or follow them.
_KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: somebody-elses
clusters: [{name: somebody-elses, cluster: {server: "https://127.0.0.1:1"}}]
contexts: [{name: somebody-elses, context: {cluster: somebody-elses, user: somebody}}]
users: [{name: somebody, user: {token: nobodys}}]
"""
_FILES = {
    ".kube/config": _KUBECONFIG,
    ".kube/cache/discovery/elsewhere/servergroups.json": "{}\n",
    ".docker/config.json": json.dumps({"auths": {}, "currentContext": "default"}) + "\n",
    ".docker/contexts/meta/0/meta.json": json.dumps({"Name": "somebody-elses", "Endpoints": {}}) + "\n",
}


Row = tuple[tuple[str, ...], bool]
"""What came of a run: the cells of its row, and whether it ended rightly."""


class LineMissing(Exception):
    """A run never printed the line at which something was to be done to it; the message has its log."""


@dataclass(frozen=True, slots=True)
class Home:
    """A home folder with a user's kubeconfig and Docker contexts, and a folder for temporary files."""

    folder: Path
    temporary: Path
    before: Mapping[str, str]

    @property
    def environment(self) -> dict[str, str]:
        """What a run needs to take it for the user's; what is built stays in the store that all share."""
        return {
            "HOME": str(self.folder),
            "TMPDIR": str(self.temporary),
            "XDG_CACHE_HOME": str(store().parent),
            "KUBECONFIG": str(self.folder / ".kube/config"),
        }

    def changed(self) -> list[str]:
        """Return what a run did to the user's files."""
        return changes(self.before, fingerprints(self.folder))


def make_home(folder: Path) -> Home:
    """Make such a home folder in a new folder."""
    home, temporary = folder / "home", folder / "tmp"
    temporary.mkdir(parents=True)
    for name, text in _FILES.items():
        file = home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return Home(home, temporary, fingerprints(home))


class SuiteRun:
    """A run that goes on: its phases so far, and its end."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        """Follow a process whose output goes to a log, and whose report lies beside that."""
        self.process = process
        self._log = log
        self._events = report_of(log) / FILE
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since its start."""
        return time.monotonic() - self._started

    @property
    def output(self) -> str:
        """All that it has printed so far."""
        return self._log.read_text(errors="replace")

    @property
    def phases(self) -> list[str]:
        """What it began ("stage 4 canary ...") and ended ("stage 4 canary took 9.8 s"), in order."""
        return [_phase(event) for event in events_in(self._events) if event["event"].startswith("phase_")]

    @property
    def doing(self) -> str:
        """What it began or ended last."""
        return next(reversed(self.phases), "starting")

    def wait_for(self, line: str, after: float, limit: float) -> None:
        """Wait until one of its phases matches, and so many seconds more; it may end before that.

        Raises LineMissing when none matches.
        """
        wanted = re.compile(line)
        try:
            wait_until(
                lambda: self.phases,
                until=lambda lines: any(wanted.search(one) for one in lines),
                give_up=lambda _: None if self.process.poll() is None else "the run ended before",
                limit=limit,
                what=f"a phase like {line!r}",
                pause=0.05,
            )
        except (GaveUp, NotInTime) as never:
            raise LineMissing(f"{never}; see {self._log}") from never
        if self.process.poll() is None:
            SYSTEM_CLOCK.sleep(after)

    def send(self, number: signal.Signals) -> None:
        """Send a signal: a terminal's Ctrl-C reaches all that the run started, others the run alone."""
        if self.process.poll() is None:
            deliver = os.killpg if number is signal.SIGINT else os.kill
            deliver(self.process.pid, number)

    def end(self, limit: float) -> Ended | None:
        """Return how it ended, None where it has not within so many seconds."""
        try:
            exit_code = self.process.wait(limit)
        except subprocess.TimeoutExpired:
            return None
        return Ended(self.seconds, exit_code, self.output)


def _phase(event: Mapping[str, Any]) -> str:
    """Return the begin or end of a phase as the run prints it."""
    if event["event"] == "phase_began":
        return f"{event['name']} ..."
    return f"{event['name']} {'failed after' if event['failed'] else 'took'} {event['length']:.1f} s"


@contextmanager
def suite_run(words: Sequence[str], home: Home, log: Path) -> Iterator[SuiteRun]:
    """Yield a run of the suite that has just been started; it is ended with the block."""
    with started_process([*words, "--report", str(report_of(log))], home.environment, log) as process:
        yield SuiteRun(process, log)
