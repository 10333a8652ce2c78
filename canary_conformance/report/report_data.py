"""report.json: all that a run found out, for programs and for the page that is made of it.

It is the one place where a run becomes data: report.html, the comparison of two runs and conformance.yaml are
views of it. Its form is docs/report.schema.json; VERSION counts the changes after which an older reader would
err. Every text is masked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import canary_conformance
from canary_conformance.exit_codes import word_of
from canary_conformance.report.bundle import safe_name
from canary_conformance.report.exit_decision import unjudged_requirements
from canary_conformance.report.failure_causes import failed_by_cause
from canary_conformance.report.failure_times import since_when
from canary_conformance.report.findings import ALL_REQUIREMENTS, RunFinding, findings_of
from canary_conformance.report.manifest_lines import ManifestLine, ManifestLines, excerpts_of
from canary_conformance.report.repository_paths import revision_of
from canary_conformance.report.request_commands import commands_of
from canary_conformance.report.run_events import Event, observations_of
from canary_conformance.report.run_record import (
    RequirementLine,
    RunRecord,
    Standing,
    TestRecord,
    false_alarm_line,
    requirement_lines,
    static_only,
)
from canary_conformance.report.secret_masks import mask_secrets
from canary_conformance.scenario.observations import Sent
from canary_conformance.scenario.requirement import Trait
from canary_conformance.verdicts.verdict import Verdict
from canary_conformance.voting.requirements import REQUIREMENTS, UPGRADE_REQUIREMENTS

NAME = "canary-conformance"
VERSION = 1
SCHEMA = "report.schema.json"
# Of a failure's files, and of a requirement's verdicts.
MOST_FILES, MOST_VERDICTS = 60, 40


@dataclass(frozen=True, slots=True)
class RunEnd:
    """How a run ended: its exit code, the lines that it closed with, and when."""

    exit_code: int
    lines: Sequence[str] = ()
    reason: str = ""
    at: datetime | None = None


def report_of(
    record: RunRecord,
    end: RunEnd,
    lines: ManifestLines,
    folder: Path,
    events: Iterable[Event] = (),
    upgrade: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the data of a run.

    Args:
        record: Its tests, phases and header.
        end: How it ended.
        lines: The manifests that it judged.
        folder: Its folder, whose files the report links to.
        events: What happened in it.
        upgrade: The values of upgrade.json where it moved a mesh.
    """
    events = list(events)
    seen = observations_of(events)
    address = seen.pop("address")
    data = {
        "version": VERSION,
        "made_by": {"name": NAME, "version": canary_conformance.__version__},
        "run": _run(record, end, folder),
        "judged": {
            "manifests": lines.folder.name,
            **revision_of(lines.folder, lines.repository),
            "selected": list(record.selected or ()),
            "rewrite": list(record.rewrite),
        },
        "ran_on": [dict(zip(("fact", "value"), _fact(line), strict=True)) for line in record.header],
        "findings": [
            _finding(one, record, lines, folder, address)
            | {"first_seen": since_when(_tests_of(one, record), events)}
            for one in findings_of(record, lines)
        ],
        "requirements": [_requirement(one, record) for one in _lines(record)],
        "false_alarms": "" if static_only(record) else false_alarm_line(record),
        "observations": seen,
        "phases": [_phase(one) for one in record.phases],
        "upgrade": dict(upgrade) if upgrade else None,
        "files": _files(folder),
    }
    masked: dict[str, Any] = mask_secrets(data)
    return masked


def _run(record: RunRecord, end: RunEnd, folder: Path) -> dict[str, Any]:
    began = (end.at or datetime.now(UTC)) - timedelta(seconds=record.seconds)
    counts = Counter(line.standing for line in _lines(record))
    verdicts = [verdict for test in record.tests for verdict in test.verdicts]
    return {
        "name": folder.name,
        "began": began.astimezone(UTC).isoformat(timespec="seconds"),
        "seconds": round(record.seconds, 1),
        "tier": "static" if static_only(record) else "live",
        "exit_code": end.exit_code,
        "verdict": word_of(end.exit_code),
        "reason": end.reason,
        "closing": [line for line in end.lines if line],
        "tests": len(record.tests),
        "verdicts": len(verdicts),
        "observations": sum(one.sample_size for one in verdicts if one.false_alarm is not None),
        "requirements": {str(standing): counts[standing] for standing in Standing if counts[standing]},
        "not_judged": unjudged_requirements(record),
    }


def _lines(record: RunRecord) -> list[RequirementLine]:
    """Return the scenario's requirements, and those of an upgrade where one was judged."""
    upgraded = {id_ for test in record.tests for id_ in test.requirements} & set(UPGRADE_REQUIREMENTS)
    return list(requirement_lines(record, ALL_REQUIREMENTS if upgraded else REQUIREMENTS))


def _fact(line: str) -> tuple[str, str]:
    fact, _, value = line.partition(": ")
    return fact, value


def _phase(phase: Any) -> dict[str, Any]:
    return {**asdict(phase), "started": round(phase.started, 2), "seconds": round(phase.seconds, 2)}


def _requirement(line: RequirementLine, record: RunRecord) -> dict[str, Any]:
    one = line.requirement
    tests = [test for test in record.tests if one.id in test.requirements]
    verdicts = [_verdict(test, verdict) for test in tests for verdict in test.verdicts]
    return {
        "id": one.id,
        "sentence": one.sentence,
        "stage": one.stage,
        "standing": str(line.standing),
        "evidence": line.evidence,
        "needs_cluster": Trait.ON_A_CLUSTER_ONLY in one.traits,
        "tiers": sorted({str(test.tier) for test in tests}),
        "tests": len(tests),
        "seconds": round(sum(test.seconds for test in tests), 2),
        "verdicts": verdicts[:MOST_VERDICTS],
    }


def _verdict(test: TestRecord, verdict: Verdict) -> dict[str, Any]:
    return {
        "tier": str(test.tier),
        "stage": test.stage,
        "held": verdict.held,
        "expected": verdict.expected,
        "evidence": verdict.evidence,
        "size": verdict.sample_size,
        "false_alarm": verdict.false_alarm,
        "smallest_leak": verdict.smallest_leak,
        "counts": [asdict(one) for one in verdict.counts],
    }


def _finding(
    one: RunFinding, record: RunRecord, lines: ManifestLines, folder: Path, address: str
) -> dict[str, Any]:
    tests = _tests_of(one, record)
    broken = [verdict for test in tests[:1] for verdict in test.verdicts if not verdict.held]
    return {
        "outcome": str(one.outcome),
        "requirement": one.requirement,
        "stage": one.stage,
        "statement": one.statement,
        "required": one.required,
        "expected": one.expected,
        "seen": one.seen,
        "examples": [example for verdict in broken for example in verdict.examples],
        "causes": [_line(it) for it in one.causes],
        "look_at": [_line(it) for it in one.look_at],
        "excerpts": [] if one.follows else excerpts_of(lines, one.causes or one.look_at[:1]),
        "tier": str(one.tier),
        "tiers": list(dict.fromkeys(str(test.tier) for test in tests)) or [str(one.tier)],
        "test": one.test,
        "cause": one.cause,
        "follows": one.follows,
        "seconds_after_propagation": next((it.after_live for it in tests if it.after_live is not None), None),
        "requests": commands_of(_requests(tests), address),
        "files": list(dict.fromkeys(file for test in tests for file in _bundle(folder, test.name)))[
            :MOST_FILES
        ],
    }


def _tests_of(one: RunFinding, record: RunRecord) -> list[TestRecord]:
    """Return the test of a finding, and what else of its requirement failed by the same cause, in order."""
    own = [test for test in record.tests if test.name == one.test and one.requirement in test.requirements]
    if not one.cause:
        return own
    cause = failed_by_cause(record.tests)[one.cause - 1]
    others = [it for it in cause.tests if one.requirement in it.requirements or not one.requirement]
    return [*own, *(test for test in others if test not in own)]


def _line(line: ManifestLine) -> dict[str, Any]:
    return {"file": line.file, "line": line.line, "sentence": line.sentence, "path": line.path}


def _requests(tests: Iterable[TestRecord]) -> list[Sent]:
    """Return the offending requests."""
    broken = (verdict for test in tests for verdict in test.verdicts if not verdict.held)
    return [one for verdict in broken for one in verdict.requests]


def _bundle(folder: Path, test: str) -> list[str]:
    """Return the files that a failed test left, from the run's folder on; its message first."""
    if not test:
        return []
    name = safe_name(test.removeprefix("tests/"))
    found = [path for path in folder.glob(f"failures/{name}*/*") if path.is_file()]
    ordered = sorted(found, key=lambda path: (path.name != "failure.txt", path.name))
    return [path.relative_to(folder).as_posix() for path in ordered[:MOST_FILES]]


def _files(folder: Path) -> list[str]:
    known = (
        *("summary.md", "summary.txt", "junit.xml", "run.json", "events.jsonl"),
        *("results.sarif", "codequality.json", "upgrade.txt", "upgrade.json"),
    )
    return [name for name in known if (folder / name).is_file()]
