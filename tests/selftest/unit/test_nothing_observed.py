"""No judge holds on nothing, but for those that require that there is nothing."""

from collections.abc import Callable
from typing import Any, cast

import pytest

from canary_conformance.scenario.observations import Ballot, Page, Sample
from canary_conformance.upgrade import upgrade_judges
from canary_conformance.verdicts import (
    LeastRequest,
    Unjudgeable,
    all_seen,
    counted,
    every,
    exact_judges,
    expect,
    includes,
    matrix,
    never,
    no_failed_page,
    nothing,
    only_before,
    pod,
    same,
    sample_judges,
    shares,
    whole_page,
)
from canary_conformance.verdicts import continuous_judges as continuous
from canary_conformance.verdicts.checks import exactly
from canary_conformance.verdicts.exact_judges import listed_objects
from canary_conformance.verdicts.expect import NOTHING, ExpectationFailed
from canary_conformance.voting import vote_judges
from canary_conformance.voting.page_results import Counts
from canary_conformance.voting.static import decided_judges, listed_judges, static_judges
from canary_conformance.voting.static.decided_judges import all_calls_reach, all_reach, to_2_0
from canary_conformance.voting.static.decided_requests import Requests
from canary_conformance.voting.static.static_judges import answered_by, nothing_found, whole_pages

NO_PAGES: Sample[Page] = Sample((), "no pages")
NO_VOTES: Sample[Ballot] = Sample((), "no votes")
EMPTY = Counts(0, 0, "percent")
Judge = Callable[[Any], Any]

ON_NOTHING: dict[str, tuple[Any, Callable[[], Judge]]] = {
    "every": (NO_PAGES, lambda: every(whole_page)),
    "never": (NO_PAGES, lambda: never(whole_page)),
    "all_seen": (NO_PAGES, lambda: all_seen(pod, ["a"])),
    "shares": (NO_PAGES, lambda: shares(pod, {"a": 0.5, "b": 0.5}, LeastRequest())),
    "no_failed_page": (NO_PAGES, no_failed_page),
    "answered_all_along": (NO_PAGES, lambda: continuous.answered_all_along(0.0, 1.0)),
    "all_counted": (NO_VOTES, vote_judges.all_counted),
    "reached_the_app": (NO_VOTES, lambda: vote_judges.reached_the_app(9)),
    "none_lost_nor_doubled": (NO_VOTES, lambda: vote_judges.none_lost_nor_doubled(EMPTY, EMPTY)),
    "none_strayed": (NO_VOTES, lambda: vote_judges.none_strayed(EMPTY, EMPTY, "voting-storage 2.0")),
    "only_before": (NO_PAGES, lambda: only_before(0.0, whole_page)),
    "same": ((), lambda: same(())),
    "same mapping": ({}, lambda: same({})),
    "counted": ({}, lambda: counted({}, "pods")),
    "includes": ((), lambda: includes((), "pods")),
    "matrix": ({}, lambda: matrix({}, "cells")),
    "listed_objects": ((), lambda: listed_objects(())),
    "answered_by": ({}, lambda: answered_by("voting-app 1.0", "pages")),
    "whole_pages": ({}, lambda: whole_pages("pages", cast(Any, None))),
    "all_reach": (Requests((), ""), lambda: all_reach(to_2_0, cast(Any, "voters"), cast(Any, None))),
    "all_calls_reach": ({}, lambda: all_calls_reach({}, cast(Any, None))),
}
# Every other public function of the modules with judges, and why it needs no row.
NO_JUDGES = {
    "by_the_cookie",  # names a version
    "to_2_0",
    "because",  # wraps a judge
    "proxied",  # what is expected is the caller's, as in counted
    "pods_ready",  # counted, with causes
    "compared",  # makes a verdict
    "is_unchanged",
    "nothing_seen",  # the verdict on nothing
    "nothing_found",
    "nothing",
    "longest_gap",
    "as_in_the_source",  # of a stage, which has one step at least
    "as_listed",  # listed_objects of a plan
    "legs_are",  # below
    "mutual_tls_on_every_leg",  # of a stage's contract
    "plaintext_answered",  # likewise
    "plaintext_refused",  # likewise
    "keys_are_there",  # same, of keys
    "votes_on_a_claim",  # same, of one claim
}


@pytest.mark.parametrize("name", ON_NOTHING)
def test_a_judge_does_not_hold_on_nothing(name: str) -> None:
    observed, judge = ON_NOTHING[name]
    with pytest.raises((ExpectationFailed, Unjudgeable)):
        expect(observed, judge())


def test_every_judge_is_asked_about_nothing() -> None:
    modules = (
        sample_judges,
        exact_judges,
        continuous,
        static_judges,
        vote_judges,
        decided_judges,
        listed_judges,
    )
    judges = {
        name
        for module in modules
        for name, one in vars(module).items()
        if callable(one)
        and getattr(one, "__module__", "") == module.__name__
        and not name.startswith("_")
        and not isinstance(one, type)
    }
    assert judges - {name.split()[0] for name in ON_NOTHING} == NO_JUDGES & judges
    assert judges >= NO_JUDGES


def test_the_judges_of_a_move_do_not_hold_on_nothing() -> None:
    with pytest.raises(ExpectationFailed):
        expect((), lambda _: upgrade_judges.still_held((), {}, ""))


def test_what_requires_that_there_is_nothing_holds_on_nothing_and_fails_on_something() -> None:
    assert expect((), nothing("warnings")).evidence == "no warnings"
    assert expect({}, nothing("cookies")).held
    assert expect([], nothing_found("leftovers")).evidence == "no leftovers"
    for seen in (["deprecated"], {"featureflag": "on"}):
        with pytest.raises(ExpectationFailed):
            expect(seen, nothing("values"))


def test_what_holds_on_nothing_says_so() -> None:
    with pytest.raises(ExpectationFailed) as failed:
        expect({}, same({}, "proxies"))
    assert failed.value.verdict.evidence == NOTHING


def test_a_value_is_something_whatever_it_is() -> None:
    assert expect(0, same(0, "requests")).held
    assert expect("", same("", "text")).held
    assert expect({"a": 1}, matrix({"a": exactly(1)}, "cells")).held


def test_all_that_is_expected_has_to_be_there_and_more_may_be() -> None:
    assert expect(["a", "b", "more"], includes(("a", "b"), "workloads")).evidence == "2 of 2 workloads"
    with pytest.raises(ExpectationFailed, match="1 of 2 workloads missing: b"):
        expect(["a"], includes(("a", "b"), "workloads"))
