"""A fault is done to the environment of a run: does the run end in time, rightly, and without a leak?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from canary_conformance.cluster.kind import claimed_cluster
from canary_conformance.paths import MANIFESTS, store
from canary_conformance.progress import Progress
from canary_conformance.report.run_record import RunRecord
from canary_conformance.report.secret_leaks import leaking_files, secret_values
from canary_conformance.scenario.manifests import load_manifests
from canary_conformance.scenario.scenario_folder import load_scenario
from canary_conformance.timeouts import LIMITS
from tools.faults.fault_cases import Case, Outcome, judge
from tools.faults.suite_run import Home, LineMissing, Row, SuiteRun, make_home, suite_run
from tools.manifest_copies import changed_copy, with_mistake
from tools.rounds import reported
from tools.suite_process import SuiteOptions, report_of

HEADINGS = ("fault", "when", "outcome", "seconds", "right")


def inflict(cases: Sequence[Case], suite: SuiteOptions, folder: Path, progress: Progress) -> Iterator[Row]:
    """Make each fault in a run of its own, on a cluster that is deleted then: it may not be sound any more.

    folder: for homes and logs.
    """
    for number, case in enumerate(cases, 1):
        home, log = make_home(folder / f"{number}"), folder / f"fault-{number}.log"
        try:
            yield _inflict(case, suite, home, log, progress)
        finally:
            with claimed_cluster(suite.cluster_name, store(), progress, keep=False):
                pass


def _inflict(case: Case, suite: SuiteOptions, home: Home, log: Path, progress: Progress) -> Row:
    with changed_copy(MANIFESTS, with_mistake(*case.mistake) if case.mistake else {}) as manifests:
        words = suite.command(f"--manifests={manifests}", keep=True, tests=case.tests)
        with suite_run(words, home, log) as run:
            outcome = _fault(case, run, suite.cluster_name, log, progress)
            seconds = run.seconds
        leaks = _leaks(manifests, log)
    if wrong := [*home.changed(), *leaks]:
        outcome = Outcome(f"{outcome.words}; {'; '.join(wrong)}", right=False)
    moment, right = case.name.partition(", ")[2], "yes" if outcome.right else "NO"
    return (case.fault, moment, outcome.words, f"{seconds:.0f}", right), outcome.right


def _fault(case: Case, run: SuiteRun, cluster: str, log: Path, progress: Progress) -> Outcome:
    try:
        run.wait_for(case.when.line, case.when.after, LIMITS.suite_run)
    except LineMissing as never:
        return Outcome(str(never), right=False)
    progress.note(f"{case.name}: now, after {run.doing!r}")
    with case.do(cluster):
        ended = run.end(LIMITS.suite_run)
    return judge(case, ended, reported(log) or RunRecord((), (), ()))


def _leaks(manifests: Path, log: Path) -> list[str]:
    """Return a word on each file of the run in which a password of the manifests stands."""
    values = secret_values(load_manifests(manifests, load_scenario(manifests)))
    report = report_of(log)
    found = leaking_files(report, values) if report.is_dir() else []
    found += [log] if any(value in log.read_text(errors="replace") for value in values) else []
    return [f"a password stands in {path}" for path in found]
