"""What the environment broke is no verdict: the run ends with exit code 3 and says what happened."""

from collections.abc import Generator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import MaxRetryError

from canary_conformance.errors import EnvironmentFailed, NotJudged, RequirementFailed, StageFailed
from canary_conformance.exit_codes import ExitStatus
from canary_conformance.interrupts import Interrupts
from canary_conformance.report.run_record import Outcome, TestRecord
from canary_conformance.settings import Settings
from canary_conformance.verdicts import ExpectationFailed, Verdict
from canary_conformance.voting.requirements import REQUIREMENTS
from canary_conformance.voting.stage_rules import VOTING_RULES
from canary_conformance.waiting import GaveUp, NotInTime
from fixtures import environment
from fixtures.exit_status import account_of, decide
from fixtures.run_state import NAMESPACE_UNDER_TEST, RUN, STAGE_FAILURE, RunState

BROKEN = ExpectationFailed(Verdict(False, "all of 2.0", "one of 1.0", "1 of 600", (), 600, 0.0, 0.01))
DISTURBED = "pod app-1 was taken away"
LIVE, STATIC = "tests/stage_4_canary/test_canary.py", "tests/static/test_stage_4_canary.py"


class Session:
    """A run with a namespace that something disturbed, or nothing."""

    def __init__(self, disturbance: str = "", *, with_namespace: bool = True) -> None:
        self.stash = pytest.Stash()
        self.interrupts = Interrupts(lambda _: None)
        self.disturbance = disturbance
        self.tests: list[TestRecord] = []
        self.stash[RUN] = RunState(Settings(Path(), Path()), interrupts=self.interrupts, tests=self.tests)
        self.exitstatus = 0
        self.pods: list[dict[str, Any]] = []
        self.config = self
        if with_namespace:
            watch = SimpleNamespace(
                disturbance=lambda _=None: self.disturbance,
                changes=lambda: [self.disturbance] if self.disturbance else [],
            )
            api = SimpleNamespace(list=lambda *_: self.pods)
            self.stash[NAMESPACE_UNDER_TEST] = cast(
                Any, SimpleNamespace(watch=watch, stage=4, api=api, name="voting", rules=VOTING_RULES)
            )

    def test(self, path: str = LIVE, requirement: str = "R4.4") -> pytest.Item:
        marks = [
            pytest.mark.requirement(requirement).mark,
            *([pytest.mark.static.mark] if path == STATIC else []),
        ]
        item = SimpleNamespace(
            path=Path(path),
            nodeid=f"{path}::test of {requirement}",
            config=self,
            iter_markers=lambda name: (mark for mark in marks if mark.name == name),
        )
        return cast(pytest.Item, item)


def through(hook: Generator[Any, Any, Any], happens: BaseException | None = None) -> None:
    """Let a wrapper go around something that raises, or ends well."""
    next(hook)
    try:
        if happens is None:
            hook.send(None)
        else:
            hook.throw(happens)
    except StopIteration:
        return


@pytest.mark.parametrize(
    "red", [BROKEN, pytest.fail.Exception("stage 4 can't get ready"), RuntimeError("no such pod")]
)
def test_nothing_is_called_failed_where_the_environment_was_disturbed(red: BaseException) -> None:
    for hook in (environment.pytest_runtest_call, environment.pytest_runtest_setup):
        with pytest.raises(EnvironmentFailed) as failed:
            through(hook(Session(DISTURBED).test()), red)
        assert str(failed.value) == f"{DISTURBED} (after stage 4 was entered)"


def test_what_keeps_a_stage_from_being_entered_asks_the_watch_once() -> None:
    session, failed = Session(DISTURBED), StageFailed("image not found")
    session.stash[STAGE_FAILURE] = failed
    with pytest.raises(StageFailed):
        through(environment.pytest_runtest_setup(session.test()), failed)


def test_what_fails_after_mysql_did_not_come_back_is_not_judged_a_stage_included() -> None:
    session = Session()
    not_back = RequirementFailed("MySQL does not come back", breaks="R4.9")
    with pytest.raises(RequirementFailed):
        through(environment.pytest_runtest_call(session.test(requirement="R4.9")), not_back)
    failed = StageFailed("16 pages in a row had no answer", breaks="R5.3")
    session.stash[STAGE_FAILURE] = failed
    for happens in (failed, BROKEN):
        with pytest.raises(NotJudged, match=r"R4\.9 FAILED, and this after it: MySQL does not come back"):
            through(environment.pytest_runtest_setup(session.test(requirement="R5.1")), happens)


CRASHING = {
    "metadata": {"name": "voting-app-2-0-x"},
    "status": {
        "containerStatuses": [
            {
                "name": "voting-app",
                "restartCount": 3,
                "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}},
            }
        ]
    },
}


@pytest.mark.parametrize("unseen", [NotJudged("nothing can be run in pod x"), ConnectionResetError("reset")])
def test_a_look_that_the_application_s_own_pods_are_in_the_way_of_fails_their_requirement(
    unseen: Exception,
) -> None:
    session = Session()
    with pytest.raises(type(unseen)):
        through(environment.pytest_runtest_call(session.test()), unseen)
    session.pods = [CRASHING]
    with pytest.raises(RequirementFailed, match=r"is in a crash loop.*by it: .*(x|reset)") as failed:
        through(environment.pytest_runtest_call(session.test()), unseen)
    assert failed.value.breaks == "R4.2"


def test_an_api_server_that_does_not_answer_is_the_environment_and_one_that_refuses_is_not() -> None:
    item = Session().test()
    for silent in (MaxRetryError(cast(Any, None), "/api", None), ApiException(503, "unavailable")):
        with pytest.raises(EnvironmentFailed, match="the API server did not answer"):
            through(environment.pytest_runtest_call(item), silent)
    for ours in (ApiException(404, "no such"), KeyError("votes"), FileNotFoundError(2, "no such file")):
        with pytest.raises(type(ours)):
            through(environment.pytest_runtest_call(item), ours)


@pytest.mark.parametrize("late", [NotInTime("it is live", 5, None), GaveUp("it is live", "gone", None)])
def test_a_wait_that_ran_out_is_not_judged_and_fails_where_the_application_is_the_cause(
    late: Exception,
) -> None:
    session = Session()
    with pytest.raises(NotJudged, match="it is live"):
        through(environment.pytest_runtest_call(session.test()), late)
    session.pods = [CRASHING]
    with pytest.raises(RequirementFailed, match="is in a crash loop"):
        through(environment.pytest_runtest_call(session.test()), late)
    with pytest.raises(EnvironmentFailed):
        through(environment.pytest_runtest_call(Session(DISTURBED).test()), late)


def test_a_failed_requirement_stays_red_where_nothing_disturbed() -> None:
    with pytest.raises(ExpectationFailed):
        through(environment.pytest_runtest_call(Session().test()), BROKEN)


def test_what_holds_is_green_whatever_happened_beside_it() -> None:
    through(environment.pytest_runtest_call(Session(DISTURBED).test()))


REFUSED = "R4.10"


@pytest.mark.parametrize("follows", [None, "tests/stage_5_finalize/test_still_safe.py"])
def test_what_holds_because_nothing_came_is_not_believed_at_a_stage_s_end_where_something_happened(
    follows: str | None,
) -> None:
    session = Session(DISTURBED)
    item, other = session.test(requirement=REFUSED), session.test()
    through(environment.pytest_runtest_call(item))
    through(environment.pytest_runtest_teardown(item, other))
    through(environment.pytest_runtest_call(other))
    after = session.test(follows) if follows else None
    with pytest.raises(pytest.exit.Exception) as end:
        through(environment.pytest_runtest_teardown(other, after))
    assert str(end.value.msg).partition(": ")[2] == f"{DISTURBED} (after stage 4 was entered)"
    assert account_of(cast(Any, session)).ended is ExitStatus.ENVIRONMENT


@pytest.mark.parametrize(("disturbance", "requirement"), [("", REFUSED), (DISTURBED, "R4.4")])
def test_what_holds_where_nothing_happened_or_by_what_came_is_kept(
    disturbance: str, requirement: str
) -> None:
    session = Session(disturbance)
    item = session.test(requirement=requirement)
    through(environment.pytest_runtest_call(item))
    through(environment.pytest_runtest_teardown(item, None))


@pytest.mark.parametrize(("looked", "outcome"), [(False, Outcome.NOT_JUDGED), (True, Outcome.PASSED)])
def test_a_run_that_ends_in_the_middle_of_a_stage_believes_no_refusal(
    *, looked: bool, outcome: Outcome
) -> None:
    session = Session()
    item = session.test(requirement=REFUSED)
    through(environment.pytest_runtest_call(item))
    session.tests.append(TestRecord(item.nodeid, (REFUSED,), 4, Outcome.PASSED, (), "", 1.0))
    session.tests.append(TestRecord("another", ("R4.4",), 4, Outcome.PASSED, (), "", 1.0))
    through(environment.pytest_runtest_teardown(item, None if looked else session.test()))
    with environment.removal(cast(Any, session)):
        pass
    assert [test.outcome for test in session.tests] == [outcome, Outcome.PASSED]


def test_a_stage_before_that_was_looked_at_is_not_looked_at_again() -> None:
    session = Session()
    item = session.test(requirement=REFUSED)
    through(environment.pytest_runtest_call(item))
    through(environment.pytest_runtest_teardown(item, None))
    session.disturbance = DISTURBED
    through(environment.pytest_runtest_teardown(session.test(), None))


def test_the_requirements_that_hold_by_refusal_are_requirements() -> None:
    assert REQUIREMENTS.keys() >= environment.HELD_BY_REFUSAL


def test_the_manifests_alone_are_judged_without_an_environment() -> None:
    for session, path in ((Session(DISTURBED), STATIC), (Session(with_namespace=False), LIVE)):
        with pytest.raises(ExpectationFailed):
            through(environment.pytest_runtest_call(session.test(path)), BROKEN)


def test_what_nobody_interrupts_is_set_up_and_what_is_interrupted_is_not() -> None:
    session = Session()
    through(environment.pytest_runtest_setup_begins(session.test()))
    session.interrupts.seen = 1
    with pytest.raises(KeyboardInterrupt):
        through(environment.pytest_runtest_setup_begins(session.test()))


def fail(error: Exception) -> None:
    raise error


def test_what_could_not_be_removed_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    session = Session()
    with environment.removal(cast(Any, session)):
        fail(EnvironmentFailed("docker rm failed"))
    assert decide(0, account_of(cast(Any, session))) is ExitStatus.ENVIRONMENT
    assert (
        "environment failed: the run's end: docker rm failed; `tox -e e2e -- --clean`"
        in capsys.readouterr().err
    )


def test_a_mistake_of_ours_as_the_run_ends_is_no_failed_environment() -> None:
    with pytest.raises(KeyError), environment.removal(cast(Any, Session())):
        raise KeyError("votes")


@pytest.mark.parametrize(("signals", "code"), [(0, ExitStatus.HOLDS), (1, ExitStatus.INTERRUPTED)])
def test_a_run_interrupted_while_it_removes_what_it_made_says_so(signals: int, code: ExitStatus) -> None:
    session = Session()
    with environment.removal(cast(Any, session)):
        for _ in range(signals):
            session.interrupts.take(15)
    assert decide(0, account_of(cast(Any, session))) is code
