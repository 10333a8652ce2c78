"""A run's folder holds what it was given, masked, under harmless names, and nothing outside of itself."""

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from canary_conformance.errors import BadInput
from canary_conformance.progress import Phase
from canary_conformance.report.bundle import RunFolder
from canary_conformance.report.run_record import Outcome, RunRecord, TestRecord
from canary_conformance.verdicts import Verdict

NOON = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.of_now(tmp_path / "reports").make()


def everything_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_run_is_named_by_its_utc_time(tmp_path: Path) -> None:
    there = NOON.astimezone(timezone(timedelta(hours=5)))
    run = RunFolder.of_now(tmp_path / "reports", there).make()
    assert re.fullmatch(r"20261122T120000Z-[0-9a-f]{6}", run.path.name)
    assert run.junit == run.path / "junit.xml"


def test_latest_leads_to_the_newest_run_wherever_the_folder_is_moved(tmp_path: Path) -> None:
    reports = tmp_path / "reports"
    first, second = (RunFolder.of_now(reports, NOON).make() for _ in range(2))
    assert first.path != second.path
    assert (reports / "latest").resolve() == second.path
    assert sorted(path.name for path in reports.iterdir()) == sorted(
        [".gitignore", "latest", first.path.name, second.path.name]
    )
    reports.rename(tmp_path / "moved")
    assert (tmp_path / "moved" / "latest" / ".").is_dir()


def test_reports_are_hidden_from_git_where_the_suite_makes_their_folder(tmp_path: Path) -> None:
    RunFolder.of_now(tmp_path / "new").make()
    assert (tmp_path / "new/.gitignore").read_text() == "*\n"
    RunFolder.of_now(tmp_path).make()
    assert not (tmp_path / ".gitignore").exists(), "the folder is the user's"
    RunFolder(tmp_path / "named/report", linked=False).make()
    assert not (tmp_path / "named/.gitignore").exists()


def test_a_latest_that_leads_nowhere_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to("gone")
    run = RunFolder.of_now(tmp_path).make()
    assert (tmp_path / "latest").resolve() == run.path


def test_a_latest_that_is_somebodys_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "latest").mkdir()
    with pytest.raises(BadInput, match="symbolic link"):
        RunFolder.of_now(tmp_path).make()
    assert [path.name for path in tmp_path.iterdir()] == ["latest"]


def test_summary_and_record_are_written_and_can_be_written_again(run: RunFolder) -> None:
    verdict = Verdict(False, "2.0", "1.0", "60 of 600", ("password=hunter2",), 600, 0.0, 0.01)
    test = TestRecord("tests/t.py::test_x", ("R4.4",), 4, Outcome.FAILED, (verdict,), "why", 1.5)
    record = RunRecord(("Istio 1.31",), (test,), (Phase("cluster", 0, 0.0, 10.0),))
    run.write_run(RunRecord((), (), ()))
    run.write_run(record)
    summary = (run.path / "summary.txt").read_text(encoding="utf-8")
    for part in ("Istio 1.31", "R4.4", "FAILED", "60 of 600", "1 failed", "cluster", "the run"):
        assert part in summary
    written = json.loads((run.path / "run.json").read_text(encoding="utf-8"))
    assert written["header"] == ["Istio 1.31"]
    assert written["phases"] == [{"name": "cluster", "depth": 0, "started": 0.0, "seconds": 10.0}]
    assert written["tests"][0]["outcome"] == "failed"
    assert written["tests"][0]["requirements"] == ["R4.4"]
    assert written["tests"][0]["verdicts"][0]["sample_size"] == 600
    assert written["tests"][0]["verdicts"][0]["examples"] == ["password=<masked>"]


def test_a_failure_has_its_text_and_its_files(run: RunFolder) -> None:
    folder = run.write_failure(
        "tests/stage_4_canary/test_canary.py::test_x[a/b]",
        "R4.4 FAILED",
        {"pods/app.log": "line\r\n", "screenshot.png": b"\x89PNG\xff", "proxy.json": b'{"a": 1}'},
    )
    assert folder.parent == run.path / "failures"
    assert folder.name == "stage_4_canary_test_canary.py_test_x_a_b"
    assert everything_below(folder) == {"failure.txt", "pods_app.log", "screenshot.png", "proxy.json"}
    assert (folder / "failure.txt").read_text(encoding="utf-8") == "R4.4 FAILED"
    assert (folder / "pods_app.log").read_bytes() == b"line\r\n"
    assert (folder / "screenshot.png").read_bytes() == b"\x89PNG\xff"


def test_texts_are_masked_even_when_they_come_as_bytes(run: RunFolder) -> None:
    secret = "kind: Secret\nstringData:\n  MYSQL_PASSWORD: hunter2\n"
    files: dict[str, str | bytes] = {"secret.yaml": secret, "env.txt": b"MYSQL_PASSWORD=hunter2"}
    folder = run.write_failure("test_x", secret, files)
    for path in folder.iterdir():
        content = path.read_text(encoding="utf-8")
        assert "hunter2" not in content
        assert "MYSQL_PASSWORD" in content


@pytest.mark.parametrize(
    "name",
    [
        "../../escape", "/etc/passwd", "..", ".", "", "\x00", ".hidden", "a\\..\\b", "-rf", "é" * 300,
        "x" * 300,
    ],
)  # fmt: skip
def test_no_name_leads_outside_or_hides(run: RunFolder, tmp_path: Path, name: str) -> None:
    before = everything_below(tmp_path)
    folder = run.write_failure(name, "text", {name: "content"})
    assert folder.parent == run.path / "failures"
    assert all(re.fullmatch(r"\w[\w.-]*", path.name) for path in (folder, *folder.iterdir()))
    new = everything_below(tmp_path) - before
    assert len(new) == 2
    assert all(path.startswith(f"reports/{run.path.name}/failures/{folder.name}/") for path in new)


def test_equal_names_lose_nothing(run: RunFolder) -> None:
    first = run.write_failure("test_x", "first", {"a/b.log": "1", "a_b.log": "2", "failure.txt": "3"})
    second = run.write_failure("test_x", "second", {})
    assert (first.name, second.name) == ("test_x", "test_x-2")
    texts = {path.name: path.read_text(encoding="utf-8") for path in first.iterdir()}
    assert texts == {"failure.txt": "first", "a_b.log": "1", "a_b-2.log": "2", "failure-2.txt": "3"}


def test_long_names_stay_apart(run: RunFolder) -> None:
    folders = {run.write_failure("x" * 300 + end, "text", {}) for end in "ab"}
    assert len(folders) == 2
    assert all(len(folder.name) <= 120 for folder in folders)


def test_a_log_of_broken_characters_is_written(run: RunFolder) -> None:
    folder = run.write_failure("test_x", "half \udc80", {})
    assert (folder / "failure.txt").read_text(encoding="utf-8") == "half \\udc80"
