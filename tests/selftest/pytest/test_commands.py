"""The commands that people type select what they say, in every environment, without a cluster.

Each is a pytest of its own on this repository, seen through links so that its reports lie elsewhere. Most run
without hypothesis, as in the environments of tox that judge the scenario.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from canary_conformance.exit_codes import ExitStatus
from canary_conformance.paths import REPOSITORY
from tests.selftest.suite_commands import BAD_INPUT, Suite, bare, suite

__all__ = ["bare", "suite"]


def folders(ids: set[str]) -> set[str]:
    """Return the folders of tests that ids are of: "static", "stage_1_deploy", ..."""
    return {id_.split("/")[1] for id_ in ids}


STAGES = {path.name for path in (REPOSITORY / "tests").glob("stage*")}


@pytest.mark.parametrize("words", [(), ("tests", "-m", "not selftest")])
def test_pytest_alone_selects_the_scenario_in_both_tiers(bare: Suite, words: tuple[str, ...]) -> None:
    assert folders(bare.lists(*words)) == {"static", *STAGES}


def test_k_canary_selects_the_tests_of_stage_4_in_both_tiers(bare: Suite) -> None:
    selected = bare.lists("-k", "canary")
    assert folders(selected) == {"static", "stage_4_canary", "stages"}
    assert selected == {id_ for id_ in bare.lists() if "canary" in id_}


def test_a_folder_of_a_stage_selects_that_stage(bare: Suite) -> None:
    assert folders(bare.lists("tests/stage_4_canary")) == {"stage_4_canary"}


def test_m_static_judges_without_a_cluster(bare: Suite) -> None:
    assert folders(bare.lists("-m", "static")) == {"static"}
    ended = bare("-m", "static", "-q")
    assert ended.code == 0, ended.output
    assert re.search(r"^\d+ passed", ended.output, re.MULTILINE)


def test_m_not_static_selects_the_live_tier(bare: Suite) -> None:
    assert folders(bare.lists("-m", "not static")) == STAGES


def test_requirements_are_selected_in_both_tiers(bare: Suite) -> None:
    assert folders(bare.lists("--promises", "R4.4")) == {"static", "stage_4_canary", "stages"}


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
    (line,) = [line for line in ended.output.splitlines() if line.startswith("ERROR:")]
    assert line.startswith("ERROR: the selftests need hypothesis")
    assert "requirements-selftest.txt" in line
    assert "ImportError" not in ended.output


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("--help", "--manifests"),
        ("--version", "pytest "),
        ("--markers", "@pytest.mark.selftest"),
        ("--fixtures", "namespace"),
        ("--setup-plan", "SETUP"),
    ],
)
def test_what_only_prints_needs_no_cluster(bare: Suite, option: str, words: str) -> None:
    ended = bare(option, "--manifests", "nowhere")
    assert ended.code == 0, ended.output
    assert words in ended.output
    assert not (bare.folder / "reports").exists()


@pytest.mark.parametrize("words", [(), ("--manifests", "../manifests")])
def test_a_folder_of_the_repository_is_as_good_a_place(bare: Suite, words: tuple[str, ...]) -> None:
    # The folder of tests itself is a link, which would lead out of the copy.
    (bare.folder / "notes").mkdir()
    ended = bare("-m", "static", "-q", "../tests", *words, cwd="notes")
    assert ended.code == 0, ended.output


def test_another_working_folder_is_as_good_a_place(bare: Suite, tmp_path: Path) -> None:
    ended = bare("-m", "static", "-q", bare.folder / "tests", cwd=tmp_path)
    assert ended.code == 0, ended.output


@pytest.mark.parametrize("both", [False, True])
def test_a_run_whose_reader_leaves_ends_quietly_and_is_no_defect(bare: Suite, both: bool) -> None:
    run = f"{sys.executable} -m pytest -p no:cacheprovider -m static"
    pipe = f"set -o pipefail; {run}{' 2>&1' if both else ''} | head -1"
    done = subprocess.run(
        ["bash", "-c", pipe],
        cwd=bare.folder,
        env={**os.environ, **bare.environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == ExitStatus.INTERRUPTED
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1
