"""Workers judge what one process judges: one table, one JUnit file, one exit code; by static tests alone.

Each test is a pytest of its own on this repository, seen through links so that its reports lie elsewhere.
"""

import json
import re
import shutil
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path

import pytest

from canary_conformance.paths import MANIFESTS
from tests.selftest.manifest_files import ROUTING
from tests.selftest.repository_copy import linked_repository, run_pytest


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: exit code, what it printed, the folder of its report."""

    code: int
    output: str
    report: Path

    @property
    def requirements(self) -> str:
        """The closing lines of the table of requirements."""
        return "\n".join(re.findall(r"^\d+ requirements: .*$", self.output, re.MULTILINE))


def run(folder: Path, *options: str) -> Ended:
    done = run_pytest(linked_repository(folder), "tests/static", *options)
    return Ended(done.returncode, done.stdout + done.stderr, folder / "reports/latest")


@pytest.fixture
def mistaken(tmp_path: Path) -> Path:
    """Manifests in which the canary's cookie has lost a letter."""
    folder = Path(shutil.copytree(MANIFESTS, tmp_path / "manifests"))
    file = folder / ROUTING
    file.write_text(file.read_text().replace("featureflag=on", "featurflag=on"))
    return folder


def test_two_workers_say_what_one_process_says(tmp_path: Path) -> None:
    alone, shared = run(tmp_path / "one"), run(tmp_path / "two", "-n", "2")
    assert (alone.code, shared.code) == (0, 0), shared.output
    assert shared.requirements == alone.requirements != ""
    records = [json.loads((one.report / "run.json").read_text()) for one in (alone, shared)]
    names = [sorted(test["name"] for test in record["tests"]) for record in records]
    assert names[0] == names[1]


def test_workers_leave_one_report_with_the_requirements_of_all(tmp_path: Path) -> None:
    shared = run(tmp_path / "two", "-n", "2")
    folders = [
        path for path in (tmp_path / "two/reports").iterdir() if path.is_dir() and not path.is_symlink()
    ]
    assert len(folders) == 1
    tree = ET.parse(shared.report / "junit.xml")
    text = {one.get("value") for one in tree.iter("property") if one.get("name") == "requirement"}
    assert {"R1.1", "R4.5", "R6.1"} <= text


def test_a_failed_requirement_is_as_red_by_workers(tmp_path: Path, mistaken: Path) -> None:
    alone = run(tmp_path / "one", f"--manifests={mistaken}")
    shared = run(tmp_path / "two", f"--manifests={mistaken}", "-n", "2")
    assert (alone.code, shared.code) == (1, 1)
    assert shared.requirements == alone.requirements
    assert re.search(r"^R4\.5 +FAILED", shared.output, re.MULTILINE)
    assert any((shared.report / "failures").iterdir())


def test_a_namespace_is_taken_over_by_one_process_alone(tmp_path: Path) -> None:
    ended = run(tmp_path / "two", "-n", "2", "--reuse")
    assert ended.code == 4
    assert "--reuse can't be combined with -n" in ended.output


DYING = """
import os

def pytest_runtest_call(item):
    if os.environ.get("PYTEST_XDIST_WORKER") == "gw0":
        os._exit(9)
"""
ENDING = """
import os, pytest

from canary_conformance.paths import MANIFESTS, REPOSITORY

def pytest_runtest_call(item):
    if os.environ.get("PYTEST_XDIST_WORKER") == "gw0":
        pytest.exit("environment failed, no verdict: the node is lost", returncode=3)
"""


@pytest.mark.parametrize(
    ("plugin", "code", "words"),
    [
        (DYING, 6, "worker gw0 died: Not properly terminated; its exit code is 9"),
        (ENDING, 3, "no verdict: the node is lost (worker gw0)"),
    ],
    ids=["dies", "ends without a verdict"],
)
def test_a_run_whose_worker_has_no_verdict_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plugin: str, code: int, words: str
) -> None:
    (tmp_path / "trouble.py").write_text(plugin)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    ended = run(tmp_path / "two", "-n", "2", "-p", "trouble")
    assert ended.code == code, ended.output
    assert words in ended.output
