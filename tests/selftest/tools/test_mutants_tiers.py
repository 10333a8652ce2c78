"""What each tier says of a mutant becomes a verdict: an error is none, and a refusal is R0.1."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from canary_conformance.errors import BadInput, EnvironmentFailed, NotJudged
from canary_conformance.exit_codes import word_of
from canary_conformance.progress import Progress
from canary_conformance.report.bundle import RunFolder
from canary_conformance.report.run_record import Outcome, RunRecord, TestRecord, Tier
from canary_conformance.scenario.places import Place
from canary_conformance.timeouts import Timeouts
from canary_conformance.voting.static.static_runner import BAD_INPUT, StaticResult
from tools.manifest_copies import changed_copy
from tools.mutants import static_verdicts as static_tier
from tools.mutants.live_verdicts import judge_runs, read_run
from tools.mutants.mutant import Mutant
from tools.mutants.scoring import Judged
from tools.mutants.static_verdicts import check_original, judge, judged_by
from tools.suite_process import Ended, SuiteDefect, report_of

HELD = StaticResult(("R1.2",), held=True, words="", node="t::a")
BROKEN = StaticResult(("R4.4", "R4.5"), held=False, words="0 of 600", node="t::b")
REFUSED = StaticResult((BAD_INPUT,), held=False, words="f:1: no kind", node="reading the folder")


def mutant(name: str = "m", file: str = "a.yaml") -> Mutant:
    return Mutant(name, file, b"a: 1\n", b"a: 2\n", "operator", Place(file, 1), frozenset({"R4.4"}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    manifests = tmp_path / "manifests"
    manifests.mkdir()
    (manifests / "a.yaml").write_text("a: 1\n")
    (manifests / "scenario.yaml").write_text("name: s\n")
    return manifests


# --- static ----------------------------------------------------------------------------------------------


def test_every_requirement_of_a_broken_test_is_a_killer() -> None:
    judged = judged_by("m", [HELD, BROKEN], 0.02)
    assert [(kill.requirement, kill.test, kill.words) for kill in judged.kills] == [
        ("R4.4", "t::b", "0 of 600"),
        ("R4.5", "t::b", "0 of 600"),
    ]
    assert judged.seconds == 0.02
    assert judged_by("m", [HELD], 0.02).kills == ()


def test_what_the_model_can_not_tell_is_left_to_the_live_tier() -> None:
    unspoken = StaticResult(("R4.4",), held=True, words="f:3: mirror", node="t::c")
    judged = judged_by("m", [HELD, unspoken], 0.02)
    assert (judged.kills, judged.problem, judged.untold) == ((), "", "f:3: mirror")
    assert judged_by("m", [HELD, BROKEN], 0.02).untold == ""


def test_a_folder_that_is_refused_breaks_the_requirement_that_it_is_accepted() -> None:
    assert [kill.requirement for kill in judged_by("m", [REFUSED], 0.02).kills] == ["R0.1"]


def test_broken_originals_and_no_tests_at_all_are_bad_input(folder: Path) -> None:
    check_original(folder, [HELD])
    with pytest.raises(BadInput, match=r"R4\.4, R4\.5: 0 of 600"):
        check_original(folder, [HELD, BROKEN])
    with pytest.raises(BadInput, match="no test of the static tier"):
        check_original(folder, [])


def test_an_error_of_the_model_is_no_verdict(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(folder: Path, overlay: Mapping[str, bytes]) -> tuple[StaticResult, ...]:
        raise KeyError(f"{folder.name} {sorted(overlay)}")

    monkeypatch.setattr(static_tier, "static_verdicts", stumble)
    judged = judge(folder, mutant())
    assert judged.problem == "KeyError: \"manifests ['a.yaml']\""
    assert judged.kills == ()


def test_a_verdict_that_does_not_come_is_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def go_on(folder: Path, overlay: Mapping[str, bytes]) -> tuple[StaticResult, ...]:  # noqa: ARG001
        while True:
            pass

    monkeypatch.setattr(static_tier, "static_verdicts", go_on)
    monkeypatch.setattr(static_tier, "LIMITS", Timeouts(command=0.05))
    assert judge(folder, mutant()).problem == "TimeoutError: no verdict within 0.05 s"


def test_a_changed_copy_goes_and_leaves_the_folder_alone(folder: Path) -> None:
    with changed_copy(folder, {"a.yaml": b"a: 2\n"}) as copy:
        assert (copy / "a.yaml").read_bytes() == b"a: 2\n"
        assert (copy / "scenario.yaml").exists()
    assert not copy.exists()
    assert (folder / "a.yaml").read_text() == "a: 1\n"


# --- live ------------------------------------------------------------------------------------------------


def report(log: Path, *tests: tuple[str, str, str]) -> Path:
    """Write the record of the run with this log (requirement, outcome, tier of each test); return the log."""
    records = tuple(
        TestRecord("t", (id_,), 1, Outcome(outcome), (), "w", 2.0, Tier(tier)) for id_, outcome, tier in tests
    )
    RunFolder(report_of(log), linked=False).make().write_run(RunRecord((), records, ()))
    return log


def test_a_run_is_what_its_report_says(tmp_path: Path) -> None:
    log = report(
        tmp_path / "log",
        ("R4.4", "failed", "live"),
        ("R1.2", "passed", "live"),
        ("R3.7", "error", "live"),
        ("R0.1", "failed", "static"),
        ("R5.1", "not_judged", "live"),
    )
    judged = read_run("m", Ended(95.0, 1, f"report: {tmp_path}/another"), log)
    assert [(kill.requirement, kill.tier, kill.seconds) for kill in judged.kills] == [
        ("R4.4", Tier.LIVE, 2.0)
    ]
    assert (judged.seconds, judged.problem) == (95.0, "")


def test_a_green_run_leaves_the_mutant_alive(tmp_path: Path) -> None:
    log = report(tmp_path / "log", ("R4.4", "passed", "live"))
    assert read_run("m", Ended(95.0, 0, ""), log) == Judged("m", Tier.LIVE, 95.0)


def test_a_run_of_a_refused_folder_breaks_the_requirement_that_it_is_accepted(tmp_path: Path) -> None:
    judged = read_run("m", Ended(1.0, 4, "ERROR: f:1: no kind"), tmp_path / "log")
    assert [(kill.requirement, kill.words.strip()) for kill in judged.kills] == [
        ("R0.1", "ERROR: f:1: no kind")
    ]


@pytest.mark.parametrize("code", [1, 3, 5, 6, -9])
def test_a_run_without_a_verdict_is_told_so(tmp_path: Path, code: int) -> None:
    stumbled = report(tmp_path / "stumbled.log", ("R4.4", "error", "live"))
    report_of(tmp_path / "killed.log").mkdir()
    for log in (stumbled, tmp_path / "early.log", tmp_path / "killed.log"):
        judged = read_run("m", Ended(20.0, code, "environment failed, no verdict: no node"), log)
        assert judged.kills == ()
        assert judged.problem == f"{word_of(code)} (exit code {code}), see {log}"


def test_an_interrupted_run_ends_all(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        read_run("m", Ended(1.0, 2, ""), tmp_path / "log")


def test_the_original_is_run_first_and_each_mutant_in_its_own_folder(folder: Path, tmp_path: Path) -> None:
    seen: list[tuple[str, str]] = []

    def run(manifests: Path, log: Path) -> Ended:
        seen.append(((manifests / "a.yaml").read_text(), log.name))
        return Ended(1.0, 0, "")

    lines: list[str] = []
    mutants = [mutant("m"), mutant("n", "scenario.yaml")]
    judged = [*judge_runs(folder, mutants, run, tmp_path, Progress(say=lines.append))]
    assert seen == [("a: 1\n", "original.log"), ("a: 2\n", "mutant-1.log"), ("a: 1\n", "mutant-2.log")]
    assert [one.name for one in judged] == ["m", "n"]
    assert lines[-1].endswith("2 of 2: 1.0 s, n: alive")


def test_an_original_that_is_not_green_ends_all(folder: Path, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    report(logs / "original.log", ("R4.4", "failed", "live"))
    with pytest.raises(BadInput, match=r"without any mistake fail R4\.4"):
        next(judge_runs(folder, [mutant()], lambda *_: Ended(1.0, 1, ""), logs, Progress()))
    for code, kind in ((3, EnvironmentFailed), (5, NotJudged), (6, SuiteDefect), (1, SuiteDefect)):
        end = Ended(1.0, code, "")
        with pytest.raises(kind, match="the run without any mistake"):
            next(judge_runs(folder, [mutant()], lambda *_, end=end: end, tmp_path, Progress()))
