"""The list of mutants that equal what they should be in effect, each with its reason: survivors.toml.

A row's name is a mutant's name in which * may stand for anything. A listed mutant that is caught after all is
a failure, and so is a row that names no mutant: the list holds what is true, not what is convenient.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tools.mutants.mutant import Mutant

LIST = Path(__file__).with_name("survivors.toml")


@dataclass(frozen=True)
class Row:
    """The names of mutants, * standing for anything, and why nothing can distinguish them."""

    names: tuple[str, ...]
    reason: str

    def fits(self, name: str) -> bool:
        """Return whether the row names this mutant."""
        return any(pattern.fullmatch(name) for pattern in self._patterns)

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(re.escape(name).replace(r"\*", ".*")) for name in self.names)


def read_rows(file: Path = LIST) -> tuple[Row, ...]:
    """Return the rows of the list. Raises ValueError for one without names or reason."""
    listed = tomllib.loads(file.read_text(encoding="utf-8"))
    found = tuple(Row(tuple(names), reason) for reason, names in listed.items())
    for row in found:
        if not row.names or not row.reason:
            raise ValueError(f"{file.name}: a row without names or without a reason: {row}")
    return found


def excuses(mutants: Iterable[Mutant], rows: Iterable[Row]) -> Mapping[str, str]:
    """Return the reason of each mutant that a row names, by the mutant's name; the first row decides."""
    known = tuple(rows)
    reasons = {mutant.name: _reason(mutant.name, known) for mutant in mutants}
    return {name: reason for name, reason in reasons.items() if reason}


def rows_for_nothing(mutants: Iterable[Mutant], rows: Iterable[Row]) -> tuple[str, ...]:
    """Return the names in the list that no mutant has."""
    all_ = [mutant.name for mutant in mutants]
    return tuple(
        name
        for row in rows
        for name in row.names
        if not any(Row((name,), row.reason).fits(one) for one in all_)
    )


def _reason(name: str, rows: Iterable[Row]) -> str:
    return next((row.reason for row in rows if row.fits(name)), "")
