"""The standing of each requirement in each combination, for people and for programs."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from canary_conformance.exit_codes import ExitStatus
from canary_conformance.images.pins import numbers_of
from canary_conformance.paths import shown
from canary_conformance.report.run_record import Standing
from canary_conformance.report.run_tables import WIDTH
from tools.matrix.combinations import Combination, short_names
from tools.rounds import Round

NARROWEST = 12


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a combination: its round, None where that is not available or the run was refused.

    `said` holds the last lines of a run without a verdict, or of a refused one.
    """

    combination: Combination
    round: Round | None = None
    said: str = ""

    @property
    def exit_code(self) -> int:
        """The round's exit code; that of bad input for a combination that is not available."""
        return int(ExitStatus.BAD_INPUT) if self.round is None else self.round.exit_code

    @property
    def verdict(self) -> str:
        """The combination in a few words."""
        if self.round:
            return self.round.verdict
        return (
            f"not available: {self.combination.why_not}"
            if self.combination.why_not
            else "refused, no verdict"
        )

    def standings(self) -> Mapping[str, Standing]:
        """Return the standing of each requirement that the round selected; none where it has no report."""
        lines = self.round.requirements if self.round else ()
        return {line.requirement.id: line.standing for line in lines if line.standing is not Standing.NOT_RUN}


def table(results: Sequence[Result]) -> str:
    """Return a row for each requirement, a column for each combination, and below what each ran and found."""
    names = short_names([result.combination for result in results])
    columns = [result.standings() for result in results]
    asked = sorted({id_ for column in columns for id_ in column}, key=numbers_of)
    widths = [max(len(name), NARROWEST) for name in names]
    rows = [("", *names)] + [(id_, *(column.get(id_, "-") for column in columns)) for id_ in asked]
    lines = [
        "  ".join(
            [f"{row[0]:<6}", *(f"{text:<{width}}" for text, width in zip(row[1:], widths, strict=True))]
        )
        for row in rows
        if asked
    ]
    lines = [line.rstrip() for line in lines]
    for name, result in zip(names, results, strict=True):
        lines += ["", *_about(name, result)]
    return "\n".join(lines)


def as_json(results: Sequence[Result], exit_code: int | None) -> dict[str, object]:
    """Return the same as plain values; exit_code: None where not all combinations came to their end."""
    names = short_names([result.combination for result in results])
    values = [{"name": name, **_as_values(result)} for name, result in zip(names, results, strict=True)]
    return {"exit_code": exit_code, "combinations": values}


def _about(name: str, result: Result) -> list[str]:
    took = f"{result.round.seconds:.1f} s, " if result.round else ""
    lines = textwrap.wrap(
        f"{name} ({result.combination}): {took}{result.verdict}", WIDTH, break_on_hyphens=False
    )
    said = [line for text in result.said.splitlines() for line in _indented(text.strip())]
    if result.round is None:
        return lines + said
    details = [*result.round.header]
    details += [
        f"{line.requirement.id} {line.standing}: {line.evidence}"
        for line in result.round.requirements
        if line.standing in {Standing.FAILED, Standing.NOT_JUDGED}
    ]
    if result.exit_code != ExitStatus.HOLDS:
        details.append(result.round.places)
    return lines + [line for text in details for line in _indented(text)] + said


def _indented(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)


def _as_values(result: Result) -> dict[str, object]:
    combination, one = result.combination, result.round
    versions = combination.versions
    return {
        "istio": versions.mesh.istio if versions else combination.asked.istio,
        "envoy": versions.mesh.envoy if versions else combination.asked.envoy,
        "kubernetes": versions.kubernetes if versions else combination.asked.kubernetes,
        "exit_code": result.exit_code,
        "verdict": result.verdict,
        "why_not": combination.why_not,
        "said": result.said,
        "seconds": one.seconds if one else None,
        "header": one.header if one else [],
        "requirements": {
            line.requirement.id: {"standing": str(line.standing), "evidence": line.evidence}
            for line in (one.requirements if one else ())
        },
        "report": str(shown(one.report)) if one and one.report else None,
        "log": str(shown(one.log)) if one else None,
    }
