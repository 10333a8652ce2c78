"""One of several runs that share the tests, each in a pod or on a machine of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass

from canary_conformance.errors import BadInput

SHARD = "--shard"


@dataclass(frozen=True, slots=True)
class Shard:
    """A run's number, from 0 as Kubernetes counts, and how many runs share the tests."""

    index: int
    count: int

    def __str__(self) -> str:
        return f"shard-{self.index}"


def read_shard(text: str | None) -> Shard | None:
    """Return what --shard names, None where it is not given. Raises BadInput."""
    if text is None:
        return None
    found = re.fullmatch(r"(\d)/(\d)", text)
    if not found or int(found[1]) >= int(found[2]):
        raise BadInput(
            f"{SHARD} must be INDEX/COUNT of one digit each, the index from 0, as 0/2 and 1/2, not {text!r}"
        )
    return Shard(int(found[1]), int(found[2]))
