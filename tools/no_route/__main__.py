"""Runs the suite where this machine has no route to the node of its cluster, as root.

The runs are in a network namespace of their own, from which packets to the nodes vanish, as with Docker
Desktop, an engine without root or one on another host; the ports that the engine maps are reached there.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from canary_conformance.exit_codes import together
from canary_conformance.images.engine import ensure_engine
from canary_conformance.progress import Progress
from tools.command_line import CommandLine, end_as_the_suite
from tools.named_runs import NamedRun, named_run
from tools.no_route.cut_off_network import CutOff, check_rights, cut_off
from tools.no_route.engine_link import linked_engine
from tools.reports import publish, report_folder, say
from tools.suite_process import ALL_TESTS, SuiteOptions, report_of

CLUSTER = "voting-conformance-no-route"
SHORT = ("tests/stage_1_deploy",)
WITHOUT, WITH = "which has no route to", "where this machine has a route to it"
# Nobody listens there: what takes the user's proxy for the way to the cluster fails.
PROXY = "http://127.0.0.1:9"
PROXIES = {"HTTP_PROXY": PROXY, "HTTPS_PROXY": PROXY, "http_proxy": PROXY, "https_proxy": PROXY}


@dataclass(frozen=True, slots=True)
class Way:
    """A run: its tests, the line of its header that says how the gateway is reached, whether it is cut off.

    remote: the engine is reached as one on another host. keep: the cluster stays for the next way.
    """

    name: str
    header: str
    tests: tuple[str, ...] = SHORT
    cut_off: bool = True
    remote: bool = False
    keep: bool = False
    environment: Mapping[str, str] = field(default_factory=dict, hash=False)


def ways(*, short: bool) -> tuple[Way, ...]:
    """Return the runs: whole without a route, then on the kept cluster with a route and without one again."""
    whole = SHORT if short else ALL_TESTS
    return (
        Way("loopback", WITHOUT, whole, keep=True),
        Way("kept-with-route", WITH, cut_off=False, keep=True),
        Way("kept-without", WITHOUT, environment=PROXIES),
        Way("remote-engine", WITHOUT, remote=True),
    )


def main(words: Sequence[str] | None = None) -> int:
    """Run the suite each way and write what came of it to reports/no-route-TIME.txt.

    Returns:
        The exit code of all runs together (canary_conformance.exit_codes).
    """
    return end_as_the_suite(lambda: _work(*settings(words), Progress(say=say)))


def settings(words: Sequence[str] | None = None) -> tuple[tuple[Way, ...], SuiteOptions]:
    """Read the command line; what follows `--` is pytest's. Raises BadInput."""
    parser = CommandLine("python -m tools.no_route", __doc__ or "", passes_on=True)
    parser.set_defaults(cluster_name=CLUSTER)
    parser.flag("--short", "stage 1 only")
    names = [way.name for way in ways(short=True)]
    parser.add_argument("--only", action="append", choices=names, help="these ways only; may be repeated")
    read, suite = parser.read(words)
    chosen = [way for way in ways(short=read.short) if not read.only or way.name in read.only]
    # The last run on a cluster takes it away.
    last = replace(chosen[-1], keep=suite.keep_cluster)
    return (*chosen[:-1], last), suite


def _work(chosen: Sequence[Way], suite: SuiteOptions, progress: Progress) -> int:
    check_rights()
    ensure_engine(progress)
    folder, results = report_folder("no-route"), list[NamedRun]()
    try:
        for way in chosen:
            with progress.phase(f"{way.name}: running the suite"):
                results.append(_run(way, suite, folder / f"{way.name}.log"))
            progress.note(str(results[-1]))
    finally:
        publish(folder, "\n".join(map(str, results)) or "no run ended")
    return together(one.status for one in results)


def _run(way: Way, suite: SuiteOptions, log: Path) -> NamedRun:
    cluster = f"{suite.cluster_name}-remote" if way.remote else suite.cluster_name
    own = replace(suite, cluster_name=cluster)
    words = own.command("--report", str(report_of(log)), keep=way.keep, tests=way.tests)
    with contextlib.ExitStack() as held:
        environment = dict(way.environment)
        if way.cut_off:
            network = held.enter_context(cut_off())
            words = network.words(words)
            environment |= held.enter_context(_engine_of(way, network))
        return named_run(way.name, words, environment, log, header=way.header)


@contextlib.contextmanager
def _engine_of(way: Way, network: CutOff) -> Iterator[dict[str, str]]:
    """Yield the variables by which the run finds its engine."""
    if way.remote:
        with linked_engine(network) as address:
            yield {"DOCKER_HOST": address}
    else:
        yield {}


if __name__ == "__main__":
    sys.exit(main())
