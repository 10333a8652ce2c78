"""Continuous voters open pages at their pace, each on its own, until they are told to stop."""

import itertools
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import Any, cast

import pytest

from canary_conformance.scenario.observations import Ballot, Page
from canary_conformance.traffic import continuous_traffic as continuous_traffic_module
from canary_conformance.traffic.continuous_traffic import (
    BEAT,
    LATE,
    PACE,
    PACE_WHILE_PODS_START,
    UNANSWERED_AFTER,
    VOTES_AFTER,
    WITHOUT_PAUSE,
    Continuous,
    ContinuousTraffic,
    Heartbeat,
    VotersStalled,
    continuous_traffic,
    passing,
)
from canary_conformance.traffic.page import page_without_answer
from canary_conformance.traffic.voter import Voter
from canary_conformance.voting.feature_flag import FLAG
from canary_conformance.waiting import wait_until
from tests.selftest.support import OLD_PAGE, Site


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


def voters(site: Site) -> dict[str, Voter]:
    return {"ordinary": Voter(site.url), "flagged": Voter(site.url, flag=FLAG).with_flag()}


def let_pass(traffic: ContinuousTraffic, pages: int) -> None:
    goal = {name: len(seen) + pages for name, seen in traffic.pages().items()}
    wait_until(
        lambda: {name: len(seen) for name, seen in traffic.pages().items()},
        until=lambda counts: all(counts[name] >= goal[name] for name in goal),
        limit=10,
        what="the voters go on",
        pause=0.01,
    )


def test_every_voter_opens_pages_of_its_own_and_every_page_is_kept(site: Site) -> None:
    with continuous_traffic(voters(site)) as traffic:
        let_pass(traffic, 5)
    pages = traffic.pages()
    assert {name: {page.cookie for page in seen} for name, seen in pages.items()} == {
        "ordinary": {""},
        "flagged": {FLAG},
    }
    assert sum(len(seen) for seen in pages.values()) == len(site.requests)
    assert all(page.whole for seen in pages.values() for page in seen)


def test_pages_are_in_order_one_at_a_time_and_no_closer_than_the_pace(site: Site) -> None:
    with continuous_traffic({"one": Voter(site.url)}) as traffic:
        let_pass(traffic, 10)
    pages = traffic.pages()["one"]
    assert site.most_at_once == 1
    for page, following in itertools.pairwise(pages):
        assert following.sent_at >= page.ended_at
    # A page that is sent late comes nearer to the next one; together they keep the pace.
    assert pages[-1].sent_at - pages[0].sent_at >= PACE * (len(pages) - 1.5)


def test_voters_leave_the_cores_to_pods_that_start(site: Site) -> None:
    with continuous_traffic({"one": Voter(site.url)}) as traffic:
        let_pass(traffic, 2)
        with traffic.at_pace(PACE_WHILE_PODS_START):
            let_pass(traffic, 2)
            first = len(traffic.pages()["one"])
            let_pass(traffic, 5)
        pages = traffic.pages()["one"]
        with pytest.raises(InterruptedError), traffic.at_pace(PACE_WHILE_PODS_START):
            raise InterruptedError
        assert traffic._pace == PACE
    for page, following in itertools.pairwise(pages[first - 1 :]):
        assert following.sent_at - page.sent_at >= PACE_WHILE_PODS_START * 0.9


def test_a_voter_without_pause_still_opens_one_page_at_a_time(site: Site) -> None:
    with continuous_traffic({"one": Voter(site.url)}) as traffic:
        let_pass(traffic, 2)
        with traffic.at_pace(WITHOUT_PAUSE):
            let_pass(traffic, 30)
    pages = traffic.pages()["one"]
    assert site.most_at_once == 1
    assert min(following.sent_at - page.sent_at for page, following in itertools.pairwise(pages)) < PACE / 2


def test_no_page_is_opened_after_the_block(site: Site) -> None:
    with continuous_traffic(voters(site)) as traffic:
        let_pass(traffic, 1)
    before = len(site.requests)
    with pytest.raises(AssertionError, match="in the block"), continuous_traffic(voters(site)) as traffic:
        raise AssertionError("in the block")
    after = len(site.requests)
    assert after - before == sum(len(seen) for seen in traffic.pages().values())
    assert all(not thread.is_alive() for thread in traffic._threads)


def test_what_goes_wrong_is_kept_and_the_voters_go_on(site: Site) -> None:
    with continuous_traffic({"one": Voter(site.url)}) as traffic:
        let_pass(traffic, 3)
        site.status = 503
        let_pass(traffic, 3)
        site.status, site.breaks = 200, True
        let_pass(traffic, 3)
        site.breaks = False
        let_pass(traffic, 3)
    told = [page.error.partition(":")[0] or str(page.status) for page in traffic.pages()["one"]]
    assert list(dict.fromkeys(told)) == ["200", "503", "ConnectionError"]
    assert told[0] == told[-1] == "200"
    assert len(told) == len(site.requests)


def test_pages_can_be_looked_at_while_voters_go_on(site: Site) -> None:
    with continuous_traffic(voters(site)) as traffic:
        let_pass(traffic, 1)
        early = traffic.pages()
        let_pass(traffic, 3)
        late = traffic.pages()
    for name, pages in early.items():
        assert late[name][: len(pages)] == pages
        assert len(late[name]) > len(pages)


@pytest.mark.parametrize("silent", [True, False])
def test_voters_whose_pages_are_not_answered_have_soon_had_enough_of_them(*, silent: bool) -> None:
    """What they had is the stage's evidence: it is judged, and no reason to call the stage unready."""
    looks = iter(range(1, 1000))
    page = page_without_answer("Timeout", cookie="", sent_at=0.0, took=5.0, path="/") if silent else OLD_PAGE

    class Traffic:
        died = ()
        ballots: Continuous[Ballot] = Continuous({}, PACE)

        def pages(self) -> dict[str, tuple[Page, ...]]:
            number = next(looks)
            return {"ordinary voter": (OLD_PAGE,) * 30 * number, "flagged voter": (page,) * number}

        def at_pace(self, _: float) -> AbstractContextManager[None]:
            return nullcontext()

    with passing(cast(Any, Traffic()), 25):
        pass
    assert next(looks) == 1 + (UNANSWERED_AFTER if silent else 25) + 1


class Slow:
    """Voters who are answered, and slowly."""

    ballots: Continuous[Ballot] = Continuous({}, PACE)

    def __init__(self, *died: Exception) -> None:
        self.died = died

    def pages(self) -> dict[str, tuple[Page, ...]]:
        return {"ordinary voter": (OLD_PAGE,) * 40, "flagged voter": (OLD_PAGE,) * 2}

    def at_pace(self, _: float) -> AbstractContextManager[None]:
        return nullcontext()


def test_voters_who_come_to_hardly_any_page_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(continuous_traffic_module, "LIMITS", SimpleNamespace(page_whole=0.05))
    with pytest.raises(VotersStalled, match="ordinary voter 0 of 25, flagged voter 0 of 25"):  # noqa: SIM117
        with passing(cast(Any, Slow()), 25):
            pass


def test_a_voter_that_died_is_a_defect_and_no_silence() -> None:
    with pytest.raises(ZeroDivisionError), passing(cast(Any, Slow(ZeroDivisionError("ours"))), 25):
        pass
    going = Continuous({"one": lambda: [1 // 0]}, 0.01)
    going.start()
    going.stop(5)
    assert [type(one) for one in going.died] == [ZeroDivisionError]


def test_voters_vote_in_turn_beside_their_pages_and_some_after_the_last_change(site: Site) -> None:
    with (
        continuous_traffic(voters(site), {"ordinary": ("Cats", "Dogs"), "flagged": ("Dogs",)}) as traffic,
        passing(traffic, 25),
    ):
        before = {name: len(seen) for name, seen in traffic.ballots.seen().items()}
    ballots = traffic.ballots.seen()
    assert set(ballots) == {"ordinary", "flagged"}
    for name, cast_ in ballots.items():
        assert len(cast_) >= before[name] + VOTES_AFTER
        assert all(one.counted for one in cast_)
    assert [one.choice for one in ballots["ordinary"][:3]] == ["Cats", "Dogs", "Cats"]
    assert {one.choice for one in ballots["flagged"]} == {"Dogs"}
    posted = [request for request in site.requests if request.method == "POST"]
    assert len(posted) == sum(map(len, ballots.values()))
    assert {request.cookie for request in posted} == {None, FLAG}


def test_voters_without_choices_only_open_pages(site: Site) -> None:
    with continuous_traffic(voters(site)) as traffic:
        let_pass(traffic, 5)
    assert traffic.ballots.seen() == {}
    assert {request.method for request in site.requests} == {"GET"}


def test_a_beat_that_comes_late_is_a_stall_of_this_process() -> None:
    heart = Heartbeat()
    first = time.monotonic()
    for moment in (first, first + BEAT, first + 2 * BEAT + LATE / 2, first + 5.0, first + 5.0 + BEAT):
        heart.note(moment)
    assert heart.stalls() == ((first + 2 * BEAT + LATE / 2, first + 5.0),)


def test_a_heart_that_beats_notes_no_stall() -> None:
    heart = Heartbeat()
    heart.start()
    heart.stop()
    assert heart.stalls() == ()
