"""README.md and docs/ name only exit codes, lines, packages and messages that exist."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from canary_conformance import __version__
from canary_conformance.exit_codes import ExitStatus, word_of
from canary_conformance.paths import MANIFESTS, REPOSITORY
from canary_conformance.scenario.scenario_folder import load_scenario
from canary_conformance.voting.requirements import REQUIREMENTS
from tests.selftest.documents import HISTORY, PAGES, all_text, name_of, text_of
from tools.requirements_table import main

# A name, the file of the repository, the line.
LINK = re.compile(r"\[((?:[^\[\]]|\[\d+\])*)\]\(\.\./([^)#]+)#L(\d+)\)")
MESSAGES = re.compile(r"^\| (`.*?`(?:, `.*?`)*)(?: \([^|]*\))? \|", re.MULTILINE)


def test_exit_codes_are_those_of_the_suite() -> None:
    rows = re.findall(r"^\| (\d) \| (.*?)[:;,|]", text_of("README.md"), re.MULTILINE)
    assert [int(code) for code, _ in rows] == [int(status) for status in ExitStatus]
    wrong = [row for row in rows if not row[1].startswith(word_of(int(row[0])))]
    assert wrong == []


def test_every_exit_code_that_is_named_exists() -> None:
    named = {int(code) for code in re.findall(r"exit code (\d+)", all_text(), re.IGNORECASE)}
    assert named
    assert named <= set(ExitStatus)


def links_in(page: Path) -> Iterator[tuple[str, str]]:
    """Yield the path and the fragment of each relative link of a page."""
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if "://" not in target:
            path, _, fragment = target.partition("#")
            yield path, fragment


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_to_a_file_and_a_line(page: Path) -> None:
    lengths: dict[Path, int] = {}
    for path, fragment in links_in(page):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{path} does not exist"
        assert target.is_relative_to(REPOSITORY), f"{path} leads out of the repository"
        if line := re.fullmatch(r"L(\d+)", fragment):
            length = lengths.setdefault(target, len(text_of(target).splitlines()))
            assert 1 <= int(line[1]) <= length, f"{path} has no line {line[1]}"


def test_every_page_is_reached_from_the_readme() -> None:
    reached = {(REPOSITORY / path).resolve() for path, _ in links_in(REPOSITORY / "README.md")}
    assert set(PAGES) - reached - {REPOSITORY / "README.md"} == set()


def test_the_tables_of_requirements_are_current(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, (
        f"run: python -m tools.requirements_table\n{capsys.readouterr().out[:2000]}"
    )


def test_every_requirement_is_one_click_from_its_manifest_lines_tests_and_judges() -> None:
    rows = re.findall(r"^\| (\*\*R.* \|)$", text_of("docs/requirements.md"), re.MULTILINE)
    assert len(rows) == len(REQUIREMENTS)
    for row in rows:
        _, manifests, tests, _, judges = (LINK.findall(cell) for cell in row.split(" | "))
        assert all((manifests, tests, judges)), row
        for name, path, number in LINK.findall(row):
            line = text_of(path).splitlines()[int(number) - 1]
            # A field that is left to its default is that of its block; an object has its first line.
            field = re.sub(r"\[\d+\]", "", re.split(r"[. ]", name)[-1])
            linked = (
                rf"def {name}\(|{name}:" if path.endswith(".py") else rf" *(- |{field}:|spec:|apiVersion:)"
            )
            assert re.match(linked, line), f"{name} leads to {path}:{number}: {line}"


def test_the_picture_has_the_stages_of_the_scenario() -> None:
    (picture,) = re.findall(r"```mermaid\n(.*?)```", text_of("README.md"), re.DOTALL)
    drawn = re.findall(r'\["(\d) ([^<"]+)', picture)
    scenario = load_scenario(MANIFESTS, fallback=MANIFESTS / "scenario.yaml")
    assert [(int(number), name) for number, name in drawn] == [
        (stage.number, stage.name) for stage in scenario.stages
    ]


def test_the_architectures_packages_are_the_layers_of_the_library_in_their_order() -> None:
    contracts = tomllib.loads(text_of("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    (layers,) = (one["layers"] for one in contracts if one.get("containers") == ["canary_conformance"])
    packages = {path.parent.name for path in (REPOSITORY / "canary_conformance").glob("*/__init__.py")}
    page = text_of("docs/architecture.md")
    named = re.findall(r"^\| `canary_conformance/(\w+)` \|", page, re.MULTILINE)
    assert set(named) == packages
    height = {name: number for number, layer in enumerate(layers) for name in layer.split(" | ")}
    assert named == sorted(named, key=lambda name: height[name])


def test_no_part_of_the_library_but_the_program_that_runs_pytest_may_import_it() -> None:
    contracts = tomllib.loads(text_of("pyproject.toml"))["tool"]["importlinter"]["contracts"]
    (held,) = (one["source_modules"] for one in contracts if one.get("forbidden_modules") == ["pytest"])
    library = REPOSITORY / "canary_conformance"
    files = [
        path.relative_to(REPOSITORY).with_suffix("")
        for path in library.rglob("*.py")
        if path.stem != "__init__"
    ]
    modules = {".".join(file.parts) for file in files}
    free = {one for one in modules if not any(one == it or one.startswith(f"{it}.") for it in held)}
    assert free == {"canary_conformance.command_line.suite_run"}


def test_the_changelogs_newest_version_is_this_one() -> None:
    versions = re.findall(r"^## (\S+) \((\d{4}-\d\d-\d\d)\)$", text_of(HISTORY), re.MULTILINE)
    assert versions[0][0] == __version__
    assert versions == sorted(versions, key=lambda version: version[1], reverse=True)
    headings = re.findall(r"^## (.+)$", text_of(HISTORY), re.MULTILINE)
    assert len(versions) == len(headings) - headings[0].endswith("(unreleased)")


def test_the_readme_is_short() -> None:
    assert len(text_of("README.md").splitlines()) <= 120


@cache
def strings_of_the_sources() -> tuple[str, ...]:
    """Every string of the sources; what is filled in at run time is an ellipsis."""
    found: list[str] = []
    for folder in ("canary_conformance", "fixtures", "tools"):
        for path in (REPOSITORY / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.JoinedStr):
                    parts = (one.value if isinstance(one, ast.Constant) else "…" for one in node.values)
                    found.append("".join(str(part) for part in parts))
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.append(node.value)
        found += (path.read_text(encoding="utf-8") for path in (REPOSITORY / folder).rglob("*.txt"))
    return tuple(found)


def messages() -> list[str]:
    """The messages in the first column of the tables of docs/troubleshooting.md."""
    cells = MESSAGES.findall(text_of("docs/troubleshooting.md"))
    return [message for cell in cells for message in re.findall(r"`(.*?)`", cell)]


@pytest.mark.parametrize("message", messages())
def test_a_message_of_the_troubleshooting_page_is_one_of_the_sources(message: str) -> None:
    parts = [part.strip(" :;,") for part in message.split("…")]
    for part in filter(None, parts):
        assert any(part in text for text in strings_of_the_sources()), f"no source has {part!r}"
