"""Outcomes as they are put together: scaled by a route's share, delayed, refused, or unknown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

from canary_conformance.model.objects.questions import Answer, Ending, Lack, Outcome, Rule, Wire
from canary_conformance.model.routing.route_faults import Fault

ALL = Fraction(1)


def unknown(problem: Rule) -> Outcome:
    """Return the outcome of what the model does not support, with the place."""
    return Outcome(ALL, Ending.UNKNOWN, (), None, Wire.NONE, (problem,), problem.sentence)


def ended(ending: Ending, reason: str, rules: tuple[Rule, ...] = ()) -> Outcome:
    """Return the outcome of a request that no pod serves."""
    return Outcome(ALL, ending, (), None, Wire.NONE, rules, reason)


def nothing(ending: Ending, reason: str, rules: tuple[Rule, ...] = ()) -> Answer:
    """Return the answer of a request that no pod serves."""
    return Answer((ended(ending, reason, rules),))


def faulty(fault: Fault, about: str, share: Fraction) -> Outcome:
    """Return the outcome of a request that a route's fault aborts."""
    return replace(
        ended(Ending.FAULT, fault.words, (Rule(fault.place, f"{about}: {fault.words}"),)), probability=share
    )


def delayed(outcome: Outcome, fault: Fault, about: str, share: Fraction) -> Outcome:
    """Return an outcome that a route's fault delays."""
    return replace(
        outcome,
        probability=outcome.probability * share,
        ending=Ending.FAULT,
        rules=(Rule(fault.place, f"{about}: {fault.words}"), *outcome.rules),
        reason=f"{fault.words}, then {outcome.ending}",
    )


def scaled(outcome: Outcome, share: Fraction, rule: Rule | None = None) -> Outcome:
    """Return an outcome that a share of the requests has, by the rule that leads there.

    What is responsible for a failure stays first among the rules.
    """
    rules = outcome.rules
    if rule:
        at = 1 if outcome.ending is not Ending.SERVED and rules else 0
        rules = (*rules[:at], rule, *rules[at:])
    return replace(outcome, probability=outcome.probability * share, rules=rules)


def blamed(outcome: Outcome, cause: Rule, lack: Lack | None = None) -> Outcome:
    """Return a failed outcome with what is responsible for it first, and as its reason."""
    rest = tuple(rule for rule in outcome.rules if rule != cause)
    return replace(outcome, rules=(cause, *rest), reason=cause.sentence, lack=lack)


def put_together(outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """Return the outcomes that have a chance."""
    return tuple(outcome for outcome in outcomes if outcome.probability)


def known(rule: Rule | None) -> tuple[Rule, ...]:
    """Return a rule as a tuple, an empty one for None."""
    return (rule,) if rule else ()
