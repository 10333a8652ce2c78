"""Where a name that a test uses is defined: from its import to the file and line of the definition."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

JUDGING = ("canary_conformance.verdicts", "canary_conformance.voting", "canary_conformance.upgrade")
"""The packages whose judges tests use."""

_NOT_JUDGING = frozenset({"canary_conformance.verdicts.expect", "canary_conformance.verdicts.statistics"})
_JUDGES_OF_VOTING = ("judges", "checks", "model_agreement", "stage_moments", "locked_traffic")


@dataclass(frozen=True, slots=True)
class Link:
    """A name with the file (relative to the repository) and line of its definition."""

    name: str
    file: Path
    line: int

    def markdown(self, page: Path) -> str:
        """Return a link to the line, for a page in this folder of the repository."""
        up = "../" * len(page.parts)
        return f"[{self.name}]({up}{self.file.as_posix()}#L{self.line})"


class Sources:
    """The modules of a repository as syntax trees, each read once."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._modules: dict[str, tuple[Path, ast.Module] | None] = {}

    def judges_of(self, function: ast.AST, module: ast.Module) -> tuple[Link, ...]:
        """Return the judges and checks that a function of the module uses, each once, in order of use.

        A judge or check is a function or value of `verdicts`, but for those that record a verdict or count
        the observations that are needed, or one of the modules of judges in `voting` and `upgrade`.
        """
        imported = dict(_imports(module))
        used = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
        used.sort(key=lambda node: (node.lineno, node.col_offset))
        links = [
            link
            for name in dict.fromkeys(node.id for node in used)
            if name in imported and (link := self._judge(*imported[name]))
        ]
        return tuple(links)

    def _judge(self, module: str, name: str) -> Link | None:
        if not module.startswith(JUDGING):
            return None
        found = self._defined(module, name)
        if found is None:
            return None
        where, link = found
        in_verdicts = where.startswith(JUDGING[0]) and where not in _NOT_JUDGING
        return link if in_verdicts or where.endswith(_JUDGES_OF_VOTING) else None

    def _defined(self, module: str, name: str) -> tuple[str, Link] | None:
        """Return the module that defines the function, through packages that pass it on, and its place."""
        read = self._read(module)
        if read is None:
            return None
        path, tree = read
        for statement in tree.body:
            if _name_of(statement) == name:
                return module, Link(name, path.relative_to(self._root), statement.lineno)
        passed_on = dict(_imports(tree)).get(name)
        return self._defined(*passed_on) if passed_on else None

    def _read(self, module: str) -> tuple[Path, ast.Module] | None:
        if module not in self._modules:
            stem = self._root.joinpath(*module.split("."))
            path = next(
                (one for one in (stem.with_suffix(".py"), stem / "__init__.py") if one.is_file()), None
            )
            self._modules[module] = (path, ast.parse(path.read_text(encoding="utf-8"))) if path else None
        return self._modules[module]


def _name_of(statement: ast.stmt) -> str:
    """Return the name of the function, or of the check (a value in lower case), that a statement defines."""
    if isinstance(statement, ast.FunctionDef):
        return statement.name
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return statement.target.id if statement.target.id.islower() else ""
    return ""


def _imports(module: ast.Module) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield each name that the module imports, with the module and the name that it stands for."""
    for statement in module.body:
        if isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
            for alias in statement.names:
                yield alias.asname or alias.name, (statement.module, alias.name)
