"""A problem in plain sentences, as every format has them."""

from __future__ import annotations

from canary_conformance.report.findings import Problem
from canary_conformance.report.manifest_lines import ManifestLine

_MOST_IDS = 12


def sentence_of(problem: Problem) -> str:
    """Return what is wrong and its cause in one line, without the requirement's id."""
    finding = problem.finding
    causes = [one for one in finding.causes if one.sentence and one.sentence != finding.statement]
    cause = f". Cause: {causes[0].sentence}" if causes else ""
    return one_line(f"{finding.statement}{cause}")


def also_failing(problem: Problem) -> str:
    """Return which other requirements have the same cause or reason, "" for none."""
    if not problem.others:
        return ""
    shown = ", ".join(problem.others[:_MOST_IDS])
    more = len(problem.others) - _MOST_IDS
    rest = f" and {more} more" if more > 0 else ""
    word = "also failing for this reason" if problem.finding.failed else "also not judged for this reason"
    return f"{word}: {shown}{rest} ({len(problem.others)})"


def paragraphs_of(problem: Problem, line: ManifestLine | None) -> list[str]:
    """Return a problem in a few lines: what is wrong, its cause, what was required, expected and seen.

    Args:
        problem: The problem.
        line: The line that it is shown at; None where the text has to name it.
    """
    finding = problem.finding
    parts = [finding.statement]
    parts += [f"cause: {_named(one, line)}" for one in finding.causes if one.sentence != finding.statement]
    if not finding.causes and finding.failed and finding.line is not None:
        parts.append(f"its cause is not known; look at {', '.join(map(str, finding.look_at[:3]))}")
    labelled = (("required", finding.required), ("expected", finding.expected), ("seen", finding.seen))
    parts += [f"{label}: {text}" for label, text in labelled if text and text != finding.statement]
    parts += [text] if (text := also_failing(problem)) else []
    return parts


def one_line(text: str) -> str:
    """Return a text in one line of printable characters."""
    return "".join(char if char.isprintable() else "?" for char in " ".join(text.split()))


def cut(text: str, longest: int) -> str:
    """Return a text of at most so many characters."""
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def _named(cause: ManifestLine, line: ManifestLine | None) -> str:
    return cause.sentence if cause == line else f"{cause}: {cause.sentence}"
