"""The run in Markdown: a step's summary on GitHub, a comment on a pull or merge request.

The verdict comes first, then each cause with its line, then what was not judged, every requirement, and where
the time went. Parts that do not fit the limit of the place are left out, the last ones first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from canary_conformance.exit_codes import word_of
from canary_conformance.report.findings import Problem
from canary_conformance.report.formats.markdown import block, cell, code, details, link, text
from canary_conformance.report.formats.sentences import also_failing
from canary_conformance.report.manifest_lines import ManifestLine
from canary_conformance.report.reviewed_run import ReviewedRun
from canary_conformance.report.run_record import (
    REWRITTEN,
    RequirementLine,
    Standing,
    count_line,
    requirement_lines,
    static_only,
)
from canary_conformance.report.run_tables import times_tables
from canary_conformance.report.secret_masks import mask_secrets

SUMMARY, COMMENT = "summary.md", "comment.md"
# GitHub: "Step isolation and limits" of a job summary; the length of a comment's body.
SUMMARY_LIMIT, COMMENT_LIMIT = 1 << 20, 65_536
_LEFT_OUT = "*The rest does not fit here; the report has all of it.*"
# A mask may be longer than what it hides.
_RESERVE = len(_LEFT_OUT) + 2048
_UNSHOWN = {Standing.NOT_SELECTED, Standing.NOT_RUN}


def marker(review: ReviewedRun) -> str:
    """Return the hidden first line of a comment, by which the next run of the tier finds and replaces it."""
    return f"<!-- canary-conformance: {review.tier} -->"


def summary(review: ReviewedRun) -> list[str]:
    """Return the run in Markdown: its parts, the most important first, each whole in itself."""
    return list(_parts(review))


def comment(review: ReviewedRun, parts: Sequence[str]) -> str:
    """Return the parts of a summary as the comment of a request to merge."""
    head = f"{marker(review)}\n"
    return head + joined(parts, COMMENT_LIMIT - len(head))


def joined(parts: Sequence[str], limit: int = SUMMARY_LIMIT) -> str:
    """Return as many parts as a place of so many bytes has room for, and that something is left out."""
    shown: list[str] = []
    left = limit - _RESERVE
    for part in parts:
        left -= len(part.encode("utf-8", "backslashreplace")) + 2
        if left < 0:
            shown.append(_LEFT_OUT)
            break
        shown.append(part)
    return "\n\n".join(shown) + "\n"


def _parts(review: ReviewedRun) -> Iterator[str]:
    yield _verdict(review)
    errors = [one for one in review.problems if review.is_error(one)]
    for number, problem in enumerate(errors, start=1):
        yield _problem(review, problem, number)
    if review.changes.strip():
        yield f"### What changes\n\n{review.changes.strip()}"
    unjudged = [one for one in review.problems if not review.is_error(one)]
    if unjudged:
        yield _unjudged(review, unjudged)
    lines = [line for line in requirement_lines(review.run) if line.standing not in _UNSHOWN]
    if lines:
        yield details(f"{len(lines)} requirements", _requirements(lines))
    if review.run.rewrite:
        diff = block(mask_secrets("\n".join(review.run.rewrite)), "diff", most=200)
        yield f"### {REWRITTEN}\n\n{diff}"
    if times := times_tables(review.run):
        yield details("Where the time went", block("\n\n".join(times), most=200))
    if review.run.header:
        yield details("What it ran on", block(mask_secrets("\n".join(review.run.header)), most=60))


def _verdict(review: ReviewedRun) -> str:
    tier = "by the manifests alone" if static_only(review.run) else "on a cluster"
    lines = requirement_lines(review.run)
    judged = bool(review.run.tests)
    counted = [count_line(lines, static=static_only(review.run))] if judged else []
    seconds = [f"judged {tier} in {review.run.seconds:.1f} s"] if judged else []
    report = [f"report: {code(review.report)}"] if review.report else []
    meaning = f"{text(review.meaning)} (exit code {int(review.status)})"
    word = word_of(int(review.status))
    return "\n\n".join(
        [f"## Voting conformance: {word}", meaning, "; ".join([*counted, *seconds, *report])]
    ).strip()


def _problem(review: ReviewedRun, problem: Problem, number: int) -> str:
    """Return a cause with its lines, and the requirement that fails first because of it."""
    finding, line = problem.finding, problem.finding.line
    parts = [f"### {number}. {text(finding.title)}: {text(finding.statement)}"]
    if finding.causes:
        parts.append("\n".join(f"- {_line(review, one)}: {text(one.sentence)}" for one in finding.causes[:5]))
    elif line is not None and finding.failed:
        places = ", ".join(_line(review, one) for one in finding.look_at[:3])
        parts.append(f"The cause is not known. Look at {places}.")
    if line is not None and finding.causes and line.text.strip():
        parts.append(block(line.text.strip(), "yaml", most=1))
    told = [("required", finding.required), ("expected", finding.expected), ("seen", finding.seen)]
    shown = [f"{label:<10}{_indented(value)}" for label, value in told if value]
    parts += [block("\n".join(shown))] if shown else []
    parts += [text(also)] if (also := also_failing(problem)) else []
    return "\n\n".join(parts)


def _indented(value: str) -> str:
    return "\n          ".join(value.splitlines())


def _line(review: ReviewedRun, line: ManifestLine) -> str:
    return link(code(str(line)), review.pages.of_line(line))


def _unjudged(review: ReviewedRun, problems: Iterable[Problem]) -> str:
    rows = ["### Not judged", "", "| requirements | reason | line |", "|---|---|---|"]
    for one in problems:
        line = one.finding.causes[0] if one.finding.causes else None
        ids = text(", ".join(one.requirements))
        rows.append(
            f"| {ids} | {text(one.finding.statement)} | {cell(_line(review, line)) if line else ''} |"
        )
    return "\n".join(rows)


def _requirements(lines: Iterable[RequirementLine]) -> str:
    # Masked before they are escaped: a secret with an escape in it would not be recognised.
    rows = ["| id | requirement | verdict | evidence |", "|---|---|---|---|"]
    for line in lines:
        verdict = f"**{line.standing}**" if line.standing is not Standing.HOLDS else str(line.standing)
        sentence, evidence = text(line.requirement.sentence), text(mask_secrets(line.evidence), 300)
        rows.append(f"| {line.requirement.id} | {sentence} | {verdict} | {evidence} |")
    return "\n".join(rows)
