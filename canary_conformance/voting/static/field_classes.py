"""What each field of a manifest means to the static tier: modelled, harmless or unknown, by rows of paths.

A row's path is written like "spec.ports.*.{port,name}": a star stands for any item of a list or key of a map,
braces for alternatives, and a last part ** for the field with all that it holds. A field without a row is one
that no schema declares, which the API server refuses (R0.1); a selftest holds every declared field to a row.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from canary_conformance.voting.static.requirement_sets import NOTHING, Effect

Fine = Callable[[str, Any], bool]
"""Whether a value under a key (the path's last part) changes nothing."""

_BRACES = re.compile(r"\{([^{}]*)\}")
_WHOLE = "**"


class Meaning(StrEnum):
    """What is known of a field."""

    MODELLED = "modelled"
    HARMLESS = "harmless"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table.

    Attributes:
        meaning: what is known of the fields.
        why: the module that reads them, why they are harmless, or what is not known of them.
        paths: the fields.
        effect: of unknown ones, what they could do.
        fine: of unknown ones, whether a value changes nothing.
    """

    meaning: Meaning
    why: str
    paths: tuple[str, ...]
    effect: Effect = NOTHING
    fine: Fine = field(default=lambda _key, _value: False, compare=False)


@dataclass(slots=True)
class Tree:
    """The rows of one kind by the parts of their paths. `whole`: the row is for all that the field holds."""

    row: Row | None = None
    whole: bool = False
    parts: dict[str, Tree] = field(default_factory=dict)

    def part(self, name: str) -> Tree | None:
        """Return the rows of what stands under a key or index; None for none."""
        return self.parts.get(name) or self.parts.get("*")

    def at(self, path: Sequence[str]) -> Row | None:
        """Return the row of a path; None for none."""
        tree: Tree | None = self
        for name in path:
            if tree is None or tree.whole:
                break
            tree = tree.part(name)
        return tree.row if tree else None

    def rows(self, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Row]]:
        """Yield every path that has a row, with it."""
        if self.row is not None:
            yield path, self.row
        for name, tree in self.parts.items():
            yield from tree.rows((*path, name))


def tree_of(rows: Sequence[Row], mounted: Mapping[str, Tree] | None = None) -> Tree:
    """Return rows as a tree; raises ValueError for a path that two of them have.

    mounted: trees of their own, by the path where they stand.
    """
    root = Tree()
    for path, tree in (mounted or {}).items():
        for written in _expanded(path):
            *above, last = written.split(".")
            _descended(root, above).parts[last] = tree
    for row in rows:
        for path in itertools.chain.from_iterable(map(_expanded, row.paths)):
            names = path.split(".")
            whole = names[-1] == _WHOLE
            tree = _descended(root, names[:-1] if whole else names)
            if tree.row is not None:
                raise ValueError(f"{path} has two rows: {tree.row.why!r} and {row.why!r}")
            tree.row, tree.whole = row, whole
    return root


def unknown_parts(
    tree: Tree, value: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Row]]:
    """Yield the path of each unknown field that a value has, with its row; fine values and null are none."""
    if value is None:
        return
    if tree.whole or not isinstance(value, dict | list) or not value:
        row = tree.row
        if row is not None and row.meaning is Meaning.UNKNOWN and not row.fine(str(path[-1]), value):
            yield path, row
        return
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, part in items:
        below = tree.part(str(key))
        if below is not None:
            yield from unknown_parts(below, part, (*path, key))


def _descended(tree: Tree, names: Sequence[str]) -> Tree:
    for name in names:
        tree = tree.parts.setdefault(name, Tree())
    return tree


def _expanded(path: str) -> Iterator[str]:
    """Yield the paths that braces stand for."""
    pieces = _BRACES.split(path)
    choices = [piece.split(",") if index % 2 else [piece] for index, piece in enumerate(pieces)]
    for choice in itertools.product(*choices):
        yield "".join(choice)
