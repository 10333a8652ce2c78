"""Continuous traffic: what was lost, what was seen after the change, whether the record has holes."""

from dataclasses import replace

import pytest

from canary_conformance.errors import NotJudged
from canary_conformance.scenario.observations import Page, Sample
from canary_conformance.traffic.page import page_without_answer
from canary_conformance.verdicts import (
    failed_page,
    longest_gap,
    no_failed_page,
    only_before,
    served_by,
    smallest_leak_found,
)
from canary_conformance.verdicts.continuous_judges import answered_all_along
from canary_conformance.voting.page_checks import formatted_as
from tests.selftest.support import FAILED_PAGE, NEW_PAGE, OLD_PAGE

OLD, NEW, FAILED = OLD_PAGE, NEW_PAGE, FAILED_PAGE


def sample(*pages: Page) -> Sample[Page]:
    return Sample(pages, f"{len(pages)} pages with the flag")


def traffic(*pages: Page, every_seconds: float = 0.1) -> Sample[Page]:
    """The pages in their order, each sent a little after the one before, from 0.0 on."""
    return sample(*(replace(page, sent_at=i * every_seconds) for i, page in enumerate(pages)))


class TestNoFailedPage:
    def test_holds_at_zero_of_n_and_tells_the_longest_gap(self) -> None:
        verdict = no_failed_page(live_at=5.0)(traffic(*[OLD] * 100))
        assert verdict.held
        assert verdict.seen.splitlines() == [
            "0 of 100 pages failed",
            "longest gap 0.10 s, slowest page 0.02 s, loss below 12.9 % (probability 1 - 1e-06)",
        ]
        assert verdict.evidence == "0 of 100 pages failed, longest gap 0.10 s"

    def test_one_failed_page_breaks_it_and_is_timed_against_the_change(self) -> None:
        verdict = no_failed_page(live_at=5.0)(traffic(*[OLD] * 52, FAILED, *[OLD] * 10))
        assert not verdict.held
        assert verdict.evidence == "1 of 63 pages answered 503"
        assert verdict.examples[0].startswith("0.20 s after propagation: no pod; ")

    def test_an_empty_result_is_a_failed_page(self) -> None:
        verdict = no_failed_page()(traffic(OLD, replace(OLD, results="")))
        assert verdict.evidence == "1 of 2 pages lacked results"

    @pytest.mark.parametrize(("live_at", "side"), [(-1.0, "before"), (99.0, "after")])
    def test_traffic_must_reach_over_the_change(self, live_at: float, side: str) -> None:
        verdict = no_failed_page(live_at=live_at)(traffic(*[OLD] * 100))
        assert not verdict.held
        assert verdict.evidence == f"no page was requested {side} the change had propagated"

    def test_the_gap_is_that_of_all_voters_together(self) -> None:
        pages = [replace(OLD, sent_at=moment) for moment in (0.0, 2.0, 1.5, 0.7)]
        assert longest_gap(pages) == pytest.approx(0.8)
        assert longest_gap(pages[:1]) == 0.0


class TestOnlyBefore:
    def test_the_old_may_be_seen_until_the_change_is_live(self) -> None:
        pages = traffic(OLD, NEW, OLD, NEW, NEW)
        verdict = only_before(0.25, served_by("1.0"))(pages)
        assert verdict.held
        assert verdict.seen == "0 of 2 pages sent after the change had propagated were served by 1.0"
        assert verdict.evidence == "0 of 2 pages served by 1.0 after propagation"
        assert verdict.smallest_leak == smallest_leak_found(2)

    def test_one_old_page_afterwards_breaks_it_with_its_time(self) -> None:
        verdict = only_before(0.25, formatted_as("plain"))(traffic(OLD, NEW, NEW, NEW, OLD, FAILED))
        assert not verdict.held
        assert verdict.seen == (
            "1 of 2 pages sent after the change had propagated were in the plain format, "
            "the last 0.15 s after it (1 more failed)"
        )
        assert verdict.examples[0].startswith("0.15 s after propagation: app-1; ")

    def test_a_page_sent_at_the_very_moment_was_not_sent_after_it(self) -> None:
        pages = sample(replace(OLD, sent_at=5.0), replace(NEW, sent_at=5.1))
        assert only_before(5.0, served_by("1.0"))(pages).held

    def test_failed_pages_alone_prove_nothing(self) -> None:
        verdict = only_before(0.05, served_by("1.0"))(traffic(OLD, FAILED, FAILED))
        assert not verdict.held
        assert verdict.seen == "2 of 2 pages sent after propagation answered 503"

    def test_failures_themselves_can_be_what_must_end(self) -> None:
        assert only_before(0.15, failed_page)(traffic(OLD, FAILED, NEW)).held
        assert not only_before(0.15, failed_page)(traffic(OLD, FAILED, NEW, FAILED)).held
        lasting = only_before(0.05, failed_page)(traffic(OLD, FAILED))
        assert not lasting.held
        assert lasting.evidence == "1 of 1 pages failed after propagation"


def answered_at(*moments: float, took: float = 0.02) -> Sample[Page]:
    return sample(*(replace(OLD, sent_at=moment - took, took=took) for moment in moments))


class TestAnsweredAllAlong:
    def test_answers_at_the_pace_hold_and_the_longest_wait_is_told(self) -> None:
        verdict = answered_all_along(10.0, 16.0)(answered_at(11.0, 13.0, 14.0, 15.9))
        assert verdict.held
        assert verdict.evidence == "the longest wait for a page was 2.00 s"
        assert verdict.late == ()

    @pytest.mark.parametrize(
        ("moments", "since"),
        [((14.0, 15.5), "0.0"), ((11.0, 15.0), "1.0"), ((11.0, 12.5), "2.5"), ((9.0, 17.0), "0.0")],
        ids=["at the beginning", "between two answers", "at the end", "from before until after"],
    )
    def test_a_silence_fails_and_is_timed(self, moments: tuple[float, ...], since: str) -> None:
        verdict = answered_all_along(10.0, 16.0)(answered_at(*moments))
        assert not verdict.held
        assert f"s, from {since} s after the transition began" in verdict.evidence
        assert verdict.late, "a machine that was short meanwhile excuses it"

    def test_a_page_that_hung_below_its_own_limit_is_a_silence(self) -> None:
        hung = replace(OLD, sent_at=11.0, took=4.5)
        verdict = answered_all_along(10.0, 16.0)(sample(replace(OLD, sent_at=10.9), hung))
        assert not verdict.held
        assert no_failed_page()(sample(hung)).held

    def test_a_request_that_timed_out_is_no_answer(self) -> None:
        late = page_without_answer("late", cookie="", sent_at=11.0, took=2.4, path="/", timed_out=True)
        pages = [replace(OLD, sent_at=moment) for moment in (10.5, 13.8, 15.0)]
        assert answered_all_along(10.0, 16.0)(sample(*pages)).held is False
        assert answered_all_along(10.0, 16.0)(sample(*pages, late)).held is False

    def test_what_its_own_process_explains_is_no_silence_of_the_app(self) -> None:
        pages = answered_at(11.0, 15.0)
        assert answered_all_along(10.0, 16.0, [(11.5, 13.5)])(pages).held
        assert not answered_all_along(10.0, 16.0, [(11.5, 12.2)])(pages).held
        assert not answered_all_along(10.0, 16.0, [(1.0, 5.0)])(pages).held

    def test_an_outage_that_its_own_process_would_not_have_seen_leaves_it_unjudged(self) -> None:
        with pytest.raises(NotJudged, match=r"stood still for 3.2 s .* an outage would hide"):
            answered_all_along(10.0, 16.0, [(11.5, 14.7)])(answered_at(11.0, 15.0))

    def test_no_page_at_all_fails(self) -> None:
        assert not answered_all_along(10.0, 11.0)(sample()).held
