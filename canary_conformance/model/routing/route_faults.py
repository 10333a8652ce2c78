"""Faults that a route injects: answers of its own, and delays. Source: Istio, "HTTPFaultInjection"."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.scenario.places import Place

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault injected into a share of the requests: an answer (abort) or a delay, and its words."""

    share: Fraction
    aborts: bool
    words: str
    place: Place


def read_faults(fault: Part) -> tuple[Fault, ...]:
    """Return the faults of a route that meet a share of its requests."""
    if not fault:
        return ()
    fault.only({"abort", "delay"})
    abort, delay = fault["abort"], fault["delay"]
    found = []
    if abort:
        status = abort["httpStatus"].value or abort["grpcStatus"].value
        found.append(Fault(_share(abort), aborts=True, words=f"aborted with {status}", place=abort.place))
    if delay:
        if not delay["fixedDelay"]:
            delay.problem("the model supports fixed delays only")
        words = f"delayed by {delay['fixedDelay'].text()}"
        found.append(Fault(_share(delay), aborts=False, words=words, place=delay.place))
    return tuple(one for one in found if one.share)


def _share(part: Part) -> Fraction:
    """Return the share of requests that a fault meets, to a millionth; without a percentage it is none."""
    percent = part.at("percentage", "value") or part["percent"]
    value = percent.value
    if value is None:
        return Fraction(0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        percent.refuse("a percentage")
        return Fraction(0)
    return Fraction(int(value * 10_000), _MILLION)
