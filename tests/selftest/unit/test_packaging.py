"""The wheel brings the library and the files that it reads, and no module that another distribution has."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from email import message_from_bytes
from importlib.metadata import packages_distributions
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import canary_conformance
from canary_conformance.paths import MANIFESTS, PACKAGE, REPOSITORY

pytestmark = pytest.mark.selftest

JUDGE = """
import sys
from pathlib import Path
from canary_conformance.voting.static.static_runner import static_verdicts
results = static_verdicts(Path(sys.argv[1]))
print(len(results), *sorted({id for result in results if not result.held for id in result.requirements}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel; without a network, since the build backend is pinned in requirements-selftest.txt."""
    folder = tmp_path_factory.mktemp("wheel")
    words: list[str | Path] = [
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--quiet",
        "-w",
        folder,
        REPOSITORY,
    ]
    subprocess.run([sys.executable, "-m", "pip", *words], check=True)
    (built,) = folder.glob("*.whl")
    return built


def metadata(wheel: Path) -> dict[str, list[str]]:
    name = f"canary_conformance-{canary_conformance.__version__}.dist-info/METADATA"
    message = message_from_bytes(ZipFile(wheel).read(name))
    return {
        key: [str(one) for one in message.get_all(key, [])] for key in ("Name", "Version", "Requires-Dist")
    }


def pins(file: str) -> dict[str, str]:
    lines = (line.partition("#")[0].strip() for line in (REPOSITORY / file).read_text().splitlines())
    return {
        canonicalize_name(line.partition("==")[0]): line.partition("==")[2] for line in lines if "==" in line
    }


def imported_by_the_library() -> set[str]:
    nodes = (node for file in PACKAGE.rglob("*.py") for node in ast.walk(ast.parse(file.read_bytes())))
    modules = [
        name
        for node in nodes
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    ]
    return {name.partition(".")[0] for name in modules} - set(sys.stdlib_module_names)


def test_the_wheel_holds_one_package_and_every_file_that_it_reads(wheel: Path) -> None:
    held = ZipFile(wheel)
    names = {name: held.read(name) for name in held.namelist() if ".dist-info/" not in name}
    assert {name.partition("/")[0] for name in names} == {"canary_conformance"}
    expected = {
        f"canary_conformance/{file.relative_to(PACKAGE).as_posix()}": file for file in PACKAGE.rglob("*")
    } | {
        f"canary_conformance/data/{file.relative_to(REPOSITORY).as_posix()}": file
        for folder in ("images", "manifests", "tests/static")
        for file in (REPOSITORY / folder).rglob("*")
    }
    files = {
        name: file for name, file in expected.items() if file.is_file() and "__pycache__" not in file.parts
    }
    assert names.keys() == files.keys()
    assert all(names[name] == file.read_bytes() for name, file in files.items())


def test_the_version_stands_in_the_package_alone(wheel: Path) -> None:
    found = metadata(wheel)
    assert (found["Name"], found["Version"]) == (["canary-conformance"], [canary_conformance.__version__])
    assert canary_conformance.__version__ not in (REPOSITORY / "pyproject.toml").read_text()


def test_the_wheel_requires_what_the_library_imports_and_the_suite_is_run_with(wheel: Path) -> None:
    wanted = map(Requirement, metadata(wheel)["Requires-Dist"])
    required = {canonicalize_name(one.name): one.specifier for one in wanted}
    pinned = pins("requirements.txt")
    assert [name for name in required if not required[name].contains(pinned[name])] == []
    distributions = packages_distributions()
    carried = {"urllib3", "websocket"}  # by requests and by kubernetes
    imported = imported_by_the_library() - {"canary_conformance"} - carried
    found = {module: {canonicalize_name(name) for name in distributions[module]} for module in imported}
    assert [module for module, names in found.items() if not names & required.keys()] == []
    # The static tests are called by the library as they stand, and they import pytest; beautifulsoup4 selects
    # elements by soupsieve, of which it takes any version.
    assert required.keys() - set().union(*found.values()) <= {"pytest", "soupsieve"}
    # Of the suite alone: pytest spreads tests over workers by it.
    assert pinned.keys() - required.keys() == {"pytest-xdist"}


def test_an_installed_library_judges_a_folder_anywhere(wheel: Path, tmp_path: Path) -> None:
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    ZipFile(wheel).extractall(site)
    folder = Path(shutil.copytree(MANIFESTS, elsewhere / "mine"))
    (site / "judge.py").write_text(JUDGE)

    def judged() -> list[str]:
        words: list[str | Path] = [sys.executable, site / "judge.py", folder]
        done = subprocess.run(words, cwd=elsewhere, check=True, capture_output=True, text=True)
        return done.stdout.split()

    count, *failed = judged()
    assert int(count) > 50
    assert failed == []
    routes = folder / "istio/step-3-add-routing-for-2.0-components.yaml"
    routes.write_text(routes.read_text().replace("featureflag=on", "featurflag=on"))
    assert "R4.4" in judged()[1:]
