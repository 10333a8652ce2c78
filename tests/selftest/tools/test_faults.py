"""Wrong verdicts, hangs and what is left are told from what may happen when a run is made to fail."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from canary_conformance.errors import BadInput
from canary_conformance.images.image_options import AskedVersions
from canary_conformance.paths import REPOSITORY
from canary_conformance.report.run_record import Outcome, RunRecord, TestRecord, Tier
from canary_conformance.waiting import wait_until
from tools.faults import node_faults
from tools.faults.__main__ import settings
from tools.faults.fault_cases import CASES, Case, judge, sentence
from tools.faults.interrupted_runs import row
from tools.faults.interruption_points import PHASES, SIGNALS, points
from tools.faults.suite_run import LineMissing, make_home, suite_run
from tools.manifest_copies import with_mistake
from tools.suite_process import Ended

SAMPLED = next(case for case in CASES if case.name == "istiod restarted, while stage 4 is sampled")
NODE = next(case for case in CASES if case.fault == "node restarted")
MISTAKEN = next(case for case in CASES if case.mistake is not None)
NO_VERDICT = "!! _pytest.Exit: environment failed, no verdict: pod istio-system/istiod-1 was taken away !!"


def record(outcome: Outcome = Outcome.PASSED, requirement: str = "R4.4") -> RunRecord:
    return RunRecord((), (TestRecord("test", (requirement,), 4, outcome, (), "", 1.0, Tier.LIVE),), ())


@pytest.mark.parametrize(
    ("case", "code", "output", "seen", "right"),
    [
        (SAMPLED, 0, "", record(), True),
        (SAMPLED, 0, "", record(Outcome.NOT_JUDGED), False),  # green on nothing
        (NODE, 0, "", record(), False),  # nothing can be judged on a node that was restarted
        (MISTAKEN, 0, "", record(), False),  # a wrong green
        (SAMPLED, 1, "", record(Outcome.FAILED), False),  # a wrong red
        (MISTAKEN, 1, "", record(Outcome.FAILED), True),
        (MISTAKEN, 1, "", record(Outcome.FAILED, "R4.3"), False),  # red for another reason
        (MISTAKEN, 1, "", record(), False),
        (SAMPLED, 3, NO_VERDICT, record(), True),
        (NODE, 3, NO_VERDICT, record(), False),  # names something else
        (SAMPLED, 3, "Traceback", record(), False),
        (SAMPLED, 2, "", record(), False),
        (SAMPLED, -9, "", record(), False),
    ],
)
def test_how_a_run_may_end(case: Case, code: int, output: str, seen: RunRecord, right: bool) -> None:
    assert judge(case, Ended(1.0, code, output), seen).right is right


def test_a_run_that_does_not_end_is_wrong() -> None:
    assert judge(SAMPLED, None, record()).right is False


def test_what_failed_is_read_without_the_line_around_it() -> None:
    assert sentence(NO_VERDICT) == "pod istio-system/istiod-1 was taken away"
    assert sentence("environment failed: the run's end: lost") == "the run's end: lost"
    assert sentence(f"environment failed: the run's end: lost\n{NO_VERDICT}") == sentence(NO_VERDICT)
    assert sentence("") == "nothing"


def test_every_fault_of_the_requirement_is_a_case() -> None:
    assert {case.fault for case in CASES} == {
        "istiod restarted",
        "app pod killed",
        "node restarted",
        "engine stopped",
        "disk full",
        "API server slow",
    }


def test_a_mistake_is_made_where_the_manifests_have_its_text() -> None:
    assert MISTAKEN.mistake is not None
    file, old, new = MISTAKEN.mistake
    (content,) = with_mistake(file, old, new).values()
    assert new in content.decode()
    assert old not in content.decode()
    with pytest.raises(BadInput, match="has no 'nothing' to replace"):
        with_mistake(file, "nothing", new)


def test_only_an_engine_of_ours_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_faults, "PID_FILE", tmp_path / "docker.pid")
    with pytest.raises(BadInput, match="not started by this suite"):
        node_faults.own_engine()
    (tmp_path / "docker.pid").write_text("1\n")
    with pytest.raises(BadInput, match="not started by this suite"):
        node_faults.own_engine()


def test_points_fall_into_every_phase_with_every_signal_and_are_the_same_for_a_seed() -> None:
    chosen = points(20, seed=7)
    assert chosen == points(20, seed=7)
    assert chosen != points(20, seed=8)
    assert {point.phase for point in chosen} == set(PHASES)
    assert sum(phase.share for phase in PHASES) == 20
    counts = [sum(point.signal is one for point in chosen) for one in SIGNALS]
    assert max(counts) - min(counts) <= 1
    assert all(0 <= point.after <= point.phase.seconds for point in chosen)


@pytest.mark.parametrize("count", [1, 3, 7, 45])
def test_any_number_of_points(count: int) -> None:
    assert len(points(count, seed=1)) == count


def test_a_row_says_what_was_left() -> None:
    point = points(1, seed=1)[0]
    cells, right = row(point, "stage 1 deploy ...", 1.23, "", [])
    assert (cells[3], cells[-1], right) == ("1.2", "nothing left", True)
    cells, right = row(point, "x", 30.0, "--clean, 1.0 s", ["left: a", "left: b", "left: c", "left: d"])
    assert (cells[-1], right) == ("left: a; left: b; left: c; and 1 more", False)


PROGRAM = """
import signal, sys
from pathlib import Path
from canary_conformance.events import FILE, EventLog

folder = Path(sys.argv[sys.argv.index("--report") + 1])
folder.mkdir()
events = EventLog()
events.write_to(folder / FILE)
events.write("phase_began", 0.1, name="stage 4 canary", depth=0)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(2))
events.write("phase_ended", 0.2, name="ready", depth=1, length=0.1, failed=False)
signal.pause()
"""


def test_a_run_is_followed_by_its_events(tmp_path: Path) -> None:
    home = make_home(tmp_path / "run")
    with suite_run([sys.executable, "-c", PROGRAM], home, tmp_path / "log") as run:
        run.wait_for(r"^stage 4 canary \.\.\.", 0.0, limit=20)
        wait_until(lambda: run.doing, until=lambda doing: doing.startswith("ready took"), limit=20, what="x")
        assert run.end(0.05) is None
        run.send(signal.SIGTERM)
        ended = run.end(20)
    assert ended is not None
    assert ended.exit_code == 2


def test_a_run_that_never_says_so_is_told(tmp_path: Path) -> None:
    home = make_home(tmp_path / "run")
    with (
        suite_run([sys.executable, "-c", "print('stage 4 canary ...')"], home, tmp_path / "log") as run,
        pytest.raises(LineMissing, match="the run ended before"),
    ):
        run.wait_for("stage 4", 0.0, limit=20)


def test_what_a_run_does_in_its_home_is_seen(tmp_path: Path) -> None:
    home = make_home(tmp_path / "run")
    assert home.changed() == []
    (home.folder / ".docker/config.json").write_text("{}")
    (home.folder / ".kube/cache/http").mkdir()
    assert [line.rpartition("/")[2] for line in home.changed()] == ["http is new", "config.json was changed"]


def test_the_command_line() -> None:
    asked = settings(["--interrupts", "5", "--seed", "9", "--first", "2"])
    assert (asked.interrupts, asked.seed, asked.points) == (5, 9, points(5, 9)[1:])
    assert settings(["-k", "disk"]).cases == [case for case in CASES if case.fault == "disk full"]
    assert settings([]).cases == list(CASES)
    assert asked.suite.cluster_name == "voting-conformance-faults"
    for words in (["--keep-cluster"], ["--interrupts", "0"], ["--rounds", "2"], ["-k", "disk", "--together"]):
        with pytest.raises(BadInput):
            settings(words)


def test_the_cluster_is_of_the_versions_that_the_runs_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOTING_ENVOY_VERSION", "1.38.3")
    asked = settings(["--together", "--kubernetes-version", "1.34.4"])
    assert asked.suite.versions == AskedVersions(envoy="1.38.3", kubernetes="1.34.4")


@pytest.mark.parametrize("words", [["-k", "no such"], ["--first", "99"], ["--first", "3", "--last", "2"]])
def test_a_choice_of_no_fault_is_told_with_all_that_there_are(words: list[str]) -> None:
    with pytest.raises(BadInput, match="leave none of these faults") as refused:
        settings(words)
    assert all(case.name in str(refused.value) for case in CASES)
    with pytest.raises(BadInput, match="there are 2"):
        settings(["--interrupts", "2", "--first", "3"])


def test_the_docs_call_the_faults_as_minus_k_wants_them() -> None:
    page = (REPOSITORY / "docs/proof.md").read_text(encoding="utf-8")
    assert all(f"| {case.fault}" in page for case in CASES)
