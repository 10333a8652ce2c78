"""The wheel brings the library and the files that it reads, and no module that another distribution has."""

import ast
import os
import shutil
import subprocess
import sys
import tarfile
from email import message_from_bytes
from importlib.metadata import packages_distributions
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import canary_conformance
from canary_conformance.paths import MANIFESTS, PACKAGE, REPOSITORY
from tests.selftest.built_wheel import build_wheel, wheel

__all__ = ["wheel"]

# `python -m tools.upgrade` alone runs these.
UPGRADE = REPOSITORY / "tests/upgrade"

JUDGE = """
import sys
from pathlib import Path
from canary_conformance.voting.static.static_runner import static_verdicts
results = static_verdicts(Path(sys.argv[1]))
print(len(results), *sorted({id for result in results if not result.held for id in result.requirements}))
"""


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


def imported_by_what_is_installed() -> set[str]:
    files = (*PACKAGE.rglob("*.py"), *(REPOSITORY / "fixtures").rglob("*.py"))
    nodes = (node for file in files for node in ast.walk(ast.parse(file.read_bytes())))
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
        for folder in ("fixtures", "images", "manifests", "tests")
        for file in (REPOSITORY / folder).rglob("*")
        if not file.is_relative_to(REPOSITORY / "tests/selftest") and not file.is_relative_to(UPGRADE)
    }
    expected |= {
        f"canary_conformance/data/{name}": REPOSITORY / name for name in ("conftest.py", "pytest.ini")
    }
    files = {
        name: file for name, file in expected.items() if file.is_file() and "__pycache__" not in file.parts
    }
    assert names.keys() == files.keys()
    assert all(names[name] == file.read_bytes() for name, file in files.items())


def test_the_source_distribution_has_every_file_and_gives_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    words = ["-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)]
    subprocess.run([sys.executable, *words], cwd=REPOSITORY, check=True, capture_output=True, timeout=120)
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        archive.extractall(tmp_path, filter="data")
    (source,) = tmp_path.glob("canary_conformance-*/")
    if (REPOSITORY / ".git").exists():
        tracked = subprocess.run(
            ["git", "ls-files"], cwd=REPOSITORY, check=True, capture_output=True, text=True, timeout=60
        )
        assert [name for name in tracked.stdout.splitlines() if not (source / name).is_file()] == []
    again = ZipFile(build_wheel(source, tmp_path / "again"))
    assert again.namelist() == ZipFile(wheel).namelist()


def test_a_program_of_an_image_can_be_run_where_it_is_installed(wheel: Path) -> None:
    # pip and uv keep the right to execute; keys of images depend on it.
    modes = {
        file.filename.removeprefix("canary_conformance/data/"): file.external_attr >> 16
        for file in ZipFile(wheel).infolist()
    }
    here = [file for file in (REPOSITORY / "images").rglob("*") if file.is_file()]
    runnable = {file.relative_to(REPOSITORY).as_posix() for file in here if os.access(file, os.X_OK)}
    assert runnable
    assert {name for name, mode in modes.items() if mode & 0o100} >= runnable


def test_the_version_stands_in_the_package_alone(wheel: Path) -> None:
    found = metadata(wheel)
    assert (found["Name"], found["Version"]) == (["canary-conformance"], [canary_conformance.__version__])
    assert canary_conformance.__version__ not in (REPOSITORY / "pyproject.toml").read_text()


def test_the_wheel_requires_what_it_imports_and_the_suite_is_run_with(wheel: Path) -> None:
    wanted = map(Requirement, metadata(wheel)["Requires-Dist"])
    required = {canonicalize_name(one.name): one.specifier for one in wanted}
    pinned = pins("requirements.txt")
    assert [name for name in required if not required[name].contains(pinned[name])] == []
    distributions = packages_distributions()
    carried = {"urllib3", "websocket"}  # by requests and by kubernetes
    imported = imported_by_what_is_installed() - {"canary_conformance", "fixtures"} - carried
    found = {module: {canonicalize_name(name) for name in distributions[module]} for module in imported}
    assert [module for module, names in found.items() if not names & required.keys()] == []
    # beautifulsoup4 selects elements by soupsieve, of which it takes any version.
    assert required.keys() - set().union(*found.values()) <= {"soupsieve"}
    assert pinned.keys() == required.keys()


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
