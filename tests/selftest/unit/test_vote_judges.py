"""Each judge of votes fails when it should, and says what was wrong."""

from dataclasses import replace

import pytest

from canary_conformance.scenario.observations import Ballot, Page, Sample
from canary_conformance.traffic.page import page_without_answer
from canary_conformance.verdicts import Verdict
from canary_conformance.voting.page_results import Counts
from canary_conformance.voting.vote_judges import (
    all_counted,
    none_lost_nor_doubled,
    none_strayed,
    reached_the_app,
)
from tests.selftest.support import FAILED_PAGE, OLD_PAGE

VOTED = replace(OLD_PAGE, status=302, host="", store="", results="")
UNSURE = replace(VOTED, status=500)
LATE = page_without_answer("late", cookie="", sent_at=1.0, took=5.0, path="/", timed_out=True)
EMPTY = Counts(0, 0, "percent")


def votes(*answers: Page, choice: str = "Cats") -> Sample[Ballot]:
    return Sample(tuple(Ballot(choice, answer) for answer in answers), f"{len(answers)} votes")


def test_one_vote_that_is_answered_otherwise_fails_and_is_quoted() -> None:
    assert all_counted()(votes(*[VOTED] * 688)).held
    verdict = all_counted()(votes(*[VOTED] * 687, FAILED_PAGE))
    assert not verdict.held
    assert verdict.evidence == "1 of 688 votes were not counted: 503"
    assert verdict.late == ()


def test_votes_that_only_ran_into_the_limit_may_be_the_machines_fault() -> None:
    assert all_counted()(votes(VOTED, LATE)).late == ((1.0, 6.0),)
    assert all_counted()(votes(VOTED, LATE, FAILED_PAGE)).late == ()


@pytest.mark.parametrize("sample", [votes(), votes(UNSURE), votes(LATE)], ids=["none", "unsure", "late"])
def test_without_a_counted_vote_nothing_is_shown(sample: Sample[Ballot]) -> None:
    assert not all_counted()(sample).held
    assert not reached_the_app(changes=9)(sample).held


@pytest.mark.parametrize("lost", [FAILED_PAGE, LATE, replace(VOTED, status=404)])
def test_a_vote_that_a_proxy_answers_is_lost_on_its_way(lost: Page) -> None:
    assert not reached_the_app(changes=9)(votes(*[VOTED] * 20, lost)).held


def test_a_vote_of_uncertain_fate_may_fall_into_each_change_and_no_more() -> None:
    held = reached_the_app(changes=2)(votes(*[VOTED] * 20, UNSURE, UNSURE))
    assert held.held
    assert (
        held.evidence
        == "0 of 22 votes lost on their way; 2 of uncertain fate while connections were replaced"
    )
    verdict = reached_the_app(changes=2)(votes(*[VOTED] * 20, *[UNSURE] * 3))
    assert verdict.evidence == "3 of 23 votes were not counted: 500"


@pytest.mark.parametrize(
    ("after", "words"),
    [
        (EMPTY, "0 of 688 votes counted by voting-storage 2.0"),
        (Counts(7, 0, "percent"), "7 of 688 votes were counted by voting-storage 2.0"),
    ],
    ids=["none", "one percent"],
)
def test_the_other_store_may_not_move(after: Counts, words: str) -> None:
    verdict: Verdict = none_strayed(EMPTY, after, "voting-storage 2.0")(votes(*[VOTED] * 688))
    assert words in verdict.seen
    assert verdict.held is (after == EMPTY)


def test_a_vote_that_may_belong_elsewhere_is_neither_lost_nor_doubled() -> None:
    sample = Sample((Ballot("Cats", VOTED), Ballot("Cats", replace(VOTED, sent_at=9.0))), "2 votes")

    def after_the_change(ballot: Ballot) -> bool:
        return ballot.answer.sent_at > 5.0

    for cats, held in ((0, False), (1, True), (2, True), (3, False)):
        judge = none_lost_nor_doubled(EMPTY, Counts(cats, 0, "percent"), sure=after_the_change)
        assert judge(sample).held is held
    exact = none_lost_nor_doubled(
        EMPTY, Counts(2, 0, "percent"), sure=after_the_change, possible=after_the_change
    )
    assert exact(sample).evidence == "1 votes for Cats counted twice: 2, not 1"
