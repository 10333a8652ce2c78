"""Every combination of versions has its verdict, or why there is none, in one table and one exit code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from canary_conformance.cluster.supply import Supply
from canary_conformance.errors import EnvironmentFailed
from canary_conformance.images.image_options import AskedVersions, ImagesFrom
from canary_conformance.images.versions import available
from canary_conformance.paths import REPOSITORY
from canary_conformance.report.bundle import RunFolder
from canary_conformance.report.html.matrix_page import matrix_page
from canary_conformance.report.run_record import Outcome, requirement_lines
from tests.selftest.report_examples import HOSTILE
from tests.selftest.support import run_record
from tools import reports
from tools.matrix import __main__ as matrix
from tools.matrix.__main__ import Settings
from tools.matrix.combinations import Combination, all_combinations, shard_of, short_names
from tools.matrix.version_table import Result, as_json, table
from tools.rounds import Round
from tools.suite_process import SuiteOptions

BUILT = available(ImagesFrom.BUILD)
HEADER = ("ran: istiod 1.31.0", "refused by a proxy: LDS Internal: no")
OLD, NEW, UNKNOWN = all_combinations(BUILT, (None,), ("1.36.4", "1.40.0", "9.9.9"), (None,))


def walked(combination: Combination, code: int = 0, **outcomes: Outcome) -> Result:
    made = run_record(**outcomes)
    requirements = requirement_lines(made) if outcomes else ()
    report = REPOSITORY / "reports/run" if outcomes else None
    return Result(combination, Round(118.4, code, requirements, report, REPOSITORY / "reports/log", HEADER))


GREEN = walked(NEW, R3_2=Outcome.PASSED, R4_10=Outcome.PASSED)
RED = walked(OLD, 1, R3_2=Outcome.FAILED, R4_10=Outcome.NOT_JUDGED)
LOST = walked(OLD, 3)


# --- the command line ------------------------------------------------------------------------------------


def test_command_line_is_read_and_the_rest_is_pytests() -> None:
    one = (None,)
    assert matrix.settings([]) == Settings(one, one, one, (1, 1), SuiteOptions())
    words = ["--envoy", "1.36.4, 1.40.0", "--istio=1.31.0", "--kubernetes", "1.34.4", "--shard", "2/3"]
    words += ["--images", "build", "--cluster-name", "c", "--keep-cluster", "--", "-k", "canary"]
    envoys = ("1.36.4", "1.40.0")
    suite = SuiteOptions(ImagesFrom.BUILD, "c", True, arguments=("-k", "canary"))
    assert matrix.settings(words) == Settings(("1.31.0",), envoys, ("1.34.4",), (2, 3), suite)


# --- combinations ----------------------------------------------------------------------------------------


def test_every_combination_is_a_cell_once() -> None:
    combinations = all_combinations(BUILT, (None,), ("1.36.4", "1.40.0", "1.36.4"), ("1.34.4", None))
    assert [(combination.asked.kubernetes, combination.asked.envoy) for combination in combinations] == [
        ("1.34.4", "1.36.4"),
        ("1.34.4", "1.40.0"),
        (None, "1.36.4"),
        (None, "1.40.0"),
    ]
    assert {str(combination) for combination in combinations} == {
        "1.31.0+envoy1.36.4, Kubernetes 1.34.4",
        "1.31.0+envoy1.40.0, Kubernetes 1.34.4",
    }


def test_a_cell_that_can_not_be_had_says_why() -> None:
    assert UNKNOWN.versions is None
    assert "9.9.9 is not available; available: 1.36.2" in UNKNOWN.why_not
    assert str(UNKNOWN) == "--envoy-version 9.9.9"


def test_a_cell_is_walked_as_what_it_is_whatever_the_environment_says() -> None:
    assert OLD.asked == AskedVersions(envoy="1.36.4")
    assert OLD.exactly == AskedVersions("1.31.0", "1.36.4", "1.34.4")


@pytest.mark.parametrize("shards", [1, 2, 3, 5])
def test_shards_together_are_all_cells(shards: int) -> None:
    combinations = all_combinations(BUILT, (None,), ("1.36.3", "1.36.4", "1.40.0", "9.9.9"), (None,))
    found = [
        combination
        for number in range(1, shards + 1)
        for combination in shard_of(combinations, number, shards)
    ]
    assert sorted(found, key=combinations.index) == combinations


def test_cells_are_named_by_what_tells_them_apart() -> None:
    assert short_names([OLD, NEW]) == ["envoy 1.36.4", "envoy 1.40.0"]
    assert short_names([NEW]) == ["combination 1"]
    combinations = all_combinations(BUILT, (None,), ("1.36.4", "1.40.0"), (None, "1.34.4"))
    assert short_names(combinations)[0] == "envoy 1.36.4 k8s own"


# --- the table -------------------------------------------------------------------------------------------


def test_each_requirement_has_a_row_and_each_cell_a_column() -> None:
    lines = table([RED, GREEN, Result(UNKNOWN)]).splitlines()
    assert lines[0].split("  ")[-3:] == ["envoy 1.36.4", "envoy 1.40.0", "envoy 9.9.9"]
    assert lines[1].split() == ["R3.2", "FAILED", "holds", "-"]
    assert re.split(r"\s{2,}", lines[2]) == ["R4.10", "not judged", "holds", "-"]


def test_each_cell_says_what_it_ran_what_broke_and_where_to_look() -> None:
    text = table([RED, GREEN, LOST, Result(UNKNOWN)])
    assert "envoy 1.36.4 (1.31.0+envoy1.36.4, Kubernetes 1.34.4): 118.4 s, RED, R3.2 FAILED" in text
    assert "  R3.2 FAILED: why\n" in text
    assert "  refused by a proxy: LDS Internal: no\n" in text
    assert "  report reports/run, log reports/log\n" in text
    assert "environment failed (exit code 3), no verdict\n" in text
    assert (
        "envoy 9.9.9 (--envoy-version 9.9.9): not available: upstream Envoy 9.9.9 is not available; " in text
    )


def test_programs_can_read_it_too() -> None:
    values = json.loads(json.dumps(as_json([RED, Result(UNKNOWN)], 1)))
    assert values["exit_code"] == 1
    red, unknown = values["combinations"]
    assert (red["istio"], red["envoy"], red["kubernetes"]) == ("1.31.0", "1.36.4", "1.34.4")
    assert red["requirements"]["R3.2"] == {"standing": "FAILED", "evidence": "why"}
    assert (unknown["exit_code"], unknown["requirements"], unknown["seconds"]) == (4, {}, None)
    assert unknown["why_not"].startswith("upstream Envoy 9.9.9")


# --- walking ---------------------------------------------------------------------------------------------


@pytest.fixture
def walks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Nothing but programs that stand for walks is real; collect what each was asked for."""
    asked: list[str] = []
    folder = RunFolder.of_now(tmp_path / "walked").make()
    folder.write_run(run_record(R4_4=Outcome.PASSED))

    def command(suite: SuiteOptions) -> list[str]:
        asked.append(f"{suite.images} {suite.versions.envoy} {suite.cluster_name}")
        code = 3 if suite.versions.envoy == "1.38.3" else 0
        return ["sh", "-c", f'cp -r {folder.path} "$1"; exit {code}']

    monkeypatch.setattr(SuiteOptions, "command", command)
    monkeypatch.setattr(reports, "REPORTS", tmp_path / "reports")
    monkeypatch.setattr(matrix, "ready_machine", lambda _: None)
    monkeypatch.setattr(Supply, "of_several", lambda *_: [])
    return asked


def test_cells_are_walked_one_after_the_other_and_written_down(
    walks: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--images", "build", "--envoy", "1.36.4,9.9.9,1.38.3,1.40.0", "--cluster-name", "c"]
    assert matrix.main(words) == 3
    assert walks == ["build 1.36.4 c", "build 1.38.3 c", "build 1.40.0 c"]
    (file,) = (tmp_path / "reports").glob("matrix-*.txt")
    text = capsys.readouterr().out
    assert file.read_text() in text
    assert "combination 2 of 4, --envoy-version 9.9.9: not available" in text
    assert "combination 3 of 4, 1.31.0+envoy1.38.3, Kubernetes 1.34.4: " in text
    assert [
        combination["exit_code"]
        for combination in json.loads(file.with_suffix(".json").read_text())["combinations"]
    ] == [0, 4, 3, 0]


def test_nothing_is_made_where_no_cell_can_be_had(
    walks: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert matrix.main(["--images", "build", "--envoy", "9.9.9"]) == 4
    assert not walks
    assert not (tmp_path / "reports").exists()
    assert "available: 1.36.2" in capsys.readouterr().err


def test_a_mesh_that_can_not_be_made_fails_its_own_cell_only(
    walks: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise EnvironmentFailed("no such wheel")

    monkeypatch.setattr(Supply, "of_several", fail)
    assert matrix.main(["--images", "build", "--envoy", "1.36.4,1.40.0", "--shard", "2/2"]) == 0
    assert walks == ["build 1.40.0 voting-conformance"]


def test_a_shard_without_a_cell_is_bad_input(walks: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert matrix.main(["--images", "build", "--envoy", "1.36.4,1.40.0", "--shard", "3/3"]) == 4
    assert not walks
    assert "shard 3/3 has no combination: there are 2" in capsys.readouterr().err


def refused_from(first: int, walks: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the walks from this one on be refused, as where another run holds the cluster's name."""

    def command(*_: object, **__: object) -> list[str]:
        walks.append("asked")
        refused = len(walks) >= first
        return ["sh", "-c", "echo another run has it; exit 4" if refused else "exit 0"]

    monkeypatch.setattr(SuiteOptions, "command", command)


def test_a_cell_that_is_refused_ends_nothing_but_itself(
    walks: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused_from(2, walks, monkeypatch)
    assert matrix.main(["--images", "build", "--envoy", "1.36.4,1.38.3,1.40.0"]) == 4
    assert len(walks) == 3
    (file,) = (tmp_path / "reports").glob("matrix-*.json")
    written = json.loads(file.read_text())
    assert written["exit_code"] == 4
    assert [combination["exit_code"] for combination in written["combinations"]] == [0, 4, 4]
    assert "another run has it" in written["combinations"][1]["said"]
    assert "another run has it" in file.with_suffix(".txt").read_text()


def test_arguments_that_pytest_refuses_are_wrong_for_every_cell(
    walks: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused_from(1, walks, monkeypatch)
    assert matrix.main(["--images", "build", "--envoy", "1.36.4,1.38.3"]) == 4
    assert len(walks) == 1
    (file,) = (tmp_path / "reports").glob("matrix-*.json")
    assert json.loads(file.read_text()) == {"exit_code": None, "combinations": []}


def test_the_page_has_every_cell_and_links_to_the_page_of_each_run() -> None:
    values = json.loads(json.dumps(as_json([GREEN, RED, LOST, Result(UNKNOWN)], 1)))
    text = matrix_page(values)
    assert "1 of 4 combinations holds." in text
    assert text.count('href="run/report.html"') == 2
    assert [text.count(f'<td class="tag {tone}">{word}') for tone, word in CELLS] == [2, 1, 1]
    assert "9.9.9 is not available" in text


CELLS = (("holds", "holds"), ("FAILED", "FAILED"), ("other", "not judged"))


def test_what_comes_from_runs_is_text_in_the_page() -> None:
    values = json.loads(json.dumps(as_json([RED], 1)))
    values["combinations"][0]["requirements"]["R3.2"]["evidence"] = HOSTILE
    assert "<script" not in matrix_page(values)
    assert "alert(1)" in matrix_page(values)
