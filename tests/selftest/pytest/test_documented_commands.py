"""README.md and docs/ name only commands and options that exist, and name each of the suite's own."""

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
from contextlib import redirect_stdout
from functools import cache

import pytest

from canary_conformance.command_line.command import COMMANDS as COMMANDS_OF_THE_PROGRAM
from canary_conformance.command_line.command import run as run_program
from canary_conformance.paths import REPOSITORY
from tests.selftest.documents import CURRENT, all_text, name_of, text_of

COMMANDS = (
    "no_route", "bench", "faults", "matrix", "mutants", "own_cluster", "pulled", "requirements_table", "soak",
    "upgrade",
)  # fmt: skip
# Environments of tox that start a command with arguments of their own.
STARTED_BY = {"interrupts": "faults"}
# Of programs other than ours.
OF_OTHERS = {"--strict", "--from", "--rm", "--user", "--network", "--group-add", "--build-arg"}
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")


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
