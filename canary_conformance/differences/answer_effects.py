"""What an answer of the model means to whom it concerns: who answers, how it ends, what travels on the wire.

Two answers are alike when their effects are equal, whatever objects and lines they come from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from canary_conformance.model.objects.questions import Answer, Ending, Outcome, Rule, Wire

# Endings whose words are part of what the client gets.
_WORDED = frozenset({Ending.FAULT, Ending.REDIRECT, Ending.REWRITTEN})
_ON_THE_WIRE = {Wire.MTLS: "over mutual TLS", Wire.TLS: "over one-way TLS", Wire.PLAIN: "in plaintext"}


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which requests end, as the client and the pods notice it.

    Attributes:
        workload: who serves them, "" for nobody.
        port: the pod's port.
        words: what the ending is in detail: a status, a delay, a path.
        flags: what is done to the cookies of the page.
    """

    ending: Ending
    workload: str
    port: int | None
    wire: Wire
    words: str
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Effect:
    """What becomes of requests.

    Attributes:
        ways: each way with its share of the requests.
        copies: the workloads that get a copy.
        uneven: why the shares of the pods are not known, "" where they are.
        unknown: what the model does not support, None where the effect is known.
    """

    ways: frozenset[tuple[Way, Fraction]]
    copies: frozenset[str] = frozenset()
    uneven: str = ""
    unknown: Rule | None = field(default=None, compare=False)

    @property
    def workloads(self) -> frozenset[tuple[str, Fraction]]:
        """Who serves which share of the requests, and how the others end."""
        shares: dict[str, Fraction] = {}
        for way, share in self.ways:
            name = way.workload or str(way.ending)
            shares[name] = shares.get(name, Fraction(0)) + share
        return frozenset(shares.items())


def effect_of(answer: Answer) -> Effect:
    """Return what an answer means to whom it concerns."""
    ways: dict[Way, Fraction] = {}
    for outcome in answer.outcomes:
        for way, share in _ways(outcome):
            ways[way] = ways.get(way, Fraction(0)) + share
    copies = {name for outcome in answer.copies for name in (outcome.pods or (str(outcome.ending),))}
    hashed = {outcome.hashed.sentence for outcome in answer.outcomes if outcome.hashed and _several(outcome)}
    return Effect(
        ways=frozenset((way, share) for way, share in ways.items() if share),
        copies=frozenset(copies),
        uneven=", ".join(sorted(hashed)),
        unknown=_unknown(answer),
    )


def _unknown(answer: Answer) -> Rule | None:
    for outcome in (*answer.outcomes, *answer.copies):
        if outcome.ending is Ending.UNKNOWN and outcome.probability:
            return next((rule for rule in outcome.rules if rule.place), Rule(None, outcome.reason))
    return None


def _ways(outcome: Outcome) -> Iterator[tuple[Way, Fraction]]:
    # A client notices no difference between the ways in which a connection is refused.
    words = outcome.reason if outcome.ending in _WORDED else ""
    done = (
        ("loses the application's cookie", outcome.loses_cookie),
        ("hides the flag from the application", outcome.hides_flag),
        ("shows the application a flag", outcome.shows_flag),
    )
    flags = tuple(name for name, rule in done if rule)
    pods = outcome.pods or ("",)
    for name in pods:
        way = Way(outcome.ending, name, outcome.port if name else None, outcome.wire, words, flags)
        yield way, outcome.probability / len(pods)


def _several(outcome: Outcome) -> bool:
    return len(set(outcome.pods)) > 1


def who_answers(effect: Effect) -> str:
    """Return an effect in short: who answers, or how it ends."""
    return _words(effect, frozenset())


def in_words(before: Effect, after: Effect) -> tuple[str, str]:
    """Return two effects in words that show their difference."""
    details: tuple[frozenset[str], ...] = (
        frozenset(),
        frozenset({"wire"}),
        frozenset({"wire", "port", "words", "flags"}),
    )
    pairs = [(_words(before, shown), _words(after, shown)) for shown in details]
    return next(((one, other) for one, other in pairs if one != other), pairs[-1])


def _words(effect: Effect, shown: frozenset[str]) -> str:
    shares: dict[str, Fraction] = {}
    for way, share in effect.ways:
        text = _way(way, shown)
        shares[text] = shares.get(text, Fraction(0)) + share
    ordered = sorted(shares.items(), key=lambda pair: (-pair[1], pair[0]))
    text = (
        ordered[0][0]
        if len(ordered) == 1
        else ", ".join(f"{_percent(part)} {name}" for name, part in ordered)
    )
    copies = f", copies to {', '.join(sorted(effect.copies))}" if effect.copies else ""
    uneven = " (shares by a hash)" if effect.uneven else ""
    return f"{text}{uneven}{copies}"


def _way(way: Way, shown: frozenset[str]) -> str:
    if not way.workload:
        return f"{way.ending} ({way.words})" if way.words else str(way.ending)
    parts = [way.workload]
    if way.ending is not Ending.SERVED:
        parts.append(f"after {way.words}" if way.words else f"with {way.ending}")
    if "port" in shown and way.port is not None:
        parts.append(f"at port {way.port}")
    if "wire" in shown and way.wire in _ON_THE_WIRE:
        parts.append(_ON_THE_WIRE[way.wire])
    if "flags" in shown:
        parts.extend(way.flags)
    return " ".join(parts)


def _percent(share: Fraction) -> str:
    whole = f"{float(100 * share):.4g}"
    return f"{whole} %"


def settings_in_words(before: Mapping[str, object], after: Mapping[str, object]) -> str:
    """Return the names of the settings of a route that differ."""
    return ", ".join(name for name in dict.fromkeys((*before, *after)) if before.get(name) != after.get(name))
