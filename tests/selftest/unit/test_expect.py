"""One judgement, written down and raised: what a person reads, and what the ledger keeps."""

import pickle
import subprocess
import sys
from dataclasses import replace

import pytest

from canary_conformance.paths import REPOSITORY
from canary_conformance.scenario.observations import Sample
from canary_conformance.verdicts import (
    ExpectationFailed,
    Verdict,
    bounds,
    every,
    expect,
    expect_all,
    ledger,
    never,
    render,
    same,
)
from canary_conformance.voting.requirements import requirement_of


def is_even(number: int) -> str:
    return "" if number % 2 == 0 else f"were odd ({number})"


EVENS = Sample((2, 4, 6), "3 numbers")
MIXED = Sample((2, 3, 5), "3 numbers")


def verdict(**changes: object) -> Verdict:
    values: dict[str, object] = {
        "held": False,
        "expected": "600 pages with the flag: each served by 2.0",
        "seen": "60 of 600 pages came from 1.0\n3 of 600 pages answered 503",
        "evidence": "60 of 600 pages came from 1.0",
        "examples": ("app-1; cookie 'featureflag=on'; results 'Cats: 2 | Dogs: 4'", "no pod; status 503"),
        "sample_size": 600,
        "false_alarm": 0.0,
        "smallest_leak": 0.01145,
    }
    return Verdict(**(values | changes))  # type: ignore[arg-type]


def test_a_held_requirement_returns_its_verdict() -> None:
    assert expect(EVENS, every(is_even)).held


def test_a_failed_requirement_is_an_assertion_that_carries_its_verdict() -> None:
    with pytest.raises(ExpectationFailed) as caught:
        expect(MIXED, every(is_even))
    assert isinstance(caught.value, AssertionError)
    assert not caught.value.verdict.held
    assert "were odd (3)" in str(caught.value)


def test_each_judge_is_asked_once() -> None:
    asked: list[Sample[int]] = []

    def judge(sample: Sample[int]) -> Verdict:
        asked.append(sample)
        return every(is_even)(sample)

    with pytest.raises(ExpectationFailed):
        expect(MIXED, judge)
    assert asked == [MIXED]


def test_several_judges_are_all_heard_before_anything_is_raised() -> None:
    with ledger() as verdicts, pytest.raises(ExpectationFailed) as caught:
        expect_all(MIXED, every(is_even), same([2, 3, 5]), never(is_even))
    assert [kept.held for kept in verdicts] == [False, True, False]
    assert len(caught.value.verdicts) == 2
    assert str(caught.value).count("FAILED") == 2


def test_no_judge_is_no_verdict() -> None:
    with pytest.raises(ValueError, match="nothing judges"):
        expect_all(EVENS)
    with pytest.raises(ValueError, match="at least one verdict"):
        ExpectationFailed()


def test_what_two_judges_saw_alike_is_one_failure_and_two_verdicts() -> None:
    with ledger() as verdicts, pytest.raises(ExpectationFailed) as failed:
        expect_all(MIXED, every(is_even), every(is_even))
    assert (len(failed.value.verdicts), len(verdicts)) == (1, 2)


def test_the_ledger_keeps_held_and_broken_verdicts_in_order() -> None:
    with ledger() as verdicts:
        first = expect(EVENS, every(is_even))
        with pytest.raises(ExpectationFailed) as caught:
            expect(MIXED, every(is_even))
    assert verdicts == [first, caught.value.verdict]


def test_an_inner_ledger_keeps_to_itself_and_none_is_needed() -> None:
    with ledger() as outer:
        with ledger() as inner:
            expect(EVENS, every(is_even))
        expect(EVENS, same((2, 4, 6)))
    expect(EVENS, every(is_even))
    assert (len(inner), len(outer)) == (1, 1)


def test_a_verdict_quotes_no_more_than_two_examples() -> None:
    with pytest.raises(ValueError, match="at most 2"):
        verdict(examples=("a", "b", "c"))


def test_a_failed_requirement_survives_the_way_between_processes() -> None:
    copy = pickle.loads(pickle.dumps(ExpectationFailed(verdict())))
    assert copy.verdict == verdict()


def test_a_bare_verdict_reads_from_expected_to_sample() -> None:
    assert render(verdict()).splitlines() == [
        "the verdict FAILED: 60 of 600 pages came from 1.0",
        "  expected  600 pages with the flag: each served by 2.0",
        "  seen      60 of 600 pages came from 1.0",
        "            3 of 600 pages answered 503",
        "  example   app-1; cookie 'featureflag=on'; results 'Cats: 2 | Dogs: 4'",
        "  example   no pod; status 503",
        "  sample    600 observations; no false alarm by chance; "
        "a share of 1.15 % is found with a certainty of 99.9 %",
    ]


def test_a_long_heading_is_wrapped_between_words_and_never_cut() -> None:
    cause = "VirtualService/voting-app replaces the Set-Cookie of the application's answers, " * 3
    words = f"The verdict says that {cause}so nothing works"
    text = render(replace(verdict(), evidence=words)).partition("  expected")[0]
    assert " ".join(text.split()) == f"the verdict FAILED: {' '.join(words.split())}"


def test_requirement_stage_and_places_are_added_by_who_knows_them() -> None:
    requirement = requirement_of("R4.4")
    text = render(verdict(), requirement, ["istio/step-3.yaml:31"])
    assert text.startswith("R4.4 stage 4 FAILED: ")
    assert requirement.sentence in " ".join(text.split())
    assert "  look at   istio/step-3.yaml:31" in text.splitlines()


def test_a_requirement_of_all_stages_names_none() -> None:
    assert render(verdict(held=True), requirement_of("R0.1")).startswith("R0.1 holds: ")


def test_even_the_worst_verdict_fits_a_screen() -> None:
    awful = verdict(
        expected="word " * 400,
        seen="\n".join(f"line {i} " + "x" * 300 for i in range(60)),
        examples=("y" * 900, "z" * 900),
    )
    lines = render(awful, requirement_of("R4.4"), [f"file.yaml:{i}" for i in range(50)]).splitlines()
    assert len(lines) < 60
    assert max(len(line) for line in lines) <= 110
    assert any("more lines" in line for line in lines)
    assert any("and 46 more" in line for line in lines)


def test_bounds_say_how_far_the_sample_carries() -> None:
    assert bounds(verdict(false_alarm=1e-8)) == (
        "600 observations; probability of a false alarm below 1.0e-08; "
        "a share of 1.15 % is found with a certainty of 99.9 %"
    )
    assert bounds(verdict(false_alarm=None, smallest_leak=None)) == "compared, not sampled"


def test_the_traceback_of_a_failed_requirement_ends_in_the_test() -> None:
    assert "__tracebackhide__" in expect.__code__.co_varnames
    assert "__tracebackhide__" in expect_all.__code__.co_varnames


def test_importing_the_judges_costs_no_scipy() -> None:
    program = "import sys, canary_conformance.verdicts; sys.exit('scipy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, check=False).returncode == 0
