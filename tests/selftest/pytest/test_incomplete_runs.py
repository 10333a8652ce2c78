"""A run that judged less than was selected is incomplete, and says what is absent."""

import json
import shutil
from pathlib import Path

import pytest

from canary_conformance.events import FILE, events_in
from canary_conformance.exit_codes import ExitStatus
from canary_conformance.paths import MANIFESTS
from tests.selftest.pytest.test_exit_status import BOTH_WAYS, Pytest, run_pytest

__all__ = ["run_pytest"]


def test_a_folder_without_the_files_of_a_stage_is_incomplete_unless_that_stage_is_left_out(
    run_pytest: Pytest, tmp_path: Path
) -> None:
    theirs = Path(shutil.copytree(MANIFESTS, tmp_path / "theirs"))
    (theirs / "scenario.yaml").unlink()
    for file in ("step-4-route-everyone-to-2.0.yaml", "step-5-drop-old-subsets.yaml"):
        (theirs / "istio" / file).unlink()
    ended = run_pytest("", f"--manifests={theirs}", tests="tests/static")
    assert ended.code == ExitStatus.NOT_JUDGED
    assert "R5.1" in ended.last
    assert len(ended.last.splitlines()) == 1
    assert run_pytest("", f"--manifests={theirs}", "-k", "stage_4", tests="tests/static").code == 0


@BOTH_WAYS
def test_a_report_is_written_into_the_folder_that_the_command_names(
    run_pytest: Pytest, tmp_path: Path, workers: tuple[str, ...]
) -> None:
    named = tmp_path / "report"
    assert run_pytest("", "--report", str(named), *workers).code == 0
    assert not run_pytest.folder.joinpath("reports").exists()
    assert json.loads((named / "run.json").read_text())["selected"]
    events = list(events_in(named / FILE))
    assert {one["event"] for one in events} == {"run_began", "test_judged", "run_ended"}
    assert (events[-1]["event"], events[-1]["exit_code"]) == ("run_ended", 0)
    again = run_pytest("", "--report", str(named), *workers)
    assert again.code == ExitStatus.BAD_INPUT
    assert "exists already" in "\n".join(again.lines)


def test_a_scenario_without_a_stage_is_incomplete(run_pytest: Pytest, tmp_path: Path) -> None:
    theirs = Path(shutil.copytree(MANIFESTS, tmp_path / "theirs"))
    text = (theirs / "scenario.yaml").read_text()
    (theirs / "scenario.yaml").write_text(text.partition("  - number: 6")[0])
    ended = run_pytest("", f"--manifests={theirs}", tests="tests/static")
    assert ended.code == ExitStatus.NOT_JUDGED
    assert "(R6.1): incomplete: scenario aks-voting-app has no stage 6" in ended.last


@pytest.mark.parametrize(
    ("options", "unjudged"),
    [(("--requirements", "R1.1,R5.1", "-k", "stage_1"), "R5.1"), (("--requirements", "R1.1,R6.2"), "R6.2")],
)
def test_a_requirement_that_is_asked_for_and_left_without_a_test_is_not_judged(
    run_pytest: Pytest, options: tuple[str, ...], unjudged: str
) -> None:
    ended = run_pytest("", *options, tests="tests/static")
    assert ended.code == ExitStatus.NOT_JUDGED
    assert f"1 requirement was not judged ({unjudged}): none of its tests ran" in ended.last


def test_tests_that_are_only_set_up_judge_nothing(run_pytest: Pytest) -> None:
    ended = run_pytest("", "--setup-only", "-k", "test_namespace_asks")
    assert ended.code == ExitStatus.NOT_JUDGED
    assert "(R1.1): none of its tests ran" in ended.last
    assert run_pytest("", "--collect-only").code == ExitStatus.HOLDS


def test_tests_of_stages_without_a_requirement_judge_nothing(run_pytest: Pytest) -> None:
    forgetful = "def pytest_collection_modifyitems(items):\n    for item in items: item.own_markers[:] = []"
    ended = run_pytest(forgetful)
    assert ended.code == ExitStatus.NOT_JUDGED
    assert "no requirement was judged" in ended.last


def test_an_empty_list_of_parameters_is_a_defect_and_no_skipped_test(run_pytest: Pytest) -> None:
    (run_pytest.folder / "test_mine.py").write_text(
        "import pytest\n@pytest.mark.parametrize('one', [])\ndef test_one(one):\n    pass\n"
    )
    ended = run_pytest("", tests="test_mine.py")
    assert ended.code == ExitStatus.BAD_INPUT
    assert "can't be collected" in ended.last
