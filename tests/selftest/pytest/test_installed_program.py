"""`canary-conformance`, installed from the wheel, judges a folder from within a project that is not ours.

By default offline: the environment is new, and sees the libraries of this one. `tox -e wheel` sets
VOTING_WHEEL_TEST=registry; pip then installs what the wheel requires, and PyPI's `fixtures` beside it.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from canary_conformance import __version__
from canary_conformance.paths import MANIFESTS, REPOSITORY
from tests.selftest.built_wheel import wheel
from tests.selftest.manifest_files import ROUTING

__all__ = ["wheel"]

FROM_A_REGISTRY = os.environ.get("VOTING_WHEEL_TEST") == "registry"
HOSTILE = "raise SystemExit('this is of the user')\n"


@dataclass(frozen=True, slots=True)
class Installed:
    """A fresh environment with the wheel, and somebody's project, in which the program is called."""

    environment: Path
    project: Path

    @property
    def packages(self) -> Path:
        (found,) = (self.environment / "lib").glob("python*/site-packages")
        return found

    def __call__(
        self, *words: str | Path, variables: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        # Bytecode is kept where Python would keep it, or its place could not be checked.
        without = ("PYTEST", "PYTHON", "COV", "CI")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(without)}
        hostile = {
            "PYTEST_ADDOPTS": "--nonsense",
            "PYTEST_PLUGINS": "theirs",
            "PYTHONPATH": str(self.project),
        }
        return subprocess.run(
            [self.environment / "bin/canary-conformance", *words],
            cwd=self.project,
            env=kept | hostile | {"XDG_CACHE_HOME": str(self.environment / "cache")} | (variables or {}),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


def pip(*words: str | Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *words], check=True, timeout=900
    )


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Install the wheel beside a project whose files end every run of pytest that reads them."""
    base = tmp_path_factory.mktemp("elsewhere")
    made = Installed(base / "environment", base / "project")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", made.environment], check=True, timeout=60)
    into = ("--python", made.environment / "bin/python", "install", "--quiet")
    if FROM_A_REGISTRY:
        pip(*into, wheel, "fixtures")
    else:
        pip(*into, "--no-deps", "--no-index", wheel)
        (made.packages / "libraries.pth").write_text(sysconfig.get_path("purelib"))
        (made.packages / "fixtures").mkdir()
        (made.packages / "fixtures/__init__.py").write_text("raise ImportError('of another distribution')\n")
        subprocess.run(
            [made.environment / "bin/python", "-m", "compileall", "-q", made.packages], check=False
        )
    shutil.copytree(MANIFESTS, made.project / "mine")
    wrong = Path(shutil.copytree(MANIFESTS, made.project / "wrong"), ROUTING)
    wrong.write_text(wrong.read_text().replace("; ?)?(featureflag=on)", ";)?(featureflag=on)"))
    for name in ("tests", "fixtures"):
        (made.project / name).mkdir()
        (made.project / name / "__init__.py").write_text(HOSTILE)
    for name in ("conftest.py", "mine/conftest.py", "theirs.py", "tests/test_theirs.py"):
        (made.project / name).write_text(HOSTILE)
    (made.project / "pytest.ini").write_text("[pytest]\naddopts = --of-their-own\npython_files = none\n")
    (made.project / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '--nonsense'\n")
    return made


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


def error(ended: subprocess.CompletedProcess[str]) -> str:
    """The one line that starts with ERROR, of a command that was refused."""
    assert ended.returncode == 4, ended.stdout + ended.stderr
    (line,) = [line for line in ended.stderr.splitlines() if line.startswith("ERROR: ")]
    return line


def test_a_folder_is_judged_from_within_a_project_with_settings_of_its_own(installed: Installed) -> None:
    before = files_below(installed.packages)
    ended = installed("static", "mine")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "34 requirements: 33 hold, 1 needs a cluster" in ended.stdout
    assert "\x1b" not in ended.stdout
    assert "site-packages/canary_conformance/data/tests" not in ended.stdout.replace("rootdir: ", "")
    latest = installed.project / "reports/latest"
    assert {"junit.xml", "run.json", "summary.txt"} <= {path.name for path in latest.iterdir()}
    assert (installed.project / "reports/.gitignore").read_text() == "*\n"
    assert not (installed.project / ".pytest_cache").exists()
    assert files_below(installed.packages) == before


def test_a_mistake_fails_with_its_line_also_among_workers_and_by_the_options_of_pytest(
    installed: Installed,
) -> None:
    folder = Path(
        shutil.copytree(installed.project / "mine", installed.project / "wrong", dirs_exist_ok=True)
    )
    text = (folder / ROUTING).read_text()
    (folder / ROUTING).write_text(text.replace("; ?)?(featureflag=on)", ";)?(featureflag=on)"))
    for more in ((), ("-n", "2"), ("-k", "canary", "--requirements", "R4.4,R4.5")):
        ended = installed("static", "wrong", *more)
        assert ended.returncode == 1, ended.stdout + ended.stderr
        assert f"cause     {ROUTING}:34" in ended.stdout
    assert installed("static", "wrong", "--requirements", "R1.1").returncode == 0


def test_e2e_selects_the_tests_that_a_clone_has(installed: Installed) -> None:
    listed = installed("e2e", "mine", "--collect-only", "-q")
    assert listed.returncode == 0, listed.stdout + listed.stderr
    ids = {line for line in listed.stdout.splitlines() if "::" in line}
    here = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"],
        cwd=REPOSITORY,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST")},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert {id_.partition("/")[0] for id_ in ids} == {"tests"}
    assert ids == {line for line in here.stdout.splitlines() if "::" in line}


def test_the_help_names_what_each_command_takes(installed: Installed) -> None:
    general = installed("--help")
    assert general.returncode == 0
    assert installed().stderr == general.stdout
    assert installed().returncode == 4
    assert installed("--version").stdout == f"canary-conformance {__version__}\n"
    assert "--images" in installed("e2e", "--help").stdout
    static = installed("static", "--help").stdout
    assert "--requirements" in static
    assert "--images" not in static
    assert "--manifests" not in static


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("statics",), "unknown command 'statics'; expected: static, e2e, diff"),
        (("static",), "there is no ./manifests here"),
        (("static", "mine", "tests"), "tests: name the folder to judge first, and once"),
        (("static", "--manifests", "mine", "mine"), "mine: name the folder to judge first, and once"),
        (("static", "mine", "--manifests=mine"), "two folders are named"),
        (("static", "nowhere"), "nowhere does not exist"),
        (("example",), "name one new folder"),
        (("example", "mine"), "mine exists already"),
    ],
)
def test_what_can_not_be_run_is_bad_input_in_one_sentence(
    installed: Installed, words: Sequence[str], reason: str
) -> None:
    assert reason in error(installed(*words))


def test_the_example_is_a_folder_of_which_everything_holds(installed: Installed) -> None:
    assert installed("example", "new").returncode == 0
    assert files_below(installed.project / "new") == files_below(MANIFESTS)
    assert installed("static", "new", "-q").returncode == 0


def test_two_folders_are_compared(installed: Installed) -> None:
    assert installed("diff", "mine", "mine").returncode == 0
    ended = installed("diff", "mine", "wrong")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert f"{ROUTING}:34" in ended.stdout


def test_cleaning_needs_no_folder(installed: Installed) -> None:
    # The selftests have no engine.
    ended = installed("e2e", "--clean")
    assert ended.returncode == 0, ended.stderr


def test_an_installation_that_was_not_compiled_keeps_bytecode_in_the_store(
    installed: Installed, tmp_path: Path
) -> None:
    packages = tmp_path / "packages"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(
        installed.packages / "canary_conformance", packages / "canary_conformance", ignore=ignored
    )
    start = (
        f"import sys; sys.path.insert(0, {str(packages)!r}); sys.argv[1:] = ['static', 'mine', '-q']\n"
        + ("from canary_conformance.command_line.command import main; sys.exit(main())")
    )
    done = subprocess.run(
        [installed.environment / "bin/python", "-P", "-c", start],
        cwd=installed.project,
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
        check=False,
        timeout=120,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # What Python imports before the first line of the program runs.
    compiled = {path.name.partition(".")[0] for path in packages.rglob("*.pyc")}
    assert compiled == {"__init__", "command", "compiled_code", "exit_codes", "paths"}
    assert list((tmp_path / ".cache/voting-conformance/bytecode").rglob("suite_run.*.pyc"))


def test_other_distributions_keep_their_modules(installed: Installed) -> None:
    program = "import fixtures; fixtures.TempDir" if FROM_A_REGISTRY else "import fixtures"
    done = subprocess.run(
        [installed.environment / "bin/python", "-P", "-c", program],
        cwd=installed.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode == 0) if FROM_A_REGISTRY else ("of another distribution" in done.stderr)
