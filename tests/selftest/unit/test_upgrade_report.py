"""What a moved mesh leaves: requirements by moment and the figures of each move, as text and for machines."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

from canary_conformance.report.run_record import Outcome, TestRecord
from canary_conformance.upgrade.upgrade_moments import Moment
from canary_conformance.upgrade.upgrade_options import Asked
from canary_conformance.upgrade.upgrade_report import (
    figures,
    held,
    judged_at,
    requirement_table,
    upgrade_report,
    write_report,
)
from canary_conformance.upgrade.upgrade_run import Upgrade
from tests.selftest.support import FAILED_PAGE, NEW_PAGE
from tests.selftest.upgrade_support import MOVE, PAGE, REDIS, SOURCE, TARGET, attempt, ballot


def record(id_: str, moment: Moment, outcome: Outcome = Outcome.PASSED) -> TestRecord:
    return TestRecord(f"tests/a.py::test_x[{moment}]", (id_,), 0, outcome, (), "", 0.1)


TESTS = (
    record("R4.3", Moment.BEFORE),
    record("R4.3", Moment.AFTER, Outcome.FAILED),
    record("R4.3", Moment.ROLLED_BACK),
    record("R1.5", Moment.BEFORE),
    record("U1", Moment.DURING, Outcome.FAILED),
    record("U1", Moment.ROLLING_BACK),
    record("U5", Moment.ROLLED_BACK),
)


def test_the_table_says_of_each_requirement_what_it_was_at_each_moment() -> None:
    assert requirement_table(TESTS) == {
        "R1.5": {"before": "holds", "during": "-", "after": "-", "rolled back": "-"},
        "R4.3": {"before": "holds", "during": "-", "after": "FAILED", "rolled back": "holds"},
        "U1": {"before": "-", "during": "FAILED", "after": "-", "rolled back": "holds"},
        "U5": {"before": "-", "during": "-", "after": "-", "rolled back": "holds"},
    }


def test_what_held_is_told_by_moment() -> None:
    assert held(judged_at(TESTS, Moment.BEFORE)) == ["R1.5", "R4.3"]
    assert judged_at(TESTS, Moment.ROLLED_BACK) == {"R4.3": "holds"}


def test_figures_count_what_failed_what_was_wrong_and_what_was_answered() -> None:
    fine = figures(MOVE)
    assert (fine.requests_sent, fine.requests_failed, fine.wrong_version) == (12, 0, 0)
    assert (fine.longest_gap, fine.plaintext_calls, fine.plaintext_answered) == (0.1, 2, 0)
    bad = replace(
        MOVE,
        pages={**MOVE.pages, "ordinary voter": (FAILED_PAGE, NEW_PAGE)},
        ballots={REDIS: (ballot("Cats", FAILED_PAGE),)},
        attempts=(attempt(1.0, PAGE),),
    )
    counted = figures(bad)
    assert (counted.requests_failed, counted.wrong_version, counted.votes_refused) == (2, 1, 1)
    assert counted.plaintext_answered == 1


def test_requests_that_failed_are_told_with_their_time_and_step() -> None:
    failed = replace(FAILED_PAGE, sent_at=15.0)
    moved = replace(MOVE, pages={"ordinary voter": (failed,)}, ballots={REDIS: (ballot("Cats", failed),)})
    assert [at for at, _ in moved.failures()] == [15.0, 15.0]
    upgrade = SimpleNamespace(asked=Asked(SOURCE, TARGET), moves={Moment.DURING: moved}, findings=())
    text = upgrade_report(cast(Upgrade, upgrade), TESTS).text
    assert "     5.0 restart voting-storage-1-0: ordinary voter: " in text
    assert "vote for Cats, answered 503" in text


def test_no_secret_comes_into_the_report() -> None:
    leaky = replace(FAILED_PAGE, sent_at=15.0, excerpt="MYSQL_PASSWORD=hunter2")
    moved = replace(
        MOVE, stopped="last log lines:\n  password: hunter2", ballots={REDIS: (ballot("Cats", leaky),)}
    )
    upgrade = SimpleNamespace(asked=Asked(SOURCE, TARGET), moves={Moment.DURING: moved}, findings=())
    report = upgrade_report(cast(Upgrade, upgrade), TESTS)
    for text in (report.text, json.dumps(report.values)):
        assert "hunter2" not in text
        assert "<masked>" in text


def test_the_report_has_table_figures_steps_and_which_proxy_ran_what(tmp_path: Path) -> None:
    back = replace(MOVE, source=TARGET, target=SOURCE, stopped="pods don't start")
    upgrade = SimpleNamespace(
        asked=Asked(SOURCE, TARGET),
        moves={Moment.DURING: MOVE, Moment.ROLLING_BACK: back},
        findings=("precheck: no findings",),
    )
    report = upgrade_report(cast(Upgrade, upgrade), TESTS)
    write_report(tmp_path, report)
    text = (tmp_path / "upgrade.txt").read_text()
    for values in (
        "upgrade at stage 4: 1.31.0+envoy1.38.3 -> 1.31.0+envoy1.40.0 and back, revision",
        "R4.3    holds        -            FAILED       holds",
        "before you go (no part of the verdict):\n  precheck: no findings",
        "1.31.0+envoy1.40.0 -> 1.31.0+envoy1.38.3: 20.0 s, stopped: pods don't start",
        "12 requests sent, 0 failed, longest gap 0.10 s",
        "   4.0 to    8.0  restart voting-storage-1-0",
        "   2.0 to   20.0  voting-app 1.0",
    ):
        assert values in text
    values = json.loads((tmp_path / "upgrade.json").read_text())
    assert values["requirements"]["U1"]["during"] == "FAILED"
    assert [move["figures"]["votes_cast"] for move in values["moves"]] == [2, 2]
