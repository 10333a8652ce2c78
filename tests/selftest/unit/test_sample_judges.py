"""Each judge fails when it should, on nothing at all too; its verdict says counts, examples and bounds."""

from dataclasses import replace

import pytest

from canary_conformance.scenario.observations import Page, Reply, ReplyKind, Sample
from canary_conformance.verdicts import (
    Judge,
    LeastRequest,
    RoundRobin,
    Unjudgeable,
    all_seen,
    answers_with,
    both,
    every,
    false_alarms_together,
    never,
    no_failed_page,
    only_before,
    pod,
    refused_by_reset,
    same,
    served_by,
    shares,
    smallest_leak_found,
    times_to_see_all,
    to_find_shift_of,
    whole_page,
)
from canary_conformance.verdicts.statistics import FALSE_ALARM, FALSE_ALARMS_PER_RUN
from canary_conformance.voting.page_checks import results_format
from tests.selftest.support import FAILED_PAGE, NEW_PAGE, OLD_PAGE

OLD, NEW, FAILED = OLD_PAGE, NEW_PAGE, FAILED_PAGE
PONG = Reply(ReplyKind.ANSWERED, b"+PONG\r\n", "", 0.001)
RESET = Reply(ReplyKind.RESET, b"", "errno 104", 0.001)
TIMED_OUT = Reply(ReplyKind.TIMED_OUT, b"", "", 5.0)
HALVES = {"plain": 0.5, "percent": 0.5}


def sample(*pages: Page) -> Sample[Page]:
    return Sample(pages, f"{len(pages)} pages with the flag")


@pytest.mark.parametrize(
    "judge",
    [
        every(served_by("2.0")),
        never(served_by("2.0")),
        all_seen(pod, ["app-1"]),
        shares(results_format, HALVES, LeastRequest()),
        no_failed_page(),
        only_before(0.0, served_by("1.0")),
    ],
)
def test_an_empty_sample_holds_nothing(judge: Judge[Page]) -> None:
    verdict = judge(sample())
    assert not verdict.held
    assert verdict.seen == "no observations" or "none of 0 pages" in verdict.seen
    assert (verdict.sample_size, verdict.smallest_leak, verdict.examples) == (0, 1.0, ())


class TestEvery:
    def test_holds_when_each_page_passes_and_states_what_it_finds(self) -> None:
        verdict = every(served_by("2.0"))(sample(*[NEW] * 600))
        assert verdict.held
        assert verdict.expected == "600 pages with the flag: each served by 2.0"
        assert verdict.seen == "600 of 600 pages served by 2.0"
        assert verdict.evidence == "600 of 600 pages served by 2.0 (finds strays from 1.14 %)"
        assert (verdict.sample_size, verdict.false_alarm) == (600, 0.0)
        assert verdict.smallest_leak == smallest_leak_found(600)

    def test_one_offender_among_many_breaks_it(self) -> None:
        verdict = every(served_by("2.0"))(sample(*[NEW] * 1374, OLD))
        assert not verdict.held
        assert verdict.seen == "1 of 1375 pages came from 1.0"

    def test_complaints_are_counted_and_two_examples_quoted(self) -> None:
        pages = [*[NEW] * 537, *[OLD] * 60, *[FAILED] * 3]
        verdict = every(both(whole_page, served_by("2.0")))(sample(*pages))
        assert verdict.seen == "60 of 600 pages came from 1.0\n3 of 600 pages answered 503"
        assert verdict.evidence == "60 of 600 pages came from 1.0"
        assert verdict.examples == (
            "app-1; no cookie; results 'Cats: 2 | Dogs: 4'",
            "no pod; no cookie; no results; status 503; body 'no healthy upstream'",
        )

    def test_replies_are_called_replies(self) -> None:
        verdict = every(refused_by_reset)(Sample((RESET, TIMED_OUT), "plaintext"))
        assert verdict.seen == "1 of 2 replies timed out"


class TestNever:
    def test_holds_at_zero_of_n(self) -> None:
        verdict = never(served_by("2.0"))(sample(*[OLD] * 1375))
        assert verdict.held
        assert verdict.expected == "1375 pages with the flag: none served by 2.0"
        assert verdict.seen == "0 of 1375 pages were served by 2.0"
        assert verdict.evidence == "0 of 1375 pages were served by 2.0 (finds strays from 0.501 %)"

    def test_one_trace_breaks_it_even_on_a_page_that_failed(self) -> None:
        verdict = never(served_by("2.0"))(sample(OLD, replace(NEW, status=500, results="")))
        assert not verdict.held
        assert verdict.seen == "1 of 2 pages were served by 2.0"

    def test_failed_pages_are_no_evidence_of_absence(self) -> None:
        verdict = never(served_by("2.0"))(sample(OLD, FAILED))
        assert not verdict.held
        assert verdict.seen == "1 of 2 pages could not show it"
        assert verdict.smallest_leak == smallest_leak_found(1)

    def test_calls_that_never_connected_are_no_evidence_either(self) -> None:
        assert never(answers_with(b"+PONG"))(Sample((RESET,), "calls")).held
        assert not never(answers_with(b"+PONG"))(Sample((RESET, TIMED_OUT), "calls")).held


class TestAllSeen:
    def test_holds_when_all_and_only_those_were_seen(self) -> None:
        n = times_to_see_all(2)
        verdict = all_seen(pod, ["app-1", "app-2"])(sample(*[OLD] * (n - 1), NEW))
        assert verdict.held
        assert verdict.evidence == "2 of 2 seen in 28 pages"
        assert verdict.seen == "seen: app-1 27, app-2 1 of 28 pages"
        assert verdict.false_alarm is not None
        assert 0 < verdict.false_alarm <= FALSE_ALARM

    def test_a_missing_outcome_breaks_it(self) -> None:
        verdict = all_seen(pod, ["app-1", "app-2"])(sample(*[OLD] * 28))
        assert not verdict.held
        assert verdict.seen == "never seen: app-2\nseen: app-1 28 of 28 pages"

    def test_a_stranger_breaks_it_and_is_quoted(self) -> None:
        verdict = all_seen(pod, ["app-1"])(sample(*[OLD] * 30, NEW))
        assert not verdict.held
        assert verdict.seen.splitlines()[0] == "unexpected: app-2 1"
        assert verdict.examples[0].startswith("app-2; ")

    def test_a_stranger_is_certain_however_small_the_sample(self) -> None:
        verdict = all_seen(pod, ["app-1", "app-3"])(sample(OLD, NEW))
        assert not verdict.held
        assert verdict.seen.splitlines()[:2] == ["never seen: app-3", "unexpected: app-2 1"]

    def test_a_failed_page_is_a_stranger(self) -> None:
        verdict = all_seen(pod, ["app-1"])(sample(*[OLD] * 30, FAILED))
        assert verdict.seen.splitlines()[0] == "unexpected: (answered 503) 1"

    @pytest.mark.parametrize("pages", [[OLD, NEW], [OLD] * 27])
    def test_too_small_a_sample_is_a_defect_of_the_test_whatever_was_seen(self, pages: list[Page]) -> None:
        with pytest.raises(Unjudgeable, match="needs 28 observations under independent draws"):
            all_seen(pod, ["app-1", "app-2"])(sample(*pages))

    def test_a_rotation_needs_fewer(self) -> None:
        judge = all_seen(pod, ["app-1", "app-2"], RoundRobin(workers=2, proxies=1))
        assert judge(sample(OLD, NEW, OLD)).held
        assert judge(sample(OLD, NEW, OLD)).false_alarm == 0.0

    def test_a_rare_outcome_needs_more(self) -> None:
        with pytest.raises(Unjudgeable, match="needs 182"):
            all_seen(pod, ["app-1", "app-2"], smallest_share=0.1)(sample(*[OLD, NEW] * 50))

    @pytest.mark.parametrize("expected", [[], ["a", "a"]])
    def test_nothing_or_doubles_can_not_be_expected(self, expected: list[str]) -> None:
        with pytest.raises(ValueError, match="different outcomes"):
            all_seen(pod, expected)


class TestShares:
    def test_a_fair_split_holds_and_states_bounds(self) -> None:
        verdict = shares(results_format, HALVES, LeastRequest())(sample(*[OLD] * 290, *[NEW] * 310))
        assert verdict.held
        assert verdict.expected == "600 pages with the flag: plain 50 %, percent 50 %, by LEAST_REQUEST"
        assert verdict.seen.splitlines() == [
            "seen: percent 310, plain 290 of 600 pages",
            "allowed: plain 230 to 370, percent 230 to 370",
        ]
        assert verdict.false_alarm == FALSE_ALARM
        assert verdict.evidence.startswith("percent 310, plain 290 (finds shifts from ")

    def test_a_skewed_split_breaks_it(self) -> None:
        n = to_find_shift_of(0.2, 0.5)
        old = round(0.7 * n)
        verdict = shares(results_format, HALVES, LeastRequest())(sample(*[OLD] * old, *[NEW] * (n - old)))
        assert not verdict.held
        assert verdict.seen.startswith(f"outside the bounds: plain {old} of {n}, percent")
        assert verdict.smallest_leak is not None
        assert verdict.smallest_leak <= 0.2

    def test_the_policy_in_force_decides(self) -> None:
        pages = sample(*[OLD] * 290, *[NEW] * 310)
        assert not shares(results_format, HALVES, RoundRobin(workers=2, proxies=3))(pages).held
        assert shares(results_format, HALVES, RoundRobin(workers=10, proxies=3))(pages).held

    def test_a_stranger_breaks_it(self) -> None:
        pages = sample(*[OLD] * 300, *[NEW] * 299, FAILED)
        verdict = shares(results_format, HALVES, LeastRequest())(pages)
        assert not verdict.held
        assert verdict.seen.splitlines()[0] == "unexpected: (answered 503) 1"
        assert len(verdict.examples) == 1


def test_verdicts_of_a_whole_run_stay_within_its_budget() -> None:
    pages = sample(*[OLD] * 290, *[NEW] * 310)
    one_of_each = [
        every(whole_page)(pages),
        all_seen(pod, ["app-1", "app-2"])(pages),
        shares(results_format, HALVES, LeastRequest())(pages),
        same("a")("a"),
    ]
    assert 0 < false_alarms_together(one_of_each * 25) <= FALSE_ALARMS_PER_RUN
