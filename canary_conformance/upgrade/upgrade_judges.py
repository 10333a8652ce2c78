"""Pure judges of a move: what was seen goes in, a verdict comes out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from canary_conformance.scenario.observations import Reply, ReplyKind, Sample
from canary_conformance.upgrade.upgrade_observations import Attempt, MeshCall, ProxySeen, StepMade
from canary_conformance.verdicts import (
    Judge,
    Verdict,
    answers_with,
)
from canary_conformance.verdicts.checks import Check
from canary_conformance.verdicts.verdict import verdict_on
from canary_conformance.verdicts.wording import examples_of, grouped, listed
from canary_conformance.voting.contract import NEW, OLD
from canary_conformance.voting.page_checks import greets_as_mysql

STORE_ANSWERS: Mapping[str, Check[Reply]] = {
    OLD.store: answers_with(b"+PONG"),
    NEW.store: greets_as_mysql,
}
"""What an answer of each store is, by the application's contract."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A move that was to be watched as a whole, with at most largest_gap seconds of it unseen at once."""

    began: float
    ended: float
    largest_gap: float

    def gap(self, seen: Sequence[tuple[float, float]]) -> float:
        """Return the longest time between two of these spans, or before the first or after the last."""
        spans = [(self.began, self.began), *seen, (self.ended, self.ended)]
        return max(later - earlier for (_, earlier), (later, _) in pairwise(spans))

    def hole(self, gap: float) -> list[str]:
        """Return what to say of a gap that is too long, nothing of another."""
        silence = (
            f"nothing was tried for {gap:.1f} s (allowed {self.largest_gap:.1f} s): an outage would hide"
        )
        return [silence] if gap > self.largest_gap else []


def answered_by_its_store(
    steps: Sequence[StepMade], watched: Watched, checks: Mapping[str, Check[Reply]] = STORE_ANSWERS
) -> Judge[MeshCall]:
    """Judge that each new connection from a workload was answered by its own store, at every moment.

    A store of one pod that is being replaced may be away: connections made meanwhile may end without an
    answer, and are reported. checks: what an answer of each store is. Source: U1.
    """

    def judge(sample: Sample[MeshCall]) -> Verdict:
        offenders: list[tuple[str, str]] = []
        away: Counter[str] = Counter()
        for one in sample:
            complaint = checks[one.store](one.reply)
            if not complaint:
                continue
            if one.reply.kind is not ReplyKind.ANSWERED and _replacing(steps, one):
                away[one.store] += 1
            else:
                offenders.append((complaint, str(one)))
        gap = watched.gap([(one.at, one.until) for one in sample])
        meanwhile = [f"{count} unanswered while {store} was replaced" for store, count in away.items()]
        return verdict_on(
            len(sample),
            expected=f"{sample.describe}: each answered by its own store",
            problems=[
                *grouped([complaint for complaint, _ in offenders], len(sample), "connections").splitlines(),
                *watched.hole(gap),
            ],
            fine="; ".join([f"0 of {len(sample)} connections failed, longest gap {gap:.1f} s", *meanwhile]),
            examples=examples_of(offenders),
        )

    return judge


def refused_at_every_moment(watched: Watched) -> Judge[Attempt]:
    """Judge that plaintext was never answered by a workload, from the move's beginning to its end.

    A round counts where the same pod's call to the gateway was answered: only that proves that it could call.
    Source: U4.
    """

    def judge(sample: Sample[Attempt]) -> Verdict:
        counting = [one for one in sample if one.counts]
        calls = [(call, reply) for one in counting for call, reply in one.replies.items()]
        answered = [
            ("answered plaintext", f"{call}: {reply.received[:32]!r}")
            for call, reply in calls
            if reply.kind is ReplyKind.ANSWERED
        ]
        gap = watched.gap([(one.at, one.at) for one in counting])
        problems = grouped([complaint for complaint, _ in answered], len(calls), "calls").splitlines()
        problems += watched.hole(gap)
        if sample and not counting:
            problems.append(f"none of {len(sample)} rounds counts: the gateway never answered")
        if counting and not any(reply.kind in {ReplyKind.RESET, ReplyKind.CLOSED} for _, reply in calls):
            problems.append("no call reached a port, so none was refused")
        return verdict_on(
            len(calls),
            expected=f"{sample.describe}: no call in plaintext is answered",
            problems=problems,
            fine=f"0 of {len(calls)} calls in {len(counting)} rounds answered, longest gap {gap:.1f} s",
            examples=examples_of(answered),
        )

    return judge


def every_proxy_runs(
    istio: str, envoy: str | None, image: str
) -> Callable[[Mapping[str, ProxySeen]], Verdict]:
    """Judge that each proxy is of one version, by its Envoy's own word and by its image.

    envoy: None where Istio's own build runs, which is of the image. Source: U3.
    """

    def judge(proxies: Mapping[str, ProxySeen]) -> Verdict:
        wrong = [
            (f"run {one.runs}", f"{pod}: {one.runs}")
            for pod, one in proxies.items()
            if (one.istio, one.image) != (istio, image) or envoy not in {None, one.envoy}
        ]
        mesh = f"Istio {istio}, Envoy {envoy}" if envoy else f"Istio {istio}"
        return verdict_on(
            len(proxies),
            expected=f"each of {len(proxies)} proxies runs {mesh}, image {image}",
            problems=grouped([complaint for complaint, _ in wrong], len(proxies), "proxies").splitlines(),
            fine=f"{len(proxies)} of {len(proxies)} proxies run {mesh}",
            examples=examples_of(wrong),
            luck=False,
        )

    return judge


def nothing_but(revision: str) -> Callable[[Mapping[str, Sequence[str]]], Verdict]:
    """Judge that all of Istio's belongs to one revision; what belongs to each goes in. Source: U3."""

    def judge(found: Mapping[str, Sequence[str]]) -> Verdict:
        left = {one: objects for one, objects in found.items() if one != revision}
        return verdict_on(
            len(found.get(revision, ())),
            expected=f"all of Istio's belongs to revision {revision}",
            problems=[f"left of revision {one}: {listed(objects)}" for one, objects in left.items()],
            fine=f"{len(found.get(revision, ()))} objects, all of revision {revision}",
            luck=False,
        )

    return judge


def came_to_its_end(stopped: str) -> Verdict:
    """Judge that a move was not stopped. Source: U3."""
    return verdict_on(
        1,
        expected="the move comes to its end",
        problems=[f"stopped: {stopped}"] if stopped else [],
        fine="it came to its end",
        luck=False,
    )


def still_held(before: Sequence[str], now: Mapping[str, str], stopped: str) -> Verdict:
    """Judge that every requirement that held before holds now; now: what each is that was judged again.

    stopped: why the rollback did not come to its end, which breaks it whatever holds. Source: U5.
    """
    judged = [one for one in before if one in now]
    broken = [f"{one} {now[one]}" for one in judged if now[one] != "holds"]
    problems = [f"the rollback was stopped: {stopped}"] if stopped else []
    problems += [f"{len(broken)} do not: {listed(broken)}"] if broken else []
    return verdict_on(
        len(judged),
        expected=f"{len(judged)} requirements that held before hold again",
        problems=problems,
        fine=f"{len(judged)} of {len(judged)} requirements hold again",
        luck=False,
    )


def _replacing(steps: Sequence[StepMade], call: MeshCall) -> bool:
    """Return whether a call may have fallen into the step that replaced its store."""
    return any(
        step.replaces == call.store and step.started <= call.until and call.at <= step.ended for step in steps
    )
