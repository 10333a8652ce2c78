"""A round is a run of the suite on the kept cluster; its verdicts are those of the report beside its log."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from canary_conformance.errors import BadInput
from canary_conformance.exit_codes import ExitStatus, together
from canary_conformance.images.image_options import AskedVersions, ImagesFrom
from canary_conformance.report.bundle import RunFolder
from canary_conformance.report.run_record import Outcome
from tests.selftest.support import run_record
from tools.rounds import read_round
from tools.suite_process import Ended, SuiteOptions, report_of


def test_a_round_is_the_walk_of_e2e_on_the_kept_cluster() -> None:
    suite = SuiteOptions(ImagesFrom.BUILD, "c", versions=AskedVersions(envoy="1.38.3"))
    words = suite.command("-k", "canary", keep=True)
    assert words[:4] == [sys.executable, "-m", "pytest", "tests"]
    assert words[4:8] == ["--images", "build", "--envoy-version", "1.38.3"]
    assert words[8:] == ["--cluster-name", "c", "--keep-cluster", "-k", "canary"]
    assert "--keep-cluster" not in SuiteOptions(keep_cluster=True).command(keep=False)


def test_a_round_is_what_the_report_beside_its_log_says(tmp_path: Path) -> None:
    log = tmp_path / "round-1.log"
    RunFolder(report_of(log), linked=False).make().write_run(
        run_record(R3_2=Outcome.FAILED, R4_4=Outcome.PASSED)
    )
    one = read_round(Ended(118.4, 1, f"report: {tmp_path}/another"), log)
    assert (one.seconds, one.exit_code, one.report) == (118.4, 1, report_of(log))
    assert one.failed == ["R3.2"]
    assert one.verdict == "RED, R3.2 FAILED"


def test_a_round_without_a_report_judged_nothing(tmp_path: Path) -> None:
    one = read_round(Ended(20.0, 3, "environment failed, no verdict: no node"), tmp_path / "log")
    assert (one.requirements, one.report) == ((), None)
    assert one.verdict == "environment failed (exit code 3), no verdict"
    assert one.places == f"log {tmp_path / 'log'}"


def test_a_round_whose_report_is_empty_judged_nothing(tmp_path: Path) -> None:
    report_of(tmp_path / "log").mkdir()
    one = read_round(Ended(20.0, -9, ""), tmp_path / "log")
    assert (one.requirements, one.report) == ((), report_of(tmp_path / "log"))
    assert one.failed == []
    assert together([one.exit_code]) == ExitStatus.DEFECT
    assert one.verdict == "killed by SIGKILL (exit code -9), no verdict"


def test_arguments_that_pytest_can_not_take_end_the_soak(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such option"):
        read_round(Ended(1.0, ExitStatus.BAD_INPUT, "no such option"), tmp_path / "log")


def test_a_round_that_somebody_ended_ends_the_soak(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        read_round(Ended(1.0, 2, ""), tmp_path / "log")
