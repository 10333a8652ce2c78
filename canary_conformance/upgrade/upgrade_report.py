"""The report of a run that moves the mesh: requirements by moment, each move, which proxy ran what.

It is written as text and for machines: upgrade.txt and upgrade.json in the run's folder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from canary_conformance.report.run_record import (
    RequirementLine,
    RunRecord,
    Standing,
    TestRecord,
    requirement_lines,
)
from canary_conformance.report.secret_masks import mask_secrets
from canary_conformance.scenario.observations import ReplyKind
from canary_conformance.scenario.requirement import Requirement
from canary_conformance.upgrade.upgrade_moments import Moment, moment_of
from canary_conformance.upgrade.upgrade_observations import Move
from canary_conformance.upgrade.upgrade_run import Upgrade
from canary_conformance.verdicts import longest_gap
from canary_conformance.verdicts.wording import shorten
from canary_conformance.voting.requirements import REQUIREMENTS, UPGRADE_REQUIREMENTS

# The table's columns: what a test judged while the mesh was moved back is a matter of the rollback.
COLUMNS: Mapping[str, tuple[Moment, ...]] = {
    "before": (Moment.BEFORE,),
    "during": (Moment.DURING,),
    "after": (Moment.AFTER,),
    "rolled back": (Moment.ROLLING_BACK, Moment.ROLLED_BACK),
}
WIDTH = 13
# Of the requests that failed, the text has so many, in so many characters; upgrade.json has them all.
MOST_FAILURES, LONGEST = 20, 160


@dataclass(frozen=True, slots=True)
class Report:
    """The report as text, and as a value that JSON can hold."""

    text: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Figures:
    """What the witnesses of a move counted; seconds."""

    seconds: float
    requests_sent: int
    requests_failed: int
    longest_gap: float
    slowest_page: float
    wrong_version: int
    votes_cast: int
    votes_refused: int
    connections_in_mesh: int
    plaintext_calls: int
    plaintext_answered: int


def upgrade_report(upgrade: Upgrade, tests: Sequence[TestRecord]) -> Report:
    """Return the report of an upgrade as far as it came, without secrets."""
    table = requirement_table(tests)
    moves = list(upgrade.moves.values())
    warnings = upgrade.asked.warnings()
    asked = f"{upgrade.asked.source} -> {upgrade.asked.target} and back, {upgrade.asked.way}"
    parts = [f"upgrade at stage {upgrade.asked.stage}: {asked}", _table(table)]
    parts += [f"warning: {warning}" for warning in warnings]
    if upgrade.findings:
        parts.append("\n".join(["before you go (no part of the verdict):", *_indented(upgrade.findings)]))
    parts += [_move_text(move) for move in moves]
    values = {
        "asked": {one.name: str(getattr(upgrade.asked, one.name)) for one in fields(upgrade.asked)},
        "requirements": table,
        "warnings": warnings,
        "findings": upgrade.findings,
        "moves": [
            {
                "move": str(move),
                "stopped": move.stopped,
                "figures": asdict(figures(move)),
                "failures": move.failures(),
                "steps": [asdict(step) for step in move.steps],
                "timeline": [asdict(seen) for seen in move.timeline],
                "end": asdict(move.end),
            }
            for move in moves
        ],
    }
    return Report(mask_secrets("\n\n".join(parts)), mask_secrets(values))


def write_report(folder: Path, report: Report) -> None:
    """Write upgrade.txt and upgrade.json to a run's folder."""
    (folder / "upgrade.txt").write_text(f"{report.text}\n", encoding="utf-8")
    (folder / "upgrade.json").write_text(f"{json.dumps(report.values, indent=2)}\n", encoding="utf-8")


def requirement_table(tests: Sequence[TestRecord]) -> dict[str, dict[str, str]]:
    """Return what each judged requirement was at each moment, "-" where it was not judged there."""
    columns = {name: _lines_at(tests, moments) for name, moments in COLUMNS.items()}
    rows: dict[str, dict[str, str]] = {}
    for id_ in (*REQUIREMENTS, *UPGRADE_REQUIREMENTS):
        standings = {name: lines[id_].standing for name, lines in columns.items()}
        if set(standings.values()) != {Standing.NOT_RUN}:
            rows[id_] = {
                name: "-" if standing is Standing.NOT_RUN else str(standing)
                for name, standing in standings.items()
            }
    return rows


def judged_at(tests: Sequence[TestRecord], moment: Moment) -> dict[str, str]:
    """Return what each of the scenario's requirements was found to be at a moment."""
    return {
        id_: str(line.standing)
        for id_, line in _lines_at(tests, (moment,)).items()
        if id_ in REQUIREMENTS and line.standing is not Standing.NOT_RUN
    }


def held(standings: Mapping[str, str]) -> list[str]:
    """Return those that hold."""
    return [id_ for id_, standing in standings.items() if standing == Standing.HOLDS]


def figures(move: Move) -> Figures:
    """Return what the witnesses of a move counted."""
    pages = [(page, move.versions[name]) for name, seen in move.pages.items() for page in seen]
    ballots = [ballot for seen in move.ballots.values() for ballot in seen]
    calls = [reply for attempt in move.attempts for reply in attempt.replies.values()]
    failed = sum(not page.whole for page, _ in pages)
    refused = sum(not ballot.counted for ballot in ballots)
    return Figures(
        seconds=round(move.ended - move.began, 2),
        requests_sent=len(pages) + len(ballots),
        requests_failed=failed + refused,
        longest_gap=round(max((longest_gap(seen) for seen in move.pages.values()), default=0.0), 2),
        slowest_page=round(max((page.took for page, _ in pages), default=0.0), 2),
        wrong_version=sum(page.whole and page.version != version for page, version in pages),
        votes_cast=len(ballots),
        votes_refused=refused,
        connections_in_mesh=sum(map(len, move.calls.values())),
        plaintext_calls=len(calls),
        plaintext_answered=sum(reply.kind is ReplyKind.ANSWERED for reply in calls),
    )


def _lines_at(tests: Sequence[TestRecord], moments: Sequence[Moment]) -> dict[str, RequirementLine]:
    requirements: dict[str, Requirement] = {**REQUIREMENTS, **UPGRADE_REQUIREMENTS}
    found = tuple(test for test in tests if (moment_of(test.name) or Moment.BEFORE) in moments)
    return {line.requirement.id: line for line in requirement_lines(RunRecord((), found, ()), requirements)}


def _table(rows: Mapping[str, Mapping[str, str]]) -> str:
    head = f"{'':<8}" + "".join(f"{name:<{WIDTH}}" for name in COLUMNS)
    lines = [f"{id_:<8}" + "".join(f"{row[name]:<{WIDTH}}" for name in COLUMNS) for id_, row in rows.items()]
    return "\n".join(line.rstrip() for line in [head, *lines])


def _move_text(move: Move) -> str:
    counted = figures(move)
    lines = [
        f"{move}: {counted.seconds:.1f} s" + (f", stopped: {move.stopped}" if move.stopped else ""),
        f"  {counted.requests_sent} requests sent, {counted.requests_failed} failed, longest gap "
        f"{counted.longest_gap:.2f} s, slowest page {counted.slowest_page:.2f} s, "
        f"{counted.wrong_version} of the wrong version",
        f"  {counted.votes_cast} votes cast, {counted.votes_refused} refused; "
        f"{counted.connections_in_mesh} new connections in the mesh; "
        f"{counted.plaintext_answered} of {counted.plaintext_calls} plaintext calls answered",
        *_failures(move),
        "  steps, in seconds since the witnesses began:",
        *(
            f"    {step.started - move.began:6.1f} to {step.ended - move.began:6.1f}  {step.name}"
            for step in move.steps
        ),
        "  which proxy ran what, when:",
        *(
            f"    {seen.first - move.began:6.1f} to {seen.last - move.began:6.1f}  {seen.workload:<22} "
            f"{seen.pod:<42} Envoy {seen.envoy}, {seen.image}"
            for seen in move.timeline
        ),
    ]
    return "\n".join(lines)


def _failures(move: Move) -> list[str]:
    """Return the requests that failed, by time and step."""
    failed = move.failures()
    rows = [
        f"    {at - move.began:6.1f} {_step_at(move, at)}: {shorten(sentence, LONGEST)}"
        for at, sentence in failed
    ]
    rest = [f"    and {len(rows) - MOST_FAILURES} more"] if len(rows) > MOST_FAILURES else []
    return ["  failed:", *rows[:MOST_FAILURES], *rest] if rows else []


def _step_at(move: Move, at: float) -> str:
    return next((step.name for step in move.steps if step.started <= at <= step.ended), "beside the steps")


def _indented(lines: Sequence[str]) -> list[str]:
    return [f"  {line}" for line in lines]
