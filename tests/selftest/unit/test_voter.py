"""Each request is made once, with the voter's own cookie, raw or from its jar; a failure is a page too."""

import socket
from collections import Counter
from collections.abc import Iterator

import pytest

from canary_conformance.errors import NotJudged, RequirementFailed
from canary_conformance.scenario.observations import Page
from canary_conformance.timeouts import Timeouts
from canary_conformance.traffic import voter as voter_module
from canary_conformance.traffic.voter import PAGES, SIDE_BY_SIDE, UNANSWERED, Voter
from canary_conformance.voting.feature_flag import FLAG
from tests.selftest.support import OLD_PAGE, Site


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


def test_a_page_is_what_was_answered(site: Site) -> None:
    (page,) = Voter(site.url).open_page()
    assert (page.status, page.host, page.store, page.results) == (200, "pod-1", "redis", "Cats: 0 | Dogs: 0")
    assert (page.error, page.cookie, page.path) == ("", "", "/")
    assert page.whole
    assert 0 < page.took < 5
    assert page.ended_at == page.sent_at + page.took


@pytest.mark.parametrize("times", [1, 2, 37])
def test_so_many_pages_are_so_many_requests(site: Site, times: int) -> None:
    pages = Voter(site.url).open_page(times)
    assert len(pages) == times == len(site.requests)
    assert pages.describe == f"{times} pages without a cookie"


def test_one_by_one_is_never_two_at_once(site: Site) -> None:
    Voter(site.url).open_page_one_by_one(20)
    assert len(site.requests) == 20
    assert site.most_at_once == 1


@pytest.mark.parametrize(
    "cookie", [FLAG, "a=1;featureflag=on;b", 'featureflag="on"', "featureflag=on2;  x", "FeatureFlag=on; =;;"]
)
def test_a_cookie_is_sent_as_it_is(site: Site, cookie: str) -> None:
    pages = Voter(site.url).with_cookie(cookie).open_page(2)
    assert [request.cookie for request in site.requests] == [cookie] * 2
    assert {page.cookie for page in pages} == {cookie}
    assert pages.describe == f'2 pages with the cookie "{cookie}"'


def test_the_flag_is_added_to_another_voter_like_this_one(site: Site) -> None:
    plain = Voter(site.url, flag=FLAG)
    plain.with_flag().open_page()
    plain.open_page()
    assert [request.cookie for request in site.requests] == [FLAG, None]


def test_a_vote_is_posted_once_and_its_page_is_the_one_it_leads_to(site: Site) -> None:
    pages = Voter(site.url).vote("Cats", times=2)
    assert [str(request) for request in site.requests] == ["POST / vote=Cats", "GET / "] * 2
    assert [page.status for page in pages] == [200, 200]
    Voter(site.url).reset()
    assert str(site.requests[-2]) == "POST / vote=reset"


def test_the_page_after_a_vote_is_asked_for_with_the_voter_s_cookie(site: Site) -> None:
    (page,) = Voter(site.url, flag=FLAG).with_flag().vote("Cats")
    assert [request.cookie for request in site.requests] == [FLAG, FLAG]
    assert page.cookie == FLAG


def test_a_voter_keeps_no_cookie_that_a_page_sets(site: Site) -> None:
    site.set_cookie = FLAG
    plain = Voter(site.url)
    plain.open_page_one_by_one(3)
    assert [request.cookie for request in site.requests] == [None] * 3


@pytest.mark.parametrize("status", [404, 429, 500, 503])
def test_an_error_is_a_page_and_is_not_asked_for_again(site: Site, status: int) -> None:
    site.status = status
    (page,) = Voter(site.url).open_page()
    assert (page.status, page.error) == (status, "")
    assert not page.whole
    assert len(site.requests) == 1
    Voter(site.url).vote("Cats")
    assert len(site.requests) == 2


def test_a_refused_connection_is_a_page_with_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    (page,) = Voter(f"http://127.0.0.1:{port}/", FLAG).open_page()
    assert page.status is None
    assert page.error.startswith("ConnectionError: ")
    assert "refused" in page.error
    assert (page.cookie, page.host, page.whole) == (FLAG, "", False)


def test_a_connection_that_breaks_is_a_page_with_an_error_and_is_not_made_again(site: Site) -> None:
    site.breaks = True
    (page,) = Voter(site.url).open_page()
    assert page.status is None
    assert "ConnectionError" in page.error
    assert len(site.requests) == 1


def test_no_answer_within_the_limit_is_a_page_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voter_module, "LIMITS", Timeouts(request=0.1))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        (page,) = Voter(f"http://127.0.0.1:{silent.getsockname()[1]}/").open_page()
    assert page.status is None
    assert "Timeout" in page.error
    assert page.took >= 0.1


def test_proxies_of_whoever_runs_the_suite_are_not_asked(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert Voter(site.url).open_page()[0].status == 200


def test_where_nobody_answers_somebody_looks_and_may_end_the_sample(unanswered: Voter) -> None:
    with pytest.raises(InterruptedError):
        unanswered.with_flag().open_page(10_000)


def test_where_nobody_answers_and_nothing_is_disturbed_the_requirement_failed(unanswered: Voter) -> None:
    for name in ("open_page", "open_page_one_by_one"):
        open_pages = getattr(Voter(unanswered.url, flag=FLAG).with_flag(), name)
        with pytest.raises(
            RequirementFailed, match=r"16 pages in a row had no answer, .*featureflag=on.*refused"
        ):
            open_pages(10_000)


def test_voters_whom_nobody_answered_take_no_second_sample(unanswered: Voter, site: Site) -> None:
    silences: dict[tuple[str, str], str] = {}
    alone = Voter(unanswered.url, flag=FLAG, silences=silences)
    with pytest.raises(RequirementFailed, match="16 pages in a row had no answer"):
        alone.with_flag().open_page(10_000)
    # Somebody may answer again: what failed stays the one reason until the next stage.
    answered = Voter(site.url, flag=FLAG, silences=silences)
    for ask in (
        lambda voter: voter.open_page(2),
        lambda voter: voter.open_page_one_by_one(1),
        Voter.reset,
        lambda voter: voter.expect_answers(PAGES),
    ):
        with pytest.raises(NotJudged, match="not asked, since voters get no answer: 16 pages"):
            ask(answered.with_flag())
    assert not site.requests
    assert len(answered.open_page(2)) == 2
    assert answered.with_flag().open_page()[0].status == 200, "one page, as continuous voters open it"
    assert len(answered.with_flag().cast_each(["Cats"])) == 1, "votes may have answers where pages have none"


def test_votes_that_nobody_answers_leave_pages_to_be_asked_for(unanswered: Voter, site: Site) -> None:
    silences: dict[tuple[str, str], str] = {}
    with pytest.raises(RequirementFailed, match="16 votes in a row had no answer"):
        Voter(unanswered.url, silences=silences).cast_each(["Cats"] * 500)
    answered = Voter(site.url, silences=silences)
    assert len(answered.open_page(2)) == 2
    for ask in (answered.reset, lambda: answered.cast_each(["Cats"])):
        with pytest.raises(NotJudged, match="16 votes in a row"):
            ask()


def test_nobody_goes_on_with_a_sample_that_was_ended(
    unanswered: Voter, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Page] = []
    open_one = Voter._open

    def counted(voter: Voter) -> Page:
        opened.append(open_one(voter))
        return opened[-1]

    monkeypatch.setattr(Voter, "_open", counted)
    with pytest.raises(InterruptedError):
        unanswered.open_page(10_000)
    assert UNANSWERED <= len(opened) < UNANSWERED + 2 * SIDE_BY_SIDE


def test_whatever_ends_a_sample_leaves_no_turn_over(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[None] = []

    def fails_late(_: Voter) -> Page:
        opened.append(None)
        if len(opened) == 40:
            raise ZeroDivisionError
        return OLD_PAGE

    monkeypatch.setattr(Voter, "_open", fails_late)
    with pytest.raises(ZeroDivisionError):
        Voter("http://nowhere.test").open_page(100_000)
    assert len(opened) < 100_000


def test_pages_are_told_in_the_order_in_which_they_were_asked_for(site: Site) -> None:
    pages = Voter(site.url).open_page(50)
    assert [page.sent_at for page in pages] == sorted(page.sent_at for page in pages)


def test_an_error_page_is_an_answer(site: Site) -> None:
    site.status = 503
    pages = Voter(site.url, when_unanswered=_stop).open_page(40)
    assert {page.status for page in pages} == {503}


def _stop() -> None:
    raise InterruptedError


@pytest.fixture
def unanswered() -> Voter:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return Voter(f"http://127.0.0.1:{unused.getsockname()[1]}/", flag=FLAG, when_unanswered=_stop)


def test_many_votes_are_cast_side_by_side_each_once_and_followed_nowhere(site: Site) -> None:
    choices = ["Cats", "Dogs", "Dogs"] * 20
    ballots = Voter(site.url, flag=FLAG).with_flag().cast_each(choices)
    assert Counter(ballot.choice for ballot in ballots) == {"Cats": 20, "Dogs": 40}
    assert Counter(map(str, site.requests)) == {"POST / vote=Cats": 20, "POST / vote=Dogs": 40}
    assert {request.cookie for request in site.requests} == {FLAG}
    assert all(ballot.counted for ballot in ballots)
    assert ballots.describe == f'60 votes with the cookie "{FLAG}"'


def test_a_vote_that_is_refused_is_not_cast_again(site: Site) -> None:
    site.status = 503
    ballots = Voter(site.url).cast_each(["Cats"] * 3)
    assert [ballot.answer.status for ballot in ballots] == [503] * 3
    assert len(site.requests) == 3
    assert not any(ballot.counted for ballot in ballots)


def test_votes_that_nobody_answers_end_as_pages_do(site: Site) -> None:
    site.breaks = True
    with pytest.raises(RequirementFailed, match=f"{UNANSWERED} votes in a row had no answer"):
        Voter(site.url).cast_each(["Cats"] * 500)
    assert len(site.requests) <= UNANSWERED + SIDE_BY_SIDE
