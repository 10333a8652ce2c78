"""The live tier's verdict on mutants: a whole run with each of them, one by one on one cluster.

What a run found is read from its report's run.json. JUnit's XML calls a test that stumbled over an error
of its own a failure, just as one whose requirement failed; run.json distinguishes them. A run that ends
without a verdict is reported as that, and never made again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from canary_conformance.cluster.kind import kind_cluster
from canary_conformance.errors import BadInput
from canary_conformance.exit_codes import ExitStatus, word_of
from canary_conformance.paths import store
from canary_conformance.processes import last_lines
from canary_conformance.progress import Progress
from canary_conformance.report.run_record import Outcome, Tier
from tools.manifest_copies import changed_copy
from tools.mutants.field_requirements import ACCEPTED
from tools.mutants.mutant import Altered
from tools.mutants.scoring import Judged, Kill
from tools.mutants.static_verdicts import ORIGINAL
from tools.preparation import ready_to_run
from tools.rounds import reported
from tools.suite_process import Ended, SuiteOptions, check_ended, timed_suite

RunManifests = Callable[[Path, Path], Ended]
"""Runs the suite on a manifests folder and writes its output to a log."""


def judge_live(
    folder: Path, mutants: Sequence[Altered], suite: SuiteOptions, logs: Path, progress: Progress
) -> Iterator[Judged]:
    """Yield the live tier's verdict on each mutant of a folder, in their order; logs: a folder.

    The folder without any mistake is judged first. Raises BadInput where a requirement fails in it, what
    check_ended() does where it is not judged, and KeyboardInterrupt when a run was interrupted.
    """
    provisions = ready_to_run(suite, progress)

    with kind_cluster(suite.cluster_name, provisions, store(), progress, keep=suite.keep_cluster):
        run = partial(live_run, suite)
        yield from judge_runs(folder, mutants, run, logs, progress)


def live_run(suite: SuiteOptions, manifests: Path, log: Path) -> Ended:
    """Run the live tier on a manifests folder and on the cluster that is there."""
    words = ["--manifests", str(manifests), "-m", "not static", "-q"]
    return timed_suite(suite.command(*words, keep=True), log)


def judge_runs(
    folder: Path, mutants: Sequence[Altered], run: RunManifests, logs: Path, progress: Progress
) -> Iterator[Judged]:
    """Judge the folder as it is, then with each mutant, and yield what each of these found."""
    log = logs / "original.log"
    with progress.phase(ORIGINAL):
        _check_original(run(folder, log), log)
    for number, mutant in enumerate(mutants, 1):
        log = logs / f"mutant-{number}.log"
        with changed_copy(folder, mutant.overlay) as copy:
            judged = read_run(mutant.name, run(copy, log), log)
        found = ", ".join(dict.fromkeys(kill.requirement for kill in judged.kills))
        result = found or judged.problem or "alive"
        progress.note(f"{number} of {len(mutants)}: {judged.seconds:.1f} s, {mutant.name}: {result}")
        yield judged


def read_run(name: str, ended: Ended, log: Path) -> Judged:
    """Return what a run found. Raises KeyboardInterrupt where it was interrupted.

    A folder that is refused before the run fails R0.1: it cannot be applied.
    """
    if ended.exit_code == ExitStatus.INTERRUPTED:
        check_ended(ended, "the run", log)
    if ended.exit_code == ExitStatus.BAD_INPUT:
        refused = Kill(ACCEPTED, Tier.LIVE, ended.seconds, "reading the folder", last_lines(ended.output))
        return Judged(name, Tier.LIVE, ended.seconds, (refused,))
    kills = _kills(log)
    # A run that did not come to its verdict, or that says FAILED without a requirement, has a problem.
    fine = kills or ended.exit_code == ExitStatus.HOLDS
    problem = "" if fine else f"{word_of(ended.exit_code)} (exit code {ended.exit_code}), see {log}"
    return Judged(name, Tier.LIVE, ended.seconds, kills, problem)


def _kills(log: Path) -> tuple[Kill, ...]:
    """Return the failed requirements of a run's report, none where it left no report."""
    record = reported(log)
    return tuple(
        Kill(id_, Tier.LIVE, test.seconds, test.name, test.reason, test.after_live)
        for test in (record.tests if record else ())
        if test.outcome is Outcome.FAILED and test.tier is Tier.LIVE
        for id_ in test.requirements
    )


def _check_original(ended: Ended, log: Path) -> None:
    """Raise what the run without any mistake stands for, unless all of it holds."""
    judged = read_run(ORIGINAL, ended, log)
    if judged.kills:
        failed = ", ".join(dict.fromkeys(kill.requirement for kill in judged.kills))
        raise BadInput(f"the manifests without any mistake fail {failed}, see {log}")
    check_ended(ended, "the run without any mistake", log, ExitStatus.HOLDS)
