"""A Python that is too old is named, and every environment of tox has what pytest needs."""

import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest

from canary_conformance.paths import REPOSITORY
from tests.selftest.suite_commands import BAD_INPUT


@pytest.mark.parametrize("module", ["fixtures", "toxfile"])
def test_a_python_that_is_too_old_is_named_with_the_one_that_is_needed(module: str) -> None:
    program = f"import sys; sys.version_info = (3, 10, 13); import {module}"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=REPOSITORY,
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == BAD_INPUT
    assert re.fullmatch(r"ERROR: the suite needs Python 3\.11 or later.* 3\.10.*\n", done.stderr)


def test_tox_takes_a_later_python_of_the_path(tmp_path: Path) -> None:
    (tmp_path / "python3.13").write_text("#!/bin/sh\n")
    (tmp_path / "python3.13").chmod(0o755)
    program = "import sys; sys.version_info = (3, 10, 13); import toxfile"
    subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, env={"PATH": str(tmp_path)}, check=True)


def test_every_environment_of_tox_has_what_pytest_needs_and_none_names_a_python() -> None:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(REPOSITORY / "tox.ini")
    for name in (section for section in tox if section.startswith("testenv:")):
        deps = tox[name]["deps"]
        if reference := re.fullmatch(r"\{\[(.+)\]deps\}", deps):
            deps = tox[reference[1]]["deps"]
        assert "pytest" in pins(REPOSITORY / deps.removeprefix("-r").strip()), name
        assert "base_python" not in tox[name]
    assert tox["testenv"]["base_python"] == ">=3.11"


def pins(file: Path) -> set[str]:
    """Return the names of what a file of requirements installs."""
    names: set[str] = set()
    for line in file.read_text().splitlines():
        if line.startswith("-r "):
            names |= pins(file.parent / line.removeprefix("-r "))
        else:
            names.add(line.partition("==")[0])
    return names
