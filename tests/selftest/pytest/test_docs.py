"""What the README says of the tests and of tox is so."""

from __future__ import annotations

import configparser
import itertools
import re

import pytest

from canary_conformance.paths import REPOSITORY
from tools.requirements_table import collect_marks, readme_table, with_table

pytestmark = pytest.mark.selftest


def text_of(name: str) -> str:
    path = REPOSITORY / name
    assert path.is_file(), f"the repository has no {name}"
    return path.read_text(encoding="utf-8")


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


def test_the_requirement_table_is_what_the_marks_say() -> None:
    readme = text_of("README.md")
    marks = collect_marks(REPOSITORY / "tests")
    assert marks, "no test is marked"
    assert readme == with_table(readme, readme_table(marks)), "run: python -m tools.requirements_table"


def test_every_tox_environment_that_the_readme_mentions_exists() -> None:
    mentioned = mentioned_environments(text_of("README.md"))
    assert mentioned, "the README mentions no tox environment"
    assert mentioned <= tox_environments(text_of("tox.ini"))


def test_mentions_of_tox_are_found() -> None:
    text = (
        "`tox -e e2e`, tox run -e lint,types; `tox -qe soak -- --rounds N`\n  tox -e selftest.\ntoxic -e no"
    )
    assert mentioned_environments(text) == {"e2e", "lint", "types", "soak", "selftest"}


def test_environments_of_a_tox_ini_are_found() -> None:
    text = "[tox]\nenv_list =\n  lint, py{311,312}-unit\n  bench\n[testenv]\nx=%1\n[testenv:{e2e, soak}]\n"
    assert tox_environments(text) == {"lint", "py311-unit", "py312-unit", "bench", "e2e", "soak"}
