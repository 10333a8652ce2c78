"""An observation is compared with all that the model holds possible, and a difference is a report."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import pytest

from canary_conformance.errors import NotJudged, NotSpoken
from canary_conformance.model.objects.questions import Answer, Ending, Outcome, Rule, Wire
from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.observations import Page, Sample
from canary_conformance.scenario.places import Finding, Place
from canary_conformance.verdicts.model_disagreement import Disagreement
from canary_conformance.voting.model_agreement import agree, agree_on_shares, agree_on_table, settled
from canary_conformance.voting.observed_outcomes import Seen, SeenKind
from canary_conformance.voting.page_checks import results_format
from canary_conformance.voting.static.static_runner import read_folder
from tests.selftest.changed_manifests import changed
from tests.selftest.support import FAILED_PAGE, NEW_PAGE, OLD_PAGE

REDIS, MYSQL = "voting-storage 1.0", "voting-storage 2.0"
ROUTE = Place("istio/step-3.yaml", 12)
FORMATS = {"voting-analytics 1.0": "plain", "voting-analytics 1.1": "percent"}


def answer(*shares: tuple[str, float | Fraction]) -> Answer:
    """Return an answer by workload or ending, each with its probability."""
    return Answer(tuple(_outcome(name, Fraction(share)) for name, share in shares))


def _outcome(name: str, share: Fraction) -> Outcome:
    rules = (Rule(ROUTE, f"route to {name}"), Rule(None, "a default"))
    if name in set(Ending):
        return Outcome(share, Ending(name), (), None, Wire.NONE, rules, "nobody is there")
    return Outcome(share, Ending.SERVED, (name,), 8080, Wire.MTLS, rules)


def by(*workloads: str) -> Seen:
    return Seen(SeenKind.ANSWERED, frozenset(workloads))


REFUSED = Seen(SeenKind.REFUSED)
HALF = Fraction(1, 2)


@pytest.mark.parametrize(
    ("seen", "by_model"),
    [
        (by(REDIS), answer((REDIS, 1))),
        (by(), answer((REDIS, 1))),
        # A route by halves is consistent with either answer.
        (by(REDIS), answer((REDIS, HALF), (MYSQL, HALF))),
        (by(MYSQL), answer((REDIS, HALF), (MYSQL, HALF))),
        (REFUSED, answer((REDIS, Fraction(99, 100)), ("reset", Fraction(1, 100)))),
        (REFUSED, answer(("reset", HALF), ("503", HALF))),
    ],
)
def test_an_observation_agrees_with_an_outcome_that_has_a_chance(seen: Seen, by_model: Answer) -> None:
    assert agree({"cell": [seen]}, {"cell": by_model}, "connections") == 1


@pytest.mark.parametrize(
    ("seen", "by_model"),
    [
        ([by(MYSQL)], answer((REDIS, 1))),
        ([by(MYSQL)], answer((REDIS, 1), (MYSQL, 0))),
        ([by()], answer(("reset", 1))),
        ([REFUSED], answer((REDIS, HALF), (MYSQL, HALF))),
        ([by(REDIS), by(MYSQL)], answer((REDIS, 1))),
        ([by(REDIS)], None),
    ],
)
def test_an_observation_without_a_chance_is_a_disagreement(seen: list[Seen], by_model: Answer | None) -> None:
    with pytest.raises(Disagreement):
        agree({"cell": seen, "other": [by()]}, {"cell": by_model, "other": answer((REDIS, 1))}, "connections")


def test_a_disagreement_is_a_report_with_both_answers_and_the_lines_that_decide() -> None:
    seen = {("voting-app 1.0", "voting-storage:6379"): [by(MYSQL)], ("b", "c"): [by(REDIS)]}
    predicted = dict.fromkeys(seen, answer((REDIS, 1)))
    with pytest.raises(Disagreement) as raised:
        agree(seen, predicted, "connections")
    lines = str(raised.value).splitlines()
    assert lines[:3] == [
        "the model of the manifests and the mesh disagree on 1 of 2 connections",
        "  model     voting-app 1.0 -> voting-storage:6379: voting-storage 1.0",
        "  mesh      voting-app 1.0 -> voting-storage:6379: answered by voting-storage 2.0",
    ]
    assert lines[3].startswith("  because ")
    assert "served by voting-storage 1.0" in lines[3]
    assert "  look at   istio/step-3.yaml:12" in lines
    assert lines[-2].startswith("  to do     Read these lines")
    assert max(map(len, lines)) <= 110
    assert raised.value.causes == (Finding(ROUTE, f"route to {REDIS}"),)


def test_many_differences_are_a_few_lines() -> None:
    seen = {f"cookie {number}": [by(MYSQL)] for number in range(40)}
    with pytest.raises(Disagreement) as raised:
        agree(seen, dict.fromkeys(seen, answer((REDIS, 1))), "cookies")
    assert "and 32 more" in str(raised.value)
    assert len(str(raised.value).splitlines()) < 30


def test_nothing_seen_agrees_with_nothing() -> None:
    with pytest.raises(NotJudged, match="nothing was seen"):
        agree({}, {}, "connections")
    with pytest.raises(NotSpoken, match="none of 1 cookies shows who answered"):
        agree({"cell": ()}, {"cell": answer(("503", 1))}, "cookies")


def test_tables_differ_by_leg() -> None:
    assert agree_on_table({"a": "OK", "b": "OK"}, {"b": "OK", "a": "OK"}) == 2
    with pytest.raises(Disagreement) as raised:
        agree_on_table({"a": "OK", "b": "CONFLICT"}, {"a": "OK", "b": "OK", "c": "OK"})
    assert str(raised.value).splitlines()[:5] == [
        "the model of the manifests and the mesh disagree on 2 of 3 legs of mutual TLS",
        "  model     b: OK",
        "            c: OK",
        "  mesh      b: CONFLICT",
        "            c: no such leg",
    ]


def pages(**counts: int) -> Sample[Page]:
    kinds = {"plain": OLD_PAGE, "percent": NEW_PAGE, "failed": FAILED_PAGE}
    made = [replace(kinds[kind]) for kind, count in counts.items() for _ in range(count)]
    return Sample(tuple(made), f"{len(made)} pages")


def shares_agree(seen: Sample[Page], by_model: Answer | None, *, whole: bool = True) -> int:
    shown_by: Mapping[str, str] = FORMATS
    return agree_on_shares(seen, results_format, by_model, shown_by, whole=whole)


BOTH = answer(("voting-analytics 1.0", HALF), ("voting-analytics 1.1", HALF))
OLD = answer(("voting-analytics 1.0", 1))
RARE = answer(("voting-analytics 1.0", Fraction(1, 1000)), ("voting-analytics 1.1", Fraction(999, 1000)))


@pytest.mark.parametrize(
    ("seen", "by_model"),
    [
        (pages(plain=110, percent=98), BOTH),
        # One version behind the Service: every page is of it.
        (pages(plain=208), OLD),
        (pages(percent=208), RARE),
        (pages(percent=207, plain=1), RARE),
        # So few that any shares fit.
        (pages(percent=3), BOTH),
    ],
)
def test_shares_agree_where_chance_explains_them(seen: Sample[Page], by_model: Answer) -> None:
    assert shares_agree(seen, by_model) == len(seen)


@pytest.mark.parametrize(
    ("seen", "by_model"),
    [
        (pages(plain=180, percent=28), BOTH),
        (pages(plain=208), BOTH),
        (pages(plain=207, percent=1), OLD),
        (pages(percent=208), OLD),
        (pages(plain=100, percent=108), RARE),
        (pages(plain=207, failed=1), OLD),
        (pages(failed=208), BOTH),
        (pages(plain=208), answer(("503", 1))),
        (pages(plain=208), None),
    ],
)
def test_shares_that_chance_does_not_explain_are_a_disagreement(
    seen: Sample[Page], by_model: Answer | None
) -> None:
    with pytest.raises(Disagreement):
        shares_agree(seen, by_model)


def test_a_disagreement_on_shares_has_both_sides() -> None:
    with pytest.raises(Disagreement) as raised:
        shares_agree(pages(plain=207, percent=1), OLD)
    assert str(raised.value).splitlines()[:3] == [
        "the model of the manifests and the mesh disagree on the shares in 208 pages",
        "  model     plain 100 %",
        "  mesh      plain 207, percent 1 of 208 pages",
    ]


def test_what_nobody_answers_is_a_share_too() -> None:
    half = answer(("voting-analytics 1.0", HALF), ("503", HALF))
    assert shares_agree(pages(plain=100, failed=108), half) == 208
    with pytest.raises(Disagreement):
        shares_agree(pages(plain=208), half)


def test_where_the_model_has_pages_fail_only_those_that_show_an_outcome_are_compared() -> None:
    assert shares_agree(pages(plain=110, percent=98, failed=90), BOTH, whole=False) == 208
    with pytest.raises(Disagreement):
        shares_agree(pages(plain=208, failed=90), BOTH, whole=False)
    with pytest.raises(Disagreement):
        shares_agree(pages(plain=1, failed=90), answer(("503", 1)), whole=False)
    with pytest.raises(NotSpoken, match="none shows who answered"):
        shares_agree(pages(failed=90), BOTH, whole=False)


def test_two_tables_without_a_leg_agree_on_nothing() -> None:
    with pytest.raises(NotJudged, match="no leg of mutual TLS was seen"):
        agree_on_table({}, {})


def test_a_stage_that_ends_before_its_pods_are_ready_is_compared_with_nothing() -> None:
    waiting, not_waiting = "wait_for: pods", "wait_for: routes"
    overlay = changed("scenario.yaml", waiting, not_waiting, at=2)
    plan = read_folder(MANIFESTS, overlay).plan
    with pytest.raises(NotSpoken, match=r"Deployment/voting-storage-2-0: the stage ends before .* moment"):
        settled(plan, 4)
    assert settled(plan, 3) is plan.after(3)
    assert settled(plan, 5) is plan.after(5)
