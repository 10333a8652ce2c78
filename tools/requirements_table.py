"""README.md's table requirement -> stage -> tests of both tiers, made from the marks in the tests' sources.

The sources are read as syntax trees and never imported, so the table needs no plugin and no cluster. Run as
`python -m tools.requirements_table` to rewrite the README, with `--check` to be told how it differs.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from canary_conformance.paths import REPOSITORY
from canary_conformance.scenario.stages import stage_named
from canary_conformance.voting.requirements import REQUIREMENTS, UnknownRequirement, requirement_of

BEGIN = "<!-- requirements:begin -->"
END = "<!-- requirements:end -->"
NO_TEST = "*not yet judged*"

NO_STATIC_TEST = "-"
_STATIC = "static"


class Unreadable(ValueError):
    """A mark or a README that the table can't be made from; the message says where and why."""


@dataclass(frozen=True, slots=True)
class MarkedTest:
    """A test function and one requirement that it judges; `file` is relative to the parent of the tests."""

    requirement: str
    stage: int
    stage_name: str
    file: Path
    function: str

    @property
    def static(self) -> bool:
        """Whether the test judges the manifests alone."""
        return self.file.parent.name == _STATIC


def collect_marks(tests_folder: Path) -> tuple[MarkedTest, ...]:
    """Return the requirements of all tests in stage_N_*/ and static/test_stage_N_*.py of the folder.

    They come in the order of stages, files and lines, those of the static tier last.

    Read are the decorators of test functions, `@requirement("R4.4", ...)` and
    `@pytest.mark.requirement("R4.4", ...)`, those within a parametrize included. Raises Unreadable for an
    unknown id, an id that isn't written out, and a mark on a class or a module, which this table would miss.
    """
    marks: list[MarkedTest] = []
    for part in (*sorted(tests_folder.glob("stage_*")), *sorted((tests_folder / _STATIC).glob("*.py"))):
        stage = stage_named(part.name)
        if stage is None:
            continue
        for path in sorted(part.rglob("test_*.py")) if part.is_dir() else [part]:
            file = path.relative_to(tests_folder.parent)
            marks += [
                MarkedTest(id_, *stage, file, function)
                for function, id_ in _marks_of(ast.parse(path.read_text(encoding="utf-8")), file)
            ]
    return tuple(marks)


def readme_table(marks: Sequence[MarkedTest]) -> str:
    """Return the table in Markdown: each requirement with its id, sentence, stage and tests, R0.1 to R6.2."""
    names = {mark.stage: mark.stage_name for mark in marks}
    lines = ["| id | requirement | stage | tests | by the manifests alone |", "|---|---|---|---|---|"]
    for requirement in REQUIREMENTS.values():
        stage = (
            f"{requirement.stage} {names.get(requirement.stage, '')}".strip() if requirement.stage else "all"
        )
        judging = [mark for mark in marks if mark.requirement == requirement.id]
        tests = _links(mark for mark in judging if not mark.static) or NO_TEST
        static = _links(mark for mark in judging if mark.static) or NO_STATIC_TEST
        sentence = requirement.sentence.replace("|", r"\|")
        lines.append(f"| {requirement.id} | {sentence} | {stage} | {tests} | {static} |")
    return "\n".join(lines)


def _links(marks: Iterable[MarkedTest]) -> str:
    return "<br>".join(f"[{mark.function}]({mark.file.as_posix()})" for mark in marks)


def with_table(readme: str, table: str) -> str:
    """Return the README's text with this table between its markers; raises Unreadable without the two."""
    if readme.count(BEGIN) != 1 or readme.count(END) != 1 or readme.index(BEGIN) > readme.index(END):
        raise Unreadable(f"the README needs one line {BEGIN} and, after it, one line {END}")
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def main(arguments: Sequence[str] | None = None, root: Path = REPOSITORY) -> int:
    """Rewrite root/README.md, or with --check print how it differs; return 0, or 1 when it does."""
    parser = argparse.ArgumentParser(prog="python -m tools.requirements_table", description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 with a diff")
    check = parser.parse_args(arguments).check
    path = root / "README.md"
    try:
        old = path.read_text(encoding="utf-8")
        new = with_table(old, readme_table(collect_marks(root / "tests")))
    except (OSError, SyntaxError, Unreadable) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    if not check:
        path.write_text(new, encoding="utf-8")
        return 0
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    sys.stdout.writelines(difflib.unified_diff(before, after, "README.md", "README.md by the marks"))
    return int(old != new)


def _marks_of(module: ast.Module, file: Path) -> Iterator[tuple[str, str]]:
    """Yield the name of each test function of the file, and of its classes, with each of its requirements."""
    for statement in _statements(module.body, file):
        calls = [call for decorator in statement.decorator_list for call in _mark_calls(decorator)]
        for id_ in dict.fromkeys(id_ for call in calls for id_ in _ids(call, file)):
            if not statement.name.startswith("test"):
                raise Unreadable(f"{file}:{statement.lineno}: {statement.name} is marked and is no test")
            yield statement.name, id_


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
    return [call for call in calls if ast.unparse(call.func).rpartition(".")[2] == "requirement"]


def _ids(call: ast.Call, file: Path) -> Iterator[str]:
    if not call.args or call.keywords:
        raise Unreadable(f'{file}:{call.lineno}: a mark is written requirement_of("R4.4")')
    for argument in call.args:
        if not isinstance(argument, ast.Constant):
            raise Unreadable(f'{file}:{call.lineno}: write the id out, like requirement_of("R4.4")')
        try:
            yield requirement_of(str(argument.value)).id
        except UnknownRequirement as problem:
            raise Unreadable(f"{file}:{call.lineno}: {problem.args[0]}") from problem


if __name__ == "__main__":
    sys.exit(main())
