"""What the static tier says of each requirement of a changed folder: it holds, FAILED, or is not judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

from canary_conformance.progress import Progress
from canary_conformance.voting.static.static_runner import BAD_INPUT, static_verdicts
from tools.mutants.field_requirements import ACCEPTED
from tools.mutants.static_verdicts import time_limit

_REPORTED_EVERY = 500


class StaticVerdict(StrEnum):
    """The static tier's verdict on a whole folder, as its exit code has it."""

    HOLDS = "holds"
    FAILED = "FAILED"
    NOT_JUDGED = "not judged"
    PROBLEM = "NO VERDICT"


@dataclass(frozen=True, slots=True)
class RequirementVerdicts:
    """The requirements that failed and those that were not judged, with the message of each.

    problem: the error that left the static tier without a verdict, "" where it came to one.
    """

    failed: Mapping[str, str]
    not_judged: Mapping[str, str]
    problem: str = ""

    @property
    def verdict(self) -> StaticVerdict:
        """Return the verdict on the whole."""
        if self.problem:
            return StaticVerdict.PROBLEM
        if self.failed:
            return StaticVerdict.FAILED
        return StaticVerdict.NOT_JUDGED if self.not_judged else StaticVerdict.HOLDS

    @property
    def words(self) -> str:
        """Return the first message, "" where every requirement holds."""
        return self.problem or next(iter([*self.failed.values(), *self.not_judged.values()]), "")


def requirement_verdicts(folder: Path, overlay: Mapping[str, bytes]) -> RequirementVerdicts:
    """Return the static tier's verdicts on a folder with some files replaced. Never raises."""
    try:
        with time_limit():
            results = static_verdicts(folder, overlay)
    # An error of the model is a finding about the model, and the other changes are judged.
    except Exception as error:
        return RequirementVerdicts({}, {}, f"{type(error).__name__}: {error}")
    failed: dict[str, str] = {}
    not_judged: dict[str, str] = {}
    for result in results:
        for id_ in result.requirements:
            if not result.held:
                failed.setdefault(ACCEPTED if id_ == BAD_INPUT else id_, result.words)
            elif result.words:
                not_judged.setdefault(id_, result.words)
    return RequirementVerdicts(failed, not_judged)


def verdicts_of_all(
    folder: Path, overlays: Sequence[Mapping[str, bytes]], jobs: int, progress: Progress
) -> Iterator[RequirementVerdicts]:
    """Yield the verdicts on a folder with each overlay, in their order; jobs: processes side by side."""
    with ProcessPoolExecutor(jobs) as pool:
        found = pool.map(partial(requirement_verdicts, folder), overlays, chunksize=16)
        for number, verdicts in enumerate(found, 1):
            if number % _REPORTED_EVERY == 0 or number == len(overlays):
                progress.note(f"{number} of {len(overlays)} judged by the manifests")
            yield verdicts
