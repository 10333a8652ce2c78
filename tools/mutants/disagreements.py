"""Where the manifests' verdict differs from the cluster's, and how often: a differential run's table."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from tools.mutants.dry_runs import DryRun
from tools.mutants.field_requirements import ACCEPTED
from tools.mutants.requirement_verdicts import RequirementVerdicts, StaticVerdict
from tools.mutants.schema_changes import SchemaChange
from tools.reports import markdown_table

_SHOWN = 60


class Disagreement(StrEnum):
    """A way in which the two differ; the first two pass what is broken, the next two are false alarms."""

    SERVER_REFUSES = "the static tier accepts it, the API server refuses it"
    MESH_FAILS = "the static tier says that a requirement holds, and on the cluster it FAILED"
    SERVER_ACCEPTS = "the static tier refuses it, the API server accepts it"
    MESH_HOLDS = "the static tier says FAILED, and on the cluster all requirements hold"
    NO_VERDICT = "the static tier came to no verdict"


@dataclass(slots=True)
class Case:
    """A change with what each one says of it.

    live: the requirements that failed in a run with it, none where that run holds; None without a run.
    """

    change: SchemaChange
    static: RequirementVerdicts
    dry_run: DryRun | None = None
    live: tuple[str, ...] | None = None

    @property
    def disagreement(self) -> Disagreement | None:
        """Return how the verdicts differ, None where they agree or one of them is missing."""
        if self.static.verdict is StaticVerdict.PROBLEM:
            return Disagreement.NO_VERDICT
        refused = ACCEPTED in self.static.failed
        if self.dry_run is not None and not self.dry_run.undecided:
            if not (self.dry_run.accepted or refused or ACCEPTED in self.static.not_judged):
                return Disagreement.SERVER_REFUSES
            if refused and self.dry_run.accepted and self.live is None:
                return Disagreement.SERVER_ACCEPTS
        if self.live is None:
            return None
        if any(id_ not in {**self.static.failed, **self.static.not_judged} for id_ in self.live):
            return Disagreement.MESH_FAILS
        return Disagreement.MESH_HOLDS if self.static.failed and not self.live else None

    @property
    def evidence(self) -> str:
        """Return what the side says that has something to say."""
        if self.disagreement is Disagreement.SERVER_REFUSES and self.dry_run:
            return self.dry_run.words
        if self.disagreement is Disagreement.MESH_FAILS:
            return f"failed on the cluster: {', '.join(self.live or ())}"
        return self.static.words


@dataclass(frozen=True, slots=True)
class Differential:
    """A differential run: the number of possible changes, those that were drawn, and the live runs made."""

    possible: int
    seed: int
    cases: tuple[Case, ...]
    live_runs: int = 0

    @property
    def differing(self) -> tuple[Case, ...]:
        """Return the cases in which verdicts differ, by the way in which they do."""
        found = (case for case in self.cases if case.disagreement is not None)
        return tuple(
            sorted(
                found, key=lambda case: list(Disagreement).index(case.disagreement or Disagreement.NO_VERDICT)
            )
        )

    @property
    def missed(self) -> tuple[Case, ...]:
        """Return the cases that would let a broken release pass, and those without a verdict."""
        bad = {Disagreement.MESH_FAILS, Disagreement.SERVER_REFUSES, Disagreement.NO_VERDICT}
        return tuple(case for case in self.differing if case.disagreement in bad)


def rate_table(found: Differential) -> str:
    """Return how many changes were made, how the static tier judged them, and how the cluster did."""
    rows = []
    for verdict in StaticVerdict:
        ours = [case for case in found.cases if case.static.verdict is verdict]
        asked = [case.dry_run for case in ours if case.dry_run]
        rows.append(
            [
                str(verdict),
                str(len(ours)),
                str(sum(one.accepted for one in asked)),
                str(sum(bool(case.live is not None and not case.live) for case in ours)),
                str(sum(bool(case.live) for case in ours)),
                str(sum(case.disagreement is not None for case in ours)),
            ]
        )
    heads = [
        "static verdict",
        "changes",
        "accepted by the API server",
        "hold live",
        "FAILED live",
        "disagreements",
    ]
    return markdown_table(heads, rows)


def report_text(found: Differential) -> str:
    """Return the table, the rate, and the first disagreements."""
    counts = Counter(case.disagreement for case in found.differing)
    proved = sum(case.live is not None for case in found.cases)
    lines = [
        f"{len(found.cases)} of {found.possible} changes that the schemas allow (seed {found.seed}), "
        f"{proved} of them judged by {found.live_runs} live runs",
        "",
        rate_table(found),
        "",
        f"disagreements: {len(found.differing)} of {len(found.cases)} "
        f"({len(found.differing) / max(len(found.cases), 1):.1%})",
        *(f"  {counts[way]}: {way}" for way in Disagreement if counts[way]),
    ]
    for case in found.differing[:_SHOWN]:
        lines += [f"{case.disagreement}: {case.change.name}", f"    {_first_line(case.evidence)}"]
    if len(found.differing) > _SHOWN:
        lines.append(f"and {len(found.differing) - _SHOWN} more, see the file")
    return "\n".join(lines)


def report_json(found: Differential) -> str:
    """Return every case for programs."""
    cases = [
        {
            "change": case.change.name,
            "static": case.static.verdict,
            "failed": sorted(case.static.failed),
            "not judged": sorted(case.static.not_judged),
            "dry run": case.dry_run.words if case.dry_run else None,
            "failed live": case.live,
            "disagreement": case.disagreement,
            "evidence": case.evidence if case.disagreement else "",
        }
        for case in found.cases
    ]
    return json.dumps({"possible": found.possible, "seed": found.seed, "cases": cases}, indent=1)


def _first_line(text: str) -> str:
    return next((line for line in text.splitlines() if line.strip()), "")[:200]


def by_verdict(cases: Sequence[Case], verdict: StaticVerdict) -> list[Case]:
    """Return the cases of a static verdict that the API server accepts: those which a live run can judge."""
    return [
        case for case in cases if case.static.verdict is verdict and case.dry_run and case.dry_run.accepted
    ]
