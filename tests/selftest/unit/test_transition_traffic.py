"""Where the votes of a transition belong: by the voter, and by when they were cast."""

from dataclasses import replace

import pytest

from canary_conformance.scenario.observations import Ballot, Page, Sample, StepRecord, Transition
from canary_conformance.voting.page_results import Counts
from canary_conformance.voting.stage_rules import FLAGGED, ORDINARY
from canary_conformance.voting.transition_traffic import belonging, counts_around, stores_seen, version_for
from canary_conformance.voting.vote_judges import none_lost_nor_doubled
from tests.selftest.support import FAILED_PAGE, NEW_PAGE, OLD_PAGE

BEGAN, ROUTED, ENDED = 10.0, 14.0, 20.0
VOTED = replace(OLD_PAGE, status=302, host="", store="", results="", took=0.1)


def cast_at(*moments: float, answer: Page = VOTED) -> tuple[Ballot, ...]:
    return tuple(Ballot("Cats", replace(answer, sent_at=moment)) for moment in moments)


def transition(stage: int, ordinary: tuple[Ballot, ...], flagged: tuple[Ballot, ...] = ()) -> Transition:
    step = StepRecord("routes", (), BEGAN, BEGAN + 1, ENDED)
    return Transition(stage, (step,), {}, ballots={ORDINARY: ordinary, FLAGGED: flagged})


def holds(entered: Transition, version: str, cats: int) -> bool:
    sure, possible = belonging(entered, version, ROUTED)
    ballots = [one for cast in entered.ballots.values() for one in cast]
    judge = none_lost_nor_doubled(
        Counts(0, 0, "percent"), Counts(cats, 0, "percent"), sure=sure, possible=possible
    )
    return judge(Sample(tuple(ballots), "votes")).held


def counted_rightly(entered: Transition, version: str) -> list[int]:
    return [cats for cats in range(9) if holds(entered, version, cats)]


def test_both_voters_vote_in_the_old_store_while_it_is_locked() -> None:
    entered = transition(3, cast_at(9.0, 12.0, 19.0), cast_at(9.0, 19.0))
    assert counted_rightly(entered, "1.0") == [5]


def test_of_votes_without_an_answer_each_may_count_or_not() -> None:
    entered = transition(3, cast_at(9.0, 12.0), cast_at(12.0, 19.0, answer=FAILED_PAGE))
    assert counted_rightly(entered, "1.0") == [2, 3, 4]


def test_flagged_votes_leave_the_old_store_with_the_canarys_routes() -> None:
    entered = transition(4, cast_at(9.0, 12.0, 19.0), cast_at(9.0, 12.0, 19.0))
    assert counted_rightly(entered, "1.0") == [4, 5]


def test_ordinary_votes_reach_the_new_store_with_everyones_routes() -> None:
    entered = transition(5, cast_at(9.0, 12.0, 19.0), cast_at(9.0, 12.0))
    assert counted_rightly(entered, "2.0") == [3, 4]


@pytest.mark.parametrize(("stage", "stores"), [(2, ["1.0"]), (3, ["1.0"]), (4, ["1.0"]), (5, ["2.0"])])
def test_a_store_is_judged_that_was_to_be_seen_before_and_after(stage: int, stores: list[str]) -> None:
    assert stores_seen(stage) == stores


def test_counts_are_those_of_the_voter_who_has_the_version() -> None:
    pages = {ORDINARY: OLD_PAGE, FLAGGED: replace(NEW_PAGE, results="Cats: 2/3 (67%) | Dogs: 1/3 (33%)")}
    entered = replace(transition(5, ()), before=pages, after=dict.fromkeys(pages, NEW_PAGE))
    assert counts_around(entered, "2.0") == (Counts(2, 1, "percent"), Counts(2, 4, "percent"))
    wrong = replace(entered, after=dict.fromkeys(pages, OLD_PAGE))
    assert counts_around(wrong, "2.0") == (Counts(2, 1, "percent"), None)


def test_who_belongs_to_which_version() -> None:
    assert [version_for(ORDINARY, stage) for stage in range(1, 6)] == ["1.0"] * 4 + ["2.0"]
    assert [version_for(FLAGGED, stage) for stage in range(1, 6)] == ["1.0"] * 3 + ["2.0"] * 2
