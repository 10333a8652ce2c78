"""The mutants' command line: `python -m tools.mutants [-k EXPR] [--live[=kinds|all]] [--variants]`.

With --differential the changes come from the kinds' schemas, and a real cluster is asked about each.
With --fuzz N random requests go through the real mesh, and the model is compared with what comes back.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from canary_conformance.errors import BadInput
from canary_conformance.exit_codes import ExitStatus
from canary_conformance.file_output import check_writable, writing
from canary_conformance.paths import MANIFESTS
from canary_conformance.processes import usable_cores
from canary_conformance.progress import Progress
from tools.command_line import CommandLine, end_as_the_suite
from tools.mutants.correct_values import CORRECT_VALUES
from tools.mutants.differential import Draw, differential
from tools.mutants.disagreements import report_json, report_text
from tools.mutants.edit_sites import sources_of
from tools.mutants.fuzz.fuzz_run import run_fuzz, status_of, table_text
from tools.mutants.fuzz.fuzz_tables import tables
from tools.mutants.live_verdicts import judge_live
from tools.mutants.mistake_kinds import one_of_each_kind
from tools.mutants.mutant import Mutant
from tools.mutants.mutant_collection import all_mutants, chosen
from tools.mutants.other_checkers import Peer, ask_peers
from tools.mutants.score_table import as_json, markdown, terminal_table
from tools.mutants.scoring import Judged, Score, left_alive, score
from tools.mutants.static_verdicts import judge_all
from tools.mutants.survivors import excuses, read_rows, rows_for_nothing
from tools.mutants.variants import VARIANTS, table, wrong
from tools.reports import publish, report_folder, report_named, say
from tools.suite_process import SuiteOptions

LEFT, KIND, ALL = "left", "kinds", "all"
# So many mutants, and so many random lists of routes, are fuzzed unless --limit says otherwise.
_FUZZED = 20


@dataclass(frozen=True, slots=True)
class Settings:
    """The command line as values; live is "" (no cluster), "left", "kinds" or "all".

    variants: judge those that are right instead of mutants; with any live, by the live tier too.
    differential: judge changes that the schemas allow, drawn by the seed, in at most so many live runs.
    fuzz: send so many random requests through the mesh, and some through broken routes, limit of each kind.
    """

    expression: str
    limit: int | None
    jobs: int
    live: str
    peers: bool
    suite: SuiteOptions
    variants: bool = False
    differential: bool = False
    seed: int = 1
    runs: int | None = None
    fuzz: int = 0


def main(words: Sequence[str] | None = None) -> int:
    """Judge mutants, print a table, and write reports/mutants-TIME.md and .json.

    Returns 0 when all is well, 1 when a share is too low or a mutant was caught by unrelated requirements
    only; 2 interrupted, 3 environment, 4 bad input.
    """

    def work() -> int:
        asked, progress = settings(words), Progress(say=say)
        if asked.differential:
            return _judge_differential(asked, progress)
        if asked.fuzz:
            return _fuzz(asked, progress)
        return _judge_variants(asked, progress) if asked.variants else _judge(asked, progress)

    return end_as_the_suite(work)


def settings(words: Sequence[str] | None = None) -> Settings:
    """Read the command line. Raises BadInput."""
    parser = CommandLine(
        "python -m tools.mutants",
        "Makes mistakes in the manifests on purpose and shows which of them the suite catches.",
    )
    parser.add_argument(
        "-k",
        default="",
        metavar="EXPR",
        dest="expression",
        help="only mutants whose names match: words with and, or, not",
    )
    parser.count("--limit", "only the first N mutants")
    parser.count(
        "--jobs", "number of processes for the static tier (default: one for each core)", usable_cores()
    )
    parser.add_argument(
        "--live",
        nargs="?",
        choices=[LEFT, KIND, ALL],
        const=LEFT,
        default="",
        help="also run on a cluster: those that the static tier misses (default), one of each kind, or all",
    )
    parser.flag("--peers", "also count what istioctl analyze and the API server find")
    parser.flag(
        "--variants", "judge correct variants of the manifests instead (with --live on a cluster, too)"
    )
    parser.flag(
        "--differential",
        "change what the kinds' schemas allow instead, and compare the static tier with a cluster",
    )
    parser.count(
        "--fuzz", "send N random requests through the mesh and compare the answers with the model", 0
    )
    parser.add_argument(
        "--seed", type=int, default=1, metavar="S", help="what --differential --limit N and --fuzz N draw"
    )
    parser.add_argument(
        "--runs", type=int, metavar="N", help="the most live runs of --differential (0: dry runs only)"
    )
    parser.add_versions()
    read, suite = parser.read(words)
    own = (one.name for one in fields(Settings) if one.name != "suite")
    return Settings(suite=suite, **{name: getattr(read, name) for name in own})


def _judge(asked: Settings, progress: Progress) -> int:
    folder = MANIFESTS
    every = all_mutants(folder)
    rows = read_rows()
    unused = rows_for_nothing(every, rows)
    if unused:
        raise BadInput(f"survivors.toml names unknown mutants: {'; '.join(unused)}")
    among = one_of_each_kind(every) if asked.live == KIND else every
    mutants = chosen(among, asked.expression, asked.limit)
    if not mutants:
        raise BadInput(f"-k {asked.expression!r} matches none of the {len(among)} mutants")
    progress.note(f"{len(mutants)} of {len(every)} mutants")
    reasons = excuses(mutants, rows)
    report = report_named("mutants")
    check_writable(report.parent)
    judged: list[Judged] = []
    peers: tuple[Peer, ...] = ()
    finished = False
    try:
        judged += judge_all(folder, mutants, asked.jobs, progress)
        if asked.peers:
            peers = ask_peers(folder, mutants, asked.suite.cluster_name, asked.jobs, progress)
        if asked.live:
            _judge_live(asked, mutants, score(mutants, judged, reasons, live=False), judged, report, progress)
        finished = True
    finally:
        # An interrupted command reports what it has; the shares are judged only where all were judged.
        if judged:
            result = score(mutants, judged, reasons, live=bool(asked.live) and finished)
            publish(
                report, terminal_table(result, peers), md=markdown(result, peers), json=as_json(result, peers)
            )
    return ExitStatus.FAILED if result.failures else ExitStatus.HOLDS


def _judge_variants(asked: Settings, progress: Progress) -> int:
    sources = sources_of(MANIFESTS)
    variants = [
        variant.made(sources)
        for variant in (*VARIANTS, *CORRECT_VALUES)
        if asked.expression.lower() in variant.name
    ]
    if not variants:
        raise BadInput(f"no variant's name contains {asked.expression!r}")
    report = report_named("variants")
    judged = list(judge_all(MANIFESTS, variants, asked.jobs, progress))
    if asked.live:
        with writing(report):
            report.mkdir(parents=True)
        judged += judge_live(MANIFESTS, variants, asked.suite, report, progress)
    publish(report, table([variant.name for variant in variants], judged))
    return ExitStatus.FAILED if wrong(judged) else ExitStatus.HOLDS


def _fuzz(asked: Settings, progress: Progress) -> int:
    mutants = chosen(all_mutants(MANIFESTS), asked.expression, None)
    limit = _FUZZED if asked.limit is None else asked.limit
    drawn = list(tables(MANIFESTS, mutants, asked.fuzz, limit, asked.seed))
    report = report_folder("fuzz")
    found = run_fuzz(drawn, asked.suite, report, progress)
    publish(report, table_text(found, len(drawn)))
    return status_of(found, len(drawn))


def _judge_differential(asked: Settings, progress: Progress) -> int:
    logs = report_folder("differential")
    draw = Draw(asked.seed, asked.limit, asked.runs, asked.jobs)
    found = differential(MANIFESTS, draw, asked.suite, logs, progress)
    publish(logs, report_text(found), md=report_text(found), json=report_json(found))
    return ExitStatus.FAILED if found.missed else ExitStatus.HOLDS


def _judge_live(
    asked: Settings,
    mutants: Sequence[Mutant],
    static: Score,
    judged: list[Judged],
    report: Path,
    progress: Progress,
) -> None:
    left = left_alive(static.lines) if asked.live == LEFT else tuple(mutants)
    if not left:
        progress.note("the static tier catches all of them: no cluster is needed")
        return
    with writing(report):
        report.mkdir(parents=True)
    # One by one, so that an interrupt leaves the verdicts so far.
    for one in judge_live(MANIFESTS, left, asked.suite, report, progress):
        judged.append(one)


if __name__ == "__main__":
    sys.exit(main())
