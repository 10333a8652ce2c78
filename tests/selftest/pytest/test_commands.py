"""The commands that people type select what they say, in every environment, without a cluster.

Each is a pytest of its own on this repository, seen through links so that its reports lie elsewhere. Most run
without hypothesis, as in the environments of tox that judge the scenario.
"""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from canary_conformance.paths import MANIFESTS, REPOSITORY
from fixtures import pytest_settings
from tests.selftest.repository_copy import linked_repository
from tests.selftest.support import Programs

pytestmark = pytest.mark.selftest

CANARY = "istio/step-3-add-routing-for-2.0-components.yaml"
BAD_INPUT = 4
WITHOUT_HYPOTHESIS = """
from importlib.machinery import PathFinder
found = PathFinder.find_spec
class Find:
    def __call__(self, name, *more):
        return None if name.startswith("hypothesis") else found(name, *more)
PathFinder.find_spec = Find()
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: exit code, the ids of the tests that it listed, all that it printed."""

    code: int
    ids: tuple[str, ...]
    told: str


class Suite:
    """The repository in a folder of its own, with programs that fail and write down that they were called."""

    def __init__(self, folder: Path, programs: Programs) -> None:
        self.folder = folder
        self._programs = programs
        linked_repository(folder, "canary_conformance_settings.dist-info")
        for name in ("docker", "apt-get", "kind", "kubectl"):
            programs.add(name, "exit 1")
        # As tox.ini: bytecode is kept, or each command would compile all that it imports.
        self.environment = {"PYTHONPATH": str(folder.parent / "site"), "PYTHONDONTWRITEBYTECODE": ""}
        (folder.parent / "site").mkdir()

    def without_hypothesis(self) -> None:
        (self.folder.parent / "site/sitecustomize.py").write_text(WITHOUT_HYPOTHESIS)

    def __call__(
        self, *words: str | Path, cwd: str | Path = ".", program: tuple[str, ...] = ("-m", "pytest")
    ) -> Ended:
        done = subprocess.run(
            [sys.executable, *program, "-p", "no:cacheprovider", *words],
            cwd=self.folder / cwd,
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert self._programs.calls() == []
        ids = tuple(line for line in done.stdout.splitlines() if re.match(r"[^ ]+\.py::", line))
        return Ended(done.returncode, ids, done.stdout + done.stderr)

    def lists(self, *words: str | Path, cwd: str | Path = ".") -> set[str]:
        """Return the ids of the tests that a command selects."""
        ended = self("--collect-only", "-q", *words, cwd=cwd)
        assert ended.code == 0, ended.told
        assert not (self.folder / "reports").exists()
        return set(ended.ids)


@pytest.fixture
def suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Suite:
    folder = tmp_path / "repository"
    folder.mkdir()
    return Suite(folder, Programs(tmp_path, monkeypatch))


@pytest.fixture
def bare(suite: Suite) -> Suite:
    """The suite without hypothesis."""
    suite.without_hypothesis()
    return suite


def folders(ids: set[str]) -> set[str]:
    """Return the folders of tests that ids are of: "static", "stage_1_deploy", ..."""
    return {id_.split("/")[1] for id_ in ids}


STAGES = {path.name for path in (REPOSITORY / "tests").glob("stage_*")}


@pytest.mark.parametrize("words", [(), ("tests", "-m", "not selftest")])
def test_pytest_alone_selects_the_scenario_in_both_tiers(bare: Suite, words: tuple[str, ...]) -> None:
    assert folders(bare.lists(*words)) == {"static", *STAGES}


def test_k_canary_selects_the_tests_of_stage_4_in_both_tiers(bare: Suite) -> None:
    selected = bare.lists("-k", "canary")
    assert folders(selected) == {"static", "stage_4_canary"}
    assert selected == {id_ for id_ in bare.lists() if "canary" in id_}


def test_a_folder_of_a_stage_selects_that_stage(bare: Suite) -> None:
    assert folders(bare.lists("tests/stage_4_canary")) == {"stage_4_canary"}


def test_m_static_judges_without_a_cluster(bare: Suite) -> None:
    assert folders(bare.lists("-m", "static")) == {"static"}
    ended = bare("-m", "static", "-q")
    assert ended.code == 0, ended.told
    assert re.search(r"^\d+ passed", ended.told, re.MULTILINE)


def test_m_not_static_selects_the_live_tier(bare: Suite) -> None:
    assert folders(bare.lists("-m", "not static")) == STAGES


def test_requirements_are_selected_in_both_tiers(bare: Suite) -> None:
    assert folders(bare.lists("--promises", "R4.4")) == {"static", "stage_4_canary"}


def test_selftests_are_selected_where_they_are_named(suite: Suite) -> None:
    mixed = suite.lists("tests/selftest/unit/test_timeouts.py", "tests/static")
    assert folders(mixed) == {"selftest", "static"}
    # All of them take seconds to be read.
    few = "--ignore-glob=*/selftest/test_[!t]*"
    assert folders(suite.lists("-m", "selftest", few)) == {"selftest"}
    assert folders(suite.lists("-m", "selftest or static", few)) == {"selftest", "static"}


@pytest.mark.parametrize(
    "words", [("-m", "selftest"), ("tests/selftest", "--collect-only"), ("tests/selftest", "tests/static")]
)
def test_selftests_without_their_library_say_what_to_install(bare: Suite, words: tuple[str, ...]) -> None:
    ended = bare(*words)
    assert ended.code == BAD_INPUT
    (line,) = [line for line in ended.told.splitlines() if line.startswith("ERROR:")]
    assert line.startswith("ERROR: the selftests need hypothesis")
    assert "requirements-selftest.txt" in line
    assert "ImportError" not in ended.told


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--help", "--manifests"),
        ("--version", "pytest "),
        ("--markers", "@pytest.mark.selftest"),
        ("--fixtures", "namespace"),
        ("--setup-plan", "SETUP"),
    ],
)
def test_what_only_prints_needs_no_cluster(bare: Suite, option: str, told: str) -> None:
    ended = bare(option, "--manifests", "nowhere")
    assert ended.code == 0, ended.told
    assert told in ended.told
    assert not (bare.folder / "reports").exists()


@pytest.mark.parametrize("words", [(), ("--manifests", "../manifests")])
def test_a_folder_of_the_repository_is_as_good_a_place(bare: Suite, words: tuple[str, ...]) -> None:
    # The folder of tests itself is a link, which would lead out of the copy.
    (bare.folder / "notes").mkdir()
    ended = bare("-m", "static", "-q", "../tests", *words, cwd="notes")
    assert ended.code == 0, ended.told


def test_another_working_folder_is_as_good_a_place(bare: Suite, tmp_path: Path) -> None:
    ended = bare("-m", "static", "-q", bare.folder / "tests", cwd=tmp_path)
    assert ended.code == 0, ended.told


# --- --manifests DIR -------------------------------------------------------------------------------------


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """Return somebody's manifests, outside the repository: whoever judges them finds R4.5 broken."""
    folder = Path(shutil.copytree(MANIFESTS, tmp_path / "their project/manifests"))
    text = (folder / CANARY).read_text()
    assert "; ?)?(featureflag=on)" in text
    (folder / CANARY).write_text(text.replace("; ?)?(featureflag=on)", ";)?(featureflag=on)"))
    return folder


def judges_theirs(ended: Ended) -> bool:
    """Tell whether a run judged the manifests with the mistake, and found it."""
    return ended.code == 1 and "R4.5" in ended.told and f"{CANARY}:" in ended.told


Words = Callable[[Path], tuple[str, ...]]
SPELLINGS: dict[str, Words] = {
    "space": lambda path: ("--manifests", str(path)),
    "equals": lambda path: (f"--manifests={path}",),
    "relative, with words": lambda path: ("--manifests", f"../{path.parent.name}/manifests", "-k", "canary"),
    "after a folder of tests": lambda path: ("tests", "--manifests", str(path)),
    "with workers and other options": lambda path: (
        "-n", "2", "--cluster-name", "mine", "--manifests", str(path), "--requirements", "R4.5"),
}  # fmt: skip


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_folder_outside_the_repository_is_judged_however_it_is_written(
    bare: Suite, theirs: Path, spelling: str
) -> None:
    ended = bare("-m", "static", "-q", *SPELLINGS[spelling](theirs))
    assert judges_theirs(ended), ended.told


def test_the_settings_of_somebody_elses_project_are_not_used(bare: Suite, theirs: Path) -> None:
    (theirs.parent / "pytest.ini").write_text("[pytest]\naddopts = --of-their-own\npython_files = x\n")
    ended = bare("-m", "static", "-q", "--manifests", theirs)
    assert judges_theirs(ended), ended.told


def test_tests_of_another_project_are_left_to_its_own_settings(suite: Suite, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "pytest.ini").write_text("[pytest]\n")
    (other / "conftest.py").write_text(
        "def pytest_addoption(parser):\n    parser.addoption('--manifests', action='store_true')\n"
    )
    (other / "test_it.py").write_text(
        "def test_it(pytestconfig):\n    assert pytestconfig.option.manifests\n"
    )
    ended = suite(other, "--manifests", cwd=other)
    assert "1 passed" in ended.told, ended.told


def test_an_environments_own_pytest_knows_the_suite_by_a_line_of_its_own(
    bare: Suite, theirs: Path, tmp_path: Path
) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    install = f"import runpy, sysconfig; sysconfig.get_path = lambda _: {str(packages)!r}; " + (
        "runpy.run_module('fixtures.pytest_settings', run_name='__main__')"
    )
    subprocess.run([sys.executable, "-c", install], cwd=bare.folder, check=True)
    assert [path.read_text() for path in packages.iterdir()] == [f"{bare.folder}\n"]
    # -P: as a program of an environment, which has no working folder on its path. The environment of this
    # test may have a line of its own, for this repository.
    program = (
        f"import site, sys; sys.path[:] = [one for one in sys.path if one != {str(REPOSITORY)!r}]; "
        f"site.addsitedir({str(packages)!r}); import pytest; sys.exit(pytest.main())"
    )
    ended = bare("-m", "static", "-q", "--manifests", theirs, program=("-P", "-c", program))
    assert judges_theirs(ended), ended.told


def test_a_command_is_ours_by_its_option_and_by_where_it_is_typed_or_what_it_names() -> None:
    assert pytest_settings.SETTINGS == REPOSITORY / "pytest.ini"
    assert not pytest_settings._is_ours(["-m", "static"], REPOSITORY)
    assert pytest_settings._is_ours(["--manifests", "x"], REPOSITORY / "tests")
    assert not pytest_settings._is_ours(["--manifests", "x"], REPOSITORY.parent)
    assert pytest_settings._is_ours(["--manifests", "x", f"{REPOSITORY}/tests::a"], REPOSITORY.parent)


# --- Python ----------------------------------------------------------------------------------------------


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
