"""The values of a run, and its tests folded to one line per requirement.

A requirement is as good as the worst of its tests: one failed test fails it, one test that came to no verdict
leaves it unjudged, one skipped test leaves it skipped. Only when all of its tests passed does it hold. Where
a run has tests of both tiers, the evidence says whose it is, and what the static one can't judge is left to
the live one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from canary_conformance.progress import Phase
from canary_conformance.scenario.observations import Sent
from canary_conformance.scenario.places import Finding, Place
from canary_conformance.scenario.requirement import Requirement, Trait
from canary_conformance.verdicts.statistics import FALSE_ALARMS_PER_RUN
from canary_conformance.verdicts.verdict import Count, FirstSeen, Verdict, false_alarms_together
from canary_conformance.voting.requirements import REQUIREMENTS, requirement_of

_MOST_EVIDENCE = 2
REWRITTEN = "The manifests were rewritten for this mesh"


class Outcome(StrEnum):
    """How a test ended: `failed` is a red verdict; `error` and `not_judged` are no verdict."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    ERROR = "error"
    NOT_JUDGED = "not_judged"


class Tier(StrEnum):
    """What a test judges by: the manifests alone, or what a cluster does with them."""

    STATIC = "static"
    LIVE = "live"


class Standing(StrEnum):
    """What a run found out about a requirement."""

    HOLDS = "holds"
    FAILED = "FAILED"
    NOT_JUDGED = "not judged"
    SKIPPED = "skipped"
    NOT_RUN = "not run"
    NOT_SELECTED = "not selected"


@dataclass(frozen=True, slots=True)
class TestRecord:
    """One test that ended: its node id, the ids of its requirements, the stage that it lives in (0: none).

    `reason` is why it failed, was skipped or came to no verdict ("" when it passed), `seconds` how long it
    took with its setup. `after_live`, of a requirement that the live tier found to fail, is how many seconds
    before its stage had propagated, or its pods had stopped to change where the stage can't get ready (None
    where they never ran). `causes` are the lines of the manifests that a failure is due to, the first above
    all; none where nothing is known.

    Raises UnknownRequirement for an id that no requirement has.
    """

    __test__ = False  # pytest would collect a class of this name

    name: str
    requirements: tuple[str, ...]
    stage: int
    outcome: Outcome
    verdicts: tuple[Verdict, ...]
    reason: str
    seconds: float
    tier: Tier = Tier.LIVE
    after_live: float | None = None
    causes: tuple[Finding, ...] = ()

    def __post_init__(self) -> None:
        for id_ in self.requirements:
            requirement_of(id_)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run: the lines that say what it ran on, its tests and its phases, in the order of their ends.

    Attributes:
        header: The lines that say what it ran on.
        tests: Its tests.
        phases: Its phases.
        workers: The phases of each of its workers by name, where it had some.
        seconds: From its begin until this was written, 0 where unknown.
        selected: The ids of the requirements that its tests were selected for, None where unknown.
        rewrite: What was changed in the manifests for the mesh, as lines of a unified diff.
    """

    header: tuple[str, ...]
    tests: tuple[TestRecord, ...]
    phases: tuple[Phase, ...]
    workers: Mapping[str, tuple[Phase, ...]] = field(default_factory=dict)
    seconds: float = 0.0
    selected: tuple[str, ...] | None = None
    rewrite: tuple[str, ...] = ()

    @property
    def heading(self) -> tuple[str, ...]:
        """The header, and what was rewritten."""
        return (*self.header, *([f"{REWRITTEN}:", *self.rewrite] if self.rewrite else []))


def record_from(values: Mapping[str, Any]) -> TestRecord:
    """Return a test's record from what JSON made of it (run.json, a worker's report). Raises KeyError."""
    return TestRecord(
        name=values["name"],
        requirements=tuple(values["requirements"]),
        stage=values["stage"],
        outcome=Outcome(values["outcome"]),
        verdicts=tuple(_verdict(verdict) for verdict in values["verdicts"]),
        reason=values["reason"],
        seconds=values["seconds"],
        tier=Tier(values["tier"]),
        after_live=values["after_live"],
        causes=_findings(values.get("causes", ())),
    )


def _verdict(values: Mapping[str, Any]) -> Verdict:
    examples, causes = tuple(values["examples"]), _findings(values.get("causes", ()))
    late = tuple((begun, ended) for begun, ended in values.get("late", ()))
    counts = tuple(Count(**one) for one in values.get("counts", ()))
    requests = tuple(_sent(one) for one in values.get("requests", ()))
    made = {"examples": examples, "late": late, "causes": causes, "counts": counts, "requests": requests}
    first = values.get("first")
    return Verdict(**{**values, **made, "first": FirstSeen(**first) if first else None})


def _sent(values: Mapping[str, Any]) -> Sent:
    headers = tuple((str(name), str(value)) for name, value in values["headers"])
    return Sent(**{**values, "headers": headers})


def _findings(values: Iterable[Mapping[str, Any]]) -> tuple[Finding, ...]:
    return tuple(Finding(Place(**one["place"]), one["sentence"]) for one in values)


@dataclass(frozen=True, slots=True)
class RequirementLine:
    """What the run found out about one requirement, and the few words that say why."""

    requirement: Requirement
    standing: Standing
    evidence: str


def requirement_lines(
    run: RunRecord, requirements: Mapping[str, Requirement] = REQUIREMENTS
) -> tuple[RequirementLine, ...]:
    """Return a line for each requirement, the scenario's R0.1 to R6.2.

    One without a test is `not run`, or `not selected` where the run's command selected none of its tests.
    """
    by_tier = len({test.tier for test in run.tests}) > 1
    lines = (_fold(one, _that_count(run.tests, one.id), by_tier=by_tier) for one in requirements.values())
    return tuple(
        replace(line, standing=Standing.NOT_SELECTED)
        if line.standing is Standing.NOT_RUN
        and run.selected is not None
        and line.requirement.id not in run.selected
        else line
        for line in lines
    )


def _that_count(all_tests: Sequence[TestRecord], id_: str) -> list[TestRecord]:
    """Return a requirement's tests, without what the static tier couldn't judge if the live one ran too."""
    tests = [test for test in all_tests if id_ in test.requirements]
    if all(test.tier is Tier.STATIC for test in tests):
        return tests
    return [test for test in tests if test.tier is Tier.LIVE or test.outcome is not Outcome.NOT_JUDGED]


def static_only(run: RunRecord) -> bool:
    """Return whether the run judged by the manifests alone."""
    live = any(Trait.ON_A_CLUSTER_ONLY in requirement_of(id_).traits for id_ in run.selected or ())
    return bool(run.tests) and not live and all(test.tier is Tier.STATIC for test in run.tests)


def count_line(lines: Sequence[RequirementLine], *, static: bool = False) -> str:
    """Return the closing line: "34 requirements: 32 hold, 1 failed, 1 not run; incomplete".

    It says incomplete when any selected requirement neither holds nor failed (issue 4 point 2: never plain
    green). Where all that was selected holds: "34 requirements: 3 selected and hold, 31 not selected".

    Args:
        lines: What the run found out about each requirement.
        static: Whether it judged by the manifests alone. What only a cluster can show is then counted as "1
            needs a cluster", and makes it no less complete.
    """
    left = [line for line in lines if static and _needs_cluster(line)]
    if any(line.standing is Standing.NOT_SELECTED and line not in left for line in lines):
        left = []
    counts = Counter(line.standing for line in lines if line not in left)
    words = {Standing.HOLDS: "holds" if counts[Standing.HOLDS] == 1 else "hold", Standing.FAILED: "failed"}
    complete = {*words, Standing.NOT_SELECTED}
    if set(counts) == {Standing.HOLDS, Standing.NOT_SELECTED}:
        words[Standing.HOLDS] = f"selected and {words[Standing.HOLDS]}"
    parts = [
        f"{counts[standing]} {words.get(standing, str(standing))}"
        for standing in Standing
        if counts[standing]
    ]
    parts += [f"{len(left)} {'needs' if len(left) == 1 else 'need'} a cluster"] if left else []
    incomplete = sum(counts[s] for s in Standing if s not in complete)
    ending = "; incomplete" if incomplete else ""
    return f"{_number(len(lines), 'requirement')}: {', '.join(parts) or 'none judged'}{ending}"


def _needs_cluster(line: RequirementLine) -> bool:
    return (
        line.standing in {Standing.NOT_RUN, Standing.NOT_SELECTED}
        and Trait.ON_A_CLUSTER_ONLY in line.requirement.traits
    )


def false_alarm_line(run: RunRecord) -> str:
    """Return the bound on a false alarm, all verdicts of the run together, and the run's limit."""
    verdicts = [verdict for test in run.tests for verdict in test.verdicts]
    together = false_alarms_together(verdicts)
    by_luck = sum(1 for verdict in verdicts if verdict.false_alarm)
    counted = _number(len(verdicts), "verdict")
    if not by_luck:
        return f"{counted}, none of which depends on chance"
    over = "" if together <= FALSE_ALARMS_PER_RUN else ": OVER THE LIMIT, the verdicts are too many"
    return (
        f"{counted}, {by_luck} of which depend on chance: the probability of a false alarm in this run "
        f"is at most {together:.1e} (limit {FALSE_ALARMS_PER_RUN:.0e}){over}"
    )


def _fold(requirement: Requirement, tests: Sequence[TestRecord], *, by_tier: bool) -> RequirementLine:
    by_gravity = (
        (Standing.FAILED, {Outcome.FAILED}),
        (Standing.NOT_JUDGED, {Outcome.ERROR, Outcome.NOT_JUDGED}),
        (Standing.SKIPPED, {Outcome.SKIPPED}),
    )
    for standing, outcomes in by_gravity:
        found = [test for test in tests if test.outcome in outcomes]
        if found:
            evidence = _evidence(found, _why, by_tier=by_tier)
            share = f"{len(found)} of {len(tests)} tests: " if len(tests) > 1 else ""
            return RequirementLine(requirement, standing, share + evidence)
    if not tests:
        return RequirementLine(requirement, Standing.NOT_RUN, "")
    evidence = _evidence(tests, _said, by_tier=by_tier) or "passed without a verdict"
    remarks = dict.fromkeys(one.remark for test in tests for one in test.verdicts if one.remark)
    return RequirementLine(requirement, Standing.HOLDS, "; ".join((evidence, *remarks)))


def _evidence(
    tests: Sequence[TestRecord], words_of: Callable[[TestRecord], Sequence[str]], *, by_tier: bool
) -> str:
    if not by_tier:
        return _few(words for test in tests for words in words_of(test))
    parts = {
        tier: _few(words for test in tests if test.tier is tier for words in words_of(test)) for tier in Tier
    }
    return "; ".join(f"{tier}: {words}" for tier, words in parts.items() if words)


def _said(test: TestRecord) -> list[str]:
    return [verdict.evidence for verdict in test.verdicts]


def _why(test: TestRecord) -> list[str]:
    failed = [verdict.evidence for verdict in test.verdicts if not verdict.held]
    if test.outcome is Outcome.FAILED and failed:
        return failed
    first = next((line for line in test.reason.splitlines() if line.strip()), "no reason given")
    # The verdict stands beside it and says as much.
    return [first.strip().removeprefix("Skipped: ").removeprefix("not judged: ")]


def _few(words: Iterable[str]) -> str:
    different = list(dict.fromkeys(text for text in words if text))
    rest = len(different) - _MOST_EVIDENCE
    shown = "; ".join(different[:_MOST_EVIDENCE])
    return shown if rest <= 0 else f"{shown}; and {rest} more"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
