"""All mutants of a manifests folder in one order, and the choice of some of them by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from canary_conformance.errors import BadInput
from tools.mutants.catalogue import catalogue
from tools.mutants.edit_sites import Source, sources_of
from tools.mutants.field_operators import OPERATORS
from tools.mutants.mutant import Mutant
from tools.mutants.mutant_change import Scope, mutant_of
from tools.mutants.object_operators import TOGETHER

_OPERATORS = frozenset({"and", "or", "not"})


@dataclass(frozen=True, slots=True)
class _Term:
    """A word that a mutant's name or operator is to have, or is not to have."""

    word: str
    wanted: bool


def all_mutants(folder: Path) -> tuple[Mutant, ...]:
    """Return every mutant of a folder: the hand-written ones, then the operators', each content once.

    Raises BadInput for a folder that can't be judged.
    """
    sources = sources_of(folder)
    found: dict[tuple[str, bytes], Mutant] = {}
    for mutant in (*catalogue(sources), *systematic(sources)):
        # What two operators make alike is one mistake: the first name stays.
        found.setdefault((mutant.file, mutant.content), mutant)
    return tuple(found.values())


def systematic(sources: Iterable[Source]) -> Iterator[Mutant]:
    """Yield every mistake of every operator, in the operators' order."""
    scope = Scope.of(sources)
    for operator in (*OPERATORS, *TOGETHER):
        name = operator.__name__.replace("_", " ")
        yield from (mutant_of(change, name) for change in operator(scope))


def chosen(mutants: Iterable[Mutant], expression: str = "", limit: int | None = None) -> tuple[Mutant, ...]:
    """Return the mutants whose name or operator fits an expression, at most `limit` of them.

    The expression is words with `and`, `or` and `not` between them, as pytest's -k: "regex and not step-4". A
    word fits where the name or the operator has it, in any case. Without parentheses; `and` binds first.
    Raises BadInput for one that can't be read.
    """
    read = _read(expression)
    found = [mutant for mutant in mutants if _fits(f"{mutant.operator} {mutant.name}".lower(), read)]
    return tuple(found if limit is None else found[:limit])


def _fits(name: str, read: Sequence[Sequence[_Term]]) -> bool:
    return any(all((term.word in name) is term.wanted for term in terms) for terms in read)


def _read(expression: str) -> Sequence[Sequence[_Term]]:
    """Return the terms of each alternative of an expression; an empty expression has one that all fit."""
    if not expression.strip():
        return [[]]
    if "(" in expression or ")" in expression:
        raise BadInput(f"-k {expression!r}: parentheses are not understood here; `and` binds before `or`")
    alternatives = f" {expression.lower()} ".split(" or ")
    return [[_term(part, expression) for part in one.split(" and ")] for one in alternatives]


def _term(text: str, expression: str) -> _Term:
    words = text.split()
    wanted = words[:1] != ["not"]
    words = words if wanted else words[1:]
    if not words or _OPERATORS.intersection((words[0], words[-1])):
        raise BadInput(f"-k {expression!r}: a word is missing beside `and`, `or` or `not`")
    return _Term(" ".join(words), wanted)
