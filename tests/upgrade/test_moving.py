"""The requirements of a move of the mesh, judged for the move and for the move back."""

from canary_conformance.scenario.observations import Sample
from canary_conformance.upgrade.upgrade_judges import (
    Watched,
    answered_by_its_store,
    came_to_its_end,
    every_proxy_runs,
    nothing_but,
    refused_at_every_moment,
    still_held,
)
from canary_conformance.upgrade.upgrade_observations import Move
from canary_conformance.verdicts import every, expect, expect_all, no_failed_page, nothing, same, served_by
from canary_conformance.voting.vote_judges import all_counted, none_lost_nor_doubled
from fixtures.marks import requirement
from fixtures.upgrade.upgrade_fixtures import Restored

# Seconds: a round of plaintext calls takes about one on busy cores. Who calls within the mesh goes with its
# pod, and begins anew in one that is ready.
LARGEST_GAP, LARGEST_GAP_IN_MESH = 10.0, 30.0


@requirement("U1")
def test_no_page_fails_and_none_is_of_the_wrong_version(move: Move) -> None:
    for voter, version in move.versions.items():
        expect_all(move.pages_of(voter), no_failed_page(), every(served_by(version)))


@requirement("U1")
def test_every_vote_is_answered(move: Move) -> None:
    for store in move.ballots:
        expect(move.ballots_in(store), all_counted())


@requirement("U1")
def test_new_connections_in_the_mesh_are_answered_by_their_own_store(move: Move) -> None:
    judge = answered_by_its_store(move.steps, Watched(move.began, move.ended, LARGEST_GAP_IN_MESH))
    for source, calls in move.calls.items():
        expect(Sample(calls, f"{len(calls)} new connections of {source}"), judge)


@requirement("U2")
def test_no_vote_is_lost_or_counted_twice(move: Move) -> None:
    for store in move.ballots:
        judge = none_lost_nor_doubled(move.counts_before.get(store), move.counts_after.get(store))
        expect(move.ballots_in(store), judge)


@requirement("U3")
def test_the_move_comes_to_its_end(move: Move) -> None:
    expect(move.stopped, came_to_its_end)


@requirement("U3")
def test_every_proxy_ends_on_the_target(move: Move) -> None:
    expect(move.end.proxies, every_proxy_runs(move.target.istio, move.target.envoy, move.image))


@requirement("U3")
def test_nothing_of_the_source_is_left(move: Move) -> None:
    pilot = move.image.replace("/proxyv2:", "/pilot:")
    expect(move.end.control_planes, same([pilot], "images of control planes"))
    expect(move.end.revisions, nothing_but(move.revision))
    expect(move.end.out_of_step, nothing("proxies that lack something"))


@requirement("U4")
def test_plaintext_is_refused_at_every_moment(locked_move: Move) -> None:
    attempts = locked_move.attempts
    sample = Sample(attempts, f"{len(attempts)} rounds of plaintext calls from {locked_move}")
    expect(sample, refused_at_every_moment(Watched(locked_move.began, locked_move.ended, LARGEST_GAP)))


@requirement("U5")
def test_requirements_hold_again_after_the_rollback(restored: Restored) -> None:
    expect(restored.now, lambda now: still_held(restored.before, now, restored.stopped))
