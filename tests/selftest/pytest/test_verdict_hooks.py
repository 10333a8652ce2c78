"""A test of a requirement has to judge; what becomes of it is told once, without source text or secrets.

The hooks are called as pytest calls them, around a stand-in for a test item.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, cast

import pytest

from canary_conformance.errors import (
    BadInput,
    EnvironmentFailed,
    ModelDiffers,
    NotJudged,
    NotSpoken,
    RequirementFailed,
    StageFailed,
)
from canary_conformance.exit_codes import ExitStatus
from canary_conformance.paths import MANIFESTS, TESTS
from canary_conformance.progress import Progress
from canary_conformance.report.bundle import RunFolder
from canary_conformance.report.exit_decision import closing_lines, unjudged_requirements
from canary_conformance.report.run_record import Outcome, TestRecord, Tier
from canary_conformance.settings import Settings
from canary_conformance.verdicts import Verdict, expect
from canary_conformance.verdicts.model_disagreement import Disagreement
from fixtures import verdict_hooks
from fixtures.exit_status import Noted, account_of, decide
from fixtures.run_state import FAILED_STAGE, RUN, RunState

pytestmark = pytest.mark.selftest

When = Literal["setup", "call", "teardown"]
FILE = TESTS / "stage_4_canary/test_flag.py"
PASSWORD = "MYSQL_PASSWORD=hunter2"


def verdict(*, held: bool, seen: str = "60 of 600 pages came from 1.0") -> Verdict:
    return Verdict(held, "every page is of 2.0", seen, "60 of 600 from 1.0", (), 600, 0.0, 0.01)


def judged(*, held: bool, seen: str = "60 of 600 pages came from 1.0") -> Callable[[], object]:
    return lambda: expect(None, lambda _: verdict(held=held, seen=seen))


def nothing() -> None:
    pass


def broken_environment() -> None:
    raise EnvironmentFailed("the node is gone")


def defect() -> None:
    raise KeyError("votes")


def raising(error: BaseException) -> Callable[[], object]:
    def body() -> None:
        raise error

    return body


class Item:
    """What the hooks use of a test item, and what pytest needs to make a report of it."""

    def __init__(self, run: RunState, *ids: str) -> None:
        self.path = FILE
        self.nodeid = self.id = "tests/stage_4_canary/test_flag.py::test_flag"
        self.location = (str(FILE), 1, "test_flag")
        self.keywords: dict[str, object] = {}
        self.stash = pytest.Stash()
        self.config = SimpleNamespace(
            stash=pytest.Stash(),
            getoption=lambda _, default=None: default,
            get_verbosity=lambda: 0,
            pluginmanager=SimpleNamespace(get_plugins=list),
        )
        self.session = SimpleNamespace(items=[self])
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
        call = pytest.CallInfo.from_call(
            lambda: self._phase(phase, body), when=phase, reraise=pytest.exit.Exception
        )
        plain = pytest.TestReport.from_item_and_call(cast(pytest.Item, self), cast(Any, call))
        hook = verdict_hooks.pytest_runtest_makereport(cast(pytest.Item, self), cast(Any, call))
        next(hook)
        with pytest.raises(StopIteration) as done:
            hook.send(plain)
        Noted(cast(Any, self.config)).pytest_runtest_logreport(done.value.value)
        return cast(pytest.TestReport, done.value.value)

    def _phase(self, phase: When, body: Callable[[], object]) -> None:
        inner = partial(self._through, verdict_hooks.pytest_runtest_call, body) if phase == "call" else body
        if phase == "teardown":
            inner()
        else:
            setup = phase == "setup"
            self._through(
                verdict_hooks.pytest_runtest_setup if setup else verdict_hooks.pytest_runtest_call_ends, inner
            )

    def _through(self, wrapper: Callable[..., Generator[None]], body: Callable[[], object]) -> None:
        hook = wrapper(cast(pytest.Item, self))
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
def run(tmp_path: Path) -> RunState:
    run = RunState(Settings(MANIFESTS, tmp_path / "store"))
    run.folder = RunFolder.of_now(tmp_path / "reports").make()
    return run


def only_record(run: RunState) -> TestRecord:
    (record,) = run.tests
    return record


# --- a test has to judge ---------------------------------------------------------------------------------


def test_a_test_of_a_requirement_that_makes_no_verdict_has_a_defect(run: RunState) -> None:
    item = Item(run, "R4.4")
    report = item.goes_through("call", nothing)
    assert report.failed
    assert "this test judged nothing" in str(report.longrepr)
    assert only_record(run).outcome is Outcome.ERROR
    assert exit_code(item) is ExitStatus.DEFECT


def test_a_test_of_no_requirement_may_judge_nothing_and_leaves_no_record(run: RunState) -> None:
    assert Item(run).goes_through("call", nothing).passed
    assert run.tests == []


def test_a_test_in_which_model_and_mesh_differ_ends_with_a_report_and_no_trace(run: RunState) -> None:
    def differs() -> None:
        raise Disagreement("1 of 6 calls", "refused", f"answered {PASSWORD}")

    item = Item(run)
    report = item.goes_through("call", differs)
    first, *rest = str(report.longrepr).splitlines()
    assert first == "the model of the manifests and the mesh disagree on 1 of 6 calls (stage 4)"
    assert "Traceback" not in rest
    assert "hunter2" not in str(report.longrepr)
    assert exit_code(item) is ExitStatus.FAILED
    assert run.tests == []


def test_a_test_that_judged_passes_with_its_verdicts_kept(run: RunState) -> None:
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


def test_a_test_that_ended_before_it_judged_is_told_by_how_it_ended(run: RunState) -> None:
    item = Item(run, "R4.4")
    assert "votes" in str(item.goes_through("call", defect).longrepr)
    assert Item(run, "R4.4").goes_through("call", lambda: pytest.skip("no browser")).skipped


# --- the red message -------------------------------------------------------------------------------------


def test_the_red_message_replaces_the_trace_and_is_the_record_s_reason(run: RunState) -> None:
    report = Item(run, "R4.4").goes_through("call", judged(held=False))
    assert str(report.longrepr).startswith("R4.4 stage 4 FAILED")
    assert "Traceback" not in str(report.longrepr)
    record = only_record(run)
    assert record.outcome is Outcome.FAILED
    assert record.reason == str(report.longrepr)
    assert [one.held for one in record.verdicts] == [False]


def test_no_secret_is_in_the_message_or_the_record(run: RunState) -> None:
    report = Item(run, "R4.4").goes_through("call", judged(held=False, seen=PASSWORD))
    assert "MYSQL_PASSWORD=<masked>" in str(report.longrepr)
    assert "hunter2" not in only_record(run).reason

    item = Item(run, "R4.4")
    item.goes_through("call", raising(RuntimeError(PASSWORD)))
    assert run.tests[-1].reason.endswith("MYSQL_PASSWORD=<masked>")
    assert "hunter2" not in "".join(account_of(cast(Any, item.config)).defects)


# --- the record ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", ["setup", "call"])
def test_a_defect_is_an_error_told_without_source_text(run: RunState, phase: When) -> None:
    item = Item(run, "R4.4")
    report = item.goes_through(phase, defect)
    item.goes_through("teardown", nothing)
    record = only_record(run)
    assert (record.outcome, record.reason) == (Outcome.ERROR, "KeyError: 'votes'")
    assert ("defect", f"{verdict_hooks.DEFECT}: KeyError: 'votes'") in report.sections


@pytest.mark.parametrize(
    ("why", "outcome"),
    [
        ("not judged: stage 4 never got ready", Outcome.NOT_JUDGED),
        ("stage 5 has no files", Outcome.SKIPPED),
    ],
)
def test_a_skipped_test_says_why(run: RunState, why: str, outcome: Outcome) -> None:
    Item(run, "R4.4").goes_through("setup", lambda: pytest.skip(why))
    assert only_record(run).outcome is outcome
    assert only_record(run).reason == f"Skipped: {why}"


def test_a_red_test_is_told_at_once_in_a_line(run: RunState) -> None:
    said: list[str] = []
    run.progress = Progress(say=said.append)
    item = Item(run, "R4.4")
    item.goes_through("call", judged(held=False))
    Item(run, "R4.4").goes_through("call", judged(held=True))
    (line,) = said
    assert line.endswith("FAILED: R4.4: 60 of 600 from 1.0")


def test_a_stage_that_never_got_ready_fails_its_requirement_and_leaves_the_others_unjudged(
    run: RunState,
) -> None:
    failed = StageFailed("image not found", breaks="R4.2")
    one, other = Item(run, "R4.2"), Item(run, "R4.4")
    one.nodeid = one.id = "the test of R4.2"
    for item in (other, one):
        item.session.items = [one, other]
        item.config.stash[FAILED_STAGE] = 4
        item.goes_through("setup", raising(failed))
    unjudged, broken = run.tests
    assert (unjudged.outcome, broken.outcome) == (Outcome.NOT_JUDGED, Outcome.FAILED)
    assert unjudged.reason == "Skipped: not judged: stage 4 never got ready"
    assert "image not found" in broken.reason


def test_where_no_test_of_the_requirement_is_to_come_the_first_one_reports_it(run: RunState) -> None:
    """The tests of R3.7 are over, and hold, when voters of a later stage are what fails it."""
    run.tests.append(TestRecord("lock", ("R3.7",), 3, Outcome.PASSED, (), "", 1.0))
    items = [Item(run, "R4.4"), Item(run, "R4.5")]
    for item in items:
        item.id = item.nodeid = f"{item.nodeid}-{len(run.tests)}"
        item.goes_through("setup", raising(StageFailed("voters stand still", breaks="R3.7")))
    assert [(one.requirements, one.outcome) for one in run.tests[1:]] == [
        (("R3.7",), Outcome.FAILED),
        (("R4.4",), Outcome.NOT_JUDGED),
        (("R4.5",), Outcome.NOT_JUDGED),
    ]
    assert exit_code(items[0]) is ExitStatus.FAILED


def test_what_another_test_is_to_report_is_a_failure_of_the_run_all_the_same(run: RunState) -> None:
    one, other = Item(run, "R4.9"), Item(run, "R4.3")
    other.session.items = [one, other]
    one.nodeid = "the test of R4.9"
    report = other.goes_through("setup", raising(RequirementFailed("MySQL is gone", breaks="R4.9")))
    assert report.skipped
    assert only_record(run).reason == "Skipped: not judged: R4.9 FAILED: MySQL is gone"
    assert exit_code(other) is ExitStatus.FAILED


def test_a_requirement_that_fails_outside_of_a_verdict_is_its_test_s_own_where_no_other_is_named(
    run: RunState,
) -> None:
    report = Item(run, "R4.4").goes_through("call", raising(RequirementFailed("no page had an answer")))
    assert str(report.longrepr).startswith("R4.4 FAILED: no page had an answer")
    assert only_record(run).outcome is Outcome.FAILED


@pytest.mark.parametrize("held", [True, False])
def test_an_error_at_teardown_doubles_neither_verdicts_nor_properties(run: RunState, held: bool) -> None:
    item = Item(run, "R4.4")
    item.goes_through("call", judged(held=held))
    before = only_record(run)
    assert item.goes_through("teardown", defect).failed
    after = only_record(run)
    assert after.verdicts == before.verdicts
    assert item.properties("requirement") == ["R4.4"]
    assert len(item.properties("evidence")) == 1
    assert after.outcome is (Outcome.ERROR if held else Outcome.FAILED)
    assert ("votes" in after.reason) is held


def test_each_failure_is_written_under_the_test_s_own_name(run: RunState) -> None:
    item = Item(run, "R4.4")
    item.goes_through("call", judged(held=False))
    item.goes_through("teardown", defect)
    assert run.folder is not None
    failures = sorted(path.name for path in (run.folder.path / "failures").iterdir())
    name = "stage_4_canary_test_flag.py_test_flag"
    assert failures == [name, f"{name}-2"]
    told = run.folder.path / "failures" / name / "failure.txt"
    assert told.read_text().startswith("R4.4 stage 4 FAILED")


# --- the exit code ---------------------------------------------------------------------------------------


def exit_code(item: Item, raw: int = pytest.ExitCode.TESTS_FAILED) -> ExitStatus:
    account = account_of(cast(Any, item.config))
    run = item.config.stash[RUN]
    account.not_judged = unjudged_requirements(run.record())
    account.all_required = run.settings.require_all
    return decide(raw, account)


def told(item: Item, status: ExitStatus) -> str:
    return "\n".join(closing_lines(status, account_of(cast(Any, item.config)), "reports/run/run.json"))


@pytest.mark.parametrize("phase", ["setup", "call"])
@pytest.mark.parametrize(
    ("error", "code"),
    [
        (KeyError("votes"), ExitStatus.DEFECT),
        (AssertionError("a helper's"), ExitStatus.DEFECT),
        (NotSpoken("a delegate"), ExitStatus.NOT_JUDGED),
        (NotJudged("nothing can be run in pod x"), ExitStatus.NOT_JUDGED),
        (ModelDiffers("model and mesh disagree"), ExitStatus.FAILED),
        (RequirementFailed("MySQL is gone"), ExitStatus.FAILED),
        (StageFailed("image not found", breaks="R4.4"), ExitStatus.FAILED),
    ],
)
def test_what_a_test_raises_has_one_exit_code_in_whatever_phase(
    run: RunState, phase: When, error: Exception, code: ExitStatus
) -> None:
    item = Item(run, "R4.4")
    report = item.goes_through(phase, raising(error))
    assert exit_code(item, pytest.ExitCode.TESTS_FAILED if report.failed else 0) is code
    assert told(item, code).startswith(f"exit code {int(code)}: ")


@pytest.mark.parametrize("phase", ["setup", "call"])
@pytest.mark.parametrize(
    ("error", "code"),
    [(EnvironmentFailed("no node"), ExitStatus.ENVIRONMENT), (BadInput("no such"), ExitStatus.BAD_INPUT)],
)
def test_bad_input_and_a_failed_environment_end_the_run_at_once(
    run: RunState, phase: When, error: Exception, code: ExitStatus
) -> None:
    before = Item(run, "R4.3")
    before.goes_through("call", judged(held=False))
    item = Item(run, "R4.4")
    item.config = before.config
    with pytest.raises(pytest.exit.Exception, match=str(error)):
        item.goes_through(phase, raising(error))
    assert exit_code(item, pytest.ExitCode.INTERRUPTED) is code
    assert str(error) in told(item, code)


@pytest.mark.parametrize(("required", "code"), [(False, ExitStatus.NOT_JUDGED), (True, ExitStatus.FAILED)])
def test_what_is_not_judged_is_no_success_and_a_failure_where_all_is_required(
    run: RunState, required: bool, code: ExitStatus
) -> None:
    run = replace(run, settings=replace(run.settings, require_all=required))
    item = Item(run, "R4.4")
    item.goes_through("call", raising(NotSpoken("a delegate")))
    assert only_record(run).outcome is Outcome.NOT_JUDGED
    assert exit_code(item, pytest.ExitCode.OK) is code
    lines = told(item, code)
    assert "1 requirement was not judged (R4.4): a delegate" in lines
    assert ("which --require-all counts as FAILED" in lines) is required


def test_what_one_tier_leaves_to_the_other_is_judged(run: RunState) -> None:
    item = Item(run, "R4.4")
    item.goes_through("call", judged(held=True))
    static = replace(only_record(run), name="static", tier=Tier.STATIC, outcome=Outcome.NOT_JUDGED, reason="")
    run.tests.append(static)
    assert exit_code(item, pytest.ExitCode.OK) is ExitStatus.HOLDS
    run.tests.append(replace(static, tier=Tier.LIVE))
    assert exit_code(item, pytest.ExitCode.OK) is ExitStatus.NOT_JUDGED


@pytest.mark.parametrize("after", [defect, broken_environment])
def test_a_failed_requirement_is_exit_code_1_whatever_else_failed(
    run: RunState, after: Callable[[], object]
) -> None:
    item = Item(run, "R4.4")
    item.goes_through("call", judged(held=False))
    item.goes_through("teardown", after)
    assert exit_code(item) is ExitStatus.FAILED
    assert ("defect of the suite" in told(item, ExitStatus.FAILED)) is (after is defect)


def test_a_defect_is_told_with_what_to_do_about_it(run: RunState) -> None:
    item = Item(run, "R4.4")
    item.goes_through("call", judged(held=True))
    item.goes_through("teardown", defect)
    assert exit_code(item) is ExitStatus.DEFECT
    assert told(item, ExitStatus.DEFECT).endswith(
        "this is a defect of the suite, not of your manifests; please report it with reports/run/run.json"
    )


def test_an_environment_that_fails_as_the_run_cleans_up_is_exit_code_3(run: RunState) -> None:
    item = Item(run, "R4.4")
    item.goes_through("call", judged(held=True))
    item.goes_through("teardown", broken_environment)
    assert exit_code(item) is ExitStatus.ENVIRONMENT
    assert "while the run cleaned up" in told(item, ExitStatus.ENVIRONMENT)


def test_a_test_of_the_suite_itself_judges_by_its_assertions(run: RunState) -> None:
    item = Item(run)
    item.path = Path(__file__)
    item.goes_through("call", defect)
    assert run.tests == []
    assert exit_code(item) is ExitStatus.FAILED


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (pytest.ExitCode.OK, ExitStatus.HOLDS),
        (pytest.ExitCode.INTERRUPTED, ExitStatus.INTERRUPTED),
        (pytest.ExitCode.INTERNAL_ERROR, ExitStatus.DEFECT),
        (pytest.ExitCode.USAGE_ERROR, ExitStatus.BAD_INPUT),
        (pytest.ExitCode.NO_TESTS_COLLECTED, ExitStatus.BAD_INPUT),
        (77, ExitStatus.DEFECT),
    ],
)
def test_no_code_of_pytest_s_own_gets_through(run: RunState, raw: int, code: ExitStatus) -> None:
    item = Item(run, "R4.4")
    item.goes_through("call", judged(held=True))
    assert exit_code(item, raw) is code
