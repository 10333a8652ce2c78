"""Bad input ends a run with exit code 4 and says what and where, before the engine is even asked for.

Each test is a pytest of its own on this repository, seen through links so that its reports lie elsewhere.
Its PATH has nothing but programs that fail, so that a check that is missing can't make anything.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from canary_conformance.paths import MANIFESTS
from tests.selftest.manifest_files import UPDATE
from tests.selftest.repository_copy import linked_repository
from tests.selftest.support import Programs

ONE_TEST = "tests/stage_1_deploy/test_page.py"
ENVIRONMENT_FAILED, BAD_INPUT = 3, 4


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run of pytest ended: exit code, all that it printed in one line, the programs that it called."""

    code: int
    output: str
    called: list[str]
    left_a_report: bool


class Pytest:
    """Runs pytest, on one test file of stage 1 where nothing else is named."""

    def __init__(self, programs: Programs, folder: Path) -> None:
        for name in ("docker", "dockerd", "apt-get", "dpkg-query", "systemctl", "debootstrap", "go", "kind"):
            programs.add(name, "exit 1")
        self._programs = programs
        self._folder = folder
        linked_repository(folder)
        ours = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "DOCKER_"))
        }
        # Code compiled through the links would be found by others under the wrong name.
        added = {"XDG_CACHE_HOME": str(folder / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
        self._environment = ours | added | {"PATH": programs.path}

    def given(self, **variables: str) -> None:
        """Set variables of the environment of later runs."""
        self._environment |= variables

    def __call__(self, *options: str | Path, tests: str = ONE_TEST) -> Ended:
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", tests, *options]
        done = subprocess.run(
            command, cwd=self._folder, env=self._environment, capture_output=True, text=True, check=False
        )
        text = " ".join((done.stdout + done.stderr).split())
        return Ended(done.returncode, text, self._programs.calls(), (self._folder / "reports").exists())


@pytest.fixture
def run_pytest(programs: Programs, tmp_path: Path) -> Pytest:
    folder = tmp_path / "repository"
    folder.mkdir()
    return Pytest(programs, folder)


@pytest.fixture
def manifests(tmp_path: Path) -> Path:
    """Return a copy of the repository's manifests that a test may spoil."""
    return Path(shutil.copytree(MANIFESTS, tmp_path / "manifests"))


def assert_bad_input(ended: Ended, *output: str) -> None:
    for text in output:
        assert text in ended.output
    assert ended.code == BAD_INPUT
    assert ended.called == []
    assert not ended.left_a_report


def test_an_unknown_source_of_images(run_pytest: Pytest) -> None:
    assert_bad_input(run_pytest("--images", "steal"), "--images", "'steal'", "auto", "pull", "build")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--registry", "hub"), "--registry 'hub' names no host"),
        (("--istio-version", "1.29.3", "--kubernetes-version", "1.36.4", "--images", "pull"), "for it: "),
    ],
)
def test_a_registry_or_a_version_that_no_image_can_come_from(
    run_pytest: Pytest, options: tuple[str, ...], words: str
) -> None:
    assert_bad_input(run_pytest(*options), words)


def test_a_registry_or_a_file_of_pins_in_the_environment_that_can_not_be_used(run_pytest: Pytest) -> None:
    run_pytest.given(VOTING_REGISTRY="http://harbor.example.com")
    assert_bad_input(run_pytest(), "VOTING_REGISTRY 'http://harbor.example.com' must not have a scheme")
    run_pytest.given(VOTING_REGISTRY="", VOTING_PINS="/nowhere/pins.ini")
    assert_bad_input(run_pytest(), "the file of image references /nowhere/pins.ini can't be read")
    # What pulls nothing does not read it.
    assert run_pytest("-m", "static", tests="tests/static/test_stage_1_deploy.py").code == 0


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_requirement_that_there_is_not(run_pytest: Pytest, workers: tuple[str, ...]) -> None:
    assert_bad_input(run_pytest("--requirements", "R9.9", "-m", "static", *workers), "did you mean R4.9")


@pytest.mark.parametrize(
    ("tests", "workers"), [("tests/upgrade", ()), ("tests/upgrade/test_moving.py", ("-n", "2"))]
)
def test_tests_of_an_upgrade_that_is_none(run_pytest: Pytest, tests: str, workers: tuple[str, ...]) -> None:
    assert_bad_input(run_pytest(*workers, tests=tests), "only `python -m tools.upgrade` runs these")


def test_a_name_that_no_cluster_can_have(run_pytest: Pytest) -> None:
    assert_bad_input(run_pytest("--cluster-name", "Bad Name"), "'Bad Name' is not a valid cluster name")


@pytest.mark.parametrize(
    ("tests", "options", "words"),
    [
        ("tests", ("-m", "static", "-k", "zzz"), "fits -m 'static' and -k 'zzz'"),
        ("tests", ("-m", "static", "--requirements", "R6.2"), "fits -m 'static' and --requirements 'R6.2'"),
        ("tests/static", ("-k", "zzz", "-n", "2"), "fits -k 'zzz'"),
        (ONE_TEST, ("-k", "zzz", "--collect-only"), "fits -k 'zzz'"),
        ("tests/static", ("--ignore-glob=*.py",), "is left"),
    ],
)
def test_a_run_that_selects_nothing(
    run_pytest: Pytest, tests: str, options: tuple[str, ...], words: str
) -> None:
    ended = run_pytest(*options, tests=tests)
    assert_bad_input(ended, f"ERROR: nothing is selected: no test of {tests} {words}")


@pytest.mark.parametrize(
    ("tests", "options", "words"),
    [
        ("tests/static", ("-k", "a b("), "expected end of input"),
        ("tests/static", ("-k", "a b(", "-n", "2"), "expected end of input"),
        ("tests/static/test_nosuch.py", (), "file or directory not found"),
    ],
)
def test_a_selection_that_is_refused(
    run_pytest: Pytest, tests: str, options: tuple[str, ...], words: str
) -> None:
    assert_bad_input(run_pytest(*options, tests=tests), words)


def test_a_manifests_folder_that_is_not_there(run_pytest: Pytest, tmp_path: Path) -> None:
    missing = tmp_path / "no/such/folder"
    assert_bad_input(run_pytest("--manifests", missing), f"the manifests folder {missing} does not exist")


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_manifests_folder_that_lacks_a_stage_s_file(
    run_pytest: Pytest, manifests: Path, workers: tuple[str, ...]
) -> None:
    (manifests / UPDATE).unlink()
    ended = run_pytest(f"--manifests={manifests}", *workers)
    assert_bad_input(ended, str(manifests), f"stage 2 (update) applies {UPDATE}", "no such file")


def test_yaml_that_does_not_parse_is_told_with_its_line(run_pytest: Pytest, manifests: Path) -> None:
    file = manifests / UPDATE
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines[:4], "  labels: {app: [voting", *lines[4:]]))
    ended = run_pytest("--manifests", manifests)
    assert_bad_input(ended, f"{UPDATE}:")
    line = int(ended.output.partition(f"{UPDATE}:")[2].partition(":")[0])
    assert 5 <= line <= 6


def test_an_object_that_istio_no_longer_has_is_told_with_what_replaced_it(
    run_pytest: Pytest, manifests: Path
) -> None:
    file = "istio/step-2-update-and-add-routing-for-all-components.yaml"
    policy = "apiVersion: authentication.istio.io/v1alpha1\nkind: Policy\nmetadata:\n  name: default\n"
    kept = (manifests / file).read_text()
    (manifests / file).write_text(f"{policy}---\n{kept}")
    ended = run_pytest("--manifests", manifests)
    assert_bad_input(ended, f"{file}:1", "authentication.istio.io", "PeerAuthentication")


UPGRADE = ("-p", "fixtures.upgrade.upgrade_plugin", "--from=1.31.0+envoy1.38.3", "--to=1.31.0+envoy1.40.0")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (("-n", "2"), "each worker would move it: leave -n out"),
        (("--reuse",), "--reuse can't be combined"),
        (("--tag", "Prod"), "--tag Prod"),
    ],
)
def test_a_run_that_moves_the_mesh_has_no_workers_and_no_namespace_of_the_last_run(
    run_pytest: Pytest, asked: tuple[str, ...], words: str
) -> None:
    assert_bad_input(run_pytest(*UPGRADE, *asked), words)


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_reports_that_can_not_be_written_are_no_verdict(
    run_pytest: Pytest, tmp_path: Path, workers: tuple[str, ...]
) -> None:
    reports = tmp_path / "repository/reports"
    reports.touch()
    ended = run_pytest("-m", "static", *workers, tests="tests")
    assert f"environment failed, no verdict: can't write {reports}: Not a directory" in ended.output
    assert (ended.code, ended.called) == (ENVIRONMENT_FAILED, [])


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_an_engine_that_can_not_be_had_is_no_verdict(run_pytest: Pytest, workers: tuple[str, ...]) -> None:
    ended = run_pytest("-k", "ingress_serves", *workers)
    assert ended.called[0] == "docker version --format {{.Server.Version}}"
    failed = (ENVIRONMENT_FAILED, "environment failed, no verdict: apt-get update")
    refused = (BAD_INPUT, "bad input: no Docker engine answers, and only root")
    assert any(ended.code == code and text in ended.output for code, text in (failed, refused))


@pytest.mark.parametrize("chosen", ["ingress_serves", "no_such_test"])
def test_who_reads_nothing_but_the_junit_file_is_told_of_a_run_without_verdict(
    run_pytest: Pytest, tmp_path: Path, chosen: str
) -> None:
    junit = tmp_path / "junit.xml"
    ended = run_pytest("-k", chosen, "--junitxml", junit)
    (suite,) = ElementTree.parse(junit).getroot()
    errors = suite.findall("testcase/error")
    assert ended.code in {BAD_INPUT, ENVIRONMENT_FAILED}
    assert suite.get("errors") == "1"
    (text,) = [str(error.text) for error in errors]
    assert text.partition("\n")[0][:60] in ended.output or "last lines" in text


def test_a_run_that_came_to_its_end_has_no_error_of_its_own(run_pytest: Pytest, tmp_path: Path) -> None:
    junit = tmp_path / "junit.xml"
    ended = run_pytest("-m", "static", "--junitxml", junit, tests="tests/static")
    (suite,) = ElementTree.parse(junit).getroot()
    assert (ended.code, suite.get("errors")) == (0, "0")
