"""The tables fit the width, name what matters, and let nothing of a page through to the terminal."""

import re
from dataclasses import replace

import pytest

from canary_conformance.progress import Phase
from canary_conformance.report.run_record import Outcome, RunRecord, TestRecord, Tier
from canary_conformance.report.run_tables import requirement_table, times_table
from canary_conformance.verdicts import Verdict
from canary_conformance.voting.requirements import REQUIREMENTS


def record(id_: str, evidence: str, *, outcome: Outcome = Outcome.PASSED) -> TestRecord:
    held = outcome is Outcome.PASSED
    verdict = Verdict(held, "expected", "seen", evidence, (), 600, None, None)
    return TestRecord(f"test of {id_}", (id_,), REQUIREMENTS[id_].stage, outcome, (verdict,), "", 1.0)


def table(*tests: TestRecord, width: int = 110) -> list[str]:
    return requirement_table(RunRecord((), tests, ()), width).splitlines()


def test_selected_requirements_stand_under_their_stage_in_order() -> None:
    broken = record("R4.4", "60 of 600 from 1.0", outcome=Outcome.FAILED)
    lines = table(record("R4.10", "12 of 12"), broken, record("R0.1", "as listed"))
    assert lines[:2] == ["FAILED because of 1 failure of unknown cause:", "1. R4.4: 60 of 600 from 1.0"]
    lines = lines[2:]
    assert [line.split("  ")[0] for line in lines[:5]] == ["all stages", "R0.1", "stage 4", "R4.4", "R4.10"]
    assert lines[3].split(maxsplit=1)[1].startswith("With the flag a user always sees 2.0")
    assert lines[3].endswith("  FAILED      cause 1: 60 of 600 from 1.0")
    assert lines[4].endswith("  holds       12 of 12")
    assert lines[5] == "34 requirements: 2 hold, 1 failed, 31 not run; incomplete"
    assert "3 verdicts" in lines[6]


def test_a_run_of_the_static_tier_alone_says_how_far_it_goes() -> None:
    static = replace(record("R4.4", "as routed"), tier=Tier.STATIC)
    assert table(static)[-1].startswith("Judged by the manifests alone")
    assert not any("manifests alone" in line for line in table(static, record("R4.3", "0 of 600")))


@pytest.mark.parametrize("width", [60, 80, 110, 200])
def test_no_line_is_longer_than_the_width(width: int) -> None:
    tests = [record(id_, "503 " * 60 + "x" * 300) for id_ in REQUIREMENTS]
    lines = table(*tests, width=width)
    assert max(map(len, lines)) <= width
    assert not [line for line in lines if line != line.rstrip()]


def test_evidence_is_wrapped_and_never_cut() -> None:
    words = [f"word{number}" for number in range(40)]
    text = "\n".join(table(record("R4.4", " ".join(words)), width=80))
    assert [word for word in words if word not in text] == []


def test_a_long_requirement_is_cut_to_one_line() -> None:
    lines = table(record("R4.2", "all ready"), width=80)
    assert lines[1].startswith("R4.2  Three app pods")
    assert re.search(r" \.\.\. +holds       all ready$", lines[1])
    assert lines[2].startswith("34 requirements")


def test_control_characters_and_markup_do_not_reach_the_terminal() -> None:
    lines = table(record("R4.4", "\x1b[31m[bold]red\x00\u202e"))
    assert lines[1].endswith("?[31m[bold]red??")


def test_a_run_of_nothing_says_so() -> None:
    assert table()[0] == "34 requirements: 34 not run; incomplete"


PHASES = (
    Phase("kind create", 1, 0.5, 9.5),
    Phase("cluster", 0, 0.0, 10.0),
    Phase("apply", 1, 12.0, 1.0),
    Phase("apply", 1, 14.0, 2.0),
    Phase("stage 1", 0, 12.0, 8.0),
    Phase("apply", 1, 20.0, 4.0),
    Phase("stage 2", 0, 20.0, 5.0),
)


def rows(text: str) -> list[tuple[str, str, str]]:
    parsed = []
    for line in text.splitlines():
        name, _, numbers = line.rpartition(" s ")
        label, seconds = name.rsplit(maxsplit=1)
        parsed.append((label.rstrip(), seconds, numbers.strip()))
    return parsed


def test_times_are_nested_and_equal_phases_added_up() -> None:
    assert rows(times_table(PHASES)) == [
        ("cluster", "10.0", "40%"),
        ("  kind create", "9.5", "38%"),
        ("stage 1", "8.0", "32%"),
        ("  apply (x2)", "3.0", "12%"),
        ("stage 2", "5.0", "20%"),
        ("  apply", "4.0", "16%"),
        ("outside of any phase", "2.0", "8%"),
        ("the run", "25.0", "100%"),
    ]


def test_what_comes_after_the_last_phase_is_of_the_run_too() -> None:
    assert rows(times_table(PHASES, seconds=50.0))[-2:] == [
        ("outside of any phase", "27.0", "54%"),
        ("the run", "50.0", "100%"),
    ]


def test_only_the_longest_phases_are_shown_with_those_that_they_lie_in() -> None:
    text = times_table(PHASES, top=2)
    labels = [line.split("  ")[0] or line.strip().split("  ")[0] for line in text.splitlines()]
    assert labels == [
        "cluster",
        "kind create",
        "outside of any phase",
        "the run",
        "(4 shorter ones not shown)",
    ]


def test_a_phase_whose_surrounding_one_has_not_ended_stands_alone() -> None:
    phases = (Phase("cluster", 0, 0.0, 10.0), Phase("apply", 1, 12.0, 3.0))
    assert [label for label, _, _ in rows(times_table(phases))][:2] == ["cluster", "apply"]


def test_a_repeated_phase_stands_with_what_lies_in_it() -> None:
    rounds = [
        phase
        for start in (0.0, 10.0)
        for phase in (
            Phase("apply", 1, start + 1, 2.0),
            Phase("round", 0, start, 6.0),
            Phase("clean up", 0, start + 6, 4.0),
        )
    ]
    labels = [label for label, _, _ in rows(times_table(rounds))]
    assert labels == ["round (x2)", "  apply (x2)", "clean up (x2)", "the run"]


def test_times_fit_the_width_and_nothing_gives_nothing() -> None:
    long = times_table([Phase("build " + "x" * 200, 0, 0.0, 1.0)], width=80)
    assert {len(line) for line in long.splitlines()} == {80}
    assert times_table([]) == ""
    assert "100%" not in times_table([Phase("at once", 0, 0.0, 0.0)])
