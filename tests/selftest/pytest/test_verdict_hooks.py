"""A test of a requirement has to judge; what becomes of it is told once, without source text or secrets.

The hooks are called as pytest calls them, around a stand-in for a test item.
"""

from typing import Any, cast

import pytest

from canary_conformance.errors import RequirementFailed, StageFailed
from canary_conformance.exit_codes import ExitStatus
from canary_conformance.progress import Progress
from canary_conformance.report.run_record import Outcome, TestRecord
from canary_conformance.verdicts.model_disagreement import Disagreement
from fixtures import verdict_hooks
from fixtures.exit_status import account_of
from fixtures.run_state import FAILED_STAGE, RunState
from tests.selftest.verdict_items import (
    PASSWORD,
    Item,
    When,
    defect,
    exit_code,
    judged,
    nothing,
    only_record,
    raising,
    run,
    verdict,
)

__all__ = ["run"]


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
    record = only_record(run)
    assert (record.requirements, record.outcome, record.verdicts) == ((), Outcome.FAILED, ())
    assert "hunter2" not in record.reason


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
    [("not judged: stage 4 never got ready", Outcome.NOT_JUDGED), ("stage 5 has no files", Outcome.SKIPPED)],
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
    text = run.folder.path / "failures" / name / "failure.txt"
    assert text.read_text().startswith("R4.4 stage 4 FAILED")
