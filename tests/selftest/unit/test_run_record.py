"""A requirement is as good as the worst of its tests, and no run is plain green that judged less than all."""

from dataclasses import replace

import pytest

from canary_conformance.paths import TESTS
from canary_conformance.report.run_record import (
    Outcome,
    RequirementLine,
    RunRecord,
    Standing,
    TestRecord,
    Tier,
    count_line,
    false_alarm_line,
    requirement_lines,
    static_only,
)
from canary_conformance.scenario.requirement import Trait
from canary_conformance.verdicts import Verdict
from canary_conformance.voting.requirements import REQUIREMENTS, UnknownRequirement, ids_with
from tools.requirement_marks import collect_marks


def verdict(evidence: str, *, held: bool = True, false_alarm: float | None = None) -> Verdict:
    return Verdict(held, "expected", "seen", evidence, (), 600, false_alarm, None)


def record(*ids: str, outcome: Outcome, evidence: tuple[str, ...] = (), reason: str = "") -> TestRecord:
    verdicts = tuple(verdict(words, held=outcome is not Outcome.FAILED) for words in evidence)
    return TestRecord("tests/stage_4_canary/test_x.py::test_x", ids, 4, outcome, verdicts, reason, 1.0)


def passed(*ids: str, evidence: str = "0 of 600") -> TestRecord:
    return record(*ids, outcome=Outcome.PASSED, evidence=(evidence,))


def folded(*tests: TestRecord, id_: str = "R4.4") -> RequirementLine:
    lines = requirement_lines(RunRecord((), tests, ()))
    return next(line for line in lines if line.requirement.id == id_)


def test_every_requirement_of_the_scenario_has_a_line_in_order() -> None:
    lines = requirement_lines(RunRecord((), (), ()))
    assert [line.requirement.id for line in lines] == list(REQUIREMENTS)
    assert {line.standing for line in lines} == {Standing.NOT_RUN}


def test_a_requirement_holds_when_all_of_its_tests_passed() -> None:
    line = folded(passed("R4.4", evidence="600 of 600"), passed("R4.4", evidence="0 of 600"))
    assert (line.standing, line.evidence) == (Standing.HOLDS, "600 of 600; 0 of 600")


def test_where_both_tiers_judged_the_evidence_says_whose_it_is() -> None:
    static = replace(passed("R4.4", evidence="as routed"), tier=Tier.STATIC)
    live = passed("R4.4", evidence="0 of 600")
    assert folded(static, live).evidence == "static: as routed; live: 0 of 600"
    assert folded(static).evidence == "as routed"
    broken = replace(record("R4.4", outcome=Outcome.FAILED, evidence=("crossed",)), tier=Tier.STATIC)
    line = folded(broken, live)
    assert (line.standing, line.evidence) == (Standing.FAILED, "1 of 2 tests: static: crossed")


def test_what_the_static_tier_cannot_tell_is_left_to_the_live_one() -> None:
    unknown = replace(record("R4.4", outcome=Outcome.NOT_JUDGED, reason="delegate"), tier=Tier.STATIC)
    assert folded(unknown, passed("R4.4")).standing is Standing.HOLDS
    assert folded(unknown).standing is Standing.NOT_JUDGED


@pytest.mark.parametrize(
    ("outcome", "standing"),
    [
        (Outcome.FAILED, Standing.FAILED),
        (Outcome.ERROR, Standing.NOT_JUDGED),
        (Outcome.NOT_JUDGED, Standing.NOT_JUDGED),
        (Outcome.SKIPPED, Standing.SKIPPED),
    ],
)
def test_one_test_that_did_not_pass_is_what_the_requirement_is_told_by(
    outcome: Outcome, standing: Standing
) -> None:
    other = record("R4.4", outcome=outcome, reason="\nno second page\ntrace")
    for tests in ([passed("R4.4"), other], [other, passed("R4.4")]):
        line = folded(*tests)
        assert (line.standing, line.evidence) == (standing, "1 of 2 tests: no second page")
    assert folded(other).evidence == "no second page"


def test_the_gravest_outcome_wins() -> None:
    tests = [record("R4.4", outcome=outcome, reason=outcome) for outcome in Outcome]
    assert folded(*tests).standing is Standing.FAILED
    no_failure = [test for test in tests if test.outcome is not Outcome.FAILED]
    assert folded(*no_failure).standing is Standing.NOT_JUDGED


def test_a_failed_requirement_is_told_by_its_broken_verdicts_only() -> None:
    verdicts = (verdict("600 of 600"), verdict("60 of 600 from 1.0", held=False))
    test = TestRecord("test", ("R4.4",), 4, Outcome.FAILED, verdicts, "E  much text", 1.0)
    assert folded(test).evidence == "60 of 600 from 1.0"


def test_a_failure_without_a_broken_verdict_is_told_by_its_reason() -> None:
    test = record("R4.4", outcome=Outcome.FAILED, reason="R1.2 stage 1 can't get ready: image not found\nlog")
    assert folded(test).evidence == "R1.2 stage 1 can't get ready: image not found"


def test_a_test_of_two_requirements_counts_for_both() -> None:
    test = record("R4.3", "R4.4", outcome=Outcome.FAILED, evidence=("crossed",))
    assert folded(test, id_="R4.3").standing is folded(test).standing is Standing.FAILED
    assert folded(test, id_="R4.5").standing is Standing.NOT_RUN


def test_a_pass_without_a_verdict_is_said_to_be_one() -> None:
    assert folded(record("R4.4", outcome=Outcome.PASSED)).evidence == "passed without a verdict"


def test_evidence_stays_a_few_words() -> None:
    test = record("R4.4", outcome=Outcome.PASSED, evidence=("one", "two", "one", "three", "four"))
    assert folded(test).evidence == "one; two; and 2 more"


def test_why_nothing_was_judged_does_not_repeat_the_verdict() -> None:
    test = record("R4.4", outcome=Outcome.NOT_JUDGED, reason="Skipped: not judged: a.yaml:3: x is unknown")
    assert folded(test).evidence == "a.yaml:3: x is unknown"


def test_an_unknown_requirement_is_refused() -> None:
    with pytest.raises(UnknownRequirement, match=r"R4\.40"):
        passed("R4.40")


def test_the_closing_line_counts_all_requirements() -> None:
    everything = [passed(id_) for id_ in REQUIREMENTS]
    assert count_line(requirement_lines(RunRecord((), tuple(everything), ()))) == "34 requirements: 34 hold"
    broken = [*everything, record("R4.4", outcome=Outcome.FAILED)]
    line = count_line(requirement_lines(RunRecord((), tuple(broken), ())))
    assert line == "34 requirements: 33 hold, 1 failed"


def test_a_run_that_judged_less_than_all_says_incomplete() -> None:
    tests = (
        passed("R4.4"),
        record("R5.1", outcome=Outcome.SKIPPED),
        record("R5.2", outcome=Outcome.NOT_JUDGED),
    )
    line = count_line(requirement_lines(RunRecord((), tests, ())))
    assert line == "34 requirements: 1 holds, 1 not judged, 1 skipped, 31 not run; incomplete"


@pytest.mark.parametrize(
    ("tests", "line"),
    [
        ((passed("R4.4"), passed("R5.1"), passed("R5.2")), "3 selected and hold, 31 not selected"),
        ((passed("R4.4"),), "1 holds, 2 not run, 31 not selected; incomplete"),
        ((passed("R4.4"), record("R5.1", outcome=Outcome.FAILED), passed("R5.2")),
         "2 hold, 1 failed, 31 not selected"),
        ((passed("R4.4"), record("R5.1", outcome=Outcome.NOT_JUDGED), passed("R5.2")),
         "2 hold, 1 not judged, 31 not selected; incomplete"),
    ],
)  # fmt: skip
def test_a_selection_that_was_judged_is_complete(tests: tuple[TestRecord, ...], line: str) -> None:
    run = RunRecord((), tests, (), selected=("R4.4", "R5.1", "R5.2"))
    assert count_line(requirement_lines(run)) == f"34 requirements: {line}"


def test_a_static_run_of_everything_is_complete_although_something_needs_a_cluster() -> None:
    tests = tuple(passed(id_) for id_ in REQUIREMENTS if id_ not in ids_with(Trait.ON_A_CLUSTER_ONLY))
    lines = requirement_lines(RunRecord((), tests, ()))
    assert count_line(lines, static=True) == "34 requirements: 33 hold, 1 needs a cluster"
    assert count_line(lines) == "34 requirements: 33 hold, 1 not run; incomplete"
    fewer = requirement_lines(RunRecord((), tests[1:], ()))
    assert (
        count_line(fewer, static=True) == "34 requirements: 32 hold, 1 not run, 1 needs a cluster; incomplete"
    )


def test_a_run_that_ended_before_its_live_tests_is_incomplete() -> None:
    tests = tuple(
        replace(passed(id_), tier=Tier.STATIC)
        for id_, one in REQUIREMENTS.items()
        if Trait.ON_A_CLUSTER_ONLY not in one.traits
    )
    ended = RunRecord((), tests, (), selected=tuple(REQUIREMENTS))
    assert not static_only(ended)
    line = count_line(requirement_lines(ended), static=static_only(ended))
    assert line == "34 requirements: 33 hold, 1 not run; incomplete"


def test_exactly_the_requirements_without_a_static_test_need_a_cluster() -> None:
    static = {mark.requirement for mark in collect_marks(TESTS) if mark.static}
    assert set(REQUIREMENTS) - static == ids_with(Trait.ON_A_CLUSTER_ONLY)


def test_the_luck_of_all_verdicts_is_added_up() -> None:
    lucky = [verdict("", false_alarm=chance) for chance in (1e-8, 2e-8, 0.0, None)]
    tests = tuple(TestRecord("t", ("R2.2",), 2, Outcome.PASSED, (one,), "", 1.0) for one in lucky)
    line = false_alarm_line(RunRecord((), tests, ()))
    assert "4 verdicts, 2 of which depend on chance" in line
    assert "at most 3.0e-08 (limit 1e-06)" in line
    assert "OVER" not in line


def test_luck_over_the_limit_is_said() -> None:
    test = TestRecord("t", ("R2.2",), 2, Outcome.PASSED, (verdict("", false_alarm=2e-6),), "", 1.0)
    assert "OVER THE LIMIT" in false_alarm_line(RunRecord((), (test,), ()))
