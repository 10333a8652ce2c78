"""Samples of votes: what each store counts before and after so many votes of one kind of voter.

Voters vote as they open pages, many side by side; the answer to a vote does not show who took it, so the
stores are asked. A sample is taken once, and shared by the requirements that it shows (R4.3, R4.4, R4.7).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from canary_conformance.errors import NotJudged, RequirementFailed
from canary_conformance.scenario.observations import Ballot, Page, Sample
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.traffic.voter import PAGES, Voter
from canary_conformance.verdicts import ANY_LEAK, expect_all, to_find_leak_in_each
from canary_conformance.voting.contract import CANARY, CHAINS, FINALIZE, NEW, OLD
from canary_conformance.voting.mysql_restart import RESTART, pages_answered, restart_of_mysql
from canary_conformance.voting.page_results import (
    DEFAULT_VOTES,
    Counts,
    cast_different_votes,
    parse_results,
)
from canary_conformance.voting.stage_rules import HALVES
from canary_conformance.voting.vote_judges import all_counted, none_lost_nor_doubled, none_strayed

VOTES = to_find_leak_in_each(HALVES, ANY_LEAK)
"""Of each kind of voter, at stages 1, 4 and 5."""
WITHOUT_THE_FLAG, WITH_THE_FLAG = "votes without the flag", "votes with the flag"
KEPT, LEFT = "pages after the restart of MySQL", "pages with the votes that are left"


@dataclass(frozen=True, slots=True)
class CastVotes:
    """Votes of one kind of voter, with what each store counted before the first and after the last.

    `before` and `after` are by the version of the app whose pages show them, None where no page did.
    """

    ballots: Sample[Ballot]
    before: Mapping[str, Counts | None]
    after: Mapping[str, Counts | None]


def counts_on(page: Page, version: str) -> Counts | None:
    """Return what a page of this version of the app counts, None where it is not a page of it."""
    return parse_results(page.results) if page.version == version else None


def cast_votes(voter: Voter, readers: Mapping[str, Voter], times: int = VOTES) -> CastVotes:
    """Cast so many votes, twice as many for Dogs as for Cats."""
    cats, dogs = DEFAULT_VOTES
    choices = list(itertools.islice(itertools.cycle((cats, dogs, dogs)), times))
    before = _counts(readers)
    ballots = voter.cast_each(choices)
    return CastVotes(ballots, before, _counts(readers))


def votes_of(namespace: NamespaceUnderTest, kind: str) -> CastVotes:
    """Return the votes of one kind of voter at a stage; taken once, both kinds one after the other.

    Raises:
        RequirementFailed: Voters of this kind had no answers; it says nothing of the other kind.
    """
    votes = namespace.once("votes", lambda: _cast_both(namespace))[kind]
    if isinstance(votes, RequirementFailed):
        raise votes
    return votes


def expect_counted(votes: CastVotes, version: str) -> None:
    """Expect each vote to be counted once in the store of this version, and none in the other's.

    Raises:
        NotJudged: No page shows what the other store counts; whose page that is fails by another requirement.
    """
    chain, (other,) = CHAINS[version], [one for one in CHAINS.values() if one.app != version]
    judges = [all_counted(), none_lost_nor_doubled(votes.before[chain.app], votes.after[chain.app])]
    before, after = votes.before.get(other.app), votes.after.get(other.app)
    if before is not None and after is not None:
        judges.append(none_strayed(before, after, other.store))
    expect_all(votes.ballots, *judges)
    if other.app in votes.before and None in {before, after}:
        raise NotJudged(
            f"no page of {other.app} shows what {other.store} counts: {before} before, {after} after"
        )


def pages_after_restart(namespace: NamespaceUnderTest) -> Mapping[str, Sample[Page]]:
    """Return pages of both versions, by version, opened after a restart of MySQL; taken once (R4.9)."""

    def take() -> Mapping[str, Sample[Page]]:
        restart_of_mysql(namespace)
        voter = namespace.voter
        with pages_answered(namespace):
            of_new = voter.with_flag().open_page(times=20)
        return {NEW.app: of_new, OLD.app: voter.open_page(times=20)}

    return namespace.once(KEPT, take)


def kept_pages(namespace: NamespaceUnderTest) -> Sample[Page]:
    """Return pages that show the votes which the transition into the last stage left; taken once (R5.4)."""
    return namespace.once(LEFT, lambda: namespace.voter.open_page(times=20))


def _cast_both(namespace: NamespaceUnderTest) -> Mapping[str, CastVotes | RequirementFailed]:
    if namespace.begun(RESTART):
        # MySQL takes no votes before its restart is over, and its pages are of the votes before it.
        pages_after_restart(namespace)
    if namespace.stage == FINALIZE:
        kept_pages(namespace)
    voter = namespace.voter
    readers = {OLD.app: voter} if namespace.stage < FINALIZE else {NEW.app: voter}
    if namespace.stage == CANARY:
        readers[NEW.app] = voter.with_flag()
    votes: dict[str, CastVotes | RequirementFailed] = {}
    for kind, voting in ((WITHOUT_THE_FLAG, voter), (WITH_THE_FLAG, voter.with_flag())):
        try:
            votes[kind] = cast_votes(voting, readers)
        except RequirementFailed as unanswered:
            votes[kind] = unanswered
    cast_different_votes(voter)
    return votes


def _counts(readers: Mapping[str, Voter]) -> dict[str, Counts | None]:
    for reader in readers.values():
        reader.expect_answers(PAGES)
    return {version: counts_on(reader.open_page()[0], version) for version, reader in readers.items()}
