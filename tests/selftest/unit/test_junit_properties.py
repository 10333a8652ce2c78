"""The XML alone says which requirement a test judged, and how far its samples carry."""

from canary_conformance.report.junit_properties import properties
from canary_conformance.report.run_record import Outcome, TestRecord
from canary_conformance.scenario.places import Finding, Place
from canary_conformance.verdicts import Verdict
from canary_conformance.voting.requirements import REQUIREMENTS


def test_properties_tell_each_requirement_and_each_verdict_in_order() -> None:
    sampled = Verdict(True, "2.0", "2.0", "600 of 600", (), 600, 1e-8, 0.01146)
    compared = Verdict(True, "a", "a", "as listed", (), 3, None, None)
    record = TestRecord("test", ("R4.4", "R0.1"), 4, Outcome.PASSED, (sampled, compared), "", 1.0)
    assert properties(record) == (
        ("tier", "live"),
        ("requirement", "R4.4"),
        ("stage", "4"),
        ("sentence", REQUIREMENTS["R4.4"].sentence),
        ("requirement", "R0.1"),
        ("stage", "0"),
        ("sentence", REQUIREMENTS["R0.1"].sentence),
        ("evidence", "600 of 600"),
        ("sample_size", "600"),
        ("false_alarm", "1e-08"),
        ("smallest_leak", "0.0115"),
        ("evidence", "as listed"),
        ("sample_size", "3"),
        ("false_alarm", "not sampled"),
        ("smallest_leak", "not sampled"),
    )


def test_a_verdict_that_luck_can_not_break_says_zero() -> None:
    certain = Verdict(False, "2.0", "1.0", "1 of 600", (), 600, 0.0, 0.01)
    record = TestRecord("test", ("R4.4",), 4, Outcome.FAILED, (certain,), "", 1.0)
    assert ("false_alarm", "0") in properties(record)


def test_the_causes_of_a_failure_come_last_with_their_lines() -> None:
    cause = Finding(Place("istio/step-3.yaml", 31), "VirtualService/voting-app routes to subset v2-0")
    record = TestRecord("t", ("R4.4",), 4, Outcome.FAILED, (), "", 1.0, causes=(cause,))
    text = ("cause", "istio/step-3.yaml:31: VirtualService/voting-app routes to subset v2-0")
    assert properties(record)[-1] == text
