"""The numbers of the Statistics section, against sums of exact fractions and simulated proxies."""

import math
import random
from collections import Counter
from fractions import Fraction
from itertools import product

import pytest

from canary_conformance.verdicts.load_balancer_shares import (
    LeastRequest,
    Policy,
    RandomPick,
    RoundRobin,
    chance_to_leave_one_out,
    share_fits,
)
from canary_conformance.verdicts.statistics import (
    FALSE_ALARM,
    FALSE_ALARMS_PER_RUN,
    VERDICTS_BY_LUCK,
    Unjudgeable,
    chance_to_miss_one,
    fair_share_bounds,
    leak_upper_bound,
    round_robin_bound,
    smallest_leak_found,
    smallest_shift_found,
    times_to_see_all,
    to_find_leak_in_each,
    to_find_leak_of,
    to_find_shift_of,
)

HALVES = {"plain": 0.5, "percent": 0.5}
THIRDS = {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}


def tail(n: int, share: Fraction, counts: range) -> Fraction:
    """P(X in counts) of a binomial, exactly."""
    return sum((math.comb(n, k) * share**k * (1 - share) ** (n - k) for k in counts), Fraction(0))


def test_the_budget_of_a_run_covers_all_verdicts_that_hang_on_luck() -> None:
    assert FALSE_ALARM * VERDICTS_BY_LUCK <= FALSE_ALARMS_PER_RUN <= 1e-6


@pytest.mark.parametrize(("leak", "times"), [(0.5, 20), (0.1, 132), (0.05, 270), (0.01, 1375), (1.0, 1)])
def test_sample_sizes_for_a_leak_are_those_of_the_scenario(leak: float, times: int) -> None:
    assert to_find_leak_of(leak) == times


@pytest.mark.parametrize("leak", [0.9, 0.5, 0.37, 0.1, 0.02, 0.003])
@pytest.mark.parametrize("miss", [0.5, 1e-3, 1e-6, 1e-9])
def test_the_sample_for_a_leak_is_large_enough_and_no_larger(leak: float, miss: float) -> None:
    n = to_find_leak_of(leak, miss)
    assert (1 - leak) ** n <= miss
    assert n == 1 or (1 - leak) ** (n - 1) > miss


def test_a_whole_power_of_one_half_needs_no_extra_observation() -> None:
    assert [to_find_leak_of(0.5, 2.0**-n) for n in range(1, 40)] == list(range(1, 40))


@pytest.mark.parametrize(("parts", "each"), [(1, 1375), (2, 688), (3, 688)])
def test_parts_of_a_requirement_find_their_own_leak_and_together_a_shared_one(parts: int, each: int) -> None:
    assert to_find_leak_in_each(parts, 0.01) == each
    assert smallest_leak_found(each) <= 0.01
    assert parts * each >= to_find_leak_of(0.01)


def test_a_requirement_without_parts_is_none() -> None:
    with pytest.raises(ValueError, match="at least 1, not 0"):
        to_find_leak_in_each(0, 0.01)


@pytest.mark.parametrize("n", [1, 20, 600, 1375])
def test_the_smallest_leak_found_is_missed_once_in_a_thousand(n: int) -> None:
    assert (1 - smallest_leak_found(n)) ** n == pytest.approx(0.001)


def test_the_sample_for_one_percent_finds_half_a_percent_with_three_nines() -> None:
    assert smallest_leak_found(1375) == pytest.approx(0.00501, abs=1e-5)
    assert smallest_leak_found(0) == 1.0


@pytest.mark.parametrize(("seen", "n"), [(0, 20), (0, 1375), (3, 100), (60, 600), (99, 100)])
def test_the_upper_bound_makes_so_few_offenders_as_unlikely_as_stated(seen: int, n: int) -> None:
    bound = leak_upper_bound(seen, n, doubt=1e-6)
    assert float(tail(n, Fraction(bound), range(seen + 1))) == pytest.approx(1e-6, rel=1e-6)


def test_the_upper_bound_says_nothing_when_all_offend_or_nothing_was_seen() -> None:
    assert leak_upper_bound(5, 5) == 1.0
    assert leak_upper_bound(0, 0) == 1.0
    with pytest.raises(ValueError, match="can't be among"):
        leak_upper_bound(6, 5)


def test_without_an_offender_the_upper_bound_is_the_leak_that_the_sample_was_taken_for() -> None:
    assert leak_upper_bound(0, to_find_leak_of(0.01)) == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize(("k", "miss", "times"), [(2, 1e-6, 21), (3, 1e-6, 37), (1, 1e-6, 1)])
def test_sizes_to_see_all_are_those_of_the_scenario(k: int, miss: float, times: int) -> None:
    assert times_to_see_all(k, 1 / k, miss) == times


def test_seeing_all_spends_one_verdicts_false_alarm_unless_told_otherwise() -> None:
    assert (times_to_see_all(2), times_to_see_all(3)) == (28, 49)
    assert chance_to_miss_one(28, 2, 0.5) <= FALSE_ALARM < chance_to_miss_one(27, 2, 0.5)


@pytest.mark.parametrize(("k", "n"), [(2, 10), (3, 20), (5, 60)])
def test_the_union_bound_lies_just_above_the_exact_chance_to_miss_one(k: int, n: int) -> None:
    exact = -sum((-1) ** i * math.comb(k, i) * Fraction(k - i, k) ** n for i in range(1, k + 1))
    assert float(exact) <= chance_to_miss_one(n, k, 1 / k) <= 1.05 * float(exact)


@pytest.mark.parametrize("n", [10, 28, 200, 600])
@pytest.mark.parametrize("share", [Fraction(1, 2), Fraction(1, 3), Fraction(1, 10)])
def test_share_bounds_are_the_tightest_exact_binomial_ones(n: int, share: Fraction) -> None:
    half = Fraction(FALSE_ALARM) / 2
    low, high = fair_share_bounds(n, float(share))
    assert tail(n, share, range(low)) <= half < tail(n, share, range(low + 1))
    assert tail(n, share, range(high + 1, n + 1)) <= half < tail(n, share, range(high, n + 1))


def test_a_smaller_alpha_widens_the_bounds() -> None:
    loose, tight = fair_share_bounds(400, 0.5, 1e-8), fair_share_bounds(400, 0.5, 1e-3)
    assert loose[0] < tight[0] < 200 < tight[1] < loose[1]


def test_the_smallest_shift_falls_outside_the_bounds_with_three_nines() -> None:
    low, high = fair_share_bounds(600, 0.5)
    shift = smallest_shift_found(600, 0.5, low, high)
    inside = tail(600, Fraction(0.5 + shift), range(low, high + 1))
    assert float(inside) == pytest.approx(0.001, rel=1e-3)


def test_the_smallest_shift_is_found_on_both_sides() -> None:
    low, high = fair_share_bounds(600, 0.1)
    shift = smallest_shift_found(600, 0.1, low, high)
    upwards = tail(600, Fraction(0.1 + shift), range(high + 1))
    downwards = tail(600, Fraction(max(0.0, 0.1 - shift)), range(low, 601))
    assert max(float(upwards), float(downwards)) == pytest.approx(0.001, rel=1e-3)


def test_bounds_that_allow_everything_find_no_shift() -> None:
    assert smallest_shift_found(10, 0.5, 0, 10) == 1.0


@pytest.mark.parametrize("shift", [0.05, 0.1, 0.3])
def test_the_sample_for_a_shift_finds_it(shift: float) -> None:
    n = to_find_shift_of(shift, 0.5)
    assert smallest_shift_found(n, 0.5, *fair_share_bounds(n, 0.5)) <= shift
    assert smallest_shift_found(n // 2, 0.5, *fair_share_bounds(n // 2, 0.5)) > shift


@pytest.mark.parametrize("wrong", [0.0, -0.1, 1.1])
def test_a_leak_that_is_no_share_is_an_error(wrong: float) -> None:
    with pytest.raises(ValueError, match="leak is a share"):
        to_find_leak_of(wrong)


def test_impossible_questions_are_errors() -> None:
    with pytest.raises(ValueError, match="at least 1, not 0"):
        times_to_see_all(0)
    with pytest.raises(ValueError, match="can't have the share"):
        times_to_see_all(3, 0.5)
    with pytest.raises(ValueError, match="no share lies"):
        to_find_shift_of(0.5, 0.5)
    with pytest.raises(ValueError, match="one worker and one proxy"):
        round_robin_bound(0, 3)


def rotate(proxies: int, workers: int, pods: str, requests: int, luck: random.Random) -> Counter[str]:
    """Requests that land on any worker of any proxy; each worker goes round by itself."""
    positions = [luck.randrange(len(pods)) for _ in range(proxies * workers)]
    counts = Counter(dict.fromkeys(pods, 0))
    for _ in range(requests):
        worker = luck.randrange(len(positions))
        counts[pods[positions[worker]]] += 1
        positions[worker] = (positions[worker] + 1) % len(pods)
    return counts


@pytest.mark.parametrize(("proxies", "workers"), [(1, 1), (3, 2)])
@pytest.mark.parametrize("expected", [HALVES, THIRDS])
def test_a_true_rotation_always_fits_round_robin(
    proxies: int, workers: int, expected: dict[str, float]
) -> None:
    luck = random.Random(5)
    names = dict(zip("xyz", expected, strict=False))
    for _ in range(300):
        counts = rotate(proxies, workers, "xyz"[: len(expected)], 60, luck)
        fit = share_fits(RoundRobin(workers, proxies), {names[pod]: n for pod, n in counts.items()}, expected)
        assert fit.misfit == ""
        assert fit.false_alarm == 0.0


def test_a_random_split_is_no_rotation() -> None:
    fit = share_fits(RoundRobin(workers=2, proxies=1), {"plain": 47, "percent": 53}, HALVES)
    assert fit.misfit == "counts are 6 apart"
    assert fit.bounds == "at most 2 apart (2 workers x 1 proxies)"


@pytest.mark.parametrize(("plain", "fits"), [(49, True), (51, True), (48, False), (52, False)])
def test_round_robin_is_judged_to_the_last_request(plain: int, fits: bool) -> None:
    counts = {"plain": plain, "percent": 100 - plain}
    assert (share_fits(RoundRobin(workers=2, proxies=1), counts, HALVES).misfit == "") is fits


@pytest.mark.parametrize("expected", [HALVES, THIRDS])
def test_the_shift_found_under_round_robin_follows_from_the_counts_it_allows(
    expected: dict[str, float],
) -> None:
    k = len(expected)
    splits = (counts for counts in product(range(41), repeat=k) if sum(counts) == 60)
    allowed = [counts[0] for counts in splits if max(counts) - min(counts) <= 6]
    fit = share_fits(RoundRobin(workers=2, proxies=3), dict.fromkeys(expected, 60 // k), expected)
    assert fit.smallest_shift == smallest_shift_found(60, 1 / k, min(allowed), max(allowed))


@pytest.mark.parametrize("policy", [RandomPick(), LeastRequest()])
def test_independent_draws_may_stray_as_far_as_luck_goes(policy: Policy) -> None:
    low, high = fair_share_bounds(600, 0.5)
    assert share_fits(policy, {"plain": low, "percent": 600 - low}, HALVES).misfit == ""
    assert share_fits(policy, {"plain": high + 1, "percent": 599 - high}, HALVES).misfit


def test_a_true_65_35_never_passes_as_70_30_once_the_sample_is_large_enough() -> None:
    n = to_find_shift_of(0.05, 0.7)
    luck = random.Random(65)
    claimed = {"old": 0.7, "new": 0.3}
    for _ in range(20):
        old = sum(luck.random() < 0.65 for _ in range(n))
        assert share_fits(RandomPick(), {"old": old, "new": n - old}, claimed).misfit


def test_three_outcomes_share_one_verdicts_false_alarm() -> None:
    counts = {"a": 100, "b": 100, "c": 100}
    low, high = fair_share_bounds(300, 1 / 3, FALSE_ALARM / 3)
    fit = share_fits(RandomPick(), counts, THIRDS)
    assert fit.bounds == f"a {low} to {high}, b {low} to {high}, c {low} to {high}"
    assert fit.false_alarm == FALSE_ALARM


@pytest.mark.parametrize("policy", [RandomPick(), LeastRequest(), RoundRobin(workers=4, proxies=3)])
def test_a_sample_that_fits_any_shares_judges_nothing(policy: Policy) -> None:
    with pytest.raises(Unjudgeable, match="fit any shares"):
        share_fits(policy, {"plain": 12, "percent": 0}, HALVES)


def test_least_request_beside_other_requests_has_ranges_only() -> None:
    busy = LeastRequest(busy=True)
    low, high = fair_share_bounds(600, 1 / 4)[0], fair_share_bounds(600, 3 / 4)[1]
    assert share_fits(busy, {"plain": low, "percent": 600 - low}, HALVES).misfit == ""
    assert share_fits(busy, {"plain": high + 1, "percent": 599 - high}, HALVES).misfit
    assert chance_to_leave_one_out(busy, 67, 2, 0.5) == chance_to_leave_one_out(RandomPick(), 67, 2, 0.25)
    with pytest.raises(Unjudgeable, match="needs 67 observations"):
        chance_to_leave_one_out(busy, 66, 2, 0.5)


def test_round_robin_requirements_equal_shares_only() -> None:
    with pytest.raises(Unjudgeable, match="equal shares only"):
        share_fits(RoundRobin(1, 1), {"old": 70, "new": 30}, {"old": 0.7, "new": 0.3})


@pytest.mark.parametrize("shares", [{"a": 1.0}, {"a": 0.5, "b": 0.6}, {"a": 1.0, "b": 0.0}])
def test_shares_that_are_none_judge_nothing(shares: dict[str, float]) -> None:
    with pytest.raises(Unjudgeable, match=r"shares (are|need)"):
        share_fits(RandomPick(), dict.fromkeys(shares, 50), shares)


def test_a_rotation_leaves_nobody_out_once_one_worker_must_have_gone_round() -> None:
    policy = RoundRobin(workers=2, proxies=3)
    assert chance_to_leave_one_out(policy, 13, 3, 1 / 3) == 0.0
    with pytest.raises(Unjudgeable, match="needs 13 observations"):
        chance_to_leave_one_out(policy, 12, 3, 1 / 3)
