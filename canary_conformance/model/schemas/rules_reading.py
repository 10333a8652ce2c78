"""Reading an object for a rule: what is missing or of another type reads as absent, and nothing is raised.

A value of a wrong type is a finding of the schema, so that a rule can pass over it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from canary_conformance.model.schemas.schema_problems import Path, Problem

LARGEST_PORT = 65535
_DURATION = re.compile(r"(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+", re.ASCII)
_TERM = re.compile(r"([\d.]+)(\D+)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9}


@dataclass(frozen=True, slots=True)
class Node:
    """A part of an object and its path; its value is None when it is absent, or null."""

    value: Any
    path: Path = ()

    def __bool__(self) -> bool:
        return self.value is not None

    def __getitem__(self, key: str) -> Node:
        """Return what a map holds under a key; absent when this is no map."""
        held = self.value.get(key) if isinstance(self.value, Mapping) else None
        return Node(held, (*self.path, key))

    def at(self, *keys: str) -> Node:
        """Return what lies under several keys, one within the other."""
        node = self
        for key in keys:
            node = node[key]
        return node

    def items(self) -> list[Node]:
        """Return the elements of a list; none when this is no list."""
        values = self.value if isinstance(self.value, list) else ()
        return [Node(value, (*self.path, index)) for index, value in enumerate(values)]

    def entries(self) -> dict[str, Node]:
        """Return what a map holds by its keys, null left out; nothing when this is no map."""
        if not isinstance(self.value, Mapping):
            return {}
        return {
            key: Node(value, (*self.path, key))
            for key, value in self.value.items()
            if isinstance(key, str) and value is not None
        }

    @property
    def text(self) -> str:
        """The text that this is, "" for a value of another type."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def number(self) -> int | None:
        """The whole number that this is, None for any other value; the API server takes 1.0 for one."""
        if isinstance(self.value, float) and self.value.is_integer():
            return int(self.value)
        return self.value if isinstance(self.value, int) and not isinstance(self.value, bool) else None

    @property
    def empty(self) -> bool:
        """Whether this is absent, or of a type that can be empty and is."""
        return self.value is None or (isinstance(self.value, str | list | Mapping) and not self.value)

    def problem(self, sentence: str) -> Problem:
        """Return what is wrong here."""
        return Problem(self.path, sentence)


def is_port(number: int) -> bool:
    """Return whether a number can be that of a port."""
    return 1 <= number <= LARGEST_PORT


def duration_problems(duration: Node, least: float = 0.001) -> Iterator[Problem]:
    """Yield what Istio refuses about a duration: it is a whole number of milliseconds, or of seconds.

    Args:
        duration: The text ("10s"), as Go and the CEL rules of Istio's kinds read it.
        least: The seconds of which it has to be a multiple, and at least one.
    """
    if not duration.text:
        return
    if not _DURATION.fullmatch(duration.text):
        yield duration.problem(f"{duration.text!r} is not a duration like 10s")
        return
    units = sum(float(number) * _SECONDS[unit] for number, unit in _TERM.findall(duration.text)) / least
    if units < 1 or abs(units - round(units)) > _SECONDS["us"]:
        what = "milliseconds" if least < 1 else "seconds"
        yield duration.problem(f"{duration.text} is not a whole number of {what}, at least one")
