"""Each judge of a move fails when it should, and says what was wrong."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from canary_conformance.scenario.observations import Ballot, Reply, ReplyKind, Sample
from canary_conformance.upgrade.upgrade_judges import (
    Watched,
    answered_by_its_store,
    came_to_its_end,
    every_proxy_runs,
    nothing_but,
    refused_at_every_moment,
    still_held,
)
from canary_conformance.upgrade.upgrade_observations import Attempt, MeshCall, ProxySeen, sightings
from canary_conformance.upgrade.upgraded_proxies import SILENT
from canary_conformance.verdicts import Verdict
from canary_conformance.voting.page_results import Counts
from canary_conformance.voting.vote_judges import all_counted, none_lost_nor_doubled
from tests.selftest.support import FAILED_PAGE
from tests.selftest.upgrade_support import (
    IMAGE,
    NEW_PROXY,
    PAGE,
    REDIS,
    RESET,
    STEP,
    attempt,
    ballot,
    connection,
)

REFUSED = ballot("Dogs", FAILED_PAGE)
WHOLE = Watched(10.0, 30.0, 20.0)


def votes(*ballots: Ballot) -> Sample[Ballot]:
    return Sample(ballots, f"{len(ballots)} votes")


def test_votes_that_are_answered_as_counted_hold() -> None:
    verdict = all_counted()(votes(ballot(), ballot("Dogs")))
    assert (verdict.held, verdict.sample_size) == (True, 2)


def test_a_vote_that_is_refused_breaks_the_requirement_and_is_shown() -> None:
    verdict = all_counted()(votes(ballot(), REFUSED))
    assert not verdict.held
    assert "1 of 2 votes" in verdict.seen
    assert "vote for Dogs, answered 503" in verdict.examples[0]


@pytest.mark.parametrize(
    ("after", "held", "words"),
    [
        (Counts(3, 3, "percent"), True, "none lost, none doubled: Cats 1 + 2 = 3, Dogs 3 + 0 = 3"),
        (Counts(3, 4, "percent"), True, "Dogs 3 + 0 = 4"),
        (Counts(2, 3, "percent"), False, "1 of 2 votes for Cats lost: 2, not 3"),
        (Counts(4, 3, "percent"), False, "1 votes for Cats counted twice: 4, not 3"),
        (Counts(3, 5, "percent"), False, "1 votes for Dogs counted twice: 5, not 4"),
        (None, False, "the counts are not known"),
    ],
    ids=["exact", "one without an answer counted", "lost", "doubled", "doubled without an answer", "unknown"],
)
def test_counts_have_to_be_what_was_cast(after: Counts | None, held: bool, words: str) -> None:
    cast = votes(ballot("Cats"), ballot("Cats"), REFUSED)
    verdict = none_lost_nor_doubled(Counts(1, 3, "percent"), after)(cast)
    assert verdict.held is held
    assert words in verdict.seen


def calls(*made: MeshCall) -> Sample[MeshCall]:
    return Sample(made, f"{len(made)} connections")


def test_a_connection_may_stay_unanswered_only_while_its_store_is_replaced() -> None:
    judge = answered_by_its_store([STEP], WHOLE)
    while_replaced = judge(calls(connection(), connection(RESET, at=STEP.started + 1)))
    assert while_replaced.held
    assert f"1 unanswered while {REDIS} was replaced" in while_replaced.seen
    assert not judge(calls(connection(), connection(RESET, at=STEP.ended + 1))).held
    other = replace(STEP, replaces="voting-storage 2.0")
    assert not answered_by_its_store([other], WHOLE)(calls(connection(RESET, at=STEP.started + 1))).held


def test_a_connection_that_another_store_answers_is_wrong_at_any_time() -> None:
    mysql = Reply(ReplyKind.ANSWERED, b"J\x00\x00\x00\n5.5.5-10.11.6-MariaDB", "", 0.01)
    verdict = answered_by_its_store([STEP], WHOLE)(calls(connection(mysql, at=STEP.started + 1)))
    assert not verdict.held


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ((connection(at=13.0), connection(at=21.0)), "nothing was tried for 7.8 s (allowed 5.0 s)"),
        ((connection(at=16.0), connection(at=20.0)), "nothing was tried for 6.0 s"),
        ((connection(at=13.0), connection(at=16.0)), "nothing was tried for 7.8 s"),
        ((), "nothing was tried for 14.0 s"),
    ],
    ids=["between", "from the beginning", "to the end", "never"],
)
def test_connections_have_to_be_tried_from_the_beginning_to_the_end(
    made: tuple[MeshCall, ...], words: str
) -> None:
    verdict = answered_by_its_store([STEP], Watched(10.0, 24.0, 5.0))(calls(*made))
    assert not verdict.held
    assert words in verdict.seen


def test_a_connection_that_hangs_was_watched_meanwhile() -> None:
    hung = replace(connection(RESET, at=STEP.started), until=STEP.ended)
    verdict = answered_by_its_store([STEP], Watched(13.0, 19.0, 3.0))(calls(hung))
    assert verdict.held
    assert "longest gap 1.0 s" in verdict.seen


def rounds(*made: Attempt) -> Sample[Attempt]:
    return Sample(made, f"{len(made)} rounds")


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ((attempt(1.0), attempt(2.0, PAGE)), "1 of 2 calls answered plaintext"),
        ((attempt(1.0), attempt(9.0)), "nothing was tried for 8.0 s (allowed 5.0 s)"),
        ((attempt(6.0), attempt(8.0)), "nothing was tried for 6.0 s (allowed 5.0 s)"),
        ((attempt(1.0), attempt(2.0)), "nothing was tried for 8.0 s (allowed 5.0 s)"),
        ((attempt(1.0), attempt(3.0, RESET, RESET), attempt(7.0)), "nothing was tried for 6.0 s"),
        ((attempt(1.0, RESET, RESET),), "none of 1 rounds counts"),
        ((attempt(1.0, Reply(ReplyKind.TIMED_OUT, b"", "", 5.0)),), "no call reached a port"),
        ((), "nothing was seen"),
    ],
    ids=[
        "answered", "a gap", "a late beginning", "an early end", "a gap where the caller could not call",
        "no control", "no refusal", "nothing",
    ],
)  # fmt: skip
def test_plaintext_has_to_be_refused_at_every_moment(made: tuple[Attempt, ...], words: str) -> None:
    verdict = refused_at_every_moment(Watched(0.0, 10.0, 5.0))(rounds(*made))
    assert not verdict.held
    assert words in verdict.seen


def test_plaintext_that_is_always_refused_beside_an_answered_control_holds() -> None:
    verdict = refused_at_every_moment(Watched(0.0, 4.0, 5.0))(rounds(attempt(1.0), attempt(2.0)))
    assert verdict.held
    assert "0 of 2 calls in 2 rounds answered" in verdict.seen


def on_target(proxies: Mapping[str, ProxySeen], envoy: str | None = "1.40.0") -> Verdict:
    return every_proxy_runs("1.31.0", envoy, IMAGE)(proxies)


def test_every_proxy_has_to_run_the_target_by_its_own_word_and_by_its_image() -> None:
    assert on_target({"app-2": NEW_PROXY}).held
    for wrong in (
        replace(NEW_PROXY, envoy="1.38.3"),
        replace(NEW_PROXY, istio="1.30.0"),
        replace(NEW_PROXY, image="localhost/proxyv2:1.31.0-envoy1.38.3"),
        replace(NEW_PROXY, istio=SILENT.istio, envoy=SILENT.envoy),
    ):
        verdict = on_target({"app-2": NEW_PROXY, "app-3": wrong})
        assert not verdict.held
        assert "1 of 2 proxies" in verdict.seen
    assert not on_target({}).held


def test_where_istio_brings_its_own_envoy_the_image_tells() -> None:
    assert on_target({"app-2": replace(NEW_PROXY, envoy="1.39.1-dev")}, envoy=None).held


def test_a_move_that_was_stopped_says_why() -> None:
    assert came_to_its_end("").held
    assert "stopped: container istio-proxy" in came_to_its_end("container istio-proxy: ErrImagePull").seen


def test_nothing_may_be_left_of_another_revision() -> None:
    new = {"new": ["Deployment istiod-new", "Service istiod-new"]}
    assert nothing_but("new")(new).seen == "2 objects, all of revision new"
    left = nothing_but("new")({**new, "default": ["ConfigMap istio"]})
    assert not left.held
    assert left.seen == "left of revision default: ConfigMap istio"
    assert not nothing_but("new")({}).held


def test_what_held_before_has_to_hold_again() -> None:
    assert still_held(["R4.3", "R5.1"], {"R4.3": "holds"}, "").held
    broken = still_held(["R4.3", "R4.4"], {"R4.3": "holds", "R4.4": "FAILED"}, "")
    assert not broken.held
    assert "R4.4 FAILED" in broken.seen
    assert not still_held(["R4.3"], {}, "").held


def test_a_rollback_that_was_stopped_restored_nothing() -> None:
    for now in ({}, {"R4.3": "holds"}):
        verdict = still_held(["R4.3"], now, "pods don't start")
        assert not verdict.held
        assert "the rollback was stopped: pods don't start" in verdict.seen


def test_a_proxy_is_listed_once_from_its_first_look_to_its_last() -> None:
    looks = [replace(NEW_PROXY, first=at, last=at) for at in (1.0, 2.0, 3.0)]
    old = replace(NEW_PROXY, pod="app-1", envoy="1.38.3", first=0.5, last=0.5)
    assert [(seen.pod, seen.first, seen.last) for seen in sightings([*looks, old])] == [
        ("app-1", 0.5, 0.5),
        ("app-2", 1.0, 3.0),
    ]
