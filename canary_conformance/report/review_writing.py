"""A run in the formats of those who review a change: files of its report, a job's summary."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from canary_conformance.exit_codes import ExitStatus, word_of
from canary_conformance.report.bundle import RunFolder
from canary_conformance.report.exit_decision import NO_VERDICT, Account, meaning
from canary_conformance.report.findings import RunFinding, finding_of_end
from canary_conformance.report.formats import code_quality, sarif, summary
from canary_conformance.report.manifest_lines import ManifestLines
from canary_conformance.report.reviewed_run import ReviewedRun
from canary_conformance.report.secret_masks import mask_secrets

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
_WITH_A_VERDICT = (ExitStatus.HOLDS, ExitStatus.FAILED, ExitStatus.NOT_JUDGED)


def write_review(folder: RunFolder, review: ReviewedRun) -> None:
    """Write a run in every format for reviewers."""
    parts = summary.summary(review)
    folder.write(sarif.FILE, sarif.sarif(review))
    folder.write(code_quality.FILE, code_quality.code_quality(review))
    folder.write(summary.SUMMARY, summary.joined(parts))
    folder.write(summary.COMMENT, summary.comment(review, parts))


def append_summary(review: ReviewedRun) -> None:
    """Append the run to the step's summary, as much of it as GitHub takes."""
    named = os.environ.get(STEP_SUMMARY)
    if not named:
        return
    path = Path(named)
    there = path.stat().st_size if path.exists() else 0
    content = mask_secrets(summary.joined(summary.summary(review), summary.SUMMARY_LIMIT - there))
    with path.open("a", encoding="utf-8", errors="backslashreplace", newline="") as stream:
        stream.write(content)


def findings_without_verdict(
    status: ExitStatus, account: Account, lines: ManifestLines
) -> Iterator[RunFinding]:
    """Yield what ended a run without a verdict."""
    for refused in account.refused:
        yield finding_of_end(word_of(status), refused.sentence, lines.of([refused]))
    if status not in _WITH_A_VERDICT and not account.refused:
        reason = account.reason.strip().partition("\n")[0].removesuffix(":")
        defects = [*account.defects, *account.late_defects]
        said = meaning(status, account)
        statement = defects[0] if defects else said if not reason or reason in said else reason
        yield finding_of_end(word_of(status), _without_heading(statement, word_of(status)))


def _without_heading(statement: str, ended: str) -> str:
    """Return a statement without what its title says already."""
    return statement.removeprefix(NO_VERDICT).removeprefix(f"{ended}: ")
