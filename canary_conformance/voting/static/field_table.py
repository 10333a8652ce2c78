"""The rows of every kind whose fields the model follows, read from field_table.txt, which explains them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from canary_conformance.voting.static import fine_values, requirement_sets
from canary_conformance.voting.static.field_classes import Fine, Meaning, Row, Tree, tree_of
from canary_conformance.voting.static.requirement_sets import Effect

_SECTION = re.compile(r"\[(?P<name>[^\]]+)\](?: under (?P<prefix>\S+))?")
_MOUNT = re.compile(r"(\S+) = (.+)")
_ROW = re.compile(
    r"(?P<paths>.+?) (?:modelled (?P<module>\S+)|harmless: (?P<harmless>.+)"
    r"|unknown (?P<touches>\S+)(?P<mends> may-mend)?"
    r"(?: unless (?P<fine>\w+)(?P<given>\(.*?\))?)?: (?P<why>.+))"
)


def read_table(text: str) -> dict[str, Tree]:
    """Return the rows of each kind; raises ValueError for a line that is no row, KeyError for a new name."""
    sections: dict[str, list[tuple[str, str]]] = {}
    for line in _whole_lines(text):
        if section := _SECTION.fullmatch(line):
            name, prefix = section["name"], section["prefix"] or ""
            sections[name] = []
        else:
            sections[name].append((line, prefix))

    def rows(name: str) -> Iterator[Row]:
        for line, prefix in sections[name]:
            if line.startswith("+ "):
                yield from rows(line[2:])
            elif not _MOUNT.fullmatch(line):
                yield _row(line, prefix)

    @cache
    def tree(name: str) -> Tree:
        mounts = (_MOUNT.fullmatch(line) for line, _ in sections[name])
        return tree_of([*rows(name)], {mount[1]: tree(mount[2]) for mount in mounts if mount})

    return {name: tree(name) for name in sections if name[0].isupper()}


def _whole_lines(text: str) -> Iterator[str]:
    """Yield the lines without comments, each with those that continue it."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    yield from re.sub(r"\n +", " ", "\n".join(lines)).splitlines()


def _row(line: str, prefix: str) -> Row:
    row = _ROW.fullmatch(line)
    if row is None:
        raise ValueError(f"no row of the table of fields: {line}")
    paths = tuple(prefix + path if path.startswith(".") else path for path in row["paths"].split())
    if row["module"]:
        return Row(Meaning.MODELLED, row["module"], paths)
    if row["harmless"]:
        return Row(Meaning.HARMLESS, row["harmless"], paths)
    touches = frozenset[str]().union(*map(_requirements, row["touches"].split("|")))
    effect = Effect(touches, row["why"], row["mends"] is not None)
    if not row["fine"]:
        return Row(Meaning.UNKNOWN, row["why"], paths, effect)
    fine: Fine = vars(fine_values)[row["fine"]]
    if row["given"]:
        fine = vars(fine_values)[row["fine"]](*ast.literal_eval(f"{row['given'][:-1]},)"))
    return Row(Meaning.UNKNOWN, row["why"], paths, effect, fine)


def _requirements(name: str) -> frozenset[str]:
    known: frozenset[str] = frozenset({name}) & requirement_sets.EVERYTHING or vars(requirement_sets)[name]
    return known


TABLE = read_table(Path(__file__).with_name("field_table.txt").read_text("utf-8"))
"""The rows of every kind that is not a row of voting.static.unmodelled_kinds as a whole."""
