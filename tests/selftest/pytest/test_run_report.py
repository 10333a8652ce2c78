"""The report of a run is left after its verdict, and what goes wrong with it changes no exit code."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from canary_conformance.exit_codes import ExitStatus
from canary_conformance.paths import MANIFESTS
from canary_conformance.report import report_writing
from canary_conformance.report.bundle import RunFolder
from canary_conformance.report.exit_decision import Account
from canary_conformance.report.run_record import Outcome, TestRecord, Tier
from canary_conformance.settings import Settings, read_source
from fixtures import report_files as run_report
from fixtures.report_files import leave_report
from fixtures.run_state import RUN, RunState, Selection

STATIC = TestRecord("tests/static/x.py::t", ("R1.1",), 1, Outcome.PASSED, (), "", 0.1, Tier.STATIC)
LIVE = TestRecord("tests/stage_1_deploy/x.py::t", ("R1.1",), 1, Outcome.PASSED, (), "", 0.1)


class Ended:
    """A run that has ended."""

    def __init__(self, folder: Path, *tests: TestRecord, page: bool = False, reuse: bool = False) -> None:
        run = RunState(Settings(MANIFESTS, folder, reuse=reuse))
        run.judge(read_source(MANIFESTS, MANIFESTS / "scenario.yaml"))
        run.folder = RunFolder(folder / "run", linked=False).make()
        run.tests += tests
        self.folder = run.folder.path
        stash = pytest.Stash()
        stash[RUN] = run
        self.config = cast(Any, SimpleNamespace(stash=stash, getoption=lambda _: page))

    def leave(self, status: ExitStatus = ExitStatus.HOLDS, account: Account | None = None) -> None:
        leave_report(self.config, status, account or Account())

    @property
    def files(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()}


@pytest.fixture(autouse=True)
def _runs_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_report, "runs_no_test", lambda _: False)


@pytest.mark.parametrize(
    ("tests", "asked", "page"),
    [((STATIC,), False, False), ((STATIC,), True, True), ((STATIC, LIVE), False, True), ((), False, True)],
)
def test_a_page_is_left_of_runs_on_a_cluster_and_of_others_where_it_is_asked_for(
    tmp_path: Path, tests: tuple[TestRecord, ...], asked: bool, page: bool
) -> None:
    ended = Ended(tmp_path, *tests, page=asked)
    ended.leave()
    assert {"report.json", "conformance.yaml"} <= ended.files
    assert ("report.html" in ended.files) is page


def test_a_page_is_left_where_the_environment_failed_before_any_test_on_the_cluster(tmp_path: Path) -> None:
    ended = Ended(tmp_path, STATIC)
    ended.config.stash[RUN].selection = Selection(stages=(1,))
    ended.leave(ExitStatus.ENVIRONMENT)
    assert "report.html" in ended.files


@pytest.mark.parametrize(
    ("status", "asked", "page"),
    [(ExitStatus.HOLDS, False, False), (ExitStatus.HOLDS, True, True), (ExitStatus.FAILED, False, True)],
)
def test_a_run_of_the_inner_loop_leaves_a_page_where_something_failed(
    tmp_path: Path, status: ExitStatus, asked: bool, page: bool
) -> None:
    ended = Ended(tmp_path, LIVE, page=asked, reuse=True)
    ended.leave(status)
    assert "report.json" in ended.files
    assert ("report.html" in ended.files) is page


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), ImportError("jinja2"), KeyError("x")]
)
def test_a_page_that_fails_is_one_sentence_and_nothing_is_raised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(report_writing, "write_page", fail)
    ended = Ended(tmp_path, LIVE)
    ended.leave(ExitStatus.FAILED)
    said = capsys.readouterr().out.strip()
    assert said.startswith("the report of this run was not written completely: ")
    assert "\n" not in said
    assert "report.json" in ended.files


def test_what_ended_a_run_without_a_verdict_is_in_its_report(tmp_path: Path) -> None:
    ended = Ended(tmp_path)
    account = Account(
        ended=ExitStatus.ENVIRONMENT, reason="environment failed, no verdict: no engine answers"
    )
    ended.leave(ExitStatus.ENVIRONMENT, account)
    run = json.loads((ended.folder / "report.json").read_text())["run"]
    assert (run["exit_code"], run["verdict"]) == (3, "environment failed")
    assert "no engine answers" in (ended.folder / "report.html").read_text()


def test_a_run_without_a_folder_leaves_nothing(tmp_path: Path) -> None:
    ended = Ended(tmp_path, LIVE)
    ended.config.stash[RUN].folder = None
    ended.leave()
    assert ended.files == set()
