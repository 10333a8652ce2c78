"""Failed tests by what they are due to: one cause is one entry, however many requirements fail because of it.

Two causes are one where they are of the same line of the manifests, or about the same object that is absent.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from canary_conformance.report.run_record import Outcome, TestRecord
from canary_conformance.scenario.places import Finding

_INDENT = "   "
# A red message begins so; a list names the requirement already.
_HEADING = re.compile(r"R\d+\.\d+(?: stage \d+)? FAILED: ")
# However many objects refer to one that is absent, or to an absent key of it, the cause is that one.
_ABSENT = re.compile(
    r"(?P<object>[A-Z]\w+/\S+(?= does not exist\b| is collected as garbage\b)"
    r"|[A-Z]\w+/\S+ has no key [^\s,]+)"
)


@dataclass(frozen=True, slots=True)
class Cause:
    """What failed tests are due to (None: not known), and the tests, the first to fail first."""

    finding: Finding | None
    tests: tuple[TestRecord, ...]

    @property
    def requirements(self) -> tuple[str, ...]:
        """The ids of the requirements that fail because of it, in the order of their tests."""
        return tuple(dict.fromkeys(id_ for test in self.tests for id_ in test.requirements))


def failed_by_cause(tests: Iterable[TestRecord]) -> tuple[Cause, ...]:
    """Return the causes of all failed tests.

    Where the cause is not known, tests of one requirement that saw the same are one entry. A test that fails
    no requirement, as one that compares the model with the mesh, has none.
    """
    found: list[Cause] = []
    for test in tests:
        if test.outcome is not Outcome.FAILED or not test.requirements:
            continue
        at = next((index for index, one in enumerate(found) if _belongs_to(test, one)), None)
        if at is None:
            found.append(Cause(test.causes[0] if test.causes else None, (test,)))
        else:
            found[at] = replace(found[at], tests=(*found[at].tests, test))
    return tuple(found)


def same_cause(before: Iterable[TestRecord], test: TestRecord) -> Finding | None:
    """Return the cause of a failed test as an earlier one's failure has it; None for a new cause."""
    causes = (cause.finding for cause in failed_by_cause(before))
    return next((finding for finding in causes if finding and _is_due_to(test, finding)), None)


def cause_lines(causes: Sequence[Cause], width: int) -> list[str]:
    """Return what a run failed because of: each cause with its line, and the requirements that fail by it."""
    if not causes:
        return []
    known, unknown = (sum((one.finding is None) is absent for one in causes) for absent in (False, True))
    parts = [f"{known} cause{'' if known == 1 else 's'}"] if known else []
    parts += [f"{unknown} failure{'' if unknown == 1 else 's'} of unknown cause"] if unknown else []
    lines = [f"FAILED because of {' and '.join(parts)}:"]
    for number, cause in enumerate(causes, start=1):
        first, *rest = cause.requirements
        heading = str(cause.finding) if cause.finding else f"{first}: {evidence_of(cause.tests[0])}"
        lines += _wrapped(f"{number}. {heading}", width)
        if cause.finding:
            also = f"; also failing for this reason: {', '.join(rest)} ({len(rest)})" if rest else ""
            lines += _wrapped(f"{_INDENT}fails: {first}{also}", width)
    return lines


def evidence_of(test: TestRecord) -> str:
    """Return what a failed test saw, in a line."""
    failed = [verdict.evidence for verdict in test.verdicts if not verdict.held]
    if failed:
        return failed[0]
    first = next((line for line in test.reason.splitlines() if line.strip()), "no reason given")
    return _HEADING.sub("", first, count=1)


def _belongs_to(test: TestRecord, cause: Cause) -> bool:
    if cause.finding is not None or test.causes:
        return _is_due_to(test, cause.finding)
    first = cause.tests[0]
    return test.requirements == first.requirements and evidence_of(test) == evidence_of(first)


def _is_due_to(test: TestRecord, cause: Finding | None) -> bool:
    if cause is None or not test.causes:
        return False
    own, absent = test.causes[0], _ABSENT.match(cause.sentence)
    same = _ABSENT.match(own.sentence)
    return own.place == cause.place or bool(absent and same and absent["object"] == same["object"])


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, subsequent_indent=_INDENT, break_on_hyphens=False)
