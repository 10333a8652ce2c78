"""The suite while the environment fails, or is interrupted: `python -m tools.faults`.

`--interrupts N` ends runs by signals, `--together` makes several run at once.

Each run is the real suite on a real cluster of its own name. It fails where a run comes to a wrong verdict,
hangs, or leaves something behind.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from canary_conformance.errors import BadInput
from canary_conformance.exit_codes import ExitStatus
from canary_conformance.images.provisions import Provisions
from canary_conformance.progress import Progress
from tools.command_line import CommandLine, count_of, end_as_the_suite
from tools.faults import inflicted_faults, interrupted_runs
from tools.faults import simultaneous_runs as together
from tools.faults.fault_cases import CASES, Case
from tools.faults.interruption_points import Point, points
from tools.faults.suite_run import Row
from tools.preparation import ready_to_run
from tools.reports import markdown_table, publish, report_folder, say
from tools.suite_process import SuiteOptions


@dataclass(frozen=True, slots=True)
class Settings:
    """What the command line asks for: points to interrupt at, runs at once, or faults by their names.

    seed: what the points are made from. cases and points are those that are left of all, in their order.
    """

    interrupts: int
    together: bool
    seed: int
    cases: Sequence[Case]
    points: Sequence[Point]
    suite: SuiteOptions


def main(words: Sequence[str] | None = None) -> int:
    """Make runs fail, print a table, and write it to reports/faults-TIME.txt.

    Returns 0 when all ended rightly, 1 when one did not, or what ended the command (exit_codes).
    """
    return end_as_the_suite(lambda: _work(settings(words), Progress(say=say)))


def settings(words: Sequence[str] | None = None) -> Settings:
    """Read the command line. Raises BadInput."""
    parser = CommandLine(
        "python -m tools.faults",
        "Runs the suite while its environment fails on purpose, and checks how each run ends.",
    )
    parser.set_defaults(cluster_name="voting-conformance-faults")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "-k", default="", metavar="WORDS", dest="only", help="only faults whose names contain this"
    )
    kind.add_argument(
        "--interrupts",
        type=count_of,
        default=0,
        metavar="N",
        help="interrupt N runs instead, at random points",
    )
    kind.add_argument("--together", action="store_true", help="start several runs at once instead")
    parser.add_argument(
        "--seed",
        type=int,
        default=secrets.randbelow(10_000),
        help="random seed of the points of interruption",
    )
    parser.count("--first", "start with the Nth interrupt", 1)
    parser.count("--last", "stop after the Nth interrupt", sys.maxsize)
    parser.add_versions()
    read, suite = parser.read(words)
    if read.keep_cluster:
        raise BadInput("--keep-cluster is not possible: these runs break their cluster")
    part = slice(read.first - 1, read.last)
    by_signals = bool(read.interrupts)
    return Settings(
        interrupts=read.interrupts,
        together=read.together,
        seed=read.seed,
        cases=() if by_signals or read.together else _cases(read.only, part),
        points=_points(read.interrupts, read.seed, part) if by_signals else (),
        suite=suite,
    )


def _cases(only: str, part: slice) -> Sequence[Case]:
    found = [case for case in CASES if only in case.name][part]
    if not found:
        names = "\n".join(f"  {case.name}" for case in CASES)
        raise BadInput(f"-k, --first and --last leave none of these faults:\n{names}")
    return found


def _points(count: int, seed: int, part: slice) -> Sequence[Point]:
    found = points(count, seed)[part]
    if not found:
        raise BadInput(f"--first and --last leave none of the points: there are {count}")
    return found


def _work(asked: Settings, progress: Progress) -> int:
    provisions = ready_to_run(asked.suite, progress)
    folder = report_folder("faults")
    kind = interrupted_runs if asked.interrupts else together if asked.together else inflicted_faults
    rows: list[Row] = []
    try:
        for row in _rows(asked, provisions, folder, progress):
            rows.append(row)
            progress.note(f"{len(rows)}: {', '.join(row[0])}")
    finally:
        seed = f"; --interrupts {asked.interrupts} --seed {asked.seed}" if asked.interrupts else ""
        table = markdown_table(kind.HEADINGS, [cells for cells, _ in rows])
        text = f"{provisions.describe()}{seed}\n\n{table}\n"
        publish(folder, text)
    return ExitStatus.HOLDS if all(right for _, right in rows) else ExitStatus.FAILED


def _rows(asked: Settings, provisions: Provisions, folder: Path, progress: Progress) -> Iterator[Row]:
    if asked.interrupts:
        progress.note(f"{len(asked.points)} points, --seed {asked.seed}")
        return interrupted_runs.interrupt_at(asked.points, asked.suite, provisions, folder)
    if asked.together:
        return together.run_together(asked.suite, folder)
    return inflicted_faults.inflict(asked.cases, asked.suite, folder, progress)


if __name__ == "__main__":
    sys.exit(main())
