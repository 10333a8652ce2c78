"""What can't be written ends a command with exit code 3, and names the path and the reason."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from canary_conformance.errors import EnvironmentFailed
from canary_conformance.exit_codes import ExitStatus
from canary_conformance.file_output import check_writable
from canary_conformance.progress import Progress
from tools import preparation, soak
from tools import reports as tool_reports
from tools.bench import __main__ as bench
from tools.faults import __main__ as faults
from tools.matrix import __main__ as matrix
from tools.mutants import __main__ as mutants
from tools.preparation import ready_machine
from tools.reports import publish, report_folder


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file that is where the reports should go."""
    monkeypatch.setattr(tool_reports, "REPORTS", tmp_path / "reports")
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


@pytest.mark.parametrize(
    ("main", "words"),
    [
        (soak.main, []),
        (bench.main, ["--workers", "2"]),
        (faults.main, []),
        (matrix.main, []),
        (mutants.main, ["--limit", "1"]),
    ],
    ids=["soak", "bench", "faults", "matrix", "mutants"],
)
def test_nothing_is_made_where_nothing_can_be_told_of_it(
    main: Callable[[Sequence[str]], int],
    words: Sequence[str],
    reports: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made: list[object] = []
    monkeypatch.setattr(preparation, "ensure_engine", made.append)
    assert main(words) == ExitStatus.ENVIRONMENT
    assert made == []
    assert f"environment failed: can't write {reports}: Not a directory" in capsys.readouterr().err


def test_a_table_is_printed_although_no_file_can_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "soak-1"
    report.mkdir()
    publish(report, "the table", txt="the table\n", json="{}\n")
    assert report.with_suffix(".txt").read_text() == "the table\n"
    *_, json, logs = capsys.readouterr().out.splitlines()
    assert (json, logs) == (f"written to {report}.json", f"logs: {report}")
    (tmp_path / "file").touch()
    with pytest.raises(EnvironmentFailed, match="can't write"):
        publish(tmp_path / "file/soak-2", "the table", txt="the table\n")
    assert capsys.readouterr().out.strip() == "the table"
