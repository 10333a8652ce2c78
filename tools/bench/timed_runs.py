"""A run as a whole process, timed as the person at the terminal waits for it.

A thread asks the engine for the memory of the cluster's nodes meanwhile, in both runs alike, so that what
the asking costs is in both.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from canary_conformance.exit_codes import ExitStatus
from canary_conformance.images.engine import docker
from canary_conformance.processes import CommandFailed, last_lines
from canary_conformance.progress import Progress
from canary_conformance.repeating import repeating
from tools.bench.bench_numbers import TimedRun
from tools.container_memory import UNITS, memory_used
from tools.suite_process import timed_process

SAMPLE_EVERY = 2.0
MIB = UNITS["MiB"]


def timed_run(
    name: str,
    words: Sequence[str | Path],
    environment: Mapping[str, str],
    cluster_name: str,
    log: Path,
    progress: Progress,
) -> TimedRun:
    """Make a run to its end, whatever that is, and return it; its output goes to a log.

    environment is added to this process's own.
    """
    with progress.phase(name), _memory_watch(cluster_name) as samples:
        before = busy_seconds()
        ended = timed_process(words, environment, log)
        after = busy_seconds()
    work = None if before is None or after is None else after - before
    if ended.exit_code != ExitStatus.HOLDS:
        progress.note(f"{name} ended with exit code {ended.exit_code}:\n{last_lines(ended.output)}")
    return TimedRun(ended.seconds, ended.exit_code, max(samples, default=None), ended.output, work)


def busy_seconds(stat: Path = Path("/proc/stat")) -> float | None:
    """Return for how many seconds all cores of this machine have been busy since its start, together.

    None where the system has no such file (proc(5): stat; the fourth and fifth numbers are idle time, those
    after the seventh are other machines' and guests').
    """
    try:
        ticks = [int(word) for word in stat.read_text().split("\n", 1)[0].split()[1:8]]
    except OSError:
        return None
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _memory_watch(cluster_name: str) -> Iterator[list[float]]:
    """Yield a list that grows by the memory of the cluster's nodes, in MiB, until the block ends."""
    samples: list[float] = []

    def look() -> None:
        # No node yet, or none any more, is no sample: a run from nothing begins and ends so.
        with contextlib.suppress(CommandFailed, ValueError):
            samples.append(memory_used(_node_stats(cluster_name)) / MIB)

    look()
    with repeating(look, SAMPLE_EVERY, "memory of the nodes"):
        yield samples


def _node_stats(cluster_name: str) -> str:
    """Return a line for each running node, "" for none: without names docker stats shows everything."""
    label = f"label=io.x-k8s.kind.cluster={cluster_name}"
    nodes = docker("ps", "--filter", label, "--format", "{{.Names}}").split()
    return docker("stats", "--no-stream", "--format", "{{.MemUsage}}", *nodes) if nodes else ""
