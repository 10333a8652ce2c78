"""The whole suite many times on one cluster: `python -m tools.soak --rounds N -- PYTEST ARGUMENTS`.

With --burst nothing is judged: each file is sent at once, and lost requests are counted (tools.burst).

A false alarm is a defect of the suite, and only many rounds show one: a requirement that fails in some of
them and holds in the others is either an intermittent flaw of the manifests or a defect of the suite. No
round is repeated, and none is left out of the table.
"""

from __future__ import annotations

import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from canary_conformance.cluster.kind import kind_cluster
from canary_conformance.errors import BadInput
from canary_conformance.exit_codes import ExitStatus, together, word_of
from canary_conformance.paths import store
from canary_conformance.progress import Progress
from canary_conformance.report.run_record import Standing
from tools.burst import count_losses
from tools.command_line import CommandLine, end_as_the_suite
from tools.preparation import ready_to_run
from tools.reports import publish, report_folder, say
from tools.rounds import Round, run_round
from tools.suite_process import AUDITED, SuiteOptions


@dataclass(frozen=True, slots=True)
class Settings:
    """The command line as values."""

    rounds: int
    suite: SuiteOptions
    burst: bool = False


def main(words: Sequence[str] | None = None) -> int:
    """Make the rounds, print a line for each and a table, and write reports/soak-TIME.txt.

    Returns the exit code of all rounds together (canary_conformance.exit_codes).
    """
    return end_as_the_suite(lambda: _soak(settings(words), Progress(say=say)))


def settings(words: Sequence[str] | None = None) -> Settings:
    """Read the command line; what follows `--` is pytest's. Raises BadInput."""
    parser = CommandLine(
        "python -m tools.soak",
        "Runs the suite N times on one cluster; arguments after -- go to pytest.",
        passes_on=True,
    )
    parser.add_rounds(30, "number of runs (default 30)")
    parser.flag(
        "--burst", "send each file's objects at once, as kubectl does, and count the requests that this loses"
    )
    read, suite = parser.read(words)
    if read.burst and suite.arguments:
        raise BadInput("--burst judges nothing, so it has no arguments for pytest after --")
    return Settings(read.rounds, suite, read.burst)


def table(rounds: Sequence[Round]) -> str:
    """Return a row for each requirement that any round selected, and where the failed rounds are.

    A round without a report judged nothing.
    """
    standings: dict[str, list[Standing]] = {}
    for one in rounds:
        for line in one.requirements:
            standings.setdefault(line.requirement.id, []).append(line.standing)
    no_test = {Standing.NOT_RUN, Standing.NOT_SELECTED}
    asked = {id_: found for id_, found in standings.items() if not no_test.issuperset(found)}
    rows = [_row("", "judged", "held", "failed", "not judged")]
    for id_, found in asked.items():
        held, failed = found.count(Standing.HOLDS), found.count(Standing.FAILED)
        rows.append(_row(id_, held + failed, held, failed or "-", len(rounds) - held - failed or "-"))
    return "\n".join([*(rows if asked else []), *_failed(rounds), _times(rounds)])


def _soak(asked: Settings, progress: Progress) -> int:
    suite = asked.suite
    provisions = ready_to_run(suite, progress)
    if asked.burst:
        return count_losses(asked.rounds, suite, provisions, progress)
    folder = report_folder("soak")
    rounds: list[Round] = []
    try:
        with kind_cluster(suite.cluster_name, provisions, store(), progress, keep=suite.keep_cluster):
            make_rounds(asked, folder, rounds, progress)
    finally:
        text = f"{provisions.describe()}\n{table(rounds)}\n"
        publish(folder, text)
    return together(one.exit_code for one in rounds)


def make_rounds(asked: Settings, folder: Path, rounds: list[Round], progress: Progress) -> None:
    """Run the suite so many times; each run is noted with a line and added to the rounds when it has ended.

    Args:
        asked: The command line.
        folder: Where the logs go.
        rounds: The rounds so far, which grow.
        progress: Where the lines go.

    Raises:
        BadInput: pytest refused its arguments.
        KeyboardInterrupt: A round was interrupted.
    """
    for number in range(1, asked.rounds + 1):
        words, log = asked.suite.command(*AUDITED, keep=True), folder / f"round-{number}.log"
        rounds.append(run_round(words, log, f"round {number} of {asked.rounds}", progress))


def _failed(rounds: Sequence[Round]) -> list[str]:
    return [
        f"round {number}: {one.verdict}; {one.places}"
        for number, one in enumerate(rounds, 1)
        if one.exit_code != ExitStatus.HOLDS
    ]


def _times(rounds: Sequence[Round]) -> str:
    if not rounds:
        return "no round was completed"
    seconds = [one.seconds for one in rounds]
    number = f"{len(rounds)} round{'' if len(rounds) == 1 else 's'}"
    # Each way in which a round can end without being green is counted by itself.
    words = {int(ExitStatus.HOLDS): "green", int(ExitStatus.FAILED): "red"}
    codes = Counter(one.exit_code for one in rounds)
    others = sorted(code for code in codes if code not in words)
    ends = [f"{codes[code]} {word}" for code, word in words.items()]
    ends += [f"{codes[code]} {word_of(code)}" for code in others]
    counts = f"{number}: {', '.join(ends)}"
    return (
        f"{counts}; a round took {min(seconds):.1f} s to {max(seconds):.1f} s, "
        f"the median is {statistics.median(seconds):.1f} s"
    )


def _row(id_: str, *cells: object) -> str:
    return f"{id_:<8}" + "".join(f"{cell:>12}" for cell in cells)


if __name__ == "__main__":
    sys.exit(main())
