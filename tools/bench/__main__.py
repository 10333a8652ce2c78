"""The bench's command line: a cluster with a mesh, made or reused as the plugin does, and runs in turns."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from canary_conformance.cluster.base import Cluster
from canary_conformance.cluster.kind import kind_cluster
from canary_conformance.cluster.nodes import node_image_of
from canary_conformance.errors import BadInput
from canary_conformance.exit_codes import ExitStatus
from canary_conformance.images.engine import engine_version
from canary_conformance.images.provisions import Provisions
from canary_conformance.mesh.installation import ensure_mesh
from canary_conformance.paths import MANIFESTS, REPOSITORY, store
from canary_conformance.processes import find_program, usable_cores
from canary_conformance.progress import Progress
from canary_conformance.scenario.scenario_folder import load_scenario
from canary_conformance.stages.owned_namespaces import remove_namespaces
from canary_conformance.stages.run_names import SUITE_NAMESPACE
from tools.bench.bench_numbers import Numbers, Round, TimedRun
from tools.bench.inner_loop import TESTS, InnerLoop, measure
from tools.bench.timed_runs import timed_run
from tools.command_line import CommandLine, end_as_the_suite
from tools.preparation import ready_to_run
from tools.reports import publish, report_folder, say
from tools.rounds import reported
from tools.suite_process import ALL_TESTS, Ended, SuiteOptions, check_ended, report_of

SHELL_SCRIPT = REPOSITORY / "bench/walk.sh"


@dataclass(frozen=True, slots=True)
class Settings:
    """The command line as values."""

    rounds: int
    suite: SuiteOptions
    from_nothing: bool = False
    workers: int = 0
    inner: bool = False


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and write reports/bench-TIME.txt.

    Returns the suite's exit codes: 0, 1 when a run failed, 2 interrupted, 3 environment, 4 bad input.
    """
    return end_as_the_suite(lambda: _measure(settings(words), Progress(say=say)))


def settings(words: Sequence[str] | None = None) -> Settings:
    """Read the command line. Raises BadInput."""
    parser = CommandLine(
        "python -m tools.bench",
        "Times runs of the suite and of a shell script with the same steps, in turns on one cluster.",
    )
    parser.add_rounds(3, "number of rounds; each times both (default 3)")
    parser.flag(
        "--from-nothing", "first delete the suite's cluster of that name and time a run that creates it"
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=0,
        metavar="N",
        help="compare a run with N workers (2 or more) with a run in one process",
    )
    parser.flag(
        "--inner", "time how long a run with --reuse takes to judge the canary's routes after an edit"
    )
    read, suite = parser.read(words)
    if read.workers < 0 or read.workers == 1:
        raise BadInput(f"--workers must be at least 2, not {read.workers}")
    if read.inner and (read.workers or read.from_nothing):
        raise BadInput(
            "--inner can't be combined with --workers or --from-nothing: "
            "it needs one process and a cluster that is kept"
        )
    return Settings(read.rounds, suite, read.from_nothing, read.workers, read.inner)


def _measure(asked: Settings, progress: Progress) -> int:
    by_shell = not asked.workers and not asked.inner
    if by_shell:
        _need("bash", "curl")
    provisions = ready_to_run(asked.suite, progress)
    if by_shell and provisions.kubectl is None:
        _need("kubectl")
    folder = report_folder("bench")
    cores = usable_cores()
    where = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {cores} cores, Docker {engine_version()}"
    header = [where, provisions.describe()]
    if asked.inner:
        return _measure_inner_loop(asked, provisions, folder, InnerLoop(header), progress)
    numbers = Numbers(header)
    if asked.workers:
        numbers.compared = ("one process", f"{asked.workers} workers")
    try:
        if asked.from_nothing:
            _delete_cluster(asked, provisions, progress)
            numbers.from_nothing = _suite_run(asked, folder / "from-nothing.log", progress, keep=False)
        _make_rounds(asked, provisions, folder, numbers, progress)
    finally:
        if numbers.rounds or numbers.from_nothing:
            publish(folder, f"{numbers}\n")
    return ExitStatus.HOLDS if numbers.all_good() else ExitStatus.FAILED


def _make_rounds(
    asked: Settings, provisions: Provisions, folder: Path, numbers: Numbers, progress: Progress
) -> None:
    name, keep = asked.suite.cluster_name, asked.suite.keep_cluster
    with kind_cluster(name, provisions, store(), progress, keep=keep) as cluster:
        mesh = ensure_mesh(cluster, provisions, progress)
        for number in range(1, asked.rounds + 1):
            with progress.phase(f"round {number} of {asked.rounds}"):
                log = folder / f"round-{number}-base.log"
                if asked.workers:
                    base = _suite_run(asked, log, progress, keep=True)
                else:
                    base = _script_run(cluster, mesh.gateway.url, provisions.kubectl, log, progress)
                log = folder / f"round-{number}-suite.log"
                several = ["-n", str(asked.workers)] if asked.workers else []
                suite = _suite_run(asked, log, progress, keep=True, arguments=several)
            numbers.rounds.append(Round(base, suite))


def _measure_inner_loop(
    asked: Settings, provisions: Provisions, folder: Path, loop: InnerLoop, progress: Progress
) -> int:
    name, keep = asked.suite.cluster_name, asked.suite.keep_cluster

    def run(arguments: Sequence[str], log: Path) -> TimedRun:
        made = _suite_run(asked, log, progress, keep=True, arguments=arguments, tests=TESTS)
        if record := reported(log):
            loop.note(record)
        return made

    with kind_cluster(name, provisions, store(), progress, keep=keep) as cluster:
        ensure_mesh(cluster, provisions, progress)
        measure(MANIFESTS, folder, asked.rounds, run, loop)
    publish(folder, f"{loop}\n")
    return ExitStatus.HOLDS if loop.all_good() else ExitStatus.FAILED


def _script_run(cluster: Cluster, url: str, kubectl: Path | None, log: Path, progress: Progress) -> TimedRun:
    """Raises BadInput for a namespace that this suite did not make, and EnvironmentFailed."""
    scenario = load_scenario(MANIFESTS)
    remove_namespaces(cluster.api, (scenario.namespace, SUITE_NAMESPACE), progress)
    kubeconfig = cluster.api.kubeconfig
    environment = {
        "KUBECONFIG": str(kubeconfig),
        "KUBECTL": str(kubectl or "kubectl"),
        "KUBECACHEDIR": str(kubeconfig.with_name("kubectl-cache")),
    }
    words: list[str | Path] = ["bash", SHELL_SCRIPT, url, MANIFESTS]
    return timed_run("shell script", words, environment, cluster.name, log, progress)


def _suite_run(
    asked: Settings,
    log: Path,
    progress: Progress,
    *,
    keep: bool,
    arguments: Sequence[str] = (),
    tests: Sequence[str] = ALL_TESTS,
) -> TimedRun:
    """Raises what check_ended() does for a run without a verdict; a failed requirement is one."""
    words = asked.suite.command("-q", *arguments, "--report", str(report_of(log)), keep=keep, tests=tests)
    made = timed_run("run of the suite", words, {}, asked.suite.cluster_name, log, progress)
    ended = Ended(made.seconds, made.exit_code, made.output)
    check_ended(ended, "the run of the suite", log, ExitStatus.HOLDS, ExitStatus.FAILED)
    return made


def _delete_cluster(asked: Settings, provisions: Provisions, progress: Progress) -> None:
    """Delete the cluster of that name if this suite made it. Raises BadInput when another program did."""
    if node_image_of(asked.suite.cluster_name) is not None:
        with kind_cluster(asked.suite.cluster_name, provisions, store(), progress, keep=False):
            progress.note("cluster deleted, so that the run starts without one")


def _need(*programs: str) -> None:
    missing = [name for name in programs if find_program(name) is None]
    if missing:
        raise BadInput(f"the shell script needs {' and '.join(missing)} on PATH: install it")


if __name__ == "__main__":
    sys.exit(main())
