"""The table of samples is what a run recorded, has every requirement, and its numbers are right."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from canary_conformance.paths import REPOSITORY
from canary_conformance.report.run_record import Outcome, TestRecord, Tier
from canary_conformance.verdicts import Verdict, smallest_leak_found
from canary_conformance.verdicts.wording import percent
from canary_conformance.voting.requirements import REQUIREMENTS
from tools.sample_table import PAGE, main, table

BEGIN, END = "<!-- samples:begin -->", "<!-- samples:end -->"

ROW = re.compile(r"^\| (R\d\.\d+) \| (.*?) \| (yes|-) \| (yes|-) \|$", re.MULTILINE)
SAMPLE = re.compile(r"(\d+) (?:page|vote|connection)s?: ([\d.]+ %)")


def verdict(expected: str, size: int, leak: float | None, chance: float | None = 0.0) -> Verdict:
    return Verdict(True, expected, "seen", "evidence", (), size, chance, leak)


def record(*verdicts: Verdict, tier: Tier = Tier.LIVE, requirement: str = "R4.3") -> TestRecord:
    return TestRecord("tests/t.py::test_one", (requirement,), 4, Outcome.PASSED, verdicts, "", 1.0, tier)


def row(*tests: TestRecord, requirement: str = "R4.3") -> tuple[str, ...]:
    (found,) = (one for one in ROW.findall(table(tests)) if one[0] == requirement)
    return tuple(found[1:])


def test_each_size_of_sample_is_named_once_with_what_it_finds_the_largest_first() -> None:
    votes = verdict("688 votes without a cookie: each counted once", 688, 0.00999)
    pages = verdict("1375 pages without a cookie: each whole", 1375, 0.00501)
    assert row(record(votes, pages), record(votes)) == ("1375 pages: 0.501 %; 688 votes: 0.999 %", "-", "-")


def test_pages_of_continuous_voters_are_as_many_as_the_transition_takes() -> None:
    continuous = verdict("298 pages of the ordinary voter while stage 4 was entered: 0 failed", 298, 0.02)
    assert row(record(continuous)) == ("-", "yes", "-")


def test_what_is_compared_is_looked_at_once() -> None:
    assert row(record(verdict("15 connections: as required", 15, None, None))) == ("-", "-", "yes")


def test_a_split_finds_a_shift_and_depends_on_chance() -> None:
    split = verdict("464 pages without a cookie: plain 50 %, by LEAST_REQUEST", 464, 0.199, 1e-8)
    assert row(record(split)) == ("464 pages: a shift of 19.9 %", "-", "-")
    assert table([record(split)]).startswith("1 verdicts of a run depend on chance")


def test_the_static_tier_has_no_samples() -> None:
    assert row(record(verdict("3 pages: whole", 3, 0.9), tier=Tier.STATIC)) == ("-", "-", "-")


def test_the_page_is_rewritten_from_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / PAGE
    page.parent.mkdir()
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    test = asdict(record(verdict("688 votes without a cookie: each", 688, 0.00999)))
    (tmp_path / "run.json").write_text(json.dumps({"tests": [test]}))
    assert main([str(tmp_path), "--check"], tmp_path) == 1
    assert "-old" in capsys.readouterr().out
    assert main([str(tmp_path)], tmp_path) == 0
    assert "688 votes: 0.999 %" in page.read_text()
    assert main([str(tmp_path), "--check"], tmp_path) == 0
    assert main([str(tmp_path / "none")], tmp_path) == 1


def test_the_repositorys_table_has_every_requirement_and_what_each_size_finds() -> None:
    rows = ROW.findall((REPOSITORY / PAGE).read_text(encoding="utf-8"))
    assert [one[0] for one in rows] == list(REQUIREMENTS)
    for id_, *cells in rows:
        assert cells != ["-", "-", "-"], f"{id_} has no observation at all"
        for size, leak in SAMPLE.findall(cells[0]):
            assert leak == percent(smallest_leak_found(int(size))), id_
