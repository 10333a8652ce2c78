"""The live tier's verdict on mutants: the whole walk with each of them, one by one on one cluster.

What a walk found is read from its report's run.json. JUnit's XML calls a test that stumbled over an error
of its own a failure, just as one that found a broken requirement; run.json tells them apart. A walk that ends
without a verdict is told as that, and never made again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from canary_conformance.cluster.kind import kind_cluster
from canary_conformance.errors import BadInput
from canary_conformance.exit_codes import ExitStatus, word_of
from canary_conformance.paths import store
from canary_conformance.processes import last_lines
from canary_conformance.progress import Progress
from canary_conformance.report.run_record import Outcome, Tier
from tools.mutants.field_requirements import ACCEPTED
from tools.mutants.mutant import Altered
from tools.mutants.scoring import Judged, Kill
from tools.mutants.static_verdicts import ORIGINAL, changed_copy
from tools.preparation import ready_to_run
from tools.rounds import reported
from tools.suite_process import Ended, SuiteOptions, check_ended, timed_process

Walk = Callable[[Path, Path], Ended]
"""Walks the scenario of a manifests folder and writes its output to a log."""


def judge_live(
    folder: Path, mutants: Sequence[Altered], suite: SuiteOptions, logs: Path, progress: Progress
) -> Iterator[Judged]:
    """Yield the live tier's verdict on each mutant of a folder, in their order; logs: a folder.

    The folder without any mistake is walked first. Raises BadInput where a requirement fails in it, what
    check_ended() does where it is not judged, and KeyboardInterrupt when somebody ended a walk.
    """
    provisions = ready_to_run(suite, progress)

    def walk(manifests: Path, log: Path) -> Ended:
        words = ["--manifests", str(manifests), "-m", "not static", "-q"]
        return timed_process(suite.command(*words, keep=True), {}, log)

    with kind_cluster(suite.cluster_name, provisions, store(), progress, keep=suite.keep_cluster):
        yield from judge_walks(folder, mutants, walk, logs, progress)


def judge_walks(
    folder: Path, mutants: Sequence[Altered], walk: Walk, logs: Path, progress: Progress
) -> Iterator[Judged]:
    """Walk the folder as it is, then with each mutant, and yield what each of these found."""
    log = logs / "original.log"
    with progress.phase(ORIGINAL):
        _check_original(walk(folder, log), log)
    for number, mutant in enumerate(mutants, 1):
        log = logs / f"mutant-{number}.log"
        with changed_copy(folder, mutant.overlay) as copy:
            judged = read_walk(mutant.name, walk(copy, log), log)
        found = ", ".join(dict.fromkeys(kill.requirement for kill in judged.kills))
        told = found or judged.problem or "alive"
        progress.note(f"{number} of {len(mutants)}: {judged.seconds:.1f} s, {mutant.name}: {told}")
        yield judged


def read_walk(name: str, ended: Ended, log: Path) -> Judged:
    """Return what a walk found. Raises KeyboardInterrupt where somebody ended it.

    A folder that is refused before the walk breaks R0.1: nobody could apply it.
    """
    if ended.exit_code == ExitStatus.INTERRUPTED:
        check_ended(ended, "the run", log)
    if ended.exit_code == ExitStatus.BAD_INPUT:
        refused = Kill(ACCEPTED, Tier.LIVE, ended.seconds, "reading the folder", last_lines(ended.output))
        return Judged(name, Tier.LIVE, ended.seconds, (refused,))
    kills = _kills(ended)
    # A run that did not come to its verdict, or that says FAILED without a requirement, has a problem.
    fine = kills or ended.exit_code == ExitStatus.HOLDS
    problem = "" if fine else f"{word_of(ended.exit_code)} (exit code {ended.exit_code}), see {log}"
    return Judged(name, Tier.LIVE, ended.seconds, kills, problem)


def _kills(ended: Ended) -> tuple[Kill, ...]:
    """Return the broken promises of a walk's report, none where it left no report."""
    _, record = reported(ended)
    return tuple(
        Kill(id_, Tier.LIVE, test.seconds, test.name, test.reason, test.after_live)
        for test in record.tests
        if test.outcome is Outcome.FAILED and test.tier is Tier.LIVE
        for id_ in test.requirements
    )


def _check_original(ended: Ended, log: Path) -> None:
    """Raise what the walk without any mistake stands for, unless all of it holds."""
    judged = read_walk(ORIGINAL, ended, log)
    if judged.kills:
        broken = ", ".join(dict.fromkeys(kill.requirement for kill in judged.kills))
        raise BadInput(f"the manifests without any mistake fail {broken}, see {log}")
    check_ended(ended, "the run without any mistake", log, ExitStatus.HOLDS)
