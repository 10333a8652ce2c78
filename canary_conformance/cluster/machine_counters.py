"""Samples of the machine's counters once a second, so that any wait can be judged by its own time."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from canary_conformance.cluster.base import Cluster
from canary_conformance.cluster.machine_pressure import Sample, groups_of, shortage, take_sample

PACE = 1.0  # seconds
KEPT = 3600  # samples
OWN, NODES = "this run", "the cluster's node"


class MachineWatch:
    """The samples of the last hour, and what the machine was short of in a part of it."""

    def __init__(self, take: Callable[[], Sample] = take_sample) -> None:
        """Prepare to take samples; `take` returns one."""
        self._take = take
        self._samples: deque[Sample] = deque(maxlen=KEPT)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="machine watch", daemon=True)

    def start(self) -> None:
        """Take samples from now on."""
        self._samples.append(self._take())
        self._thread.start()

    def stop(self) -> None:
        """Take no more."""
        self._stopping.set()

    def shortage(self, windows: Sequence[tuple[float, float]]) -> str:
        """Return what the machine was short of in these times (monotonic), "" for nothing."""
        return shortage([*list(self._samples), self._take()], windows, PACE)

    def _watch(self) -> None:
        while not self._stopping.wait(PACE):
            self._samples.append(self._take())


def machine_watch_of(cluster: Cluster) -> MachineWatch:
    """Return the watch over this machine and the CPU limits of this run and of the cluster's nodes."""
    nodes = cluster.nodes.control_groups() if cluster.nodes else ()
    groups: Mapping[str, Sequence[Path]] = {OWN: groups_of("self"), NODES: nodes}
    return MachineWatch(lambda: take_sample(groups))
