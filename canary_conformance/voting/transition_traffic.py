"""What holds of the continuous voters of any transition: answered all along, and every vote counted once.

Where a vote belongs follows from the stage: until the routes of a stage are applied it is counted where the
stage before has it, and once they have propagated where the stage has it. Between the two it may be either.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from canary_conformance.scenario.observations import Ballot, Page, Sample, Transition
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.verdicts import expect, expect_all
from canary_conformance.verdicts.continuous_judges import answered_all_along
from canary_conformance.voting.contract import CANARY, FINALIZE, NEW, OLD
from canary_conformance.voting.page_results import Counts
from canary_conformance.voting.scenario_objects import page_routed_at
from canary_conformance.voting.stage_rules import FLAGGED, ORDINARY
from canary_conformance.voting.vote_judges import Which, none_lost_nor_doubled, reached_the_app
from canary_conformance.voting.vote_samples import counts_on

VOTERS = (ORDINARY, FLAGGED)


def version_for(voter: str, stage: int) -> str:
    """Return the version of the app that a continuous voter has once a stage is entered."""
    return NEW.app if stage >= FINALIZE or (stage == CANARY and voter == FLAGGED) else OLD.app


def expect_answered_all_along(
    namespace: NamespaceUnderTest, transition: Transition, voters: Sequence[str] = VOTERS
) -> None:
    """Expect each of these voters to have had pages all along, without a silence."""
    began, ended = transition.steps[0].started_at, transition.steps[-1].live_at
    for voter in voters:
        pages = namespace.pages_of(transition, voter)
        expect(pages, answered_all_along(began, ended, transition.stalls))


def expect_votes_kept(
    namespace: NamespaceUnderTest, transition: Transition, voters: Sequence[str] = VOTERS
) -> None:
    """Expect the votes of these voters to reach the app, and each vote to be counted once in its store.

    A store is judged whose counts were to be seen before and after: Redis until stage 4, MySQL at stage 5.
    """
    changes = sum(len(step.applied) for step in transition.steps)
    for voter in voters:
        expect(ballots_of(transition, voter), reached_the_app(changes))
    ballots = ballots_of(transition, *VOTERS)
    for version in stores_seen(transition.stage):
        sure, possible = belonging(transition, version, page_routed_at(namespace, transition))
        before, after = counts_around(transition, version)
        expect_all(ballots, none_lost_nor_doubled(before, after, sure=sure, possible=possible))


def ballots_of(transition: Transition, *voters: str) -> Sample[Ballot]:
    """Return every vote of these continuous voters during a transition."""
    cast = tuple(one for voter in voters for one in transition.ballots.get(voter, ()))
    whose = " and the ".join(voters)
    return Sample(cast, f"{len(cast)} votes of the {whose} while stage {transition.stage} was entered")


def stores_seen(stage: int) -> list[str]:
    """Return the versions of the app that some voter had before a stage, and some voter has in it."""
    before, after = ({version_for(voter, one) for voter in VOTERS} for one in (stage - 1, stage))
    return sorted(before & after)


def counts_around(transition: Transition, version: str) -> tuple[Counts | None, Counts | None]:
    """Return what the store of a version counted before the first vote and after the last."""
    return (
        _counts(transition.before, version, transition.stage - 1),
        _counts(transition.after, version, transition.stage),
    )


def belonging(transition: Transition, version: str, routed_at: float) -> tuple[Which, Which]:
    """Return which votes have to be counted in the store of a version, and which may be.

    Args:
        transition: It has the votes, by voter.
        version: The version of the app whose store is judged.
        routed_at: When the routes of the stage had propagated.
    """
    began = transition.steps[0].started_at
    voter_of = {id(one): voter for voter, cast in transition.ballots.items() for one in cast}

    def versions(ballot: Ballot) -> tuple[bool, bool]:
        """Whether the voter belongs to this version before the change, and after it."""
        voter = voter_of[id(ballot)]
        earlier, later = (version_for(voter, one) for one in (transition.stage - 1, transition.stage))
        return earlier == version, later == version

    def sure(ballot: Ballot) -> bool:
        earlier, later = versions(ballot)
        belongs = (earlier or ballot.answer.sent_at > routed_at) and (later or ballot.answer.ended_at < began)
        return ballot.counted and belongs and (earlier or later)

    def possible(ballot: Ballot) -> bool:
        earlier, later = versions(ballot)
        return (earlier and (later or ballot.answer.sent_at <= routed_at)) or (
            later and (earlier or ballot.answer.ended_at >= began)
        )

    return sure, possible


def _counts(pages: Mapping[str, Page], version: str, stage: int) -> Counts | None:
    shown = [pages[voter] for voter in VOTERS if voter in pages and version_for(voter, stage) == version]
    return counts_on(shown[0], version) if shown else None
