"""A mutant is caught by a requirement that names the mistake; shares and failures follow from that."""

from __future__ import annotations

from canary_conformance.report.run_record import Tier
from canary_conformance.scenario.places import Place
from tools.mutants.mutant import Mutant
from tools.mutants.scoring import Judged, Kill, Share, Standing, left_alive, score


def mutant(name: str, expected: str = "R4.4", decided: Tier = Tier.STATIC) -> Mutant:
    return Mutant(name, "f", b"a", b"b", "operator", Place("f", 1), frozenset(expected.split()), decided)


def static(name: str, *ids: str, problem: str = "", seconds: float = 0.02) -> Judged:
    kills = tuple(Kill(id_, Tier.STATIC, seconds, "test", "words") for id_ in ids)
    return Judged(name, Tier.STATIC, seconds, kills, problem)


def live(name: str, *ids: str, problem: str = "", after: float | None = None) -> Judged:
    kills = tuple(Kill(id_, Tier.LIVE, 9, "t", "w", after) for id_ in ids)
    return Judged(name, Tier.LIVE, 90, kills, problem)


def standing(*judged: Judged, expected: str = "R4.4", excuse: str = "") -> Standing:
    line = score([mutant("m", expected)], judged, {"m": excuse}, live=True).lines[0]
    return line.standing


def test_a_requirement_that_names_the_mistake_catches_it() -> None:
    assert standing(static("m", "R4.4")) is Standing.CAUGHT
    assert standing(static("m", "R1.2", "R4.4")) is Standing.CAUGHT
    assert standing(static("m"), live("m", "R4.4")) is Standing.CAUGHT
    assert standing(static("m", "R1.2"), live("m", "R4.4")) is Standing.CAUGHT


def test_unrelated_requirements_catch_nothing() -> None:
    assert standing(static("m", "R1.2")) is Standing.UNRELATED
    assert standing(static("m", "R1.2"), live("m", "R3.7")) is Standing.UNRELATED
    assert standing(static("m", "R1.2"), expected="") is Standing.UNRELATED


def test_a_survivor_is_alive_or_listed() -> None:
    assert standing(static("m"), live("m")) is Standing.ALIVE
    assert standing(static("m"), live("m"), excuse="the default") is Standing.EXCUSED
    assert standing(live("m", "R4.4"), excuse="the default") is Standing.WRONGLY_LISTED


def test_an_error_is_nobodys_catch() -> None:
    assert standing(static("m", problem="KeyError: 'spec'")) is Standing.NO_VERDICT
    assert standing(static("m"), live("m", problem="exit code 3")) is Standing.NO_VERDICT
    assert standing(static("m", problem="KeyError"), live("m", "R4.4")) is Standing.CAUGHT


def test_shares_count_what_can_be_told_apart() -> None:
    mutants = [mutant("a"), mutant("b"), mutant("c", decided=Tier.LIVE), mutant("d"), mutant("e")]
    judged = [static("a", "R4.4"), static("b", "R1.2"), static("c"), static("d"), static("e")]
    told = score(mutants, [*judged, live("c", "R4.4"), live("b", "R4.4"), live("e")], {"d": "why"}, live=True)
    assert told.static_share == Share(1, 3)  # a of a, b and e: c is for a cluster, d is listed
    assert told.together_share == Share(3, 4)
    assert str(Share(1, 3)) == "1 of 3 (33.3 %)"
    assert str(Share(1999, 2000)) == "1999 of 2000 (99.9 %)"
    assert Share(0, 0).value == 1.0


def test_failures_are_told_in_sentences() -> None:
    mutants = [mutant(name) for name in "abcdefghij"]
    good = [static(name, "R4.4") for name in "abcdefghi"]
    assert score(mutants, [*good, static("j")], {}, live=False).failures == ()
    alive = score(mutants, [*good, static("j"), live("j")], {}, live=True).failures
    assert alive == ("both tiers together caught 9 of 10 (90.0 %), less than 100%",)
    unrelated = score(mutants, [*good, static("j", "R1.2")], {}, live=False).failures
    assert unrelated == ("1 mutant is caught by unrelated requirements only",)
    listed = score(mutants, [*good, static("j", "R4.4")], {"j": "why", "i": "why"}, live=False).failures
    assert listed == ("2 mutants are listed as survivors, and were caught",)
    few = score(mutants, good[:5], {}, live=False).failures
    assert few == ("the static tier caught 5 of 10 (50.0 %), less than 90%",)


def test_the_live_tier_gets_what_no_requirement_has_named() -> None:
    mutants = [mutant(name) for name in "abcde"]
    judged = [static("a", "R4.4"), static("b", "R1.2"), static("c"), static("d"), static("e", problem="late")]
    lines = score(mutants, judged, {"c": "why"}, live=False).lines
    assert [one.name for one in left_alive(lines)] == ["b", "d", "e"]


def test_killers_are_told_by_tier() -> None:
    line = score([mutant("m", "R4.4 R4.5")], [live("m", "R4.5"), static("m", "R1.2", "R4.4")], {}, live=True)
    assert [(kill.requirement, kill.tier) for kill in line.lines[0].kills] == [
        ("R1.2", Tier.STATIC),
        ("R4.4", Tier.STATIC),
        ("R4.5", Tier.LIVE),
    ]
    assert line.lines[0].named_by(Tier.STATIC) == ("R4.4",)
    assert line.lines[0].named_by() == ("R4.4", "R4.5")


def test_times_are_those_of_the_static_tier() -> None:
    judged = [static("a", seconds=0.01), static("b", seconds=0.03), static("c", seconds=0.02), live("a")]
    told = score([mutant("a"), mutant("b"), mutant("c")], judged, {}, live=True)
    assert told.static_seconds == (0.02, 0.03)
    assert score([], [], {}, live=False).static_seconds == (0.0, 0.0)


def test_what_the_live_tier_names_late_is_told() -> None:
    mutants = [mutant("soon"), mutant("late"), mutant("refused"), mutant("by another")]
    judged = [
        live("soon", "R4.4", after=3.0),
        live("soon", "R4.4", after=30.0),
        live("late", "R4.4", after=15.1),
        live("refused", "R4.4"),
        live("by another", "R1.2", after=20.0),
    ]
    scored = score(mutants, judged, {}, live=True)
    assert [(line.mutant.name, line.after_live) for line in scored.named_live] == [
        ("late", 15.1),
        ("soon", 3),
    ]
    assert "1 named later than 15 s after their stage had propagated" in scored.failures
