"""The README's table is made from the marks as they are written, and what it can't read is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from canary_conformance.voting.requirements import REQUIREMENTS
from tools.requirements_table import (
    BEGIN,
    END,
    NO_TEST,
    MarkedTest,
    Unreadable,
    collect_marks,
    main,
    readme_table,
    with_table,
)

pytestmark = pytest.mark.selftest

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
    return [(mark.requirement, mark.function) for mark in collect_marks(root / "tests")]


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
    assert first == MarkedTest("R4.4", 4, "canary", file, "test_with_the_flag")


def test_only_tests_in_stage_folders_count(tmp_path: Path) -> None:
    source = '@requirement("R4.4")\ndef test_x(): ...\n'
    for path in ("selftest/test_x.py", "test_x.py", "stage_4_canary/helper.py", "stages/test_x.py"):
        write(tmp_path, f"tests/{path}", source)
    assert found(tmp_path) == []
    write(tmp_path, "tests/stage_6_clean_up/deeper/test_x.py", source)
    assert [mark.stage_name for mark in collect_marks(tmp_path / "tests")] == ["clean up"]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (
            '@requirement("R4.44")\ndef test_x(): ...',
            r"test_x\.py:1: unknown requirement 'R4\.44'; did you",
        ),
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


def test_the_table_has_every_requirement_with_its_tests(tmp_path: Path) -> None:
    write(tmp_path, "tests/stage_4_canary/test_canary.py", CANARY)
    write(tmp_path, "tests/stage_5_finalize/test_all.py", '@requirement("R4.4")\ndef test_again(): ...')
    lines = readme_table(collect_marks(tmp_path / "tests")).splitlines()[2:]
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines] == list(REQUIREMENTS)
    canary, again = "tests/stage_4_canary/test_canary.py", "tests/stage_5_finalize/test_all.py"
    assert (
        f"| R4.4 | {REQUIREMENTS['R4.4'].sentence} | 4 canary | "
        f"[test_with_the_flag]({canary})<br>[test_again]({again}) | - |"
    ) in lines
    assert lines[0] == f"| R0.1 | {REQUIREMENTS['R0.1'].sentence} | all | {NO_TEST} | - |"
    assert sum(NO_TEST in line for line in lines) == len(REQUIREMENTS) - 5


def test_tests_of_the_static_tier_have_a_column_of_their_own(tmp_path: Path) -> None:
    file = "tests/static/test_stage_4_canary.py"
    write(tmp_path, file, '@requirement("R4.4")\ndef test_by_the_rules(): ...')
    write(tmp_path, "tests/static/conftest.py", '@requirement("R4.4")\ndef test_x(): ...')
    (mark,) = collect_marks(tmp_path / "tests")
    assert (mark.stage, mark.stage_name, mark.static) == (4, "canary", True)
    assert f"| 4 canary | {NO_TEST} | [test_by_the_rules]({file}) |" in readme_table([mark])


def test_only_what_stands_between_the_markers_is_replaced() -> None:
    readme = f"# Title\n{BEGIN}\nold\n{END}\nrest\n"
    assert with_table(readme, "new") == f"# Title\n{BEGIN}\nnew\n{END}\nrest\n"


@pytest.mark.parametrize("readme", ["", BEGIN, END, f"{END}{BEGIN}", f"{BEGIN}{END}{BEGIN}{END}"])
def test_a_readme_without_its_markers_is_refused(readme: str) -> None:
    with pytest.raises(Unreadable, match="requirements:begin"):
        with_table(readme, "new")


def test_the_command_checks_then_rewrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, "tests/stage_4_canary/test_canary.py", CANARY)
    write(tmp_path, "README.md", f"{BEGIN}\nold\n{END}\n")
    assert main(["--check"], tmp_path) == 1
    assert "-old\n+| id |" in capsys.readouterr().out
    assert "old" in (tmp_path / "README.md").read_text(encoding="utf-8")
    assert main([], tmp_path) == 0
    assert main(["--check"], tmp_path) == 0
    assert capsys.readouterr().out == ""
    assert "test_with_the_flag" in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_the_command_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], tmp_path) == 1
    assert "README.md" in capsys.readouterr().err
