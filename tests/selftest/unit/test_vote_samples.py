"""A leak of one percent of the votes is found; an app that counts each vote where it belongs holds."""

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import cast as cast_to

import pytest

from canary_conformance.errors import NotJudged, RequirementFailed
from canary_conformance.scenario.observations import Page
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.stages.observation_cache import Taken
from canary_conformance.traffic.voter import Voter
from canary_conformance.verdicts import ExpectationFailed
from canary_conformance.voting import vote_samples
from canary_conformance.voting.feature_flag import FLAG
from canary_conformance.voting.vote_samples import VOTES, CastVotes, cast_votes, counts_on, expect_counted
from tests.selftest.support import NEW_PAGE, OLD_PAGE, SeenRequest, Site

Places = Callable[[SeenRequest, int], list[str]]
STORES = {"1.0": "redis", "2.0": "mysql"}


class TwoStores(Site):
    """The app with two stores; `places` are the versions that count a vote, given how many came before it."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {version: Counter() for version in STORES}
        self.posted = 0
        self.places: Places = lambda request, _: [own(request)]
        super().__init__()

    def answer(self, request: SeenRequest) -> tuple[int, str, dict[str, str]]:
        if request.method == "POST":
            with self._lock:
                self.posted += 1
                for version in self.places(request, self.posted):
                    self.counts[version][request.body.removeprefix("vote=")] += 1
            return 302, "", {"Location": "/"}
        version = own(request)
        counts = self.counts[version]
        footer = f'<div id="footer">host: pod-1 store: {STORES[version]} feature flag: clear</div>'
        return 200, f'<div id="results">Cats: {counts["Cats"]} | Dogs: {counts["Dogs"]}</div>{footer}', {}


def own(request: SeenRequest) -> str:
    return "2.0" if request.cookie == FLAG else "1.0"


@pytest.fixture
def site() -> Iterator[TwoStores]:
    with TwoStores() as site:
        yield site


def sample(site: TwoStores) -> CastVotes:
    voter = Voter(site.url, flag=FLAG)
    return cast_votes(voter, {"1.0": voter, "2.0": voter.with_flag()})


def test_each_vote_counted_in_its_own_store_holds(site: TwoStores) -> None:
    site.counts["2.0"].update(Cats=5, Dogs=1)
    votes = sample(site)
    expect_counted(votes, "1.0")
    assert len(votes.ballots) == VOTES == sum(site.counts["1.0"].values())


@pytest.mark.parametrize(
    ("places", "words"),
    [
        (lambda _, number: ["2.0" if number % 100 == 50 else "1.0"], "7 of 688 votes were counted by"),
        (lambda _, number: [] if number == 400 else ["1.0"], "votes for "),
        (lambda _, number: ["1.0"] * (1 + (number == 400)), "1 votes for "),
        (lambda _, number: ["1.0", "2.0"] if number == 1 else ["1.0"], "1 of 688 votes were counted by"),
        (lambda *_: ["2.0"], "688 of 688 votes were counted by voting-storage 2.0"),
    ],
    ids=["one percent leaks", "one is lost", "one is doubled", "one counts in both", "all stray"],
)
def test_a_vote_that_is_lost_doubled_or_crossed_fails(site: TwoStores, places: Places, words: str) -> None:
    site.places = places
    with pytest.raises(ExpectationFailed) as failed:
        expect_counted(sample(site), "1.0")
    assert words in str(failed.value)


@pytest.mark.parametrize(("page", "version"), [(OLD_PAGE, "1.0"), (NEW_PAGE, "2.0")])
def test_counts_are_read_from_a_page_of_the_version_alone(page: Page, version: str) -> None:
    (other,) = STORES.keys() - {version}
    assert counts_on(page, version) is not None
    assert counts_on(page, other) is None


def test_where_no_page_shows_the_other_store_strays_are_not_judged(site: TwoStores) -> None:
    votes = sample(site)
    unknown = dataclasses.replace(votes, after={**votes.after, "2.0": None})
    with pytest.raises(NotJudged, match=r"no page of 2\.0 shows what voting-storage 2\.0 counts"):
        expect_counted(unknown, "1.0")
    lost = dataclasses.replace(unknown, after={**unknown.after, "1.0": votes.before["1.0"]})
    with pytest.raises(ExpectationFailed, match="votes for "):
        expect_counted(lost, "1.0")


def test_voters_of_one_kind_who_get_no_answer_leave_the_other_kind_judged(
    site: TwoStores, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4.3 is not FAILED because the votes with the flag hang."""
    silent = RequirementFailed("16 votes in a row had no answer")

    def cast(voter: Voter, readers: Mapping[str, Voter]) -> CastVotes:
        if voter.cookie:
            raise silent
        return cast_votes(voter, readers, times=6)

    monkeypatch.setattr(vote_samples, "cast_votes", cast)
    fields = {"voter": Voter(site.url, flag=FLAG), "stage": 4, "once": Taken().once}
    namespace = cast_to(NamespaceUnderTest, SimpleNamespace(begun=lambda _: False, **fields))
    expect_counted(vote_samples.votes_of(namespace, vote_samples.WITHOUT_THE_FLAG), "1.0")
    with pytest.raises(RequirementFailed, match="16 votes in a row"):
        vote_samples.votes_of(namespace, vote_samples.WITH_THE_FLAG)
