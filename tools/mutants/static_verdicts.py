"""The static tier's verdict on each mutant, in processes side by side."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType

from canary_conformance.errors import BadInput
from canary_conformance.progress import Progress
from canary_conformance.report.run_record import Tier
from canary_conformance.timeouts import LIMITS
from canary_conformance.voting.static.static_runner import BAD_INPUT, StaticResult, static_verdicts
from tools.mutants.field_requirements import ACCEPTED
from tools.mutants.mutant import Altered
from tools.mutants.scoring import Judged, Kill

_TOLD_EVERY = 200
ORIGINAL = "the manifests as they are"


def judge_all(folder: Path, mutants: Sequence[Altered], jobs: int, progress: Progress) -> Iterator[Judged]:
    """Yield the static tier's verdict on each mutant of a folder, in their order.

    jobs: how many processes judge side by side. Raises BadInput where the folder as it is fails a
    requirement: no mutant of it would prove anything.
    """
    check_original(folder, static_verdicts(folder, {}))
    caught = 0
    with ProcessPoolExecutor(jobs) as pool:
        for number, judged in enumerate(pool.map(partial(judge, folder), mutants, chunksize=8), 1):
            caught += bool(judged.kills)
            if number % _TOLD_EVERY == 0 or number == len(mutants):
                progress.note(f"{number} of {len(mutants)} judged statically, {caught} caught")
            yield judged


def judge(folder: Path, mutant: Altered) -> Judged:
    """Return the static tier's verdict on one mutant. Never raises: an error is reported as no verdict."""
    started = time.perf_counter()
    try:
        with time_limit():
            results = static_verdicts(folder, mutant.overlay)
    # Whatever the model stumbles over is a finding about the model, and the other mutants are judged.
    except Exception as error:
        seconds = time.perf_counter() - started
        return Judged(mutant.name, Tier.STATIC, seconds, problem=f"{type(error).__name__}: {error}")
    return judged_by(mutant.name, results, time.perf_counter() - started)


def judged_by(name: str, results: Sequence[StaticResult], seconds: float) -> Judged:
    """Return what results of the static tier say of a mutant; a folder that is refused breaks R0.1."""
    kills = tuple(
        Kill(ACCEPTED if id_ == BAD_INPUT else id_, Tier.STATIC, seconds, result.node, result.words)
        for result in results
        if not result.held
        for id_ in result.requirements
    )
    # Held with words is what the model does not know.
    untold = next((result.words for result in results if result.held and result.words), "")
    return Judged(name, Tier.STATIC, seconds, kills, untold=untold)


def check_original(folder: Path, results: Sequence[StaticResult]) -> None:
    """Raise BadInput unless every requirement holds for the manifests without any mistake."""
    broken = [f"{', '.join(result.requirements)}: {result.words}" for result in results if not result.held]
    if broken:
        raise BadInput("\n".join([f"{folder} fails requirements without any mistake:", *broken]))
    if not results:
        raise BadInput(f"no test of the static tier judges {folder}")


@contextmanager
def time_limit(seconds: float | None = None) -> Iterator[None]:
    """Raise TimeoutError within the block when it takes longer: one endless verdict must stop no other."""
    limit = LIMITS.command if seconds is None else seconds

    def late(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        raise TimeoutError(f"no verdict within {limit:g} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
