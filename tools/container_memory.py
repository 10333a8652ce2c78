"""The memory of containers, as `docker stats` prints it."""

from __future__ import annotations

import re

# Powers of 1024 (docker/go-units, BytesSize).
UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_USAGE = re.compile(rf"(\d+(?:\.\d+)?)({'|'.join(UNITS)}) / ")


def memory_used(stats: str) -> int:
    """Return the sum in bytes of lines like "1.5GiB / 23.5GiB" (docker stats, MemUsage).

    Raises ValueError for no line at all and for any other line; a stopped container's is "-- / --".
    """
    amounts = [_USAGE.match(line) for line in stats.splitlines()]
    if not amounts or not all(amounts):
        raise ValueError(f"docker stats printed {stats!r}")
    return sum(int(float(amount[1]) * UNITS[amount[2]]) for amount in amounts if amount)
