"""Judges of continuous traffic around a change: what was lost, and what was still seen after it was live.

Loss is judged over the whole record, so the record must reach over the change and have no hole in it. All
times are seconds of the run's monotonic clock, as in the observations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from canary_conformance.errors import NotJudged
from canary_conformance.scenario.observations import Page, Sample
from canary_conformance.timeouts import LIMITS
from canary_conformance.verdicts.checks import Check, requirement_of
from canary_conformance.verdicts.sample_judges import nothing_seen
from canary_conformance.verdicts.statistics import MISS, leak_upper_bound, smallest_leak_found
from canary_conformance.verdicts.verdict import Judge, Verdict, first_seen, verdict_on
from canary_conformance.verdicts.wording import (
    conclusive,
    examples_of,
    failure_of,
    grouped,
    late_times,
    percent,
    quote,
    sent_by,
)

Span = tuple[float, float]


def no_failed_page(live_at: float | None = None) -> Judge[Page]:
    """Judge that continuous traffic lost nothing: 0 of N pages failed, an empty result being a failure.

    The verdict says how long the voters were silent at most (between two requests, of whichever voter) and
    how long a page took at most. With `live_at` the traffic must have begun before the change was live and
    gone on after it, and examples show their time relative to it. Source: R3.7, R4.1, R5.3.
    """

    def judge(sample: Sample[Page]) -> Verdict:
        expected = f"{sample.describe}: 0 failed pages"
        n = len(sample)
        if n == 0:
            return nothing_seen(expected)
        gap = longest_gap(sample)
        offenders = [(complaint, _timed(page, live_at)) for page in sample if (complaint := failure_of(page))]
        holes = _holes(sample, live_at)
        slowest = max(page.took for page in sample)
        doubt = percent(leak_upper_bound(len(offenders), n))
        rhythm = f"longest gap {gap:.2f} s, slowest page {slowest:.2f} s, "
        rhythm += f"loss below {doubt} (probability 1 - {MISS:.0e})"
        problems = [*grouped([complaint for complaint, _ in offenders], n, "pages").splitlines(), *holes]
        return Verdict(
            held=not problems,
            expected=expected,
            seen="\n".join([*(problems or [f"0 of {n} pages failed"]), rhythm]),
            evidence=problems[0] if problems else f"0 of {n} pages failed, longest gap {gap:.2f} s",
            examples=examples_of(offenders),
            sample_size=n,
            false_alarm=0.0,
            smallest_leak=smallest_leak_found(n),
            late=() if holes else late_times([page for page in sample if failure_of(page)]),
            requests=sent_by(page for page in sample if failure_of(page)),
            first=first_seen(sample, lambda page: bool(failure_of(page))),
        )

    return judge


def only_before(moment: float, check: Check[Page]) -> Judge[Page]:
    """Judge that no page sent after `moment` passes the check: the old is gone.

    `moment` is when the change was live. Pages sent earlier may show the old or the new. Pages that failed
    afterwards are no evidence and don't count (no_failed_page judges them); at least one page must be left.
    Source: R3.7, R4.1.
    """

    def judge(sample: Sample[Page]) -> Verdict:
        expected = f"{sample.describe}: none {requirement_of(check)} once the change had propagated"
        after = [page for page in sample if page.sent_at > moment]
        late = [page for page in after if not check(page)]
        telling = [page for page in after if conclusive(page) or not check(page)]
        n = len(telling)
        if n == 0:
            failures = grouped(
                [failure_of(page) for page in after], len(after), "pages sent after propagation"
            )
            seen = failures or f"none of {len(sample)} pages was sent after the change had propagated"
            return replace(
                nothing_seen(f"{expected}, and at least one page whole"),
                seen=seen,
                evidence=seen.partition("\n")[0],
                requests=sent_by(after),
                first=first_seen(sample, lambda page: page in after),
            )
        failed = len(after) - n
        aside = f" ({failed} more failed)" if failed else ""
        last = f", the last {max(page.sent_at for page in late) - moment:.2f} s after it" if late else ""
        says = f"sent after the change had propagated were {requirement_of(check)}"
        seen = f"{len(late)} of {n} pages {says}{last}{aside}"
        return Verdict(
            held=not late,
            expected=expected,
            seen=seen,
            evidence=f"{len(late)} of {n} pages {requirement_of(check)} after propagation",
            examples=tuple(_timed(page, moment) for page in late[:2]),
            sample_size=n,
            false_alarm=0.0,
            smallest_leak=smallest_leak_found(n),
            requests=sent_by(late),
            first=first_seen(sample, lambda page: page in late),
        )

    return judge


def answered_all_along(began: float, ended: float, stalls: Sequence[Span] = ()) -> Judge[Page]:
    """Judge that a continuous voter was never without an answer for longer than LIMITS.silence.

    A voter asks for its next page when it has the last one, so only an answer that does not come keeps it
    silent, or its own process. What a stall of that process explains is no silence of the app.
    Source: R3.7, R4.1, R5.3.

    Args:
        began: When the transition began; no answer since then counts as silence too.
        ended: When it had propagated.
        stalls: From when to when the voter's own process stood still.

    Raises:
        NotJudged: The process stood still for so long that an outage would not have been seen.
    """

    def judge(sample: Sample[Page]) -> Verdict:
        limit = LIMITS.silence
        _check_seen((began, ended), stalls, limit)
        answers = sorted(page.ended_at for page in sample if page.status is not None)
        moments = [began, *(moment for moment in answers if began < moment < ended), ended]
        spans = [(since, until, _unexplained((since, until), stalls)) for since, until in pairwise(moments)]
        silent = [(since, until, length) for since, until, length in spans if length > limit]
        gap = max((length for _, _, length in spans), default=0.0)
        return verdict_on(
            len(sample),
            expected=f"{sample.describe}: no silence of more than {limit:g} s",
            problems=[
                f"no answer for {length:.1f} s, from {since - began:.1f} s after the transition began"
                for since, _, length in silent
            ],
            fine=f"the longest wait for a page was {gap:.2f} s",
            examples=tuple(
                quote(page)
                for page in sample
                if any(since < page.ended_at <= until for since, until, _ in silent)
            )[:2],
            luck=False,
            late=tuple((since, until) for since, until, _ in silent),
        )

    return judge


def longest_gap(pages: Sequence[Page]) -> float:
    """Return the longest time (seconds) between two successive requests; 0.0 for one page or none."""
    moments = sorted(page.sent_at for page in pages)
    return max((later - earlier for earlier, later in pairwise(moments)), default=0.0)


def _holes(sample: Sample[Page], live_at: float | None) -> list[str]:
    holes = []
    if live_at is not None and not any(page.sent_at < live_at for page in sample):
        holes.append("no page was requested before the change had propagated")
    if live_at is not None and not any(page.sent_at > live_at for page in sample):
        holes.append("no page was requested after the change had propagated")
    return holes


def _check_seen(window: Span, stalls: Sequence[Span], limit: float) -> None:
    """Raise NotJudged where an outage would have hidden behind a stall of the voter's own process."""
    longest = max((until - since for since, until in _within(stalls, window)), default=0.0)
    if longest > limit:
        silence = f"this run's own process stood still for {longest:.1f} s while a stage was entered"
        raise NotJudged(f"{silence} (at most {limit:g} s may pass unseen), so that an outage would hide")


def _within(spans: Sequence[Span], window: Span) -> list[Span]:
    """Return the parts of these spans that lie in a window."""
    begin, end = window
    cut = [(max(since, begin), min(until, end)) for since, until in spans]
    return [(since, until) for since, until in cut if since < until]


def _unexplained(span: Span, stalls: Sequence[Span]) -> float:
    """Return how much of a span no stall of the voter's own process explains."""
    return span[1] - span[0] - sum(until - since for since, until in _within(stalls, span))


def _timed(page: Page, live_at: float | None) -> str:
    if live_at is None:
        return quote(page)
    side = "after" if page.sent_at >= live_at else "before"
    return f"{abs(page.sent_at - live_at):.2f} s {side} propagation: {quote(page)}"
