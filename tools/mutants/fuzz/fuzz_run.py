"""The fuzzed run: one run of the suite up to stage 4 on a cluster, and a table of what it found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from canary_conformance.exit_codes import ExitStatus
from canary_conformance.processes import last_lines
from canary_conformance.progress import Progress
from tools.mutants.fuzz.fuzz_plan import FILES, Found, Table, read_found, write_plan
from tools.preparation import ready_to_run
from tools.suite_process import SuiteOptions, check_ended, timed_process

_TEST = "tools/mutants/fuzz/stage_4_canary"


def run_fuzz(tables: Sequence[Table], suite: SuiteOptions, report: Path, progress: Progress) -> list[Found]:
    """Send random requests through each table of routes, and return what became of them.

    Raises what check_ended() does where the run did not come to an end.
    """
    ready_to_run(suite, progress)
    write_plan(report, tables)
    log = report / "fuzz.log"
    ended = timed_process(suite.command("-q", tests=(_TEST,)), {FILES: str(report)}, log)
    found = read_found(report)
    if len(found) < len(tables):
        check_ended(ended, "the fuzzed run", log)
        progress.note(f"{len(found)} of {len(tables)} tried: {last_lines(ended.output)}")
    return found


def table_text(found: Sequence[Found], asked: int) -> str:
    """Return what was found, as a text."""
    return "\n".join(_lines(found, asked))


def status_of(found: Sequence[Found], asked: int) -> ExitStatus:
    """Return FAILED where an answer differs, or where not all was tried."""
    fine = len(found) == asked and not any(one.differences for one in found) and found[0].compared
    return ExitStatus.HOLDS if fine else ExitStatus.FAILED


def _lines(found: Sequence[Found], asked: int) -> Iterator[str]:
    sent, compared = sum(one.sent for one in found), sum(one.compared for one in found)
    wrong = [one for one in found if one.differences]
    yield f"{len(found)} of {asked} lists of routes"
    yield f"{sent} random requests, {compared} compared with the model"
    yield f"lists of routes with a difference: {len(wrong)}"
    for one in found:
        if one.skipped:
            yield f"  {one.name}: {one.skipped}"
        elif one.compared < one.sent:
            yield f"  {one.name}: {one.sent - one.compared} requests use what the model does not support"
    for one in wrong:
        yield from one.differences
