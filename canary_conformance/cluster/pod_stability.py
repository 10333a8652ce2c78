"""The seconds for which nothing has begun, ended or got ready in a namespace's pods.

While a container is still to start, or an old pod to end, nothing is known of the pods that aren't ready:
they may wait for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from canary_conformance.cluster.pod_state import all_runs, is_ready
from canary_conformance.waiting import Clock


class Steady:
    """Compares the pods look after look."""

    def __init__(self, clock: Clock) -> None:
        """Start with no look taken; the clock measures the time between looks."""
        self._clock = clock
        self._seen: object = None
        self.since = clock.now()  # since when that has been so, or now

    def seconds(self, pods: Iterable[Mapping[str, Any]]) -> float:
        """Return for how many seconds every container has run and no pod got ready, restarted, came or went.

        0 where something has just changed or is on its way.
        """
        pods = list(pods)
        seen = {pod["metadata"]["name"]: (is_ready(pod), _restarts(pod)) for pod in pods}
        if seen != self._seen or not all(all_runs(pod) for pod in pods):
            self._seen, self.since = seen, self._clock.now()
        return self._clock.now() - self.since


def _restarts(pod: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(
        container["restartCount"] for container in pod.get("status", {}).get("containerStatuses", [])
    )
