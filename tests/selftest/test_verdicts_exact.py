"""Compared values: every difference is shown, and nothing equals only nothing."""

from __future__ import annotations

import pytest

from fixtures.scenario.observed import Reply, ReplyKind
from fixtures.verdicts import (
    answers_with,
    exactly,
    matrix,
    refused_by_reset,
    same,
)

pytestmark = pytest.mark.selftest

PONG = Reply(ReplyKind.ANSWERED, b"+PONG\r\n", "", 0.001)
RESET = Reply(ReplyKind.RESET, b"", "errno 104", 0.001)
TIMED_OUT = Reply(ReplyKind.TIMED_OUT, b"", "", 5.0)
REACH = {
    ("app 1.0", "storage:6379"): answers_with(b"+PONG"),
    ("analytics 1.0", "storage:6379"): refused_by_reset,
}


class TestSame:
    def test_members_are_compared_in_any_order(self) -> None:
        verdict = same(["b", "a"], "objects")(("a", "b"))
        assert verdict.held
        assert (verdict.expected, verdict.evidence) == ("2 objects: a, b", "2 objects as expected")
        assert (verdict.false_alarm, verdict.smallest_leak) == (None, None)

    def test_a_difference_is_shown_both_ways(self) -> None:
        verdict = same(["a", "b", "c"])(["a", "x", "a"])
        assert not verdict.held
        assert verdict.seen.splitlines() == ["missing: b, c", "unexpected: a, x"]

    def test_seeing_nothing_holds_only_when_nothing_was_expected(self) -> None:
        assert same([])(()).held
        verdict = same(["a", "a"])([])
        assert verdict.seen == "missing: a (2 times)"

    def test_mappings_and_single_values_are_compared_too(self) -> None:
        assert same({"app": "x", "version": "1.0"})({"version": "1.0", "app": "x"}).held
        assert (
            same({"version": "1.0"})({"version": "2.0"}).seen
            == "missing: version: 1.0\nunexpected: version: 2.0"
        )
        assert same("enabled")("enabled").held
        assert same("enabled", "label")(None).seen == "label: None"
        assert not same("a")(["a"]).held


class TestMatrix:
    def test_holds_when_each_cell_passes_its_own_check(self) -> None:
        seen = dict(zip(REACH, (PONG, RESET), strict=True))
        verdict = matrix(REACH)(seen)
        assert verdict.held
        assert verdict.evidence == "2 of 2 cells as expected"

    def test_the_rows_that_differ_are_shown(self) -> None:
        verdict = matrix(REACH)(dict.fromkeys(REACH, PONG))
        assert not verdict.held
        assert verdict.seen.splitlines() == [
            "1 of 2 cells differ",
            "analytics 1.0 -> storage:6379: received b'+PONG\\r\\n', not refused by a reset or a close",
        ]
        assert verdict.examples[0].startswith("analytics 1.0 -> storage:6379: answered; ")

    def test_a_refusal_for_another_reason_is_none(self) -> None:
        seen = dict(zip(REACH, (PONG, TIMED_OUT), strict=True))
        assert "timed out, not refused" in matrix(REACH)(seen).seen

    def test_cells_that_are_missing_or_too_many_break_it(self) -> None:
        verdict = matrix({"a": exactly("OK"), "": exactly("OK")})({"a": "OK", "c": "OK"})
        assert verdict.seen.splitlines() == [
            "2 of 2 cells differ",
            "(empty): not observed",
            "c: not expected",
        ]
        assert not matrix({"a": exactly("OK")})({}).held

    def test_many_rows_are_cut(self) -> None:
        cells = {f"cell {i}": exactly("OK") for i in range(20)}
        verdict = matrix(cells)(dict.fromkeys(cells, "CONFLICT"))
        assert len(verdict.seen.splitlines()) == 10
        assert verdict.seen.splitlines()[-1] == "and 12 more"
        assert len(verdict.examples) == 2

    def test_a_matrix_without_cells_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="judges nothing"):
            matrix({})
