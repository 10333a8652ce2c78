"""How containers ended, run after run, with their last log lines, and what proves that they always will.

A run's log is gone when the next one has ended, so each is read when it is seen to have ended. The kubelet
starts a container again at once, then after 10 s, 20 s and so on (Kubernetes: "Pod Lifecycle", "How Pods
handle problems with containers").
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.pod_state import Trouble

Object = Mapping[str, Any]

LOG_LINES = 12
# A database may restart twice while it makes its first volume; after a third end a container goes on ending.
ENDS_AT_MOST = 2
SAME_WORDS = 5  # lines
SIGNALLED = 128  # exit codes above it are of a signal: the kubelet, or the kernel short of memory, ended it
# What the API's client raises for a log that can't be read: the server's refusal, or no whole answer.
UNREADABLE = (ApiException, HTTPError, OSError)
# What the kubelet answers, with status 200, for a container that is removed by now.
LOG_GONE = "unable to retrieve container logs"
# SIGKILL and SIGTERM: a liveness or startup probe failed too often.
ENDED_BY_KUBELET = (137, 143)
NEVER_STARTED = frozenset({"StartError", "ContainerCannotRun"})
_NUMBER = re.compile(r"0x[0-9a-fA-F]+|\d+")


@dataclass(frozen=True, slots=True)
class End:
    """One run of a container that ended.

    Attributes:
        run: Its number; the first run is 0.
        exit_code: Of the container's first process.
        reason: The kubelet's word for it.
        words: The last lines of its log, or of the kubelet's message.
    """

    run: int
    exit_code: int
    reason: str
    words: tuple[str, ...] = ()

    @property
    def by_itself(self) -> bool:
        """Whether the program itself reported that it failed."""
        return 0 < self.exit_code < SIGNALLED

    @property
    def never_started(self) -> bool:
        """Whether the program could not even be started."""
        return self.reason in NEVER_STARTED

    def is_like(self, other: End) -> bool:
        """Return whether another run ended in the same way and with the same last lines, but for numbers.

        False where a run has no lines to compare.
        """
        lines = min(SAME_WORDS, len(self.words), len(other.words))
        if not lines or (self.exit_code, self.reason) != (other.exit_code, other.reason):
            return False
        mine, theirs = self.words[-lines:], other.words[-lines:]
        return [_NUMBER.sub("#", line) for line in mine] == [_NUMBER.sub("#", line) for line in theirs]


@dataclass(frozen=True, slots=True)
class Run:
    """Where a container is: its current run, and whether that one runs."""

    number: int
    runs: bool


class CrashLog:
    """Remembers how the containers of a namespace's pods ended."""

    def __init__(self, api: Api, namespace: str) -> None:
        """Start with nothing known."""
        self._api = api
        self._namespace = namespace
        self._ends: dict[tuple[str, str], dict[int, End]] = {}

    def look(self, pods: Sequence[Object]) -> None:
        """Remember every end that the pods' statuses report and that isn't known yet."""
        for pod in pods:
            for status in container_statuses(pod):
                known = self._ends.setdefault(_key(pod, status["name"]), {})
                for number, ended in ended_runs(pod, status):
                    if number not in known:
                        known[number] = self._end(pod, status, number, ended)

    def ends(self, pod: Object, container: str) -> list[End]:
        """Return the known ends of a container, in their order."""
        return [end for _, end in sorted(self._ends.get(_key(pod, container), {}).items())]

    def _end(self, pod: Object, status: Object, number: int, ended: Object) -> End:
        reason, message = str(ended.get("reason", "")), str(ended.get("message") or "")
        words = message.splitlines() if reason in NEVER_STARTED else self._log(pod, status, number)
        return End(number, int(ended.get("exitCode", -1)), reason, tuple(words or message.splitlines()))

    def _log(self, pod: Object, status: Object, number: int) -> list[str]:
        """Return the last lines of a run, empty where another run may have taken its place meanwhile."""
        name, container = pod["metadata"]["name"], status["name"]
        if number != current_run(status).number - current_run(status).runs:
            return []
        # A log that can't be read leaves a run without lines, which proves nothing.
        with contextlib.suppress(*UNREADABLE):
            log = self._api.log(
                name,
                self._namespace,
                container=container,
                previous=current_run(status).runs,
                lines=LOG_LINES,
            )
            now = self._api.get("v1", "Pod", name, self._namespace)
            same = [one for one in container_statuses(now or {}) if one["name"] == container]
            if same and current_run(same[0]) == current_run(status) and not log.startswith(LOG_GONE):
                return [line for line in log.splitlines() if line.strip()]
        return []


def container_statuses(pod: Object) -> Iterator[Object]:
    """Yield the status of each container of a pod, the sidecars among its init containers first."""
    status = pod.get("status") or {}
    yield from status.get("initContainerStatuses") or []
    yield from status.get("containerStatuses") or []


def current_run(status: Object) -> Run:
    """Return the run that a container is in, or was in last."""
    return Run(int(status.get("restartCount", 0)), "running" in (status.get("state") or {}))


def ended_runs(pod: Object, status: Object) -> Iterator[tuple[int, Object]]:
    """Yield the number of each run of a container that has ended by its status, with how it ended.

    An init container that has done its work has not ended in this sense.
    """
    work = {one["name"] for one in (pod.get("status") or {}).get("initContainerStatuses") or []}
    for number, ended in _ended(status):
        if status["name"] not in work or ended.get("exitCode"):
            yield number, ended


def stands_still(pod: Object, status: Object) -> bool:
    """Return whether a container has ended and isn't running again by now."""
    return not current_run(status).runs and any(True for _ in ended_runs(pod, status))


def crash_loop(pod: Object, status: Object, ends: Sequence[End] = ()) -> Trouble:
    """Return the trouble of a container that ends again and again."""
    number, last = max(ended_runs(pod, status), key=lambda run: run[0])
    how = f"exit code {last.get('exitCode', '?')} ({last.get('reason') or 'no reason given'})"
    alike = "each time" if ends_alike(ends) or never_starts(ends) else "last"
    often = (
        f"in a crash loop: it ended {number + 1} times, {alike}" if number else "not running: it ended once,"
    )
    what = f"container {status['name']} of pod {pod['metadata']['name']}"
    return Trouble(
        f"{what} is {often} with {how}",
        pod["metadata"]["name"],
        status["name"],
        log=next((end.words for end in reversed(ends) if end.words), ()),
        patience=last.get("exitCode", 0) in ENDED_BY_KUBELET and last.get("reason") != "OOMKilled",
    )


def habits(pods: Sequence[Object]) -> Iterator[Trouble]:
    """Yield each container that ended once more than a slow start explains, by its status alone."""
    for pod in pods:
        for status in container_statuses(pod):
            runs = [number for number, _ in ended_runs(pod, status)]
            leaves = "deletionTimestamp" in pod["metadata"]
            if not leaves and stands_still(pod, status) and max(runs) >= ENDS_AT_MOST:
                yield crash_loop(pod, status)


def ended_for_good(ends: Sequence[End]) -> bool:
    """Return whether a container that needs no other will go on ending, by its runs that ended."""
    return bool(ends) and (ends[-1].run >= ENDS_AT_MOST or ends_alike(ends))


def ends_alike(ends: Sequence[End]) -> bool:
    """Return whether the last run ended by itself, in the same way as the one before it."""
    return len(ends) > 1 and ends[-1].by_itself and ends[-1].is_like(ends[-2])


def never_starts(ends: Sequence[End]) -> bool:
    """Return whether the program could not be started, twice for the same reason."""
    return len(ends) > 1 and ends[-1].never_started and ends[-1].is_like(ends[-2])


def _ended(status: Object) -> Iterator[tuple[int, Object]]:
    """Yield the number of each run that has ended by a status, with how it ended."""
    now, before = status.get("state") or {}, (status.get("lastState") or {}).get("terminated")
    number = int(status.get("restartCount", 0))
    if "terminated" in now:
        yield number, now["terminated"]
        if before and number:
            yield number - 1, before
    elif before:
        # A container that waits to be started again has its last run's end in lastState.
        yield (number - 1 if "running" in now else number), before


def _key(pod: Object, container: str) -> tuple[str, str]:
    return str(pod["metadata"].get("uid") or pod["metadata"]["name"]), container
