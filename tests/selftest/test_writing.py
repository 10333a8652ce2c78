"""What can't be written ends a command with exit code 3, and names the path and the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from fixtures import rounds
from fixtures.mutants.__main__ import main as judge_mutants
from fixtures.plugin.options import ENVIRONMENT_FAILED
from fixtures.progress import Progress
from fixtures.rounds import ready_machine, report_folder
from fixtures.scenario.errors import EnvironmentFailed
from fixtures.writing import check_writable

pytestmark = pytest.mark.selftest


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file that is where the reports should go."""
    monkeypatch.setattr(rounds, "REPOSITORY", tmp_path)
    file = tmp_path / "reports"
    file.touch()
    return file


def test_a_folder_that_can_not_be_made_is_the_environment_s_fault(reports: Path) -> None:
    with pytest.raises(EnvironmentFailed, match=rf"can't write {reports}/soak-\S+: Not a directory"):
        report_folder("soak")


def test_what_can_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    check_writable(tmp_path / "reports")
    check_writable(tmp_path)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_what_can_not_be_written_is_told_as_it_was_asked(reports: Path, below: str) -> None:
    with pytest.raises(EnvironmentFailed) as failed:
        check_writable(reports / below)
    assert str(failed.value) == f"can't write {reports / below}: Not a directory"


def test_a_store_that_can_not_be_made_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(EnvironmentFailed, match=r"can't write .*file/voting-conformance: Not a directory"):
        ready_machine(Progress())


def test_mutants_are_not_judged_where_nothing_can_be_told_of_them(
    reports: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert judge_mutants(["--limit", "1"]) == ENVIRONMENT_FAILED
    assert f"environment failed: can't write {reports}: File exists" in capsys.readouterr().err
