"""GitHub's annotations: workflow commands on the standard output, which need no right to write.

GitHub shows ten errors and ten warnings of a step ("Workflow commands for GitHub Actions"); what is more is
counted in the last one. While a run prints texts that are not its own (names in manifests, pages), commands
are stopped, so that no such text is taken for one.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from canary_conformance.report.findings import Problem
from canary_conformance.report.formats.sentences import cut, one_line, paragraphs_of
from canary_conformance.report.reviewed_run import ReviewedRun

MOST = 10
# GitHub takes titles of 255 characters and messages of 64 KB ("Create a check run", annotations).
_LONGEST_TITLE = 200
_LONGEST_PARAGRAPH = 600


@dataclass(frozen=True, slots=True)
class StoppedCommands:
    """The two lines between which GitHub takes nothing for a workflow command; the second is a secret."""

    token: str

    @classmethod
    def new(cls) -> StoppedCommands:
        """Return lines with a token that no text of the run can know."""
        return cls(secrets.token_hex(16))

    @property
    def stop(self) -> str:
        """The line that stops commands."""
        return f"::stop-commands::{self.token}"

    @property
    def resume(self) -> str:
        """The line from which on commands are taken again."""
        return f"::{self.token}::"


def annotation_lines(review: ReviewedRun) -> list[str]:
    """Return a line for each problem: errors first, causes before all else."""
    errors = [one for one in review.problems if review.is_error(one)]
    warnings = [one for one in review.problems if not review.is_error(one)]
    return [*_lines("error", errors), *_lines("warning", warnings)]


def _lines(level: str, problems: Sequence[Problem]) -> Iterator[str]:
    shown = problems if len(problems) <= MOST else problems[: MOST - 1]
    for problem in shown:
        yield _line(level, problem)
    if rest := problems[len(shown) :]:
        names = ", ".join(id_ for one in rest for id_ in one.requirements)
        title = f"and {len(rest)} more"
        yield f"::{level} title={_property(title)}::{_data(f'{names}: see the summary of this step')}"


def _line(level: str, problem: Problem) -> str:
    line = problem.finding.line
    here = line if line is not None and line.path else None
    place = {"file": here.path, "line": str(here.line)} if here else {}
    values = {**place, "title": cut(one_line(problem.finding.title), _LONGEST_TITLE)}
    properties = ",".join(f"{name}={_property(value)}" for name, value in values.items())
    texts = [cut(_printable(text), _LONGEST_PARAGRAPH) for text in paragraphs_of(problem, here)]
    return f"::{level} {properties}::{_data(chr(10).join(texts))}"


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() or char in "\r\n" else "?" for char in text)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
