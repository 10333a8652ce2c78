"""Runs of the suite by their names, and whether each ended as it should."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from canary_conformance.exit_codes import ExitStatus, word_of
from canary_conformance.processes import last_lines
from tools.reports import say
from tools.suite_process import timed_process


@dataclass(frozen=True, slots=True)
class NamedRun:
    """A run that ended: what it was, seconds, its exit code and the one that it should have.

    `wrong` is what else is wrong with it. As text it is its line of the table.
    """

    name: str
    seconds: float
    exit_code: int
    expected: int = ExitStatus.HOLDS
    wrong: str = ""

    @property
    def status(self) -> int:
        """Its exit code where it is a wrong one, or that of a failure where anything else is, else 0."""
        if self.exit_code == self.expected and not self.wrong:
            return ExitStatus.HOLDS
        return self.exit_code or ExitStatus.FAILED

    def __str__(self) -> str:
        other = f", and should end with {word_of(self.expected)}" if self.exit_code != self.expected else ""
        wrong = f", and {self.wrong}" if self.wrong else ""
        return f"{self.name}: {word_of(self.exit_code)} after {self.seconds:.0f} s{other}{wrong}"


def named_run(
    name: str,
    words: Sequence[str],
    environment: Mapping[str, str],
    log: Path,
    expected: int = ExitStatus.HOLDS,
    header: str = "",
) -> NamedRun:
    """Run the suite to its end; the last lines of a run that ended wrong are printed.

    Args:
        name: What the run is called.
        words: Its command.
        environment: Variables beside this process's own.
        log: Where its output goes.
        expected: The exit code that it should have.
        header: What its output has to contain.
    """
    ended = timed_process(words, environment, log)
    wrong = "" if header in ended.output else f"no line of its header has {header!r}"
    run = NamedRun(name, ended.seconds, ended.exit_code, expected, wrong)
    if run.status:
        say(last_lines(ended.output))
    return run
