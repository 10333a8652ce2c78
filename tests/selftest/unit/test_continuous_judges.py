"""Continuous traffic: what was lost, what was seen after the change, whether the record has holes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from canary_conformance.scenario.observations import Page, Sample
from canary_conformance.verdicts import (
    failed_page,
    longest_gap,
    no_failed_page,
    only_before,
    served_by,
    smallest_leak_found,
)
from canary_conformance.voting.page_checks import formatted_as
from tests.selftest.support import FAILED_PAGE, NEW_PAGE, OLD_PAGE

pytestmark = pytest.mark.selftest

OLD, NEW, FAILED = OLD_PAGE, NEW_PAGE, FAILED_PAGE


def sample(*pages: Page) -> Sample[Page]:
    return Sample(pages, f"{len(pages)} pages with the flag")


def traffic(*pages: Page, every_seconds: float = 0.1) -> Sample[Page]:
    """The pages in their order, each sent a little after the one before, from 0.0 on."""
    return sample(*(replace(page, sent_at=i * every_seconds) for i, page in enumerate(pages)))


class TestNoFailedPage:
    def test_holds_at_zero_of_n_and_tells_the_longest_gap(self) -> None:
        verdict = no_failed_page(live_at=5.0, largest_gap=0.2)(traffic(*[OLD] * 100))
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

    def test_a_silence_could_hide_an_outage(self) -> None:
        pages = sample(OLD, replace(OLD, sent_at=3.0))
        assert no_failed_page()(pages).held
        verdict = no_failed_page(largest_gap=1.0)(pages)
        assert not verdict.held
        assert verdict.evidence == "no request for 3.00 s (allowed: 1.00 s), which could hide an outage"

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
        assert verdict.seen == "none of 3 pages is a whole page sent after the change had propagated"

    def test_failures_themselves_can_be_what_must_end(self) -> None:
        assert only_before(0.15, failed_page)(traffic(OLD, FAILED, NEW)).held
        assert not only_before(0.15, failed_page)(traffic(OLD, FAILED, NEW, FAILED)).held
        lasting = only_before(0.05, failed_page)(traffic(OLD, FAILED))
        assert not lasting.held
        assert lasting.evidence == "1 of 1 pages failed after propagation"
