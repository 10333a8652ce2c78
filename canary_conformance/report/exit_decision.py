"""Which exit code a run ends with: decided here, and nowhere else, from what the run came to.

A signal, bad input, and an environment that failed (which is proved) end a run at once: its code is that of
what ended it, and what had FAILED by then is in its tables. Of a run that came to its end the first of these
that is true decides:

1. a requirement FAILED (1); with --require-all also one that was not judged
2. the environment failed while the run cleaned up (3): the verdict before it was complete
3. the suite has a defect (6)
4. something that was selected was not judged, or no requirement was selected (5)
5. all of it holds (0)
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from canary_conformance.errors import BadInput, EnvironmentFailed, ModelDiffers, NotJudged, RequirementFailed
from canary_conformance.exit_codes import ExitStatus
from canary_conformance.report.run_record import Outcome, RunRecord, Standing, TestRecord, requirement_lines
from canary_conformance.report.secret_masks import mask_secrets
from canary_conformance.scenario.places import Finding
from canary_conformance.verdicts import ExpectationFailed, Unjudgeable
from canary_conformance.voting.requirements import REQUIREMENTS, UPGRADE_REQUIREMENTS

NO_VERDICT = "environment failed, no verdict: "
# How a test begins its reason when it came to no verdict.
NOT_JUDGED = "not judged: "
_SHOWN = 3
# What a test may end with when it is a verdict, or is known to be none.
FAILURES = (ExpectationFailed, RequirementFailed, ModelDiffers)
UNJUDGED = (NotJudged, Unjudgeable)
_ENDS_AT_ONCE = (ExitStatus.INTERRUPTED, ExitStatus.BAD_INPUT, ExitStatus.ENVIRONMENT, ExitStatus.DEFECT)


@dataclass
class Account:
    """What a run came to so far, of all that decides its exit code."""

    ended: ExitStatus | None = None  # what ended it before its end
    reason: str = ""  # and in which words
    printed: bool = False  # whether the run prints these by itself
    failed: list[str] = field(default_factory=list)  # what FAILED: ids of requirements, names of other tests
    defects: list[str] = field(default_factory=list)  # where, and the exception in a line, as a test shows it
    late_defects: list[str] = field(default_factory=list)  # likewise, of what no test shows
    untidy: str = ""  # what of the environment failed while the run cleaned up
    not_judged: Mapping[str, str] = field(default_factory=dict)  # ids of requirements, and why
    judges_none: bool = False  # whether tests of stages were selected, and none of a requirement
    refused: Sequence[Finding] = ()  # the lines of the manifests that are bad input
    all_required: bool = False  # whether what is not judged counts as FAILED
    decided: ExitStatus | None = None

    def end(self, status: ExitStatus, reason: str, *, printed: bool = False) -> None:
        """Note what ends the run before its end; of several, the gravest counts."""
        if self.ended is None or _ENDS_AT_ONCE.index(status) < _ENDS_AT_ONCE.index(self.ended):
            self.ended, self.reason, self.printed = status, reason, printed

    def take(self, status: ExitStatus, about: str) -> None:
        """Note what a test came to, which is no end of the run."""
        if status is ExitStatus.FAILED:
            self.failed.append(about)
        elif status is ExitStatus.ENVIRONMENT:
            self.untidy = self.untidy or about
        elif status is ExitStatus.BAD_INPUT:
            self.end(status, about)
        else:
            self.defects.append(about)

    def cleaned_up(self, error: BaseException) -> bool:
        """Note what was raised while the run cleaned up; return whether that was the environment's."""
        if status_of(error) is ExitStatus.ENVIRONMENT:
            self.untidy = self.untidy or in_a_line(error)
            return True
        self.late_defects.append(f"the run's end: {in_a_line(error)}")
        return False


def status_of(
    error: BaseException,
    failures: tuple[type[BaseException], ...] = FAILURES,
    unjudged: tuple[type[BaseException], ...] = UNJUDGED,
) -> ExitStatus:
    """Return what an exception out of a test, a fixture or a hook stands for; an unknown one is a defect.

    Args:
        error: The exception, or a group of them.
        failures: The types that stand for a failed requirement.
        unjudged: The types that stand for no verdict.
    """
    if isinstance(error, BaseExceptionGroup):
        found = {status_of(one, failures, unjudged) for one in error.exceptions}
        return found.pop() if len(found) == 1 else ExitStatus.DEFECT
    if isinstance(error, failures):
        return ExitStatus.FAILED
    if isinstance(error, unjudged):
        return ExitStatus.NOT_JUDGED
    if isinstance(error, EnvironmentFailed):
        return ExitStatus.ENVIRONMENT
    return ExitStatus.BAD_INPUT if isinstance(error, BadInput) else ExitStatus.DEFECT


def decide(by_runner: ExitStatus, account: Account) -> ExitStatus:
    """Return the run's exit code.

    Args:
        by_runner: What the exit code of the test runner stands for: of a run in which nothing is judged
            (selftests) it is all that says that a test failed.
        account: What the run came to.
    """
    if account.ended is not None:
        return account.ended
    if account.failed or (account.all_required and account.not_judged):
        return ExitStatus.FAILED
    if account.untidy:
        return ExitStatus.ENVIRONMENT
    if account.defects or account.late_defects:
        return ExitStatus.DEFECT
    if (account.not_judged or account.judges_none) and by_runner is ExitStatus.HOLDS:
        return ExitStatus.NOT_JUDGED
    return by_runner


def unjudged_requirements(record: RunRecord) -> dict[str, str]:
    """Return the selected requirements that came to no verdict, each with its reason in a line.

    One of which no test ran is among them: it was asked for, and nothing says that it holds. What the static
    tier can't judge is left to the live one. What a defect kept from being judged is that defect's.
    """
    without, reasons = {Outcome.NOT_JUDGED, Outcome.SKIPPED}, dict[str, str]()
    for line in requirement_lines(record, {**REQUIREMENTS, **UPGRADE_REQUIREMENTS}):
        id_ = line.requirement.id
        if line.standing in {Standing.NOT_JUDGED, Standing.SKIPPED}:
            tests = [one for one in record.tests if id_ in one.requirements and one.outcome in without]
            if tests:
                reasons[id_] = _reason(tests[0])
        elif line.standing is Standing.NOT_RUN and id_ in (record.selected or ()):
            reasons[id_] = "none of its tests ran"
    return reasons


def _reason(test: TestRecord) -> str:
    first = test.reason.strip().partition("\n")[0]
    return first.removeprefix("Skipped: ").removeprefix(NOT_JUDGED) or "no reason given"


def closing_lines(status: ExitStatus, account: Account, report: str) -> list[str]:
    """Return the last lines of a run: its exit code in plain words.

    There are none of a run in which all holds, or that was interrupted as nobody read what it printed.

    Args:
        status: The code.
        account: What the run came to.
        report: The path of run.json, "" where there is none.
    """
    if status is ExitStatus.HOLDS or (status is ExitStatus.INTERRUPTED and account.printed):
        return []
    lines = [f"exit code {int(status)}: {meaning(status, account)}"]
    defects = list(dict.fromkeys([*account.defects, *account.late_defects]))
    if defects or status is ExitStatus.DEFECT:
        lines += [f"defect: {one}" for one in defects[:_SHOWN]]
        lines += [f"and {len(defects) - _SHOWN} more defects"] if len(defects) > _SHOWN else []
        place = f" with {report}" if report else " with all that this run printed"
        lines.append(f"this is a defect of the suite, not of your manifests; please report it{place}")
    return lines


def meaning(status: ExitStatus, account: Account) -> str:
    """Return an exit code in plain words, with what it is due to."""
    if status is ExitStatus.HOLDS:
        return "everything that was selected was judged, and holds"
    if status is ExitStatus.ENVIRONMENT and account.ended is None:
        return f"nothing failed, but the environment did while the run cleaned up: {account.untidy}"
    words = {
        ExitStatus.FAILED: "; ".join(_parts_of_failed(account)) or "a test failed",
        ExitStatus.INTERRUPTED: f"interrupted{_because(account)}; there is no verdict",
        ExitStatus.ENVIRONMENT: f"no verdict, the environment failed{_because(account, NO_VERDICT)}",
        ExitStatus.BAD_INPUT: f"the input can't be judged{_because(account, 'bad input: ')}",
        ExitStatus.NOT_JUDGED: f"nothing failed, but {_not_judged(account)}",
    }
    return words.get(
        status, f"the suite has a defect{_because(account)}; what it kept from judging is unknown"
    )


def _parts_of_failed(account: Account) -> Iterator[str]:
    # A test of several requirements is noted with all of them: "R4.4, R4.7".
    if failed := [one for one in dict.fromkeys(", ".join(account.failed).split(", ")) if one]:
        yield f"{', '.join(failed)} FAILED"
    if account.not_judged:
        required = ", which --require-all counts as FAILED" if account.all_required else ""
        yield f"{_not_judged(account)}{required}"


def _not_judged(account: Account) -> str:
    if not account.not_judged:
        return "no requirement was judged: the selected tests compare the model with the mesh"
    ids = list(account.not_judged)
    number = "1 requirement was" if len(ids) == 1 else f"{len(ids)} requirements were"
    return f"{number} not judged ({', '.join(ids)}): {_few(list(account.not_judged.values()))}"


def _few(reasons: Sequence[str]) -> str:
    different = list(dict.fromkeys(reasons))
    more = f"; and {len(different) - _SHOWN} more reasons" if len(different) > _SHOWN else ""
    return "; ".join(different[:_SHOWN]) + more


def _because(account: Account, known: str = "") -> str:
    first = account.reason.partition("\n")[0].removeprefix(known)
    return f": {first}" if first and not account.printed else ""


def in_a_line(error: BaseException) -> str:
    """Return an exception in a line, without secrets: its type and the first line of its message."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(in_a_line(one) for one in error.exceptions)
    first = mask_secrets(str(error)).strip().partition("\n")[0]
    return first if isinstance(error, EnvironmentFailed) else f"{type(error).__name__}: {first}"


def trace_of(error: BaseException) -> str:
    """Return the full traceback of an exception, without secrets."""
    return mask_secrets("".join(traceback.format_exception(error)))
