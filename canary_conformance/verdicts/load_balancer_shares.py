"""Which shares a balancing policy promises, and whether counts fit them.

RANDOM and the weights of a VirtualService draw each request independently. ROUND_ROBIN rotates, which is far
stricter. LEAST_REQUEST (Istio's default since 1.14) compares two random endpoints and takes the one with
fewer requests in flight: one request at a time finds every endpoint idle, so that each is an independent fair
draw. Beside other requests it avoids the busy endpoint, which still gets what both picks leave no choice for.
Source: Envoy, "Load balancers", weighted least request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from canary_conformance.verdicts.statistics import (
    FALSE_ALARM,
    Unjudgeable,
    chance_to_miss_one,
    fair_share_bounds,
    round_robin_bound,
    smallest_shift_found,
    times_to_see_all,
)


@dataclass(frozen=True, slots=True)
class RandomPick:
    """Each request is an independent draw: RANDOM, or the weights of a VirtualService's routes."""

    name: str = "independent draws"


@dataclass(frozen=True, slots=True)
class LeastRequest:
    """LEAST_REQUEST; `busy` when requests may have met others in flight, so that shares are ranges only."""

    busy: bool = False
    name: str = "LEAST_REQUEST"


@dataclass(frozen=True, slots=True)
class RoundRobin:
    """ROUND_ROBIN by `proxies` client proxies with `workers` worker threads each."""

    workers: int
    proxies: int
    name: str = "ROUND_ROBIN"


_Draws = RandomPick | LeastRequest
Policy = _Draws | RoundRobin


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether counts fit: `bounds` says what was allowed, `misfit` what broke it ("" if nothing did).

    `allowed` are the lowest and the highest count of each outcome.
    """

    bounds: str
    misfit: str
    false_alarm: float
    smallest_shift: float
    allowed: Mapping[str, tuple[int, int]]


def busiest_share(k: int) -> float:
    """Return what the busiest of `k` equal endpoints gets by LEAST_REQUEST: both random picks are it."""
    return k**-2


def share_fits(policy: Policy, counts: Mapping[str, int], expected: Mapping[str, float]) -> Fit:
    """Return whether the counts of the expected outcomes fit their shares (which sum to 1) under the policy.

    Draws are judged by exact binomial bounds that share one verdict's false alarm, ROUND_ROBIN by its certain
    bound. Raises Unjudgeable when the policy promises no such shares, or when the sample is so small that no
    count could ever break them. Source: R2.2, Statistics.
    """
    _require_shares(expected)
    if isinstance(policy, RoundRobin):
        return _fit_rotation(policy, counts, expected)
    return _fit_draws(policy, counts, expected)


def chance_to_leave_one_out(policy: Policy, n: int, k: int, share: float) -> float:
    """Return a bound on the chance that `n` observations leave out one of `k` outcomes.

    `share` is that of the rarest. Under ROUND_ROBIN it is 0: among more than (k - 1) * W * P requests one
    rotation has gone all the way round. Raises Unjudgeable when the bound is above what a verdict may spend,
    so that too small a sample is found at once and not by bad luck.
    """
    if isinstance(policy, RoundRobin):
        needed = (k - 1) * round_robin_bound(policy.workers, policy.proxies) + 1
        chance = 0.0
    else:
        least, _ = _range(policy, share)
        needed = times_to_see_all(k, least)
        chance = chance_to_miss_one(n, k, least)
    if n < needed:
        raise Unjudgeable(
            f"seeing all {k} outcomes needs {needed} observations under {policy.name}; there are {n}"
        )
    return chance


def _fit_draws(policy: _Draws, counts: Mapping[str, int], expected: Mapping[str, float]) -> Fit:
    n = sum(counts.values())
    # Two outcomes are one coin: the second count follows from the first.
    tests = 1 if len(expected) == 2 else len(expected)
    allowed = {}
    for key, share in expected.items():
        low, high = (fair_share_bounds(n, bound, FALSE_ALARM / tests) for bound in _range(policy, share))
        allowed[key] = low[0], high[1]
    if any(bounds == (0, n) for bounds in allowed.values()):
        raise Unjudgeable(f"{n} observations under {policy.name} fit any shares; take more")
    outside = [key for key, (low, high) in allowed.items() if not low <= counts.get(key, 0) <= high]
    return Fit(
        bounds=", ".join(f"{key} {low} to {high}" for key, (low, high) in allowed.items()),
        misfit=", ".join(f"{key} {counts.get(key, 0)} of {n}" for key in outside),
        false_alarm=FALSE_ALARM,
        smallest_shift=max(smallest_shift_found(n, share, *allowed[key]) for key, share in expected.items()),
        allowed=allowed,
    )


def _fit_rotation(policy: RoundRobin, counts: Mapping[str, int], expected: Mapping[str, float]) -> Fit:
    if max(expected.values()) - min(expected.values()) > 1e-9:
        raise Unjudgeable("ROUND_ROBIN over endpoints of one weight promises equal shares only")
    n, k = sum(counts.values()), len(expected)
    bound = round_robin_bound(policy.workers, policy.proxies)
    if n <= bound:
        raise Unjudgeable(f"{n} observations fit any shares when counts may be {bound} apart; take more")
    numbers = [counts.get(key, 0) for key in expected]
    apart = max(numbers) - min(numbers)
    # From "all pairs within the bound": no count leaves n/k by more than bound * (k - 1) / k.
    low = max(0, -((bound * (k - 1) - n) // k))
    high = min(n, (n + bound * (k - 1)) // k)
    return Fit(
        bounds=f"at most {bound} apart ({policy.workers} workers x {policy.proxies} proxies)",
        misfit=f"counts are {apart} apart" if apart > bound else "",
        false_alarm=0.0,
        smallest_shift=smallest_shift_found(n, 1 / k, low, high),
        allowed=dict.fromkeys(expected, (low, high)),
    )


def _range(policy: _Draws, share: float) -> tuple[float, float]:
    """Return the lowest and the highest chance of an outcome in any draw."""
    if isinstance(policy, LeastRequest) and policy.busy:
        return share**2, 1 - (1 - share) ** 2
    return share, share


def _require_shares(expected: Mapping[str, float]) -> None:
    if len(expected) < 2:
        raise Unjudgeable("shares need at least two outcomes to compare")
    if min(expected.values()) <= 0 or abs(sum(expected.values()) - 1) > 1e-9:
        raise Unjudgeable(f"shares are above 0 and sum to 1: {dict(expected)}")
