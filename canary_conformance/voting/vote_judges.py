"""Pure judges of votes: each is answered, and counted once, in its own store and in no other.

What the stores count is read from pages, before the first vote and after the last. Votes of one choice are
alike, so a lost vote and a doubled one of the same choice would hide each other; both at once is not a flaw
that routes or stores have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from canary_conformance.scenario.observations import Ballot, Sample
from canary_conformance.verdicts.checks import Saying
from canary_conformance.verdicts.statistics import smallest_leak_found
from canary_conformance.verdicts.verdict import Judge, Verdict, first_seen, verdict_on
from canary_conformance.verdicts.wording import examples_of, grouped, late_times, percent, sent_by
from canary_conformance.voting.page_results import DEFAULT_VOTES, Counts, VoteNames

Which = Callable[[Ballot], bool]
# The answers by which a proxy says that a request reached nobody, or that nobody answered it.
BY_A_PROXY = frozenset({404, 502, 503, 504})

counted: Saying[Ballot] = Saying(
    "counted",
    lambda ballot: (
        "" if ballot.counted else f"were not counted: {ballot.answer.error or ballot.answer.status}"
    ),
)
"""The app answered a vote with 302: it was counted."""


def all_counted() -> Judge[Ballot]:
    """Judge that each vote that was cast was answered as counted. Source: U1, R4.3, R4.4, R5.1."""

    def judge(sample: Sample[Ballot]) -> Verdict:
        refused = [one for one in sample if counted(one)]
        slowest = max((one.answer.took for one in sample), default=0.0)
        return verdict_on(
            len(sample),
            expected=f"{sample.describe}: each answered 302",
            problems=grouped([counted(one) for one in refused], len(sample), "votes").splitlines(),
            fine=f"0 of {len(sample)} votes refused, slowest {slowest:.2f} s",
            examples=examples_of([(counted(one), str(one)) for one in refused]),
            late=late_times([one.answer for one in refused]),
            requests=sent_by(refused),
            first=first_seen(sample, lambda one: one in refused),
        )

    return judge


def reached_the_app(changes: int) -> Judge[Ballot]:
    """Judge that no vote cast during a transition was lost on its way, and that some were counted.

    A change of routes or of TLS ends connections that an app keeps to its store. A vote that is being
    written then has no certain fate, and an app may say so (500); one for each change, since a voter has one
    vote on its way at a time. What a proxy answers, or nobody, is a lost request. Source: R3.7, R4.1, R5.3.

    Args:
        changes: How many objects the transition applied or deleted, for each voter of the sample.
    """

    def judge(sample: Sample[Ballot]) -> Verdict:
        n = len(sample)
        lost = [one for one in sample if one.answer.status is None or one.answer.status in BY_A_PROXY]
        unsure = [one for one in sample if not one.counted and one not in lost]
        problems = grouped([counted(one) for one in lost], n, "votes").splitlines()
        if len(unsure) > changes:
            problems += grouped([counted(one) for one in unsure], n, "votes").splitlines()
        if n and len(lost) + len(unsure) == n:
            problems.append(f"none of {n} votes was counted")
        offenders = [*lost, *(unsure if len(unsure) > changes else [])]
        aside = f"; {len(unsure)} of uncertain fate while connections were replaced" if unsure else ""
        return verdict_on(
            n,
            expected=f"{sample.describe}: each reaches the app",
            problems=problems,
            fine=f"0 of {n} votes lost on their way{aside}",
            examples=examples_of([(counted(one), str(one)) for one in offenders]),
            late=late_times([one.answer for one in offenders]),
            requests=sent_by(offenders),
            first=first_seen(sample, lambda one: one in offenders),
        )

    return judge


def none_lost_nor_doubled(
    before: Counts | None,
    after: Counts | None,
    names: VoteNames = DEFAULT_VOTES,
    *,
    sure: Which = lambda ballot: ballot.counted,
    possible: Which = lambda _: True,
) -> Judge[Ballot]:
    """Judge that a store counts what it had before and each vote that was cast since, once.

    A vote without an answer may have been counted, so it may make a difference of one.
    Source: R1.7, R4.7, R5.4, U2.

    Args:
        before: What the store counted before the first vote, None where that is not known.
        after: Likewise after the last.
        names: The choices.
        sure: Whether a vote has to be counted in this store.
        possible: Whether a vote may be counted in this store.
    """

    def judge(sample: Sample[Ballot]) -> Verdict:
        problems: list[str] = []
        counts: list[str] = []
        if before is None or after is None:
            problems.append(f"the counts are not known: {before} before, {after} after")
        else:
            had, has = (before.cats, before.dogs), (after.cats, after.dogs)
            for name, first, last in zip(names, had, has, strict=True):
                cast = [one for one in sample if one.choice == name]
                least = first + sum(sure(one) for one in cast)
                most = first + sum(sure(one) or possible(one) for one in cast)
                counts.append(f"{name} {first} + {least - first} = {last}")
                problems += _miscounts(name, last, first, least, most)
        return verdict_on(
            len(sample),
            expected=f"{sample.describe}: each counted once",
            problems=problems,
            fine=f"{len(sample)} votes, none lost, none doubled: {', '.join(counts)}",
            requests=sent_by(sample) if problems else (),
        )

    return judge


def _miscounts(name: str, last: int, first: int, least: int, most: int) -> Iterator[str]:
    if last < least:
        yield f"{least - last} of {least - first} votes for {name} lost: {last}, not {least}"
    if last > most:
        yield f"{last - most} votes for {name} counted twice: {last}, not {most}"


def none_strayed(before: Counts, after: Counts, store: str) -> Judge[Ballot]:
    """Judge that the other version's store did not count one of these votes. Source: R4.3, R4.4, R4.7.

    Args:
        before: What that store counted before the first vote.
        after: Likewise after the last.
        store: That store's workload, for the message.
    """

    def judge(sample: Sample[Ballot]) -> Verdict:
        n = len(sample)
        moved = after.cats + after.dogs - before.cats - before.dogs
        same = (before.cats, before.dogs) == (after.cats, after.dogs)
        was = f"{before.cats} and {before.dogs} before, {after.cats} and {after.dogs} after"
        problems = [] if same else [f"{moved} of {n} votes were counted by {store} ({was})"]
        fine = f"0 of {n} votes counted by {store} (finds strays from {percent(smallest_leak_found(n))})"
        return verdict_on(
            n,
            expected=f"{sample.describe}: none counted by {store}",
            problems=problems,
            fine=fine,
            requests=sent_by(sample) if problems else (),
        )

    return judge
