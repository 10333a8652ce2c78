"""The inner loop's bench: what is edited is there to be edited, and what was measured is shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from canary_conformance.paths import MANIFESTS
from canary_conformance.progress import Phase
from canary_conformance.report.run_record import Outcome, RunRecord, TestRecord
from tools.bench.bench_numbers import TimedRun
from tools.bench.inner_loop import ANOTHER_WAY, AS_WRITTEN, EDITED, MISTAKEN, InnerLoop, measure

pytestmark = pytest.mark.selftest


def test_each_run_finds_another_route_and_the_last_a_mistake(tmp_path: Path) -> None:
    found: list[str] = []

    def run(_arguments: Sequence[str], _log: Path) -> TimedRun:
        text = (tmp_path / "manifests" / EDITED).read_text()
        found.extend(one for one in (AS_WRITTEN, ANOTHER_WAY, MISTAKEN) if one in text)
        return TimedRun(5.0, 1 if MISTAKEN in text else 0, None)

    loop = InnerLoop([])
    measure(MANIFESTS, tmp_path, 2, run, loop)
    assert found == [AS_WRITTEN, ANOTHER_WAY, AS_WRITTEN, MISTAKEN]
    assert loop.all_good()


def test_a_mistake_that_is_not_found_is_not_good(tmp_path: Path) -> None:
    loop = InnerLoop([])
    measure(MANIFESTS, tmp_path, 1, lambda _arguments, _log: TimedRun(5.0, 0, None), loop)
    assert not loop.all_good()


def test_what_was_measured_is_shown() -> None:
    loop = InnerLoop(
        ["here"], TimedRun(30, 0, None), [TimedRun(5, 0, None), TimedRun(7, 0, None)], TimedRun(6, 1, None)
    )
    test = TestRecord("a", ("R4.3",), 4, Outcome.PASSED, (), "", 1.375)
    loop.note(RunRecord((), (test,), (Phase("reusing the namespace at stage 4: ...", 0, 9.0, 0.4),)))
    shown = str(loop)
    assert "without a namespace to reuse      30.0 s" in shown
    assert "median after an edit              6.0 s" in shown
    assert "after a mistake in the route      6.0 s, exit code 1" in shown
    assert (
        "floor: 2063 pages at 1000 a second take 2.1 s, a change was applied and propagated in 0.40 s"
        in shown
    )
    assert "judged: R4.3" in shown
