"""Judges of a sample: each takes the whole sample once and returns one verdict.

An empty sample holds nothing: no observations are no evidence. Where luck plays a part (all_seen, shares) its
share is bounded before the counts are looked at, and a sample that can't carry the verdict raises
Unjudgeable.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from canary_conformance.scenario.observations import Sample
from canary_conformance.verdicts.checks import Check, requirement_of
from canary_conformance.verdicts.load_balancer_shares import (
    Policy,
    RandomPick,
    chance_to_leave_one_out,
    share_fits,
)
from canary_conformance.verdicts.statistics import Unjudgeable, smallest_leak_found
from canary_conformance.verdicts.verdict import Count, Judge, Verdict, first_seen
from canary_conformance.verdicts.wording import (
    conclusive,
    examples_of,
    grouped,
    late_times,
    listed,
    noun,
    percent,
    quote,
    sent_by,
    tally,
)

T = TypeVar("T")
Key = Callable[[T], str]


def every(check: Check[T]) -> Judge[T]:
    """Judge that each observation passes the check; the complaints are counted, the most frequent first."""

    def judge(sample: Sample[T]) -> Verdict:
        expected = f"{sample.describe}: each {requirement_of(check)}"
        n = len(sample)
        if n == 0:
            return nothing_seen(expected)
        broken = [(complaint, quote(seen)) for seen in sample if (complaint := check(seen))]
        late = [one for one in sample if check(one)]
        says = f"{n} of {n} {noun(sample)} {requirement_of(check)}"
        return _strayed(sample, expected, broken, late, says, n, lambda one: bool(check(one)))

    return judge


def never(check: Check[T]) -> Judge[T]:
    """Judge that no observation passes the check: 0 of N.

    An observation that could not have shown it (a page that failed, a call that got no connection) is no
    evidence of absence: a single one breaks the verdict. Around a change, where failures may be allowed, use
    only_before.
    """

    def judge(sample: Sample[T]) -> Verdict:
        expected = f"{sample.describe}: none {requirement_of(check)}"
        n = len(sample)
        if n == 0:
            return nothing_seen(expected)
        says = f"were {requirement_of(check)}"
        offenders = [(says, quote(seen)) for seen in sample if not check(seen)]
        mute = [("could not show it", quote(seen)) for seen in sample if check(seen) and not conclusive(seen)]
        late = [one for one in sample if not check(one) or not conclusive(one)]
        fine, telling = f"0 of {n} {noun(sample)} {says}", n - len(mute)
        return _strayed(
            sample, expected, [*offenders, *mute], late, fine, telling, lambda one: not check(one)
        )

    return judge


def _strayed(
    sample: Sample[T],
    expected: str,
    broken: list[tuple[str, str]],
    late: list[T],
    fine: str,
    telling: int,
    strays: Callable[[T], bool],
) -> Verdict:
    """Return the verdict on complaints, each with its observation; telling: how many could show a stray."""
    n, leak = len(sample), smallest_leak_found(telling)
    seen = grouped([complaint for complaint, _ in broken], n, noun(sample)) or fine
    return Verdict(
        held=not broken,
        expected=expected,
        seen=seen,
        evidence=seen.splitlines()[0] if broken else f"{seen} (finds strays from {percent(leak)})",
        examples=examples_of(broken),
        sample_size=n,
        false_alarm=0.0,
        smallest_leak=leak,
        late=late_times(late),
        counts=(Count("fine", n - len(broken), n, n), Count("strays", len(broken), 0, 0)),
        requests=sent_by(one for one in sample if strays(one)),
        first=first_seen(sample, strays),
    )


def all_seen(
    key: Key[T],
    expected: Collection[str],
    policy: Policy | None = None,
    smallest_share: float | None = None,
) -> Judge[T]:
    """Judge that each expected outcome was seen at least once, and nothing else.

    `smallest_share` is that of the rarest outcome, 1/k by default; `policy` is how the outcomes are drawn,
    independently by default. Take times_to_see_all(k) observations. Raises Unjudgeable when the sample is
    too small for a miss to be evidence, or when nothing is expected.
    """
    wanted = _distinct(expected)
    share = 1 / len(wanted) if smallest_share is None else smallest_share
    draws = policy or RandomPick()

    def judge(sample: Sample[T]) -> Verdict:
        requirement = f"{sample.describe}: each of {listed(wanted)} is seen, and nothing else"
        n = len(sample)
        if n == 0:
            return nothing_seen(requirement)
        counts = Counter(key(seen) for seen in sample)
        missing = [name for name in wanted if name not in counts]
        strange = {name: count for name, count in counts.items() if name not in wanted}
        # A stranger is certain whatever the size; only "missing" and "all there is" hang on it.
        luck = 0.0 if strange else chance_to_leave_one_out(draws, n, len(wanted), share)
        problems = [f"never seen: {listed(missing)}"] if missing else []
        problems += [f"unexpected: {tally(strange)}"] if strange else []
        spread = f"{tally(counts)} of {n} {noun(sample)}"
        return Verdict(
            held=not problems,
            expected=requirement,
            seen="\n".join([*problems, f"seen: {spread}"]),
            evidence="; ".join(problems) or f"{len(wanted)} of {len(wanted)} seen in {n} {noun(sample)}",
            examples=_strangers(sample, key, strange),
            sample_size=n,
            false_alarm=luck,
            smallest_leak=smallest_leak_found(n),
            counts=(
                *(Count(name, counts[name], 1, n) for name in wanted),
                *(Count(name, count, 0, 0) for name, count in strange.items()),
            ),
        )

    return judge


def shares(key: Key[T], expected: Mapping[str, float], policy: Policy) -> Judge[T]:
    """Judge that the outcomes have these shares, as far as the balancing policy in force promises them.

    The verdict's smallest_leak is the smallest shift of a share that is found with 99.9 %. Raises Unjudgeable
    when the policy promises no shares to this sample, or when any counts would fit. Source: R2.2, Statistics.
    """

    def judge(sample: Sample[T]) -> Verdict:
        wanted = ", ".join(f"{name} {percent(share)}" for name, share in expected.items())
        requirement = f"{sample.describe}: {wanted}, by {policy.name}"
        n = len(sample)
        if n == 0:
            return nothing_seen(requirement)
        counts = Counter(key(seen) for seen in sample)
        strange = {name: count for name, count in counts.items() if name not in expected}
        known = {name: counts[name] for name in expected}
        if strange:
            problem, allowed, luck, shift = f"unexpected: {tally(strange)}", "", 0.0, 1.0
            bounds = tuple(Count(name, count, 0, 0) for name, count in strange.items())
        else:
            fit = share_fits(policy, known, expected)
            problem = f"outside the bounds: {fit.misfit}" if fit.misfit else ""
            allowed, luck, shift = f"allowed: {fit.bounds}", fit.false_alarm, fit.smallest_shift
            bounds = tuple(Count(name, known[name], *fit.allowed[name]) for name in expected)
        spread = f"seen: {tally(counts)} of {n} {noun(sample)}"
        return Verdict(
            held=not problem,
            expected=requirement,
            seen="\n".join(line for line in (problem, spread, allowed) if line),
            evidence=problem or f"{tally(known)} (finds shifts from {percent(shift)})",
            examples=_strangers(sample, key, strange),
            sample_size=n,
            false_alarm=luck,
            smallest_leak=shift,
            counts=bounds,
        )

    return judge


def nothing_seen(expected: str) -> Verdict:
    """Return the verdict on an empty sample: broken, whatever is required."""
    return Verdict(
        held=False,
        expected=expected,
        seen="no observations",
        evidence="no observations",
        examples=(),
        sample_size=0,
        false_alarm=0.0,
        smallest_leak=1.0,
    )


def _strangers(sample: Sample[T], key: Key[T], strange: Mapping[str, int]) -> tuple[str, ...]:
    return examples_of([(name, quote(seen)) for seen in sample if (name := key(seen)) in strange])


def _distinct(expected: Collection[str]) -> tuple[str, ...]:
    wanted = tuple(dict.fromkeys(expected))
    if not wanted or len(wanted) != len(expected):
        raise Unjudgeable(f"one or more different outcomes are to be seen, not {list(expected)}")
    return wanted
