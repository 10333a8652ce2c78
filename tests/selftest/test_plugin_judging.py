"""A test of a promise has to judge; what becomes of it is told once, without source text or secrets.

The hooks are called as pytest calls them, around a stand-in for a test item.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, cast

import pytest

from fixtures.images.asked import ImagesFrom
from fixtures.plugin import judging
from fixtures.plugin.options import ENVIRONMENT_FAILED, OWN_MANIFESTS, RUN, Run
from fixtures.progress import Progress
from fixtures.report.bundle import RunFolder
from fixtures.report.record import Outcome, TestRecord
from fixtures.scenario.errors import EnvironmentFailed, NotSpoken
from fixtures.verdicts import Verdict, expect
from fixtures.verdicts.disagreement import Disagreement

pytestmark = pytest.mark.selftest

When = Literal["setup", "call", "teardown"]
FILE = Path(__file__).parents[1] / "stage_4_canary/test_flag.py"
CANARY = "istio/step-3-add-routing-for-2.0-components.yaml"
PASSWORD = "MYSQL_PASSWORD=hunter2"


def verdict(*, held: bool, seen: str = "60 of 600 pages came from 1.0") -> Verdict:
    return Verdict(held, "every page is of 2.0", seen, "60 of 600 from 1.0", (), 600, 0.0, 0.01)


def judged(*, held: bool, seen: str = "60 of 600 pages came from 1.0") -> Callable[[], object]:
    return lambda: expect(None, lambda _: verdict(held=held, seen=seen))


def nothing() -> None:
    pass


def broken_environment() -> None:
    raise EnvironmentFailed("the node is gone")


class Item:
    """What the hooks use of a test item, and what pytest needs to make a report of it."""

    def __init__(self, run: Run, *ids: str) -> None:
        self.path = FILE
        self.nodeid = self.id = "tests/stage_4_canary/test_flag.py::test_flag"
        self.location = (str(FILE), 1, "test_flag")
        self.keywords: dict[str, object] = {}
        self.stash = pytest.Stash()
        self.config = SimpleNamespace(
            stash=pytest.Stash(), getoption=lambda _, default=None: default, get_verbosity=lambda: 0
        )
        self.config.stash[RUN] = run
        self.user_properties: list[tuple[str, object]] = []
        self._report_sections: list[tuple[str, str, str]] = []
        self._marks = [pytest.mark.requirement(*ids).mark] if ids else []

    def iter_markers(self, name: str) -> Iterator[pytest.Mark]:
        return (mark for mark in self._marks if mark.name == name)

    def repr_failure(self, info: pytest.ExceptionInfo[BaseException], **_: object) -> object:
        if isinstance(info.value, pytest.fail.Exception) and not info.value.pytrace:
            return str(info.value)
        return info.getrepr(style="long")

    _repr_failure_py = repr_failure

    def goes_through(self, phase: When, body: Callable[[], object]) -> pytest.TestReport:
        """Let a phase of the test run and be reported, through the hooks."""
        call = pytest.CallInfo.from_call(lambda: self._call(body) if phase == "call" else body(), when=phase)
        plain = pytest.TestReport.from_item_and_call(cast(pytest.Item, self), cast(Any, call))
        hook = judging.pytest_runtest_makereport(cast(pytest.Item, self), cast(Any, call))
        next(hook)
        with pytest.raises(StopIteration) as done:
            hook.send(plain)
        return cast(pytest.TestReport, done.value.value)

    def _call(self, body: Callable[[], object]) -> None:
        hook = judging.pytest_runtest_call(cast(pytest.Item, self))
        next(hook)
        try:
            body()
        except BaseException as error:
            hook.throw(error)
        else:
            assert next(hook, "ended") == "ended"

    def properties(self, name: str) -> list[object]:
        return [value for key, value in self.user_properties if key == name]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    run = Run(ImagesFrom.AUTO, "name", False, OWN_MANIFESTS, False, tmp_path / "store", Progress())
    run.folder = RunFolder.of_now(tmp_path / "reports").make()
    return run


def only_record(run: Run) -> TestRecord:
    (record,) = run.tests
    return record


# --- a test has to judge ---------------------------------------------------------------------------------


def test_a_test_of_a_promise_that_makes_no_verdict_fails(run: Run) -> None:
    report = Item(run, "R4.4").goes_through("call", nothing)
    assert report.failed
    assert "this test judged nothing" in str(report.longrepr)
    assert only_record(run).outcome is Outcome.FAILED


def test_a_test_of_no_promise_may_judge_nothing_and_leaves_no_record(run: Run) -> None:
    assert Item(run).goes_through("call", nothing).passed
    assert run.tests == []


def test_a_test_in_which_model_and_mesh_differ_ends_with_a_report_and_no_trace(run: Run) -> None:
    def differs() -> None:
        raise Disagreement("1 of 6 calls", "refused", f"answered {PASSWORD}")

    report = Item(run).goes_through("call", differs)
    first, *rest = str(report.longrepr).splitlines()
    assert first == "the model of the manifests and the mesh disagree on 1 of 6 calls (stage 4)"
    assert "Traceback" not in rest
    assert "hunter2" not in str(report.longrepr)
    assert run.others_failed
    assert run.tests == []


def test_a_test_that_judged_passes_with_its_verdicts_kept(run: Run) -> None:
    item = Item(run, "R4.4")
    assert item.goes_through("setup", nothing).passed
    report = item.goes_through("call", judged(held=True))
    assert item.goes_through("teardown", nothing).passed
    assert report.passed
    record = only_record(run)
    assert (record.name, record.requirements, record.stage) == (item.nodeid, ("R4.4",), 4)
    assert (record.outcome, record.verdicts, record.reason) == (Outcome.PASSED, (verdict(held=True),), "")
    assert item.properties("requirement") == ["R4.4"]
    assert report.user_properties == item.user_properties


def test_a_test_that_ended_before_it_judged_is_told_by_how_it_ended(run: Run) -> None:
    item = Item(run, "R4.4")
    assert "the node is gone" in str(item.goes_through("call", broken_environment).longrepr)
    assert Item(run, "R4.4").goes_through("call", lambda: pytest.skip("no browser")).skipped


# --- the red message -------------------------------------------------------------------------------------


def test_the_red_message_replaces_the_trace_and_is_the_record_s_reason(run: Run) -> None:
    report = Item(run, "R4.4").goes_through("call", judged(held=False))
    assert str(report.longrepr).startswith("R4.4 stage 4 FAILED")
    assert "Traceback" not in str(report.longrepr)
    record = only_record(run)
    assert record.outcome is Outcome.FAILED
    assert record.reason == str(report.longrepr)
    assert [one.held for one in record.verdicts] == [False]


def test_no_secret_is_in_the_message_or_the_record(run: Run) -> None:
    report = Item(run, "R4.4").goes_through("call", judged(held=False, seen=PASSWORD))
    assert "MYSQL_PASSWORD=<masked>" in str(report.longrepr)
    assert "hunter2" not in only_record(run).reason

    def fail() -> None:
        raise EnvironmentFailed(PASSWORD)

    Item(run, "R4.4").goes_through("call", fail)
    assert run.tests[-1].reason.endswith("MYSQL_PASSWORD=<masked>")


# --- the record ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", ["setup", "call"])
def test_a_failed_environment_is_an_error_told_without_source_text(run: Run, phase: When) -> None:
    item = Item(run, "R4.4")
    item.goes_through(phase, broken_environment)
    item.goes_through("teardown", nothing)
    record = only_record(run)
    assert record.outcome is Outcome.ERROR
    assert record.reason == "fixtures.scenario.errors.EnvironmentFailed: the node is gone"


@pytest.mark.parametrize(
    ("why", "outcome"),
    [
        ("not judged: stage 4 never got ready", Outcome.NOT_JUDGED),
        ("stage 5 has no files", Outcome.SKIPPED),
    ],
)
def test_a_skipped_test_says_why(run: Run, why: str, outcome: Outcome) -> None:
    Item(run, "R4.4").goes_through("setup", lambda: pytest.skip(why))
    assert only_record(run).outcome is outcome
    assert only_record(run).reason == f"Skipped: {why}"


def test_a_red_test_is_told_at_once_in_a_line(run: Run) -> None:
    said: list[str] = []
    run.progress = Progress(say=said.append)
    item = Item(run, "R4.4")
    item.goes_through("call", judged(held=False))
    Item(run, "R4.4").goes_through("call", judged(held=True))
    (line,) = said
    assert line.endswith("FAILED: R4.4: 60 of 600 from 1.0")


def test_what_is_not_judged_is_no_headline_where_all_is_required(run: Run) -> None:
    said: list[str] = []
    run.progress = Progress(say=said.append)
    told = "not judged: stage 4 never got ready"
    Item(run, "R4.4").goes_through("setup", lambda: pytest.fail(told, pytrace=False))
    assert (only_record(run).outcome, only_record(run).after_live) == (Outcome.FAILED, None)
    assert said == []


def test_a_stage_that_never_got_ready_breaks_its_promise(run: Run) -> None:
    said = "R4.2 stage 4 FAILED: image not found"
    Item(run, "R4.2").goes_through("setup", lambda: pytest.fail(said, pytrace=False))
    assert (only_record(run).outcome, only_record(run).reason) == (Outcome.FAILED, said)


@pytest.mark.parametrize("held", [True, False])
def test_an_error_at_teardown_doubles_neither_verdicts_nor_properties(run: Run, held: bool) -> None:
    item = Item(run, "R4.4")
    item.goes_through("call", judged(held=held))
    before = only_record(run)
    assert item.goes_through("teardown", broken_environment).failed
    after = only_record(run)
    assert after.verdicts == before.verdicts
    assert item.properties("requirement") == ["R4.4"]
    assert len(item.properties("evidence")) == 1
    assert after.outcome is (Outcome.ERROR if held else Outcome.FAILED)
    assert ("the node is gone" in after.reason) is held


def test_each_failure_is_written_under_the_test_s_own_name(run: Run) -> None:
    item = Item(run, "R4.4")
    item.goes_through("call", judged(held=False))
    item.goes_through("teardown", broken_environment)
    assert run.folder is not None
    failures = sorted(path.name for path in (run.folder.path / "failures").iterdir())
    name = "stage_4_canary_test_flag.py_test_flag"
    assert failures == [name, f"{name}-2"]
    told = run.folder.path / "failures" / name / "failure.txt"
    assert told.read_text().startswith("R4.4 stage 4 FAILED")


# --- the exit code ---------------------------------------------------------------------------------------


def exit_code(item: Item, exitstatus: int = pytest.ExitCode.TESTS_FAILED) -> int:
    session = SimpleNamespace(config=item.config, exitstatus=exitstatus)
    judging.pytest_sessionfinish(cast(pytest.Session, session), exitstatus)
    return int(session.exitstatus)


@pytest.mark.parametrize(("required", "code"), [(False, 0), (True, 1)])
def test_what_is_not_judged_counts_as_broken_where_all_is_required(
    run: Run, required: bool, code: int
) -> None:
    def ask_what_the_model_can_t_tell() -> None:
        raise NotSpoken("a delegate")

    run = replace(run, require_all=required)
    item = Item(run, "R4.4")
    item.goes_through("call", ask_what_the_model_can_t_tell)
    assert only_record(run).outcome is Outcome.NOT_JUDGED
    assert exit_code(item, pytest.ExitCode.OK) == code
    told: list[str] = []
    judging.pytest_terminal_summary(
        cast(Any, SimpleNamespace(write_line=told.append)), cast(Any, item.config)
    )
    assert ("--require-all: R4.4 can't be judged, which counts as failed" in told) is required


def test_a_broken_promise_is_exit_code_1_whatever_else_failed(run: Run) -> None:
    item = Item(run, "R4.4")
    item.goes_through("call", judged(held=False))
    item.goes_through("teardown", broken_environment)
    assert exit_code(item) == 1


def test_nothing_but_a_failed_environment_is_exit_code_3(run: Run) -> None:
    item = Item(run, "R4.4")
    item.goes_through("call", broken_environment)
    item.goes_through("teardown", broken_environment)
    assert exit_code(item) == ENVIRONMENT_FAILED


def test_a_failed_environment_after_a_pass_is_exit_code_3(run: Run) -> None:
    item = Item(run, "R4.4")
    item.goes_through("call", judged(held=True))
    item.goes_through("teardown", broken_environment)
    assert exit_code(item) == ENVIRONMENT_FAILED


def test_a_failed_test_of_no_promise_is_exit_code_1(run: Run) -> None:
    item, other = Item(run, "R4.4"), Item(run)
    other.config = item.config
    item.goes_through("call", broken_environment)
    other.goes_through("call", broken_environment)
    other.goes_through("teardown", nothing)
    assert exit_code(item) == 1


@pytest.mark.parametrize("status", [pytest.ExitCode.OK, pytest.ExitCode.INTERRUPTED, ENVIRONMENT_FAILED, 4])
def test_other_endings_keep_their_exit_code(run: Run, status: int) -> None:
    item = Item(run, "R4.4")
    item.goes_through("call", judged(held=True))
    assert exit_code(item, status) == status


def test_a_run_without_tests_of_promises_keeps_its_exit_code(run: Run) -> None:
    assert exit_code(Item(run)) == 1
