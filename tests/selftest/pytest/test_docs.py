"""README.md and docs/ name only commands, options, exit codes, lines and messages that exist.

Which pages these are: every Markdown file at the top of the repository and in docs/, but the history.
"""

from __future__ import annotations

import ast
import configparser
import contextlib
import importlib
import importlib.util
import io
import itertools
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path

import pytest

from canary_conformance import __version__
from canary_conformance.command_line.command import COMMANDS as COMMANDS_OF_THE_PROGRAM
from canary_conformance.command_line.command import run as run_program
from canary_conformance.exit_codes import ExitStatus, word_of
from canary_conformance.paths import MANIFESTS, REPOSITORY
from canary_conformance.scenario.scenario_folder import load_scenario
from tools.requirements_table import main

HISTORY = "CHANGELOG.md"
PAGES = sorted(page for folder in (REPOSITORY, REPOSITORY / "docs") for page in folder.glob("*.md"))
CURRENT = [page for page in PAGES if page.name != HISTORY]
COMMANDS = (
    "no_route",
    "bench",
    "faults",
    "matrix",
    "mutants",
    "own_cluster",
    "pulled",
    "requirements_table",
    "soak",
    "upgrade",
)
# Environments of tox that start a command with arguments of their own.
STARTED_BY = {"interrupts": "faults"}
# Of programs other than ours.
OF_OTHERS = {"--strict", "--from", "--rm", "--user", "--network", "--group-add", "--build-arg"}
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
MESSAGES = re.compile(r"^\| (`.*?`(?:, `.*?`)*)(?: \([^|]*\))? \|", re.MULTILINE)


def text_of(path: Path | str) -> str:
    path = REPOSITORY / path
    assert path.is_file(), f"the repository has no {path.relative_to(REPOSITORY)}"
    return path.read_text(encoding="utf-8")


def all_text() -> str:
    return "\n".join(text_of(page) for page in CURRENT)


def name_of(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()


def mentioned_environments(text: str) -> set[str]:
    """The names in `tox -e e2e`, `tox run -e lint,types`, `tox -qe e2e -- -k canary`."""
    named = re.findall(r"\btox\b(?:[ \t]+(?:r|run|-q+|-v+|-r))*[ \t]+-[qvr]*e[ \t=]*([\w.,-]*\w)", text)
    return {name for names in named for name in names.split(",") if name}


def tox_environments(text: str) -> set[str]:
    """The environments that a tox.ini defines: its [testenv:...] sections and its list of them."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    names = [section.removeprefix("testenv:") for section in parser if section.startswith("testenv:")]
    for option in ("env_list", "envlist"):
        names += re.split(r"[\s,]+(?![^{]*\})", parser.get("tox", option, fallback=""))
    return {expanded for name in names for expanded in _expanded(name) if expanded}


def _expanded(name: str) -> list[str]:
    parts = [
        re.split(r"\s*,\s*", part[1:-1].strip()) if part.startswith("{") else [part]
        for part in re.findall(r"\{[^}]*\}|[^{}]+", name)
    ]
    return ["".join(chosen) for chosen in itertools.product(*parts)]


def test_every_tox_environment_that_is_mentioned_exists() -> None:
    mentioned = mentioned_environments(all_text())
    assert {"static", "e2e", "selftest", "lint"} <= mentioned
    assert mentioned <= tox_environments(text_of("tox.ini"))


def test_every_tox_environment_is_documented() -> None:
    of_a_label = {name for name in tox_environments(text_of("tox.ini")) if re.search(r"-py\d+$", name)}
    assert of_a_label, "tox run -m pythons runs these"
    assert tox_environments(text_of("tox.ini")) - of_a_label - mentioned_environments(all_text()) == set()


def test_mentions_of_tox_are_found() -> None:
    text = (
        "`tox -e e2e`, tox run -e lint,types; `tox -qe soak -- --rounds N`\n  tox -e selftest.\ntoxic -e no"
    )
    assert mentioned_environments(text) == {"e2e", "lint", "types", "soak", "selftest"}


def test_environments_of_a_tox_ini_are_found() -> None:
    text = "[tox]\nenv_list =\n  lint, py{311,312}-unit\n  bench\n[testenv]\nx=%1\n[testenv:{e2e, soak}]\n"
    assert tox_environments(text) == {"lint", "py311-unit", "py312-unit", "bench", "e2e", "soak"}


def test_every_module_that_is_run_exists() -> None:
    mentioned = set(re.findall(r"python -m ((?:tools|fixtures|canary_conformance)\.[\w.]*\w)", all_text()))
    assert mentioned
    assert {name for name in mentioned if importlib.util.find_spec(name) is None} == set()


def test_every_label_of_tox_that_is_mentioned_exists() -> None:
    mentioned = set(re.findall(r"\btox run -m (\w+)", all_text()))
    assert mentioned
    assert all(re.search(rf"^labels =.*\b{label}\b", text_of("tox.ini"), re.MULTILINE) for label in mentioned)


@cache
def help_of_pytest() -> str:
    environment = {**os.environ, "COLUMNS": "200"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--help"]
    return subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True, timeout=60
    ).stdout


def options_of_the_suite() -> set[str]:
    """The options of the group "voting conformance" in `pytest --help`."""
    _, _, group = help_of_pytest().partition("\nvoting conformance:\n")
    group = group.partition("\n\n")[0]
    lines = [line for line in group.splitlines() if line.startswith("  -")]
    assert lines, "pytest --help has no group of the suite"
    return {option for line in lines for option in OPTION.findall(line.split("   ")[0])}


@cache
def options_of(command: str) -> frozenset[str]:
    """The options in the help of `python -m tools.COMMAND`."""
    name = f"tools.{command}"
    module = importlib.import_module(
        f"{name}.__main__" if hasattr(importlib.import_module(name), "__path__") else name
    )
    with redirect_stdout(io.StringIO()) as printed, pytest.raises(SystemExit) as ended:
        module.main(["--help"])
    assert ended.value.code == 0
    return frozenset(OPTION.findall(printed.getvalue()))


def options_of_the_program() -> set[str]:
    """The options in the help of `canary-conformance` and of those of its commands that are not pytest's."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        run_program(["--help"])
        for name in COMMANDS_OF_THE_PROGRAM.keys() - {"static", "e2e"}:
            with contextlib.suppress(SystemExit):
                run_program([name, "--help"])
    return set(OPTION.findall(printed.getvalue()))


def test_every_option_that_is_named_exists() -> None:
    known = options_of_the_suite() | set(OPTION.findall(help_of_pytest())) | OF_OTHERS
    known |= options_of_the_program()
    known |= {option for command in COMMANDS for option in options_of(command)}
    for page in CURRENT:
        unknown = set(OPTION.findall(text_of(page))) - known
        assert unknown == set(), f"{name_of(page)} names options that do not exist"


def test_every_option_of_the_suite_is_documented() -> None:
    assert options_of_the_suite() - set(OPTION.findall(all_text())) == set()


def test_every_command_of_the_installed_program_that_is_named_exists() -> None:
    named = re.findall(r"(?<![\w./-])canary-conformance ([a-z]\w*|--?\w+)", all_text())
    assert {"static", "e2e", "example", "--help", "--version"} <= set(named)
    assert set(named) <= {*COMMANDS_OF_THE_PROGRAM, "--help", "--version"}
    assert set(COMMANDS_OF_THE_PROGRAM) <= set(named), "a command is not documented"


def test_every_command_of_the_installed_program_can_be_imported() -> None:
    for command in COMMANDS_OF_THE_PROGRAM.values():
        assert callable(getattr(importlib.import_module(command.module), command.function))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_takes_the_options_that_are_written_after_it(command: str) -> None:
    environments = {command, *(name for name, started in STARTED_BY.items() if started == command)}
    written = re.findall(
        rf"(?:python -m tools\.{command}|tox -e (?:{'|'.join(sorted(environments))}) --)((?: [^`\n#]*)?)",
        all_text(),
    )
    # After a further -- they are pytest's.
    options = {option for line in written for option in OPTION.findall(line.split(" -- ")[0])}
    assert options - options_of(command) == set()


def test_the_upgrades_table_has_each_of_its_options() -> None:
    table = {
        option
        for line in text_of("docs/upgrade.md").splitlines()
        if line.startswith("| `--")
        for option in OPTION.findall(line)
    }
    common = options_of("upgrade") & options_of("soak")
    assert table == options_of("upgrade") - common


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


def test_a_requirement_is_one_click_from_its_manifest_line_test_and_judge() -> None:
    (row,) = (line for line in text_of("docs/requirements.md").splitlines() if line.startswith("| **R4.4**"))
    links = re.findall(r"\]\(\.\./([^)#]+)#L(\d+)\)", row)
    folders = {
        path.partition("/")[0]: text_of(path).splitlines()[int(line) - 1] for path, line in links[::-1]
    }
    assert "match:" in folders["manifests"]
    assert folders["tests"].startswith("def test_voter_with_the_flag_always_sees_2_0(")
    assert folders["canary_conformance"].startswith("def every(")


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
