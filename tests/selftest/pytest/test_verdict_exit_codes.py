"""What a test raises has one exit code in whatever phase, and a failed requirement comes first."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

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
from canary_conformance.report.exit_decision import Account, closing_lines
from canary_conformance.report.run_record import Outcome, Tier
from fixtures.exit_status import account_of
from fixtures.run_state import RunState
from tests.selftest.verdict_items import (
    Item,
    When,
    broken_environment,
    defect,
    exit_code,
    judged,
    only_record,
    raising,
    run,
)

__all__ = ["run"]


def closing(item: Item, status: ExitStatus) -> str:
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
    assert closing(item, code).startswith(f"exit code {int(code)}: ")


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
    assert str(error) in closing(item, code)


@pytest.mark.parametrize(("required", "code"), [(False, ExitStatus.NOT_JUDGED), (True, ExitStatus.FAILED)])
def test_what_is_not_judged_is_no_success_and_a_failure_where_all_is_required(
    run: RunState, required: bool, code: ExitStatus
) -> None:
    run = replace(run, settings=replace(run.settings, require_all=required))
    item = Item(run, "R4.4")
    item.goes_through("call", raising(NotSpoken("a delegate")))
    assert only_record(run).outcome is Outcome.NOT_JUDGED
    assert exit_code(item, pytest.ExitCode.OK) is code
    lines = closing(item, code)
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
    assert ("defect of the suite" in closing(item, ExitStatus.FAILED)) is (after is defect)


def test_a_defect_is_told_with_what_to_do_about_it(run: RunState) -> None:
    item = Item(run, "R4.4")
    item.goes_through("call", judged(held=True))
    item.goes_through("teardown", defect)
    assert exit_code(item) is ExitStatus.DEFECT
    assert closing(item, ExitStatus.DEFECT).endswith(
        "this is a defect of the suite, not of your manifests; please report it with reports/run/run.json"
    )


def test_an_environment_that_fails_as_the_run_cleans_up_is_exit_code_3(run: RunState) -> None:
    item = Item(run, "R4.4")
    item.goes_through("call", judged(held=True))
    item.goes_through("teardown", broken_environment)
    assert exit_code(item) is ExitStatus.ENVIRONMENT
    assert "while the run cleaned up" in closing(item, ExitStatus.ENVIRONMENT)


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


def test_the_last_line_names_each_requirement_once() -> None:
    account = Account(failed=["R4.4", "R4.10", "R4.4, R4.7"])
    (line,) = closing_lines(ExitStatus.FAILED, account, "")
    assert line.endswith("R4.4, R4.10, R4.7 FAILED")
