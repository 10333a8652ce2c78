"""The matrix's command line: `python -m tools.matrix --envoy A,B,... -- PYTEST ARGUMENTS`.

Every combination is a whole run of the suite on a cluster of its own, so that nothing of one is in another.
One node image holds the meshes of all combinations of a Kubernetes version; it is made before the first.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, product
from pathlib import Path

from canary_conformance.cluster.supply import Supply
from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.exit_codes import together
from canary_conformance.images.choice import decided
from canary_conformance.images.image_options import AskedVersions, ImagesFrom
from canary_conformance.images.versions import Versions, available, check_asked
from canary_conformance.paths import store
from canary_conformance.progress import Progress
from canary_conformance.report.html.matrix_page import matrix_page
from tools.command_line import CommandLine, end_as_the_suite
from tools.matrix.combinations import Combination, Wanted, all_combinations, shard_of
from tools.matrix.version_table import Result, as_json, table
from tools.preparation import ready_machine
from tools.reports import publish, report_folder, say
from tools.rounds import run_round
from tools.suite_process import SuiteOptions

_SHARD = re.compile(r"([1-9]\d*)/([1-9]\d*)")


@dataclass(frozen=True, slots=True)
class Settings:
    """The command line as values; shard is (number, of how many)."""

    istio: Wanted
    envoy: Wanted
    kubernetes: Wanted
    shard: tuple[int, int]
    suite: SuiteOptions


def main(words: Sequence[str] | None = None) -> int:
    """Run every combination, print a line for each and a table, and write reports/matrix-TIME.*.

    Returns the exit code of all combinations together (exit_codes); one that is not available has 4.
    """
    return end_as_the_suite(lambda: _matrix(settings(words), Progress(say=say)))


def settings(words: Sequence[str] | None = None) -> Settings:
    """Read the command line; what follows `--` is pytest's. Raises BadInput."""
    parser = CommandLine(
        "python -m tools.matrix",
        "Runs the suite on each combination of versions; arguments after -- go to pytest.",
        passes_on=True,
    )
    for thing in ("Istio", "Envoy", "Kubernetes"):
        help_text = f"versions of {thing}, separated by commas; the default is the suite's own version"
        parser.add_argument(
            f"--{thing.lower()}", type=_versions, default=(None,), metavar="A,B,...", help=help_text
        )
    parser.add_argument(
        "--shard",
        type=_shard,
        default=(1, 1),
        metavar="I/N",
        help="run only every Nth combination, starting with the Ith",
    )
    read, suite = parser.read(words)
    return Settings(read.istio, read.envoy, read.kubernetes, read.shard, suite)


def _matrix(asked: Settings, progress: Progress) -> int:
    ready_machine(progress)
    source = decided(asked.suite.images, _first_available(asked), store(), progress)
    every = all_combinations(available(source), asked.istio, asked.envoy, asked.kubernetes)
    combinations = shard_of(every, *asked.shard)
    if every and not any(combination.versions for combination in every):
        raise BadInput("; ".join(dict.fromkeys(combination.why_not for combination in every)))
    if not combinations:
        number, shards = asked.shard
        raise BadInput(f"shard {number}/{shards} has no combination: there are {len(every)}")
    folder = report_folder("matrix")
    results: list[Result] = []
    code: int | None = None
    try:
        stock_nodes(
            [combination.versions for combination in combinations if combination.versions], source, progress
        )
        run_combinations(replace(asked.suite, images=source), combinations, folder, results, progress)
        code = together(result.exit_code for result in results)
    finally:
        text = f"{table(results)}\n" if results else "no combination was completed\n"
        values = as_json(results, code)
        publish(folder, text, txt=text, json=json.dumps(values, indent=2) + "\n", html=matrix_page(values))
    return code


def _first_available(asked: Settings) -> AskedVersions:
    """Return the first combination that some source of images may have, to ask the registry for."""
    for kubernetes, istio, envoy in product(asked.kubernetes, asked.istio, asked.envoy):
        combination = AskedVersions(istio, envoy, kubernetes)
        with contextlib.suppress(BadInput):
            check_asked(asked.suite.images, combination)
            return combination
    return AskedVersions()


def stock_nodes(wanted: Sequence[Versions], source: ImagesFrom, progress: Progress) -> None:
    """Make a node image for each Kubernetes that holds all the meshes which are to run on it.

    A mesh that can't be made fails its own combination: that makes what it needs by itself.
    """
    supply = Supply(source, store(), progress)
    for kubernetes, group in groupby(wanted, key=lambda versions: versions.kubernetes):
        with contextlib.suppress(EnvironmentFailed, BadInput):
            supply.of_several([versions.mesh for versions in group], kubernetes)


def run_combinations(
    suite: SuiteOptions,
    combinations: Sequence[Combination],
    folder: Path,
    results: list[Result],
    progress: Progress,
) -> None:
    """Run the combinations in turn; each is noted with a line and added to the results when it ended.

    Args:
        suite: The options of the runs, but for the versions.
        combinations: The combinations.
        folder: Where the logs go.
        results: The results so far, which grow.
        progress: Where the lines go.

    Raises:
        BadInput: pytest refused the arguments of the first run.
        KeyboardInterrupt: A run was interrupted.
    """
    for number, combination in enumerate(combinations, 1):
        about = f"combination {number} of {len(combinations)}, {combination}"
        result = Result(combination)
        if combination.versions:
            words = replace(suite, versions=combination.exactly).command()
            try:
                one = run_round(words, folder / f"combination-{number}.log", about, progress)
                result = Result(combination, one, one.said)
            except BadInput as bad:
                # Arguments are right for all or for none; a later one met another run on its cluster.
                if not any(earlier.round for earlier in results):
                    raise
                result = Result(combination, said=str(bad))
        results.append(result)
        if not result.round:
            progress.note(": ".join(filter(None, (about, result.verdict, result.said))))


def _versions(text: str) -> Wanted:
    versions = tuple(part.strip() for part in text.split(","))
    if not all(versions):
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of versions; expected: 1.36.4,1.38.3")
    return versions


def _shard(text: str) -> tuple[int, int]:
    found = _SHARD.fullmatch(text)
    if found is None or int(found[1]) > int(found[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is not a shard; expected: 1/3 (the first of three)")
    return int(found[1]), int(found[2])


if __name__ == "__main__":
    sys.exit(main())
