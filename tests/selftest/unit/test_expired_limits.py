"""A limit that ran out on a machine that was short is no verdict; any wrong answer stays one."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from canary_conformance.cluster.pod_readiness import NoDiagnosis, wait_for_rollouts
from canary_conformance.cluster.pod_state import Trouble
from canary_conformance.errors import EnvironmentFailed, StageFailed
from canary_conformance.scenario.observations import Page, Reply, ReplyKind, Sample
from canary_conformance.scenario.stages import ObjectRef
from canary_conformance.stages.disturbances import Vitals, Watch
from canary_conformance.stages.expired_limits import Times, times_run_out
from canary_conformance.traffic.page import page_without_answer
from canary_conformance.verdicts import (
    ExpectationFailed,
    answers_with,
    every,
    expect,
    matrix,
    never,
    no_failed_page,
    served_by,
    whole_page,
)
from canary_conformance.waiting import NotInTime, wait_until
from tests.selftest.support import FAILED_PAGE, NEW_PAGE, OLD_PAGE, FakeClock

LATE = page_without_answer(
    "ReadTimeout: no answer within 5 s", cookie="", sent_at=7.0, took=5.0, path="/", timed_out=True
)
REFUSED = replace(LATE, error="ConnectionError: connection refused", timed_out=False)


def not_in_time() -> NotInTime:
    with pytest.raises(NotInTime) as late:
        wait_until(lambda: 1, until=lambda _: False, limit=3, what="pods", clock=FakeClock())
    return late.value


def broken(*pages: Page) -> ExpectationFailed:
    with pytest.raises(ExpectationFailed) as failed:
        expect(Sample(pages, "pages"), every(whole_page))
    return failed.value


def test_a_wait_knows_when_it_began_and_ended() -> None:
    assert times_run_out(not_in_time()) == [(1000.0, 1003.0)]


def test_a_stage_that_failed_by_a_limit_ran_out_and_one_with_a_cause_did_not() -> None:
    stage = StageFailed("not ready")
    stage.__cause__ = not_in_time()
    assert times_run_out(stage) == [(1000.0, 1003.0)]
    assert times_run_out(StageFailed("Secret/x does not exist")) == []
    assert times_run_out(None) == []


@pytest.mark.parametrize(("patience", "times"), [(True, [(1000.0, 1000.0)]), (False, [])])
def test_a_trouble_that_a_slow_machine_explains_as_well_ran_out(patience: bool, times: Times) -> None:
    class Diagnosed(NoDiagnosis):
        def crashed(self, _: object) -> Trouble:
            return Trouble("killed by its liveness probe", patience=patience)

    deployment = {
        "metadata": {"name": "db", "generation": 1},
        "spec": {},
        "status": {"observedGeneration": 1},
    }
    api = SimpleNamespace(list=lambda _, kind, __: [deployment] if kind == "Deployment" else [])
    with pytest.raises(StageFailed) as failed:
        wait_for_rollouts(
            cast(Any, api),
            "voting",
            [ObjectRef("Deployment", "db")],
            diagnosis=Diagnosed(),
            clock=FakeClock(),
        )
    assert times_run_out(failed.value) == times


def test_pages_that_came_too_late_ran_out() -> None:
    assert times_run_out(broken(OLD_PAGE, LATE)) == [(7.0, 12.0)]


@pytest.mark.parametrize("wrong", [FAILED_PAGE, REFUSED], ids=["503", "refused"])
def test_one_wrong_page_among_late_ones_is_wrong(wrong: Page) -> None:
    assert times_run_out(broken(LATE, wrong)) == []


@pytest.mark.parametrize("status", [503, 200], ids=["refused", "without a result"])
def test_a_page_that_failed_after_seconds_ran_into_a_limit_of_the_app_or_a_proxy(status: int) -> None:
    slow = replace(FAILED_PAGE, status=status, sent_at=7.0, took=2.0)
    assert times_run_out(broken(slow)) == [(7.0, 9.0)]
    assert times_run_out(broken(replace(slow, took=0.9))) == []
    assert times_run_out(broken(replace(slow, status=404))) == []
    assert never(served_by("2.0"))(Sample((replace(NEW_PAGE, took=2.0),), "pages")).late == ()


def test_connections_that_all_timed_out_ran_out() -> None:
    late = Reply(ReplyKind.TIMED_OUT, b"", "", 5.0, late=(7.0, 12.0))
    pong = answers_with(b"+PONG")
    judge = matrix({"a": pong, "b": pong}, "connections")
    assert judge({"a": late, "b": late}).late == ((7.0, 12.0), (7.0, 12.0))
    reset = Reply(ReplyKind.RESET, b"", "", 0.0)
    assert judge({"a": late, "b": reset}).late == judge({"a": late}).late == ()
    assert every(pong)(Sample((late,), "connections")).late == ((7.0, 12.0),)


def test_every_judge_of_pages_knows_the_late_ones() -> None:
    sample = Sample((OLD_PAGE, LATE), "pages")
    assert no_failed_page()(sample).late == never(served_by("2.0"))(sample).late == ((7.0, 12.0),)
    assert never(served_by("2.0"))(Sample((NEW_PAGE, LATE), "pages")).late == ()
    assert no_failed_page(live_at=99.0)(sample).late == (), "there is a hole as well"
    assert every(whole_page)(Sample((OLD_PAGE,), "pages")).late == ()


def watched(short: str) -> tuple[Watch, list[Times]]:
    asked: list[Times] = []

    def shortage(times: Times) -> str:
        asked.append(times)
        return short

    return Watch(lambda: Vitals("node"), shortage=shortage), asked


def test_a_limit_that_ran_out_on_a_short_machine_is_the_environments() -> None:
    watch, asked = watched("40 tasks wanted to run on 2 cores")
    with pytest.raises(
        EnvironmentFailed,
        match=r"too slow for the time limits: 40 tasks.*ran out: pods: not within 3 s.*--timeout-factor",
    ):
        watch.check(not_in_time())
    assert asked == [[(1000.0, 1003.0)]]


def test_a_wrong_answer_is_never_the_machines() -> None:
    watch, asked = watched("40 tasks wanted to run on 2 cores")
    watch.check(broken(FAILED_PAGE))
    watch.check(StageFailed("Secret/x does not exist"))
    watch.check()
    assert not asked


def test_what_ran_out_is_said_in_the_verdicts_few_words() -> None:
    watch, _ = watched("40 tasks wanted to run on 2 cores")
    assert "what ran out: 1 of 2 pages failed: ReadTimeout" in watch.disturbance(broken(OLD_PAGE, LATE))


def test_a_limit_that_ran_out_on_a_machine_that_was_not_short_stays_red() -> None:
    watch, asked = watched("")
    watch.check(not_in_time())
    assert asked
