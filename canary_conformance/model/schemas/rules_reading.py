"""Reading an object for a rule: what is missing or of another type reads as absent, and nothing is raised.

A value of a wrong type is a finding of the schema, so that a rule can pass over it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from canary_conformance.model.schemas.schema_problems import Path, Problem

LARGEST_PORT = 65535


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
