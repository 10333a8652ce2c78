"""What a reply shows is compared with each way in which the model lets a request end."""

from fractions import Fraction

import pytest

from canary_conformance.model.objects.questions import Ending, Outcome, Wire
from canary_conformance.scenario.observations import Reply, ReplyKind
from canary_conformance.voting.cookie_matrix import ServedBy
from canary_conformance.voting.observed_outcomes import Seen, SeenKind, seen_in, seen_on_pages
from canary_conformance.voting.page_results import DIFFERENT_VOTES

EMPTY = "Cats: 0/0 (0%) | Dogs: 0/0 (0%)"
GREETING = b"\x49\x00\x00\x00\x0a8.4.0"


def reply(received: bytes = b"", kind: ReplyKind = ReplyKind.ANSWERED, detail: str = "") -> Reply:
    return Reply(kind, received, detail, 0.01)


def http(status: int = 200, body: str = "", *headers: str) -> Reply:
    head = "\r\n".join([f"HTTP/1.1 {status} Told", *headers])
    return reply(f"{head}\r\n\r\n{body}".encode())


def analytics(text: str) -> Reply:
    return http(200, f'{{"text": "{text}"}}', "server: istio-envoy", "x-envoy-upstream-service-time: 3")


def outcome(ending: Ending, *pods: str) -> Outcome:
    return Outcome(Fraction(1), ending, pods, 8080, Wire.MTLS, ())


RESET, CLOSED = reply(kind=ReplyKind.RESET), reply(kind=ReplyKind.CLOSED)
NO_LISTENER = reply(kind=ReplyKind.REFUSED, detail="Connection refused")
LATE = reply(kind=ReplyKind.TIMED_OUT)
OF_ENVOY = http(503, "no healthy upstream", "server: envoy")
OF_APP = http(503, "no results", "server: istio-envoy", "x-envoy-upstream-service-time: 12")
NOT_FOUND = http(404, "", "server: istio-envoy")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (RESET, "refused"),
        (CLOSED, "refused"),
        (NO_LISTENER, "connection refused"),
        (LATE, "no answer (timed_out)"),
        (reply(b"+PONG\r\n"), "answered by voting-storage 1.0"),
        (reply(GREETING), "answered by voting-storage 2.0"),
        (analytics("Cats: 1 | Dogs: 3"), "answered by voting-analytics 1.0"),
        (analytics(DIFFERENT_VOTES["1.0"]), "answered by voting-analytics 1.1"),
        (analytics(DIFFERENT_VOTES["2.0"]), "answered by voting-analytics 2.0"),
        (
            analytics("Cats: 0/0 (0%) | Dogs: 0/0 (0%)"),
            "answered by voting-analytics 1.1 or voting-analytics 2.0",
        ),
        (analytics("nothing"), "answered"),
        (http(200, "<html>"), "answered"),
        (reply(b"-ERR unknown command"), "answered"),
        (OF_APP, "answered"),
        (OF_ENVOY, "HTTP 503"),
        (NOT_FOUND, "HTTP 404"),
    ],
)
def test_a_reply_is_told_by_how_it_ended_and_by_its_content(given: Reply, told: str) -> None:
    assert str(seen_in(given)) == told


SERVED_BY_1_0 = outcome(Ending.SERVED, "voting-analytics 1.0")
EITHER = outcome(Ending.SERVED, "voting-analytics 1.0", "voting-analytics 1.1")


@pytest.mark.parametrize(
    ("given", "by_model"),
    [
        # The PERMISSIVE policy: a workload answers, and its content names none.
        (http(200, "<html>"), outcome(Ending.SERVED, "voting-app 1.0")),
        (OF_APP, SERVED_BY_1_0),
        (analytics("Cats: 1 | Dogs: 3"), SERVED_BY_1_0),
        (analytics("Cats: 1 | Dogs: 3"), EITHER),
        (analytics(DIFFERENT_VOTES["1.0"]), EITHER),
        (analytics("nothing"), EITHER),
        (RESET, outcome(Ending.RESET)),
        (CLOSED, outcome(Ending.UNAVAILABLE)),
        (OF_ENVOY, outcome(Ending.UNAVAILABLE)),
        (OF_ENVOY, outcome(Ending.RESET)),
        (NO_LISTENER, outcome(Ending.UNAVAILABLE)),
        (NO_LISTENER, outcome(Ending.NO_LISTENER)),
        (RESET, outcome(Ending.NO_LISTENER)),
        (NOT_FOUND, outcome(Ending.NO_ROUTE)),
        (http(301, "", "server: istio-envoy"), outcome(Ending.REDIRECT)),
        (http(500, "fault filter abort", "server: envoy"), outcome(Ending.FAULT)),
        (LATE, outcome(Ending.FAULT)),
        (reply(b"+PONG"), outcome(Ending.FAULT, "voting-storage 1.0")),
        (http(404, "", "x-envoy-upstream-service-time: 1"), outcome(Ending.REWRITTEN, "voting-app 1.0")),
    ],
)
def test_an_observation_fits_an_outcome_that_looks_like_it(given: Reply, by_model: Outcome) -> None:
    assert seen_in(given).fits(by_model)


@pytest.mark.parametrize(
    ("given", "by_model"),
    [
        (analytics(DIFFERENT_VOTES["1.0"]), SERVED_BY_1_0),
        (analytics(EMPTY), SERVED_BY_1_0),
        (analytics("Cats: 1 | Dogs: 3"), outcome(Ending.SERVED, "voting-analytics 2.0")),
        (reply(GREETING), outcome(Ending.SERVED, "voting-storage 1.0")),
        (OF_ENVOY, SERVED_BY_1_0),
        (NOT_FOUND, SERVED_BY_1_0),
        (RESET, SERVED_BY_1_0),
        (LATE, SERVED_BY_1_0),
        (NO_LISTENER, SERVED_BY_1_0),
        (http(200, "<html>"), outcome(Ending.RESET)),
        (reply(b"+PONG"), outcome(Ending.RESET)),
        (http(200, "<html>"), outcome(Ending.UNAVAILABLE)),
        (LATE, outcome(Ending.RESET)),
        (LATE, outcome(Ending.UNAVAILABLE)),
        (NO_LISTENER, outcome(Ending.RESET)),
        (NOT_FOUND, outcome(Ending.UNAVAILABLE)),
        (OF_ENVOY, outcome(Ending.NO_ROUTE)),
        (RESET, outcome(Ending.NO_ROUTE)),
        (http(200, "<html>"), outcome(Ending.REDIRECT)),
        (http(200, "<html>"), outcome(Ending.NO_LISTENER)),
        (RESET, outcome(Ending.UNKNOWN)),
    ],
)
def test_an_observation_that_looks_otherwise_does_not_fit(given: Reply, by_model: Outcome) -> None:
    assert not seen_in(given).fits(by_model)


def served(*seen: str | int | None) -> ServedBy:
    versions = frozenset(one for one in seen if isinstance(one, str))
    return ServedBy(versions, frozenset(one for one in seen if not isinstance(one, str)))


def test_pages_show_the_version_of_the_app_and_each_of_several() -> None:
    shown = seen_on_pages({"a": served("1.0", "2.0"), "b": served("1.0", 503)}, whole=True)
    one, two = (Seen(SeenKind.ANSWERED, frozenset({f"voting-app {version}"})) for version in ("1.0", "2.0"))
    assert shown == {"a": (one, two), "b": (one, Seen(SeenKind.STATUS, status=503))}


def test_a_page_that_the_model_does_not_have_whole_shows_nothing() -> None:
    shown = seen_on_pages({"a": served(503), "b": served("1.0", None)}, whole=False)
    assert shown == {"a": (), "b": (Seen(SeenKind.ANSWERED, frozenset({"voting-app 1.0"})),)}


def test_a_page_that_never_came_is_no_answer() -> None:
    assert str(seen_on_pages({"a": served(None)}, whole=True)["a"][0]) == "no answer (no page)"


def test_a_page_that_was_in_time_after_all_agrees_with_a_limit_that_is_too_short() -> None:
    late = outcome(Ending.TIMED_OUT, "voting-app 2.0")
    assert Seen(SeenKind.ANSWERED, frozenset({"voting-app 2.0"})).fits(late)
    assert Seen(SeenKind.STATUS, status=504).fits(late)
    assert not Seen(SeenKind.ANSWERED, frozenset({"voting-app 1.0"})).fits(late), "by another version"
    assert not Seen(SeenKind.STATUS, status=503).fits(late)
