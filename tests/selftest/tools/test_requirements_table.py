"""The tables of docs/requirements.md are made from the tests' sources; unreadable marks are refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from canary_conformance.paths import MANIFESTS, TESTS
from canary_conformance.scenario.requirement import Trait
from canary_conformance.voting.requirements import REQUIREMENTS, UPGRADE_REQUIREMENTS
from tools.generated_parts import with_part
from tools.requirement_marks import MarkedTest, Unreadable, collect_marks
from tools.requirements_table import NO_TEST, PAGE, PART, ManifestLines, main, tables
from tools.source_links import Link

BEGIN, END = "<!-- requirements:begin -->", "<!-- requirements:end -->"

CANARY = """
import pytest
import a_module_that_is_nowhere
from fixtures.marks import requirement

@requirement("R4.4")
def test_with_the_flag(voter):
    unmarked = requirement("R1.1")

@pytest.mark.slow
@requirement("R4.5", "R4.3")
@requirement("R4.3")
async def test_cookie(voter): ...

class TestStores:
    @pytest.mark.requirement("R4.7")
    def test_two(self): ...

@pytest.mark.parametrize("n", [1, pytest.param(2, marks=requirement("R4.8"))])
def test_chains(n): ...

def test_without_a_mark(): ...
"""


def write(root: Path, path: str, source: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(source, encoding="utf-8")


def found(root: Path) -> list[tuple[str, str]]:
    return [(mark.requirement, mark.test.name) for mark in collect_marks(root / "tests")]


def rows_of(root: Path) -> dict[str, list[str]]:
    """Return the cells of each requirement's row, with this repository's manifests."""
    text = tables(collect_marks(root / "tests"), ManifestLines(MANIFESTS))
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| **")]
    return {cells[0].split("**")[1]: cells for cells in rows}


def test_marks_are_read_in_every_form_and_nothing_is_imported(tmp_path: Path) -> None:
    write(tmp_path, "tests/stage_4_canary/test_canary.py", CANARY)
    assert found(tmp_path) == [
        ("R4.4", "test_with_the_flag"),
        ("R4.5", "test_cookie"),
        ("R4.3", "test_cookie"),
        ("R4.7", "test_two"),
        ("R4.8", "test_chains"),
    ]
    first = collect_marks(tmp_path / "tests")[0]
    file = Path("tests/stage_4_canary/test_canary.py")
    assert first == MarkedTest("R4.4", 4, "canary", Link("test_with_the_flag", file, 7))


def test_only_tests_in_stage_folders_count(tmp_path: Path) -> None:
    source = '@requirement("R4.4")\ndef test_x(): ...\n'
    for path in ("selftest/test_x.py", "test_x.py", "stage_4_canary/helper.py", "stages/helper.py"):
        write(tmp_path, f"tests/{path}", source)
    assert found(tmp_path) == []
    write(tmp_path, "tests/stage_6_clean_up/deeper/test_x.py", source)
    assert [mark.stage_name for mark in collect_marks(tmp_path / "tests")] == ["clean up"]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ('@requirement("R4.44")\ndef test_x(): ...', r"test_x\.py:1: unknown requirement 'R4\.44'; did you"),
        ("@requirement(WHICH)\ndef test_x(): ...", "write the id out"),
        ("@requirement(*WHICH)\ndef test_x(): ...", "write the id out"),
        ("@requirement()\ndef test_x(): ...", "a mark is written"),
        ('@requirement(id="R4.4")\ndef test_x(): ...', "a mark is written"),
        ('\npytestmark = requirement("R4.4")', r"test_x\.py:2: .*marked on a test function"),
        ('@requirement("R4.4")\nclass TestX: ...', "marked on a test function"),
        ('class TestX:\n  pytestmark = [requirement("R4.4")]', "marked on a test function"),
        ('if True:\n  @requirement("R4.4")\n  def test_x(): ...', "marked on a test function"),
        ('@requirement("R4.4")\ndef helper(): ...', "helper is marked and is no test"),
    ],
)
def test_a_mark_that_the_table_would_miss_is_refused(tmp_path: Path, source: str, why: str) -> None:
    write(tmp_path, "tests/stage_4_canary/test_x.py", source)
    with pytest.raises(Unreadable, match=why):
        collect_marks(tmp_path / "tests")


def test_tables_have_every_requirement_with_links_to_its_tests(tmp_path: Path) -> None:
    write(tmp_path, "tests/stage_4_canary/test_canary.py", CANARY)
    write(tmp_path, "tests/stage_5_finalize/test_all.py", '@requirement("R4.4")\ndef test_again(): ...')
    rows = rows_of(tmp_path)
    assert list(rows) == [*REQUIREMENTS, *UPGRADE_REQUIREMENTS]
    canary, again = "tests/stage_4_canary/test_canary.py", "tests/stage_5_finalize/test_all.py"
    name, _, tests, static, judges = rows["R4.4"]
    assert name == f"**R4.4** {REQUIREMENTS['R4.4'].sentence}"
    assert tests == f"[test_with_the_flag](../{canary}#L7)<br>[test_again](../{again}#L2)"
    assert (static, judges) == ("-", "-")
    assert rows["R0.1"][2:] == [NO_TEST, "-", "-"]
    assert sum(NO_TEST in cells for cells in rows.values()) == len(rows) - 5


def test_a_row_links_the_manifest_lines_that_are_in_force_at_its_stage(tmp_path: Path) -> None:
    rows = rows_of(tmp_path)
    canary = "../manifests/istio/step-3-add-routing-for-2.0-components.yaml"
    assert rows["R4.4"][1].startswith(f"[VirtualService/voting-app spec.http[0].match]({canary}#L31)<br>")
    assert "step-4-route-everyone" in rows["R5.1"][1]
    assert "step-4-route-everyone" not in rows["R4.3"][1]
    assert rows["R6.2"][1].startswith("[scenario.yaml stages")


def test_a_test_that_is_repeated_at_several_stages_is_listed_once_by_each_requirement(tmp_path: Path) -> None:
    source = '@at_stages({4: ("R4.3", "R4.7"), 5: "R5.1"})\ndef test_x(): ...\n'
    write(tmp_path, "tests/stages/test_x.py", source + source.replace("})", '}, mark="model_of")'))
    assert found(tmp_path) == [("R4.3", "test_x"), ("R4.7", "test_x"), ("R5.1", "test_x")]


def test_tests_of_the_static_tier_have_a_column_of_their_own(tmp_path: Path) -> None:
    file = "tests/static/test_stage_4_canary.py"
    write(tmp_path, file, '@requirement("R4.4")\ndef test_by_the_rules(): ...')
    write(tmp_path, "tests/static/conftest.py", '@requirement("R4.4")\ndef test_x(): ...')
    (mark,) = collect_marks(tmp_path / "tests")
    assert (mark.stage, mark.stage_name, mark.static) == (4, "canary", True)
    assert rows_of(tmp_path)["R4.4"][2:4] == ["-", f"[test_by_the_rules](../{file}#L2)"]


def test_tests_of_an_upgrade_are_read_too(tmp_path: Path) -> None:
    write(tmp_path, "tests/upgrade/test_moving.py", '@requirement("U1")\ndef test_moved(): ...')
    assert rows_of(tmp_path)["U1"][2] == "[test_moved](../tests/upgrade/test_moving.py#L2)"


JUDGED = """
from canary_conformance.traffic.voter import Voter
from canary_conformance.verdicts import every, expect, served_by as by, times_to_see_all
from canary_conformance.voting.static.static_judges import answered_by
from canary_conformance.voting.static.model_questions import page

@requirement("R4.4")
def test_judged(voter, plan):
    expect(voter.open_page(times_to_see_all(2)), every(by("2.0")))
    expect(page(plan), answered_by({}))
    every(answered_by)
"""
VERDICTS = """
from canary_conformance.verdicts.sample_judges import every
from canary_conformance.verdicts.checks import served_by
from canary_conformance.verdicts.expect import expect
from canary_conformance.verdicts.statistics import times_to_see_all
"""


def test_judges_are_followed_to_where_they_are_defined(tmp_path: Path) -> None:
    library = "canary_conformance"
    write(tmp_path, "tests/stage_4_canary/test_judged.py", JUDGED)
    write(tmp_path, f"{library}/verdicts/__init__.py", VERDICTS)
    for path, name in {
        "traffic/voter": "Voter",
        "verdicts/sample_judges": "every",
        "verdicts/checks": "served_by",
        "verdicts/expect": "expect",
        "verdicts/statistics": "times_to_see_all",
        "voting/static/static_judges": "answered_by",
        "voting/static/model_questions": "page",
    }.items():
        write(tmp_path, f"{library}/{path}.py", f"\ndef {name}(): ...\n")
    (mark,) = collect_marks(tmp_path / "tests")
    assert [(judge.name, judge.file.as_posix(), judge.line) for judge in mark.judges] == [
        ("every", f"{library}/verdicts/sample_judges.py", 2),
        ("served_by", f"{library}/verdicts/checks.py", 2),
        ("answered_by", f"{library}/voting/static/static_judges.py", 2),
    ]


def test_only_what_stands_between_the_markers_is_replaced() -> None:
    page = f"# Title\n{BEGIN}\nold\n{END}\nrest\n"
    assert with_part(page, PART, "new", PAGE) == f"# Title\n{BEGIN}\nnew\n{END}\nrest\n"


@pytest.mark.parametrize("page", ["", BEGIN, END, f"{END}{BEGIN}", f"{BEGIN}{END}{BEGIN}{END}"])
def test_a_page_without_its_markers_is_refused(page: str) -> None:
    with pytest.raises(ValueError, match="requirements:begin"):
        with_part(page, PART, "new", PAGE)


def test_the_command_checks_then_rewrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(MANIFESTS, tmp_path / "manifests")
    write(tmp_path, "tests/stage_4_canary/test_canary.py", CANARY)
    write(tmp_path, "docs/requirements.md", f"{BEGIN}\nold\n{END}\n")
    page = tmp_path / "docs/requirements.md"
    assert main(["--check"], tmp_path) == 1
    assert "-old\n+## Every stage" in capsys.readouterr().out
    assert "old" in page.read_text(encoding="utf-8")
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    assert capsys.readouterr().out == ""
    assert "test_with_the_flag" in page.read_text(encoding="utf-8")


def test_the_command_names_the_missing_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(MANIFESTS, tmp_path / "manifests")
    assert main([], tmp_path) == 1
    assert "requirements.md" in capsys.readouterr().err


def test_no_requirement_is_without_a_test_on_a_cluster_and_one_of_its_manifests() -> None:
    marks = collect_marks(TESTS)
    static = {one.requirement for one in marks if "static" in one.test.file.parts}
    live = {one.requirement for one in marks if "static" not in one.test.file.parts}
    assert live >= {*REQUIREMENTS, *UPGRADE_REQUIREMENTS}
    on_a_cluster_only = {one.id for one in REQUIREMENTS.values() if Trait.ON_A_CLUSTER_ONLY in one.traits}
    assert set(REQUIREMENTS) - static == on_a_cluster_only
