"""Which test judges which requirement, with which judges: read from the sources of the tests.

The sources are read as syntax trees and never imported, so that this needs no plugin and no cluster.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from canary_conformance.scenario.stages import stage_named
from canary_conformance.voting.requirements import UnknownRequirement, requirement_of
from tools.source_links import Link, Sources

_STATIC, _UPGRADE, _STAGES = "static", "upgrade", "stages"


class Unreadable(ValueError):
    """A mark or a page that the table can't be made from; the message names the line and the reason."""


@dataclass(frozen=True, slots=True)
class MarkedTest:
    """A test function and one requirement that it judges.

    Attributes:
        requirement: The requirement's id.
        stage: The number of the stage in whose folder or file the test lives; 0 for several stages and for a
            move of the mesh.
        stage_name: The stage's name.
        test: The function, its file (relative to the parent of the tests) and its line.
        judges: The judges and checks that the function uses, in the order of their use.
    """

    requirement: str
    stage: int
    stage_name: str
    test: Link
    judges: tuple[Link, ...] = ()

    @property
    def static(self) -> bool:
        """Whether the test judges the manifests alone."""
        return self.test.file.parent.name == _STATIC


def collect_marks(tests_folder: Path) -> tuple[MarkedTest, ...]:
    """Return the requirements of all tests in stage_N_*/, stages/, static/ and upgrade/.

    Read are the decorators of test functions, `@requirement("R4.4")`, `@pytest.mark.requirement("R4.4")`,
    those within a parametrize included, and `@at_stages({3: "R3.4", 4: ("R4.3", "R4.7")})`.

    Args:
        tests_folder: The folder that holds the tests; its parent holds the packages that they import.

    Returns:
        The marks in the order of stages, files and lines; first those of the stages on a cluster, then those
        of the static tier, last those of a move of the mesh.

    Raises:
        Unreadable: An id is unknown or isn't written out, or a mark stands on a class or a module, which
            this would miss.
    """
    marks: list[MarkedTest] = []
    sources = Sources(tests_folder.parent)
    for stage, path in _files(tests_folder):
        file = path.relative_to(tests_folder.parent)
        module = ast.parse(path.read_text(encoding="utf-8"))
        for function, id_ in _marks_of(module, file):
            test = Link(function.name, file, function.lineno)
            marks.append(MarkedTest(id_, *stage, test, sources.judges_of(function, module)))
    return tuple(marks)


def _files(tests_folder: Path) -> Iterator[tuple[tuple[int, str], Path]]:
    """Yield each file of tests with the number and name of its stage."""
    stages, several = sorted(tests_folder.glob("stage_*")), sorted((tests_folder / _STAGES).glob("test_*.py"))
    for part in (*stages, *several, *sorted((tests_folder / _STATIC).glob("test_*.py"))):
        stage = stage_named(part.name) or (0, _STAGES)
        for path in sorted(part.rglob("test_*.py")) if part.is_dir() else [part]:
            yield stage, path
    for path in sorted((tests_folder / _UPGRADE).glob("test_*.py")):
        yield (0, _UPGRADE), path


def _marks_of(module: ast.Module, file: Path) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, str]]:
    """Yield each test function of the file, and of its classes, with each of its requirements."""
    for statement in _statements(module.body, file):
        calls = [call for decorator in statement.decorator_list for call in _mark_calls(decorator)]
        for id_ in dict.fromkeys(id_ for call in calls for id_ in _ids(call, file)):
            if not statement.name.startswith("test"):
                raise Unreadable(f"{file}:{statement.lineno}: {statement.name} is marked and is no test")
            yield statement, id_


def _statements(body: Iterable[ast.stmt], file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield statement
            continue
        outside: Iterable[ast.AST] = [statement]
        if isinstance(statement, ast.ClassDef):
            outside = statement.decorator_list
            yield from _statements(statement.body, file)
        misplaced = [call for node in outside for call in _mark_calls(node)]
        if misplaced:
            place = f"{file}:{misplaced[0].lineno}"
            raise Unreadable(f"{place}: a requirement is marked on a test function, not here")


def _mark_calls(node: ast.AST) -> list[ast.Call]:
    calls = [child for child in ast.walk(node) if isinstance(child, ast.Call)]
    return [call for call in calls if _name(call) in {"requirement", "at_stages"}]


def _name(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def _arguments(call: ast.Call, file: Path) -> list[ast.expr]:
    """Return what is written for the ids; none for a test that compares the model with the mesh."""
    if _name(call) == "at_stages" and len(call.args) == 1 and isinstance(call.args[0], ast.Dict):
        of_stages = [] if call.keywords else call.args[0].values
        return [one for ids in of_stages for one in (ids.elts if isinstance(ids, ast.Tuple) else [ids])]
    if _name(call) == "at_stages" or not call.args or call.keywords:
        raise Unreadable(
            f'{file}:{call.lineno}: a mark is written requirement("R4.4") or at_stages({{4: "R4.4"}})'
        )
    return call.args


def _ids(call: ast.Call, file: Path) -> Iterator[str]:
    for argument in _arguments(call, file):
        if not isinstance(argument, ast.Constant):
            raise Unreadable(f'{file}:{call.lineno}: write the id out, like requirement("R4.4")')
        try:
            yield requirement_of(str(argument.value)).id
        except UnknownRequirement as problem:
            raise Unreadable(f"{file}:{call.lineno}: {problem.args[0]}") from problem
