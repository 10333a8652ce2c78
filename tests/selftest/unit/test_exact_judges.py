"""Compared values: every difference is shown, and nothing equals only nothing."""

import pytest

from canary_conformance.scenario.observations import Reply, ReplyKind
from canary_conformance.verdicts import answers_with, counted, exactly, matrix, refused_by_reset, same
from canary_conformance.voting.cookie_matrix import ServedBy
from canary_conformance.voting.page_checks import routed_to

OLD, NEW = ServedBy(frozenset({"1.0"})), ServedBy(frozenset({"2.0"}))

PONG = Reply(ReplyKind.ANSWERED, b"+PONG\r\n", "", 0.001)
RESET = Reply(ReplyKind.RESET, b"", "errno 104", 0.001)
REACH = {
    ("app 1.0", "storage:6379"): answers_with(b"+PONG"),
    ("analytics 1.0", "storage:6379"): refused_by_reset,
}


class TestSame:
    def test_members_are_compared_in_any_order(self) -> None:
        verdict = same(["b", "a"], "objects")(("a", "b"))
        assert verdict.held
        assert (verdict.expected, verdict.evidence) == ("2 objects: a, b", "2 of 2 objects")
        assert (verdict.false_alarm, verdict.smallest_leak) == (None, None)

    def test_a_difference_is_shown_both_ways(self) -> None:
        verdict = same(["a", "b", "c"], "objects")(["a", "x", "a"])
        assert not verdict.held
        assert verdict.seen.splitlines() == ["2 of 3 objects missing: b, c", "2 unexpected objects: a, x"]

    def test_seeing_nothing_holds_only_when_nothing_was_expected(self) -> None:
        verdict = same([], "warnings")(())
        assert (verdict.held, verdict.expected, verdict.evidence) == (True, "no warnings", "no warnings")
        assert not same([], "warnings")(["x"]).held
        assert same(["a", "a"], "objects")([]).seen == "2 of 2 objects missing: a (2 times)"

    def test_mappings_are_compared_key_by_key(self) -> None:
        assert same({"app": "x", "version": "1.0"})({"version": "1.0", "app": "x"}).held
        assert same({"version": "1.0"}, "labels")({"version": "2.0"}).seen == "version: 2.0 instead of 1.0"
        verdict = same({"a": "1", "b": "2"}, "legs")({"b": "3", "c": "4"})
        assert verdict.evidence == "3 of 3 legs are wrong"
        assert verdict.seen.splitlines()[1:] == ["a: missing", "c: unexpected (4)", "b: 3 instead of 2"]
        assert same({}, "cookies")({}).evidence == "no cookies"
        assert not same({}, "cookies")({"a": "b"}).held
        assert not same({"a": "1"})(["a"]).held

    def test_single_values_are_compared_too(self) -> None:
        assert same("enabled", "label")("enabled").evidence == "label: enabled"
        assert same("enabled", "label")(None).seen == "label: None instead of enabled"
        assert not same("a")(["a"]).held

    def test_a_sentence_is_true_or_not(self) -> None:
        judge = same(True, "handshakes are counted")
        assert judge(True).evidence == "handshakes are counted"
        assert judge(False).seen == "not true: handshakes are counted"

    def test_what_holds_may_be_said_in_other_words(self) -> None:
        judge = same((), "pods that were not replaced", "the pod was replaced")
        assert judge(()).evidence == "the pod was replaced"
        assert judge(["x"]).evidence == "1 unexpected pods that were not replaced: x"


class TestCounted:
    def test_all_of_them_are_added_up(self) -> None:
        verdict = counted({"app": 3, "store": 1}, "pods ready")({"store": 1, "app": 3})
        assert (verdict.held, verdict.evidence) == (True, "4 of 4 pods ready")

    def test_too_few_too_many_and_others_fail(self) -> None:
        judge = counted({"app": 3, "store": 1}, "pods ready")
        assert judge({"store": 1}).evidence == "app: 0 of 3 pods ready"
        assert judge({"app": 4, "store": 1}).evidence == "app: 4 of 3 pods ready"
        assert judge({"app": 3, "store": 1, "x": 1}).evidence == "x: 1 pods ready, where none should be"


class TestMatrix:
    def test_holds_when_each_passes_its_own_check(self) -> None:
        seen = dict(zip(REACH, (PONG, RESET), strict=True))
        verdict = matrix(REACH, "connections")(seen)
        assert verdict.held
        assert verdict.evidence == (
            "2 of 2 connections: 1 answered with b'+PONG', 1 refused by a reset or a close"
        )

    def test_what_holds_for_all_is_said_once(self) -> None:
        judge = matrix(dict.fromkeys("ab", routed_to("2.0")), "cookies")
        assert judge({"a": NEW, "b": NEW}).evidence == "2 of 2 cookies routed to voting-app 2.0"
        one = matrix({"a": routed_to("2.0")}, "cookies")
        assert one({"a": NEW}).evidence == "a: routed to voting-app 2.0"
        assert one({"a": OLD}).evidence == "a: routed to voting-app 1.0 instead of 2.0"

    def test_the_things_that_differ_are_named_with_what_was_seen(self) -> None:
        verdict = matrix(REACH, "connections")(dict.fromkeys(REACH, PONG))
        assert not verdict.held
        assert verdict.seen == (
            "1 of 2 connections received b'+PONG\\r\\n' instead of refused by a reset or a close: "
            "analytics 1.0 -> storage:6379"
        )
        assert verdict.examples[0].startswith("analytics 1.0 -> storage:6379: answered; ")

    def test_equal_complaints_are_counted_and_told_once(self) -> None:
        cookies = {f"c{number}": routed_to("2.0") for number in range(11)}
        seen = {name: OLD if name < "c7" and name != "c10" else NEW for name in cookies}
        verdict = matrix(cookies, "cookies")(seen)
        assert verdict.evidence == "7 of 11 cookies were routed to voting-app 1.0 instead of 2.0"
        assert verdict.seen == f"{verdict.evidence}: c0, c1, c2, c3, c4 and 2 more"

    def test_what_is_missing_or_too_many_fails(self) -> None:
        verdict = matrix({"a": exactly("OK"), "": exactly("OK")}, "legs")({"a": "OK", "c": "OK"})
        assert verdict.seen.splitlines() == [
            "1 of 2 legs was not observed: (empty)",
            "1 more legs than expected: c",
        ]
        assert not matrix({"a": exactly("OK")}, "legs")({}).held

    def test_many_different_complaints_are_cut(self) -> None:
        cells = {f"cell {i}": exactly("OK") for i in range(20)}
        verdict = matrix(cells, "legs")({name: f"CONFLICT {name}" for name in cells})
        assert len(verdict.seen.splitlines()) == 9
        assert verdict.seen.splitlines()[-1] == "and 12 more"
        assert len(verdict.examples) == 2

    def test_a_matrix_without_cells_is_an_error(self) -> None:
        with pytest.raises(ValueError, match="judges nothing"):
            matrix({}, "legs")
