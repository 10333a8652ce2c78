"""The numbers of the bench, its command line, and its shell script, which makes the scenario's steps."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from canary_conformance.images.image_options import ImagesFrom
from canary_conformance.paths import MANIFESTS, store
from canary_conformance.progress import Phase, Progress
from canary_conformance.report.run_record import Outcome, RunRecord, TestRecord
from canary_conformance.scenario.scenario_folder import load_scenario
from canary_conformance.scenario.stages import Apply, Delete
from fixtures.run_state import RUN
from tests.selftest.support import interrupted_when
from tools.bench import __main__ as bench
from tools.bench import timed_runs
from tools.bench.bench_numbers import Numbers, Round, TimedRun
from tools.bench.inner_loop import ANOTHER_WAY, AS_WRITTEN, EDITED, MISTAKEN, InnerLoop, measure
from tools.bench.timed_runs import MIB, busy_seconds
from tools.container_memory import memory_used
from tools.suite_process import SuiteOptions

FAKE_KUBECTL = """#!/bin/sh
echo "kubectl $*" >> "$CALLS"
case "$*" in
  *"delete namespace"*) touch "$CALLS.gone";;
  *persistentvolumeclaim*) echo volume-1;;
esac
"""
FAKE_CURL = """#!/bin/sh
[ -e "$CALLS.gone" ] && exit 7
echo "$PAGE"
"""
WHOLE_PAGE = "Cats: 0 | Dogs: 0 / Cats: 0/0 (0%) | Dogs: 0/0 (0%) / store: redis / store: mysql"


@pytest.mark.parametrize(
    ("stats", "mib"),
    [
        ("1.5GiB / 23.54GiB", 1536),
        ("512MiB / 23.54GiB\n256KiB / 23.54GiB\n", 512.25),
        ("0B / 0B", 0),
        ("1TiB / 2TiB", 1024**2),
    ],
)
def test_memory_of_all_nodes_is_added_up(stats: str, mib: float) -> None:
    assert memory_used(stats) == mib * MIB


@pytest.mark.parametrize("stats", ["", "-- / --", "1.5GiB / 2GiB\n-- / --", "1.5GB / 2GB", "GiB / 2GiB"])
def test_memory_that_can_not_be_read_is_no_number(stats: str) -> None:
    with pytest.raises(ValueError, match="docker stats printed"):
        memory_used(stats)


def rows(numbers: Numbers) -> dict[str, list[str]]:
    found = (re.split(r"\s{2,}", line.strip()) for line in str(numbers).splitlines() if line.strip())
    return {cells[0]: cells[1:] for cells in found}


def good(shell: float, suite: float, output: str = "") -> Round:
    return Round(TimedRun(shell, 0, 1000.4, "4 of something: no"), TimedRun(suite, 0, None, output))


def test_rounds_are_shown_pair_by_pair_with_minimum_median_and_maximum() -> None:
    numbers = Numbers(
        ["here"], None, [good(40, 60), good(50, 50), good(30, 90, "x\n34 requirements: 34 hold\n")]
    )
    shown = rows(numbers)
    assert shown["round 1"] == ["40.0 s", "60.0 s", "1.50", "1000 MiB", "not seen"]
    assert shown["round 2"][:3] == ["50.0 s", "50.0 s", "1.00"]
    assert shown["minimum"] == ["30.0 s", "50.0 s", "1.00"]
    assert shown["median"] == ["40.0 s", "60.0 s", "1.50"]
    assert shown["maximum"] == ["50.0 s", "90.0 s", "3.00"]
    assert "ratio of the medians, suite / shell: 1.50" in shown
    assert "last round: 34 requirements: 34 hold" in shown
    assert numbers.all_good()


def test_ratio_of_the_medians_is_not_the_median_of_the_ratios() -> None:
    shown = rows(Numbers([], None, [good(10, 40), good(20, 20), good(40, 30)]))
    assert shown["median"] == ["20.0 s", "30.0 s", "1.00"]
    assert "ratio of the medians, suite / shell: 1.50" in shown


def test_failed_round_is_shown_and_left_out_of_the_numbers() -> None:
    failed = Round(TimedRun(1, 0, None), TimedRun(1, 1, None))
    numbers = Numbers([], None, [failed, good(40, 60)])
    shown = rows(numbers)
    assert shown["round 1"] == ["1.0 s", "exit code 1", "-", "not seen", "not seen"]
    assert shown["minimum"] == ["40.0 s", "60.0 s", "1.50"]
    assert "1 of 2 rounds failed and are left out below" in shown
    assert not numbers.all_good()


def test_without_a_good_round_there_are_no_numbers() -> None:
    shown = rows(Numbers([], None, [Round(TimedRun(1, 1, None), TimedRun(1, 0, None))]))
    assert not {"minimum", "median", "maximum"} & set(shown)
    assert not [line for line in shown if line.startswith("ratio")]


def test_run_from_nothing_has_a_line_of_its_own() -> None:
    numbers = Numbers([], TimedRun(108.2, 0, 1500.0), [])
    assert str(numbers).endswith(": 108.2 s, memory at most 1500 MiB")
    assert numbers.all_good()
    broken = Numbers([], TimedRun(108.2, 1, None), [good(40, 60)])
    assert ": exit code 1, memory at most not seen" in str(broken)
    assert not broken.all_good()


def test_command_line_is_read() -> None:
    assert bench.settings([]) == bench.Settings(3, SuiteOptions())
    words = ["--rounds", "5", "--images=build", "--cluster-name", "b", "--keep-cluster", "--from-nothing"]
    assert bench.settings(words) == bench.Settings(
        5, SuiteOptions(ImagesFrom.BUILD, "b", True), from_nothing=True
    )


def test_bench_uses_the_suites_own_store(pytestconfig: pytest.Config) -> None:
    assert store() == pytestconfig.stash[RUN].settings.store


def no_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timed_runs, "_node_stats", lambda _: "")


def test_a_run_is_timed_with_its_memory_and_its_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timed_runs, "_node_stats", lambda name: f"{len(name)}GiB / 9GiB")
    words = [sys.executable, "-c", "import os; print(os.environ['WORD']); raise SystemExit(1)"]
    said: list[str] = []
    progress = Progress(say=said.append)
    made = timed_runs.timed_run("a run", words, {"WORD": "seen"}, "abc", tmp_path / "log", progress)
    assert (made.exit_code, made.memory, made.output) == (1, 3 * 1024, "seen\n")
    assert made.seconds > 0
    assert any("a run ended with exit code 1:\n  seen" in line for line in said)


def test_an_interrupted_run_may_remove_what_it_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_nodes(monkeypatch)
    started, removed = tmp_path / "started", tmp_path / "removed"
    words = ["bash", "-c", f"trap 'touch {removed}' EXIT; touch {started}; while :; do sleep 0.05; done"]

    with interrupted_when(started), pytest.raises(KeyboardInterrupt):
        timed_runs.timed_run("a run", words, {}, "none", tmp_path / "log", Progress())
    assert removed.exists()


def shell_script(tmp_path: Path, page: str = WHOLE_PAGE) -> tuple[int, str, list[str]]:
    for name, text in (("kubectl", FAKE_KUBECTL), ("curl", FAKE_CURL)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    calls = tmp_path / "calls"
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "KUBECONFIG": str(tmp_path / "kubeconfig"),
        "CALLS": str(calls),
        "PAGE": page,
    }
    words = ["bash", str(bench.SHELL_SCRIPT), "http://nowhere.invalid/", str(MANIFESTS)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr, calls.read_text().splitlines()


def test_the_shell_script_applies_and_deletes_what_the_scenario_tells_in_its_order(tmp_path: Path) -> None:
    code, text, calls = shell_script(tmp_path)
    assert code == 0, text
    scenario = load_scenario(MANIFESTS)
    called = [call.removeprefix(f"kubectl --namespace {scenario.namespace} ") for call in calls]
    expected = []
    for stage in scenario.stages:
        for step in stage.steps:
            match step:
                case Apply():
                    expected.append(f"apply --filename {MANIFESTS / step.file}")
                case Delete():
                    kind = step.objects[0].kind.lower()
                    expected.append(f"delete {kind} {' '.join(ref.name for ref in step.objects)}")
    made = [call.partition(" --timeout")[0] for call in called if call.startswith(("apply", "delete"))]
    assert made == expected
    stages = re.findall(r"^== stage (\d) ([\w ]+): \d+\.\d s$", text, re.MULTILINE)
    assert stages == [(str(stage.number), stage.name) for stage in scenario.stages]


def test_the_shell_script_waits_for_pods_after_each_file_that_brings_some(tmp_path: Path) -> None:
    _, _, calls = shell_script(tmp_path)
    for file in (MANIFESTS / "kubernetes").glob("*.yaml"):
        after = calls.index(f"kubectl --namespace voting apply --filename {file}") + 1
        assert "wait deployment --all --for condition=Available" in calls[after]


def test_the_shell_script_without_two_arguments_says_how_to_call_it() -> None:
    done = subprocess.run(["bash", bench.SHELL_SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert done.stderr.startswith("usage: ")


def test_the_shell_script_is_sound_bash() -> None:
    assert os.access(bench.SHELL_SCRIPT, os.X_OK)
    subprocess.run(["bash", "-n", bench.SHELL_SCRIPT], check=True)
    if checker := shutil.which("shellcheck"):
        subprocess.run([checker, bench.SHELL_SCRIPT], check=True)


def test_the_machines_work_is_told_where_it_is_known() -> None:
    rounds = [Round(TimedRun(50, 0, None, work=70.4), TimedRun(60, 0, None, work=113))]
    text = str(Numbers(rounds=rounds, compared=("one process", "2 workers"))).splitlines()
    assert "CPU time of the machine, one process: 70 core-seconds (median)" in text
    assert "CPU time of the machine, 2 workers: 113 core-seconds (median)" in text
    assert "work" not in str(Numbers(rounds=[Round(TimedRun(50, 0, None), TimedRun(60, 0, None))]))


def test_busy_is_all_but_idle(tmp_path: Path) -> None:
    stat = tmp_path / "stat"
    assert busy_seconds(stat) is None
    ticks = os.sysconf("SC_CLK_TCK")
    stat.write_text(f"cpu  {3 * ticks} 0 {ticks} 900 77 0 {ticks} 0 {ticks} 0\ncpu0 1\n")
    assert busy_seconds(stat) == 5


# --- the inner loop ------------------------------------------------------------------------------------


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
    assert "a change was applied and propagated in 0.40 s at least" in shown
    assert "judged: R4.3" in shown
