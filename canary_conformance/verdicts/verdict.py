"""A verdict is a value: what was required, what was seen, and how far the sample carries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from canary_conformance.scenario.observations import Ballot, Page, Sample, Sent
from canary_conformance.scenario.places import Finding
from canary_conformance.verdicts.statistics import smallest_leak_found

T = TypeVar("T")

MOST_EXAMPLES = 2


@dataclass(frozen=True, slots=True)
class Count:
    """How often an outcome was seen in a sample, and between which counts the verdict holds."""

    outcome: str
    seen: int
    lowest: int
    highest: int


@dataclass(frozen=True, slots=True)
class FirstSeen:
    """The first offender of a sample: its number, of how many, and when it was sent (monotonic)."""

    number: int
    of: int
    counted: str
    at: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge found.

    `seen` may have several lines, the gravest first; `evidence` is a few words for the requirement table;
    `examples` are at most two offending observations. `false_alarm` is the probability that chance alone
    fails a requirement that holds: 0.0 for a sample that chance can't fail, None where values are compared
    and nothing is sampled. `smallest_leak` is the share of offenders (or the shift of a share) that the
    sample finds with 99.9 %, None where nothing is sampled. `causes` are the lines of the manifests that are
    responsible for a verdict that does not hold, the first above all; none where nothing is known. `remark`
    is what a reader should know although it is no failure, "" for nothing. `late` are the times (monotonic)
    of all that fails the verdict, where each is an observation that was not there at its limit; empty where
    anything else fails it. `of_nothing` is whether it requires that there is nothing: only such a verdict
    holds where nothing was observed. `counts` are a sample's outcomes with their bounds, none where values
    are compared. `requests` are at most two offending requests, as far as they are known; `first` is the
    first of all, None where none has a time.
    """

    held: bool
    expected: str
    seen: str
    evidence: str
    examples: tuple[str, ...]
    sample_size: int
    false_alarm: float | None
    smallest_leak: float | None
    late: tuple[tuple[float, float], ...] = ()
    causes: tuple[Finding, ...] = ()
    remark: str = ""
    of_nothing: bool = False
    counts: tuple[Count, ...] = ()
    requests: tuple[Sent, ...] = ()
    first: FirstSeen | None = None

    def __post_init__(self) -> None:
        if len(self.examples) > MOST_EXAMPLES:
            raise ValueError(f"a verdict quotes at most {MOST_EXAMPLES} examples, not {len(self.examples)}")


Judge: TypeAlias = Callable[[Sample[T]], Verdict]


def false_alarms_together(verdicts: Iterable[Verdict]) -> float:
    """Return the union bound on a false alarm among these verdicts; FALSE_ALARMS_PER_RUN limits a run's."""
    return sum(verdict.false_alarm or 0.0 for verdict in verdicts)


def first_seen(sample: Sequence[T], offends: Callable[[T], bool]) -> FirstSeen | None:
    """Return the first of a sample that offends, None where none does or has a time."""
    for number, one in enumerate(sample, start=1):
        page = one.answer if isinstance(one, Ballot) else one
        if offends(one):
            counted = "votes" if isinstance(one, Ballot) else "pages"
            return FirstSeen(number, len(sample), counted, page.sent_at) if isinstance(page, Page) else None
    return None


def verdict_on(
    size: int,
    *,
    expected: str,
    problems: Sequence[str],
    fine: str,
    examples: tuple[str, ...] = (),
    luck: bool = True,
    late: tuple[tuple[float, float], ...] = (),
    requests: tuple[Sent, ...] = (),
    first: FirstSeen | None = None,
) -> Verdict:
    """Return the verdict on so many observations; none at all break it.

    Args:
        size: How many observations there are.
        expected: What is required.
        problems: What breaks it, the gravest first; none where it holds.
        fine: What was seen where it holds.
        examples: Offending observations.
        luck: Whether the observations are a sample, which finds leaks from a certain size.
        late: See Verdict.
        requests: See Verdict.
        first: See Verdict.
    """
    findings = [*problems] if size else [*problems, "nothing was seen"]
    return Verdict(
        held=not findings,
        expected=expected,
        seen="\n".join(findings) if findings else fine,
        evidence=findings[0] if findings else fine,
        examples=examples,
        sample_size=size,
        false_alarm=0.0 if luck else None,
        smallest_leak=smallest_leak_found(size) if luck and size else None,
        late=late if findings else (),
        requests=requests,
        first=first,
    )
