"""What a run found out that a reviewer has to see: one list, of which every format is a view.

It is made of the values that the red messages are made of (a test's record, its verdicts, their causes), so
that no format parses text. What failed comes first: the first failure of each cause, then the requirements
that fail because of the same causes, then what was not judged. Every text is masked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from canary_conformance.report.failure_causes import Cause, evidence_of, failed_by_cause
from canary_conformance.report.manifest_lines import ManifestLine, ManifestLines
from canary_conformance.report.run_record import (
    Outcome,
    RunRecord,
    Standing,
    TestRecord,
    Tier,
    requirement_lines,
)
from canary_conformance.report.secret_masks import mask_secrets
from canary_conformance.scenario.requirement import Requirement
from canary_conformance.voting.requirements import REQUIREMENTS, UPGRADE_REQUIREMENTS, requirement_of

ALL_REQUIREMENTS: Mapping[str, Requirement] = {**REQUIREMENTS, **UPGRADE_REQUIREMENTS}
_WITHOUT_VERDICT = (Outcome.NOT_JUDGED, Outcome.SKIPPED, Outcome.ERROR)
_BEFORE_A_REASON = ("Skipped: ", "not judged: ")


@dataclass(frozen=True, slots=True)
class RunFinding:
    """One requirement that FAILED by one cause, or that was not judged for one reason.

    Attributes:
        outcome: FAILED; NOT_JUDGED or SKIPPED; ERROR for what a defect of the suite kept from being judged,
            and for the run itself where it ended without a verdict.
        requirement: Its id, "" for a test of no requirement and for the run itself.
        stage: The stage of the test, 0 for none.
        statement: What is wrong, in one sentence.
        required: The requirement's sentence.
        expected: What its verdicts expected, a line each; "" where it failed outside of a verdict.
        seen: What they saw.
        causes: The lines of the manifests that are responsible, the first above all; none where not known.
        look_at: Where the objects of a requirement that FAILED stand, the most likely culprit first.
        tier: What it was judged by.
        test: The node id of the test, "" where none ran.
        cause: The number of its cause, as the terminal counts them; 0 for what fails no requirement.
        follows: Whether a finding before it has the same cause.
        ended: What ended the run, in a word or two ("bad input"); "" for what is about a test.
    """

    outcome: Outcome
    requirement: str
    stage: int
    statement: str
    required: str = ""
    expected: str = ""
    seen: str = ""
    causes: tuple[ManifestLine, ...] = ()
    look_at: tuple[ManifestLine, ...] = ()
    tier: Tier = Tier.LIVE
    test: str = ""
    cause: int = 0
    follows: bool = False
    ended: str = ""

    @property
    def failed(self) -> bool:
        """Whether it is a requirement that FAILED."""
        return self.outcome is Outcome.FAILED

    @property
    def title(self) -> str:
        """What it is about, and what became of it: "R4.5 stage 4 FAILED"."""
        if self.ended:
            return self.ended
        stage = f" stage {self.stage}" if self.requirement and self.stage else ""
        name = self.requirement or self.test.rpartition("::")[2]
        return f"{name}{stage} {'FAILED' if self.failed else 'not judged'}"

    @property
    def line(self) -> ManifestLine | None:
        """The line to show it at: that of its cause, else the first to look at."""
        return next(iter((*self.causes, *self.look_at)), None)


@dataclass(frozen=True, slots=True)
class Problem:
    """What a reviewer reads once: a finding, and the other requirements of the same cause or reason."""

    finding: RunFinding
    others: tuple[str, ...] = ()

    @property
    def requirements(self) -> tuple[str, ...]:
        """All of its requirements."""
        return tuple(id_ for id_ in (self.finding.requirement, *self.others) if id_)


def problems_of(findings: Iterable[RunFinding]) -> tuple[Problem, ...]:
    """Return each cause of failures once, then each reason for which requirements were not judged."""
    found: dict[tuple[object, ...], list[RunFinding]] = {}
    for one in findings:
        by_cause = one.failed and one.cause
        key = (one.cause,) if by_cause else (one.outcome, one.statement, one.line)
        found.setdefault(key, []).append(one)
    return tuple(Problem(first, tuple(one.requirement for one in rest)) for first, *rest in found.values())


def findings_of(run: RunRecord, lines: ManifestLines) -> tuple[RunFinding, ...]:
    """Return what a run found out."""
    causes = enumerate(failed_by_cause(run.tests), start=1)
    failed = [finding for number, cause in causes for finding in _failed(cause, number, lines)]
    failed += [_of_test(test, "", lines) for test in run.tests if _differs(test)]
    return (*sorted(failed, key=lambda one: one.follows), *_not_judged(run, lines))


def finding_of_end(ended: str, statement: str, causes: tuple[ManifestLine, ...] = ()) -> RunFinding:
    """Return the finding of a run that ended without a verdict: for its input, the environment, a defect."""
    return RunFinding(Outcome.ERROR, "", 0, mask_secrets(statement), causes=causes, ended=ended)


def _failed(cause: Cause, number: int, lines: ManifestLines) -> Iterator[RunFinding]:
    """Yield a finding for each requirement that fails by a cause, by the first of its tests."""
    seen: set[str] = set()
    for test in cause.tests:
        for id_ in test.requirements:
            if id_ not in seen:
                yield replace(_of_test(test, id_, lines), cause=number, follows=bool(seen))
                seen.add(id_)


def _differs(test: TestRecord) -> bool:
    """Return whether a test found the model and the mesh to differ, which fails no requirement."""
    return test.outcome is Outcome.FAILED and not test.requirements


def _not_judged(run: RunRecord, lines: ManifestLines) -> Iterator[RunFinding]:
    """Yield a finding for each selected requirement without a verdict, by the first of its tests."""
    for line in requirement_lines(run, ALL_REQUIREMENTS):
        id_ = line.requirement.id
        if line.standing in {Standing.NOT_JUDGED, Standing.SKIPPED}:
            tests = (test for test in run.tests if id_ in test.requirements)
            first = next((test for test in tests if test.outcome in _WITHOUT_VERDICT), None)
            if first is not None:
                yield _of_test(first, id_, lines)
        elif line.standing is Standing.NOT_RUN and id_ in (run.selected or ()):
            stage = line.requirement.stage
            sentence = line.requirement.sentence
            yield RunFinding(Outcome.NOT_JUDGED, id_, stage, "none of its tests ran", sentence)


def _of_test(test: TestRecord, id_: str, lines: ManifestLines) -> RunFinding:
    broken = [verdict for verdict in test.verdicts if not verdict.held]
    requirement = requirement_of(id_) if id_ else None
    failed = test.outcome is Outcome.FAILED
    return RunFinding(
        outcome=test.outcome,
        requirement=id_,
        stage=test.stage,
        statement=mask_secrets(_statement(test)),
        required=requirement.sentence if requirement else "",
        expected=_joined(verdict.expected for verdict in broken),
        seen=_joined(verdict.seen for verdict in broken),
        causes=lines.of(test.causes),
        look_at=lines.of_concerns(requirement.concerns, test.stage) if requirement and failed else (),
        tier=test.tier,
        test=test.name,
    )


def _statement(test: TestRecord) -> str:
    """Return why a test has no verdict that holds, in a line."""
    if test.outcome is Outcome.FAILED:
        return evidence_of(test)
    first = next((line.strip() for line in test.reason.splitlines() if line.strip()), "no reason given")
    for prefix in _BEFORE_A_REASON:
        first = first.removeprefix(prefix)
    return first


def _joined(texts: Iterable[str]) -> str:
    return mask_secrets("\n".join(dict.fromkeys(texts)))
