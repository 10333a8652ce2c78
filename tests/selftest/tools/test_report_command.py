"""`python -m tools.report`: a page made anew, two runs compared, bad input in a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.selftest.report_examples import report
from tools.report import main


def _run(folder: Path, name: str) -> str:
    folder.mkdir()
    (folder / "report.json").write_text(json.dumps(report(name)), encoding="utf-8")
    return str(folder)


def test_one_run_is_rendered_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([_run(tmp_path / "a", "red")]) == 0
    assert "R4.5" in (tmp_path / "a" / "report.html").read_text(encoding="utf-8")
    assert (tmp_path / "a" / "conformance.yaml").is_file()
    assert "report.html" in capsys.readouterr().out


def test_two_runs_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([_run(tmp_path / "a", "green"), _run(tmp_path / "b", "red")]) == 0
    assert "broke: R4.5 holds -> FAILED" in capsys.readouterr().out
    assert "1 requirement broke" in (tmp_path / "b" / "comparison.html").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "b" / "comparison.json").read_text())["broke"][0]["id"] == "R4.5"


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"version": 99}'])
def test_what_is_no_report_of_this_version_is_bad_input(
    tmp_path: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "report.json").write_text(content)
    assert main([str(tmp_path)]) == 4
    assert capsys.readouterr().err.startswith("bad input: ")


def test_a_run_that_is_not_there_is_bad_input(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no-such-run"]) == 4
    assert "no-such-run is no run with a report.json" in capsys.readouterr().err
