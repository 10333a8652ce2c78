"""Which worker judges what: every test once, shared samples together, the ends even."""

import itertools
from collections.abc import Sequence

import pytest

from canary_conformance.voting.work_shares import (
    LAST,
    REMOVED,
    SECONDS,
    TRANSITION,
    WATCHED,
    Group,
    end_of,
    seconds_of,
    share_out,
)

ALL = (
    Group(0, "static", transition=False),
    *(Group(stage, TRANSITION, transition=True) for stage in range(1, LAST)),
    *(Group(stage, subject, transition=False) for stage, subject in SECONDS),
    Group(LAST, "test_nothing_is_left", transition=False),
)


MANY_CORES = 64


def shares(groups: Sequence[Group], workers: int, cores: int = MANY_CORES) -> list[list[Group]]:
    whose = share_out(groups, workers, cores)
    return [[group for group, one in zip(groups, whose, strict=True) if one == w] for w in range(workers)]


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 8])
def test_every_group_has_one_worker(workers: int) -> None:
    shared = share_out(ALL, workers, 2)
    assert len(shared) == len(ALL)
    assert set(shared) <= set(range(workers))


@pytest.mark.parametrize("workers", [2, 4])
def test_every_worker_comes_to_the_same_answer(workers: int) -> None:
    assert share_out(ALL, workers, 2) == share_out(list(ALL), workers, 2)


def test_the_ways_into_a_stage_are_judged_by_one_worker() -> None:
    for share, other in itertools.permutations(shares(ALL, 4), 2):
        watched = {group.stage for group in share if group.transition}
        assert not watched & {group.stage for group in other if group.transition}


def test_two_workers_that_find_cores_enough_end_in_three_quarters_of_the_time_of_one() -> None:
    longest = max(seconds_of(share) for share in shares(ALL, 2))
    assert longest <= 0.75 * seconds_of(ALL)


def test_where_cores_are_few_what_two_namespaces_cost_together_decides() -> None:
    few, many = shares(ALL, 2, 2), shares(ALL, 2)
    assert end_of(few, 2) <= end_of(many, 2)
    assert end_of(many, MANY_CORES) <= end_of(few, MANY_CORES)
    assert end_of(few, 2) > end_of(few, MANY_CORES)


def test_a_worker_alone_is_slowed_down_by_nobody() -> None:
    assert end_of([ALL], MANY_CORES) == pytest.approx(seconds_of(ALL))


def test_more_workers_never_take_longer() -> None:
    ends = [max(seconds_of(share) for share in shares(ALL, workers)) for workers in (1, 2, 3, 4)]
    assert ends == sorted(ends, reverse=True)


def test_one_subject_is_no_work_for_two() -> None:
    canary = Group(4, "test_chains", transition=False)
    assert share_out([canary], 2, 2) == [0]
    assert seconds_of([]) == 0


def test_a_transition_costs_its_seconds_and_the_namespaces_removal() -> None:
    judged = Group(1, TRANSITION, transition=True)
    assert seconds_of([judged]) == pytest.approx(WATCHED[1] + judged.seconds + REMOVED)


def test_nobody_shares_nothing() -> None:
    assert share_out([], 2, 2) == []
