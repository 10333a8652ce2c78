"""A folder outside the repository is judged, however the command names it."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from canary_conformance.paths import MANIFESTS, REPOSITORY
from fixtures import pytest_settings
from tests.selftest.manifest_files import ROUTING
from tests.selftest.suite_commands import Ended, Suite, bare, suite

__all__ = ["bare", "suite"]


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    """Return somebody's manifests, outside the repository: whoever judges them finds R4.5 broken."""
    folder = Path(shutil.copytree(MANIFESTS, tmp_path / "their project/manifests"))
    text = (folder / ROUTING).read_text()
    assert "; ?)?(featureflag=on)" in text
    (folder / ROUTING).write_text(text.replace("; ?)?(featureflag=on)", ";)?(featureflag=on)"))
    return folder


def judges_theirs(ended: Ended) -> bool:
    """Tell whether a run judged the manifests with the mistake, and found it."""
    return ended.code == 1 and "R4.5" in ended.output and f"{ROUTING}:" in ended.output


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
    assert judges_theirs(ended), ended.output


def test_the_settings_of_somebody_elses_project_are_not_used(bare: Suite, theirs: Path) -> None:
    (theirs.parent / "pytest.ini").write_text("[pytest]\naddopts = --of-their-own\npython_files = x\n")
    ended = bare("-m", "static", "-q", "--manifests", theirs)
    assert judges_theirs(ended), ended.output


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
    assert "1 passed" in ended.output, ended.output


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
    assert judges_theirs(ended), ended.output


def test_a_command_is_ours_by_its_option_and_by_where_it_is_typed_or_what_it_names() -> None:
    assert pytest_settings.SETTINGS == REPOSITORY / "pytest.ini"
    assert not pytest_settings._is_ours(["-m", "static"], REPOSITORY)
    assert pytest_settings._is_ours(["--manifests", "x"], REPOSITORY / "tests")
    assert not pytest_settings._is_ours(["--manifests", "x"], REPOSITORY.parent)
    assert pytest_settings._is_ours(["--manifests", "x", f"{REPOSITORY}/tests::a"], REPOSITORY.parent)
