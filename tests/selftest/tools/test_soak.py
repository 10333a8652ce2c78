"""Many rounds have a line each and a table together, none is left out, and an interrupted soak prints it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from canary_conformance.cluster.supply import Supply
from canary_conformance.errors import EnvironmentFailed
from canary_conformance.exit_codes import together
from canary_conformance.images.image_options import ImagesFrom
from canary_conformance.paths import REPOSITORY
from canary_conformance.process_owners import MARK, own_token
from canary_conformance.progress import Progress
from canary_conformance.report.bundle import RunFolder
from canary_conformance.report.run_record import Outcome, requirement_lines
from tests.selftest.support import interrupted_when, run_record
from tools import preparation, reports, soak
from tools.rounds import Round
from tools.soak import Settings, table
from tools.suite_process import SuiteOptions, report_of

ASKED = Settings(3, SuiteOptions(cluster_name="a-cluster"))


def a_round(code: int = 0, seconds: float = 100.0, **outcomes: Outcome) -> Round:
    report = REPOSITORY / "reports/run" if outcomes else None
    requirements = requirement_lines(run_record(**outcomes)) if outcomes else ()
    return Round(seconds, code, requirements, report, REPOSITORY / "reports/soak/round.log")


GREEN = a_round(R3_2=Outcome.PASSED, R4_4=Outcome.PASSED)
RED = a_round(1, 120.0, R3_2=Outcome.FAILED, R4_4=Outcome.PASSED)
UNJUDGED = a_round(1, 120.0, R3_2=Outcome.NOT_JUDGED, R4_4=Outcome.FAILED)
LOST = a_round(3, 20.0)
INCOMPLETE = a_round(5, 100.0, R4_4=Outcome.NOT_JUDGED)


def rows(*rounds: Round) -> dict[str, list[str]]:
    return {line.split()[0]: line.split()[1:] for line in table(rounds).splitlines()}


# --- the command line ------------------------------------------------------------------------------------


def test_command_line_is_read_and_the_rest_is_pytests() -> None:
    assert soak.settings([]) == Settings(30, SuiteOptions())
    words = ["--rounds=5", "--images=build", "--cluster-name=c", "--keep-cluster", "--", "-k", "a", "--"]
    suite = SuiteOptions(ImagesFrom.BUILD, "c", True, arguments=("-k", "a", "--"))
    assert soak.settings(words) == Settings(5, suite)


# --- one round -------------------------------------------------------------------------------------------


def test_a_green_round_says_what_it_judged() -> None:
    assert GREEN.verdict.startswith("green, ")
    assert "2 hold, " in GREEN.verdict
    assert GREEN.verdict.endswith("; incomplete")


def test_a_red_round_without_a_failed_requirement_says_so() -> None:
    assert a_round(1, R4_4=Outcome.PASSED).verdict == "RED, no requirement FAILED"


def test_what_kept_a_round_from_being_green_or_red_is_told_apart() -> None:
    assert INCOMPLETE.verdict.startswith("incomplete, ")
    assert a_round(6).verdict == "defect of the suite (exit code 6), no verdict"


# --- all rounds together ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rounds", "code"),
    [
        ([GREEN, GREEN], 0),
        ([GREEN, RED], 1),
        ([GREEN, LOST], 3),
        ([RED, LOST], 1),
        ([GREEN, INCOMPLETE], 5),
        ([LOST, INCOMPLETE], 3),
        ([LOST, a_round(6)], 6),
        ([RED, a_round(6)], 1),
        ([a_round(-9)], 6),
    ],
)
def test_all_rounds_have_one_exit_code(rounds: list[Round], code: int) -> None:
    assert together(one.exit_code for one in rounds) == code


def test_each_requirement_has_its_rounds_counted() -> None:
    shown = rows(GREEN, RED, UNJUDGED, LOST)
    assert shown["R3.2"] == ["2", "1", "1", "2"]
    assert shown["R4.4"] == ["3", "2", "1", "1"]
    assert "R1.1" not in shown


def test_nothing_broken_is_seen_at_a_glance() -> None:
    assert rows(GREEN, GREEN)["R3.2"] == ["2", "2", "-", "-"]


def test_each_failed_round_has_its_place() -> None:
    text = table([GREEN, RED, LOST]).splitlines()
    assert "round 2: RED, R3.2 FAILED; report reports/run, log reports/soak/round.log" in text
    assert "round 3: environment failed (exit code 3), no verdict; log reports/soak/round.log" in text
    assert not [line for line in text if line.startswith("round 1")]
    counts = "3 rounds: 1 green, 1 red, 1 environment failed"
    assert text[-1] == f"{counts}; a round took 20.0 s to 120.0 s, the median is 100.0 s"


def test_rounds_without_a_verdict_are_counted_by_what_they_lacked() -> None:
    text = table([GREEN, INCOMPLETE, INCOMPLETE, a_round(6), a_round(-9)]).splitlines()[-1]
    assert text.startswith(
        "5 rounds: 1 green, 0 red, 1 killed by SIGKILL, 2 incomplete, 1 defect of the suite; "
    )


def test_no_round_at_all_is_told() -> None:
    assert table([]) == "no round was completed"


# --- walking ---------------------------------------------------------------------------------------------


class Walks:
    """Stands for pytest: a script that counts how often it was run."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        self.said: list[str] = []
        self.progress = Progress(say=self.said.append)

    def do(self, script: str) -> None:
        count = f"echo >> {self.folder}/count; n=$(wc -l < {self.folder}/count)"
        words = ["bash", "-c", f"{count}\n{script}"]
        self._monkeypatch.setattr(SuiteOptions, "command", lambda *_, **__: words)

    def report(self, **outcomes: Outcome) -> str:
        """Return what leaves such a report where a round wants it: `--report DIR` follows the script."""
        folder = RunFolder.of_now(self.folder / "reports").make()
        folder.write_run(run_record(**outcomes))
        return f'cp -r {folder.path} "$1"'


@pytest.fixture
def walks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Walks:
    return Walks(tmp_path, monkeypatch)


def test_every_round_has_a_line_and_a_log_and_the_next_one_comes(walks: Walks, tmp_path: Path) -> None:
    good, bad = walks.report(R4_4=Outcome.PASSED), walks.report(R4_4=Outcome.FAILED)
    walks.do(f"case $n in 1) {good};; 2) {bad}; exit 1;;\n3) echo no node; exit 3;; esac")
    rounds: list[Round] = []
    soak.make_rounds(ASKED, tmp_path, rounds, walks.progress)
    assert [one.exit_code for one in rounds] == [0, 1, 3]
    lines = [line.partition("] ")[2] for line in walks.said]
    assert [line.partition(":")[0] for line in lines[:3]] == [f"round {n} of 3" for n in (1, 2, 3)]
    assert " s, green, " in lines[0]
    log = tmp_path / "round-2.log"
    assert lines[1].endswith(f"RED, R4.4 FAILED; report {report_of(log)}, log {log}")
    assert "environment failed (exit code 3)" in lines[2]
    assert lines[3] == "its last lines:\n  no node"
    assert (tmp_path / "round-3.log").read_text() == "no node\n"


HANGS = "trap 'touch {0}/removed' EXIT; touch {0}/started; while :; do sleep 0.05; done"


def test_an_interrupted_round_removes_what_it_made_and_the_others_are_kept(
    walks: Walks, tmp_path: Path
) -> None:
    walks.do(f"[ $n -eq 1 ] && exit 0; {HANGS.format(tmp_path)}")
    rounds: list[Round] = []
    with interrupted_when(tmp_path / "started"), pytest.raises(KeyboardInterrupt):
        soak.make_rounds(ASKED, tmp_path, rounds, walks.progress)
    assert [one.exit_code for one in rounds] == [0]
    assert (tmp_path / "removed").exists()


@pytest.fixture
def clusters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was done with the cluster; nothing but the walks is real."""
    done: list[str] = []

    @contextmanager
    def cluster(name: str, *_: object, keep: bool) -> Iterator[None]:
        done.append(f"made {name}")
        try:
            yield
        finally:
            done.append("kept" if keep else "deleted")

    monkeypatch.setattr(soak, "kind_cluster", cluster)
    monkeypatch.setattr(reports, "REPORTS", tmp_path / "reports")
    monkeypatch.setattr(soak, "store", lambda: tmp_path / "store")
    monkeypatch.setattr(preparation, "store", lambda: tmp_path / "store")
    monkeypatch.setattr(Supply, "of_one", lambda *_: SimpleNamespace(describe=lambda: "Istio 1.31"))
    monkeypatch.setattr(preparation, "ensure_engine", lambda *_: None)
    monkeypatch.setenv(MARK, "")
    return done


def written(folder: Path) -> str:
    (file,) = (folder / "reports").glob("soak-*.txt")
    return file.read_text()


def test_a_walk_shares_the_claim_on_the_cluster(walks: Walks, clusters: list[str], tmp_path: Path) -> None:
    report = walks.report(R4_4=Outcome.PASSED)
    walks.do(f'echo "${MARK}" >{tmp_path}/owner; {report}')
    assert soak.main(["--rounds", "1", "--cluster-name", "c"]) == 0
    assert clusters == ["made c", "deleted"]
    assert (tmp_path / "owner").read_text().strip() == own_token()


@pytest.mark.parametrize(("option", "end"), [([], "deleted"), (["--keep-cluster"], "kept")])
def test_all_rounds_are_on_one_cluster(
    walks: Walks,
    clusters: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    option: list[str],
    end: str,
) -> None:
    walks.do(walks.report(R4_4=Outcome.PASSED))
    assert soak.main(["--rounds", "2", "--cluster-name", "c", *option]) == 0
    assert clusters == ["made c", end]
    text = written(tmp_path)
    assert text.startswith("Istio 1.31\n")
    assert text in capsys.readouterr().out
    assert "2 rounds: 2 green" in text


def test_an_interrupted_soak_tells_what_it_has_and_deletes_the_cluster(
    walks: Walks, clusters: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    walks.do(f"[ $n -eq 1 ] && exit 1; {HANGS.format(tmp_path)}")
    with interrupted_when(tmp_path / "started"):
        assert soak.main(["--rounds", "9"]) == 2
    assert clusters[-1] == "deleted"
    assert "1 round: 0 green, 1 red" in written(tmp_path)
    assert capsys.readouterr().err == "interrupted: SIGINT\n"


def test_a_second_signal_leaves_a_round_time_to_remove_what_it_made(
    walks: Walks, clusters: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    removes = f"touch {tmp_path}/removing; sleep 0.3; touch {tmp_path}/removed; exit 2"
    walks.do(f"trap '{removes}' TERM; touch {tmp_path}/started; while :; do sleep 0.05; done")
    with interrupted_when(tmp_path / "started"), interrupted_when(tmp_path / "removing"):
        assert soak.main(["--rounds", "9"]) == 2
    assert (tmp_path / "removed").exists()
    assert clusters[-1] == "deleted"
    assert "SIGINT again: cleaning up" in capsys.readouterr().out


def test_an_environment_that_can_not_be_had_is_no_verdict(
    clusters: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise EnvironmentFailed("no engine")

    monkeypatch.setattr(preparation, "ensure_engine", fail)
    assert soak.main([]) == 3
    assert clusters == []
    assert capsys.readouterr().err == "environment failed: no engine\n"
