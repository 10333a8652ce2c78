"""One cause is printed once, with all requirements that fail because of it."""

from dataclasses import asdict, replace

from canary_conformance.report.failure_causes import cause_lines, failed_by_cause, same_cause
from canary_conformance.report.run_record import Outcome, RunRecord, TestRecord, record_from
from canary_conformance.report.run_tables import failure_table, requirement_table
from canary_conformance.scenario.places import Finding, Place
from canary_conformance.verdicts import Verdict

ACCOUNT = Finding(Place("kubernetes/step-1.yaml", 180), "ServiceAccount/nobody does not exist")
SAME_LINE = Finding(ACCOUNT.place, "no ready pod is behind voting-app:8080")
ROUTE = Finding(Place("istio/step-3.yaml", 31), "VirtualService/voting-app routes to subset v2-0")


def failed(id_: str, *causes: Finding, name: str = "") -> TestRecord:
    verdict = Verdict(False, "3 pods", "0 pods", f"0 of 3 pods for {id_}", (), 1, None, None, causes=causes)
    return TestRecord(name or f"t::{id_}", (id_,), 1, Outcome.FAILED, (verdict,), "", 1.0, causes=causes)


def passed(id_: str) -> TestRecord:
    verdict = Verdict(True, "3 pods", "3 pods", "3 of 3 pods", (), 1, None, None)
    return TestRecord(f"t::{id_}", (id_,), 1, Outcome.PASSED, (verdict,), "", 1.0)


def test_causes_of_one_line_are_one() -> None:
    causes = failed_by_cause([failed("R1.2", ACCOUNT), failed("R4.4", ROUTE), failed("R1.5", SAME_LINE)])
    assert [(cause.finding, cause.requirements) for cause in causes] == [
        (ACCOUNT, ("R1.2", "R1.5")),
        (ROUTE, ("R4.4",)),
    ]


def test_one_absent_object_is_one_cause_whatever_refers_to_it() -> None:
    other = Finding(
        Place("kubernetes/step-3.yaml", 80), "ServiceAccount/nobody does not exist, and x needs it"
    )
    third = Finding(Place("kubernetes/step-3.yaml", 81), "ServiceAccount/nobody-else does not exist")
    causes = failed_by_cause([failed("R1.2", ACCOUNT), failed("R4.2", other), failed("R4.9", third)])
    assert [cause.requirements for cause in causes] == [("R1.2", "R4.2"), ("R4.9",)]


def test_one_absent_key_is_one_cause_and_another_key_is_another() -> None:
    first = Finding(Place("kubernetes/step-3.yaml", 80), "Secret/store has no key USER, and x needs it")
    same = Finding(Place("kubernetes/step-3.yaml", 20), "Secret/store has no key USER")
    other = Finding(Place("kubernetes/step-3.yaml", 90), "Secret/store has no key PASSWORD, and x needs it")
    causes = failed_by_cause([failed("R4.1", first), failed("R4.2", same), failed("R4.4", other)])
    assert [cause.requirements for cause in causes] == [("R4.1", "R4.2"), ("R4.4",)]


def test_only_the_first_cause_of_a_failure_counts() -> None:
    causes = failed_by_cause([failed("R1.2", ACCOUNT, ROUTE), failed("R4.4", ROUTE, ACCOUNT)])
    assert [cause.finding for cause in causes] == [ACCOUNT, ROUTE]


def test_failures_without_a_known_cause_stay_entries_of_their_own() -> None:
    causes = failed_by_cause([failed("R4.9"), failed("R6.1"), failed("R1.2", ACCOUNT)])
    assert [cause.requirements for cause in causes] == [("R4.9",), ("R6.1",), ("R1.2",)]
    lines = cause_lines(causes, 110)
    assert lines[0] == "FAILED because of 1 cause and 2 failures of unknown cause:"
    assert lines[1] == "1. R4.9: 0 of 3 pods for R4.9"


def test_what_did_not_fail_has_no_cause() -> None:
    assert failed_by_cause([passed("R1.2")]) == ()
    assert cause_lines((), 110) == []


def test_a_failure_of_a_cause_that_was_printed_is_known() -> None:
    before = [failed("R1.2", ACCOUNT), failed("R4.9")]
    assert same_cause(before, failed("R1.5", SAME_LINE)) == ACCOUNT
    assert same_cause(before, failed("R4.4", ROUTE)) is None
    assert same_cause(before, failed("R4.9", name="t::other")) is None


def test_a_cause_is_told_with_its_line_and_all_that_fails_because_of_it() -> None:
    ids = ["R1.2", "R1.3", "R1.5", "R1.6"]
    assert cause_lines(failed_by_cause([failed(id_, ACCOUNT) for id_ in ids]), 110) == [
        "FAILED because of 1 cause:",
        "1. kubernetes/step-1.yaml:180: ServiceAccount/nobody does not exist",
        "   fails: R1.2; also failing for this reason: R1.3, R1.5, R1.6 (3)",
    ]


def test_the_short_table_has_a_line_for_each_requirement_that_failed() -> None:
    tests = (
        failed("R1.2", ACCOUNT),
        failed("R1.5", ACCOUNT),
        failed("R1.5", ROUTE, name="b"),
        passed("R0.1"),
    )
    lines = failure_table(RunRecord((), tests, ())).splitlines()
    assert lines[5:9] == [
        "R1.2  FAILED      cause 1: 0 of 3 pods for R1.2",
        "R1.5  FAILED      cause 1: 0 of 3 pods for R1.5",
        "holds: R0.1",
        "34 requirements: 1 hold, 2 failed, 31 not run; incomplete".replace("1 hold,", "1 holds,"),
    ]


def test_the_short_table_repeats_no_cause_and_cuts_no_evidence() -> None:
    repeating = replace(failed("R1.2", ACCOUNT), verdicts=(), reason=ACCOUNT.sentence)
    words = " ".join(f"voting-app-{number}" for number in range(20))
    long = replace(failed("R1.5", ROUTE), verdicts=(), reason=words)
    text = failure_table(RunRecord((), (repeating, long), ()))
    assert "R1.2  FAILED      cause 1\n" in text
    assert text.count(ACCOUNT.sentence) == 1
    assert [word for word in words.split() if word not in text] == []


def test_where_nothing_failed_the_short_table_is_the_whole_one() -> None:
    run = RunRecord((), (passed("R1.2"),), ())
    assert failure_table(run) == requirement_table(run)


def test_causes_cross_to_another_process() -> None:
    record = failed("R1.2", ACCOUNT, ROUTE)
    assert record_from(asdict(record)) == record


def unjudged(id_: str, reason: str) -> TestRecord:
    return TestRecord(f"t::{id_}", (id_,), 1, Outcome.NOT_JUDGED, (), reason, 1.0)


def never_ready(id_: str, name: str) -> TestRecord:
    reason = f"{id_} stage 1 FAILED: pods rolled out: not within 120 s\nlast log lines:"
    return TestRecord(name, (id_,), 1, Outcome.FAILED, (), reason, 1.0)


def test_tests_of_a_requirement_that_saw_the_same_are_one_entry() -> None:
    causes = failed_by_cause([never_ready("R1.2", "a"), never_ready("R1.2", "b"), never_ready("R2.1", "c")])
    assert [len(cause.tests) for cause in causes] == [2, 1]
    assert cause_lines(causes, 110)[1] == "1. R1.2: pods rolled out: not within 120 s"


def test_what_is_not_judged_for_one_reason_is_one_line() -> None:
    reason = "Skipped: not judged: stage 1 never got ready"
    tests = (failed("R1.2", ACCOUNT), unjudged("R1.3", reason), unjudged("R1.4", reason))
    table = failure_table(RunRecord((), (*tests, unjudged("R1.5", "not judged: no model")), ()))
    assert "not judged: R1.3, R1.4: stage 1 never got ready" in table.splitlines()
    assert "not judged: R1.5: no model" in table.splitlines()
