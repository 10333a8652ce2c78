"""Each check complains about what it looks at, and says what there was instead."""

from dataclasses import replace

import pytest

from canary_conformance.scenario.observations import Page, Reply, ReplyKind
from canary_conformance.verdicts.checks import (
    Check,
    answers_with,
    both,
    exactly,
    failed_page,
    flag_is,
    from_pods,
    offers,
    pod,
    refused_by_reset,
    requirement_of,
    served_by,
    shows,
    status,
    whole_page,
)
from canary_conformance.verdicts.wording import (
    conclusive,
    examples_of,
    grouped,
    listed,
    noun,
    percent,
    quote,
    shorten,
    tally,
)
from canary_conformance.voting.page_checks import (
    formatted_as,
    greets_as_mysql,
    results_format,
    right_arithmetic,
)
from tests.selftest.support import OLD_PAGE

NO_FLAG = "showed no state of the feature flag (one of set and clear as plain text, not both)"

OLD = replace(OLD_PAGE, host="voting-app-1-0-abc-x7k", sent_at=10.0)
NEW = replace(OLD, store="mysql", results="Cats: 2/6 (33%) | Dogs: 4/6 (67%)", flag="set")
NOWHERE = replace(OLD, host="", store="", flag="", results="", buttons=())
UNAVAILABLE = replace(NOWHERE, status=503, excerpt="no healthy upstream")
CUT_OFF = replace(NOWHERE, status=None, error="connection reset by peer", excerpt="")
EMPTY_RESULT = replace(NEW, results="")


def reply(kind: ReplyKind, received: bytes = b"", detail: str = "") -> Reply:
    return Reply(kind, received, detail, 0.003)


@pytest.mark.parametrize(
    ("check", "page"),
    [
        (served_by("1.0"), OLD),
        (served_by("2.0"), NEW),
        (formatted_as("plain"), OLD),
        (formatted_as("percent"), NEW),
        (formatted_as("plain", ("Tea", "Coffee")), replace(OLD, results="Tea: 1 | Coffee: 0")),
        (whole_page, OLD),
        (failed_page, UNAVAILABLE),
        (shows("Cats: 2 | Dogs: 4"), OLD),
        (offers("Reset", "Dogs", "Cats"), OLD),
        (offers("Dogs"), OLD),
        (right_arithmetic, NEW),
        (right_arithmetic, OLD),
        (from_pods({"voting-app-1-0-abc-x7k"}), OLD),
        (flag_is("clear"), OLD),
        (status(503), UNAVAILABLE),
        (both(whole_page, served_by("2.0")), NEW),
    ],
)
def test_a_fine_page_brings_no_complaint(check: Check[Page], page: Page) -> None:
    assert check(page) == ""


@pytest.mark.parametrize(
    ("check", "page", "complaint"),
    [
        (served_by("2.0"), OLD, "came from 1.0"),
        (served_by("2.0"), UNAVAILABLE, "answered 503"),
        (served_by("2.0"), CUT_OFF, "failed: connection reset by peer"),
        (served_by("2.0"), replace(OLD, store="mongo"), "had store 'mongo'"),
        (formatted_as("percent"), OLD, "were in the plain format"),
        (formatted_as("percent"), EMPTY_RESULT, "lacked results"),
        (formatted_as("plain"), replace(OLD, results="none yet"),
         "had a result in neither format: 'none yet'"),
        (whole_page, EMPTY_RESULT, "lacked results"),
        (whole_page, replace(OLD, host="", store=""), "lacked host and store"),
        (whole_page, replace(OLD, status=500), "answered 500"),
        (failed_page, OLD, "were whole"),
        (shows("Cats: 0 | Dogs: 0"), OLD, "showed 'Cats: 2 | Dogs: 4'"),
        (shows("Cats: 0 | Dogs: 0"), UNAVAILABLE, "answered 503"),
        (offers("Cats", "Birds"), OLD, "offered Cats, Dogs, Reset"),
        (offers("Cats", "Dogs"), CUT_OFF, "failed: connection reset by peer"),
        (offers("Cats", "Dogs"), replace(OLD, buttons=()), "offered no button"),
        (from_pods(["other"]), OLD, "came from voting-app-1-0-abc-x7k"),
        (from_pods(["other"]), UNAVAILABLE, "answered 503"),
        (flag_is("set"), OLD, "had the flag clear"),
        (flag_is("set"), replace(OLD, flag=""), NO_FLAG),
        (status(404), OLD, "answered 200"),
        (status(404), CUT_OFF, "failed: connection reset by peer"),
        (both(whole_page, served_by("2.0")), EMPTY_RESULT, "lacked results"),
        (both(whole_page, served_by("2.0")), OLD, "came from 1.0"),
    ],
)  # fmt: skip
def test_a_complaint_says_what_there_was_instead(check: Check[Page], page: Page, complaint: str) -> None:
    assert check(page) == complaint


def test_wrong_arithmetic_is_told_with_the_text() -> None:
    complaint = right_arithmetic(replace(NEW, results="Cats: 2/6 (34%) | Dogs: 4/6 (67%)"))
    assert complaint.startswith("showed 'Cats: 2/6 (34%) | Dogs: 4/6 (67%)': ")
    assert right_arithmetic(UNAVAILABLE) == "answered 503"


@pytest.mark.parametrize("kind", [ReplyKind.RESET, ReplyKind.CLOSED])
def test_a_reset_or_a_close_without_a_byte_is_a_refusal(kind: ReplyKind) -> None:
    assert refused_by_reset(reply(kind)) == ""


@pytest.mark.parametrize(
    ("seen", "complaint"),
    [
        (reply(ReplyKind.REFUSED), "found nothing that listens (connection refused)"),
        (reply(ReplyKind.TIMED_OUT), "timed out"),
        (reply(ReplyKind.UNRESOLVED), "asked for a host name that does not resolve"),
        (reply(ReplyKind.FAILED, detail="no route to host"), "failed: no route to host"),
        (reply(ReplyKind.FAILED), "failed: failed"),
        (reply(ReplyKind.ANSWERED, b"+PONG\r\n"), "received b'+PONG\\r\\n'"),
        (reply(ReplyKind.RESET, b"+PO"), "received b'+PO'"),
    ],
)
def test_nothing_else_is_a_refusal(seen: Reply, complaint: str) -> None:
    assert refused_by_reset(seen) == complaint


def test_every_way_to_end_a_connection_is_a_refusal_or_has_a_complaint() -> None:
    silent = [kind for kind in ReplyKind if refused_by_reset(reply(kind)) == ""]
    assert silent == [ReplyKind.RESET, ReplyKind.CLOSED]


def test_an_answer_must_begin_as_expected() -> None:
    assert answers_with(b"+PONG")(reply(ReplyKind.ANSWERED, b"+PONG\r\n")) == ""
    assert answers_with(b"+PONG")(reply(ReplyKind.ANSWERED, b"-ERR")) == "received b'-ERR'"
    assert answers_with(b"+PONG")(reply(ReplyKind.RESET)) == "were reset without a byte"
    assert answers_with(b"+PONG")(reply(ReplyKind.TIMED_OUT)) == "timed out"
    with pytest.raises(ValueError, match="no bytes"):
        answers_with(b"")


def test_mysql_is_known_by_its_greeting() -> None:
    assert greets_as_mysql(reply(ReplyKind.ANSWERED, b"\x4a\x00\x00\x00\x0a8.4.6\x00")) == ""
    assert greets_as_mysql(reply(ReplyKind.ANSWERED, b"+PONG\r\n")) == "received b'+PONG\\r\\n'"
    blocked = reply(ReplyKind.ANSWERED, b"\x45\x00\x00\x00\xffj\x04Host")
    assert greets_as_mysql(blocked).startswith("received")
    assert greets_as_mysql(reply(ReplyKind.CLOSED)) == "were closed without a byte"


def test_a_plain_value_is_checked_by_equality() -> None:
    assert exactly("OK")("OK") == ""
    assert exactly("OK")("CONFLICT") == "were CONFLICT"
    assert exactly("OK")("") == "were (nothing)"


def test_a_check_says_what_it_asks_for() -> None:
    def is_friendly(_: Page) -> str:
        return ""

    assert requirement_of(both(whole_page, served_by("2.0"))) == "whole and served by 2.0"
    assert requirement_of(is_friendly) == "is friendly"


def test_keys_name_the_pod_and_the_format_or_why_there_is_none() -> None:
    assert [pod(OLD), pod(UNAVAILABLE)] == ["voting-app-1-0-abc-x7k", "(answered 503)"]
    assert [results_format(page) for page in (OLD, NEW, EMPTY_RESULT)] == [
        "plain",
        "percent",
        "(lacked results)",
    ]


def test_a_page_is_quoted_with_pod_raw_cookie_and_results() -> None:
    page = replace(OLD, cookie="a=1;  featureflag=on")
    told = "voting-app-1-0-abc-x7k; cookie 'a=1;  featureflag=on'; results 'Cats: 2 | Dogs: 4'"
    assert quote(page) == told


def test_a_failed_page_is_quoted_with_its_status_and_body_or_its_error() -> None:
    assert quote(UNAVAILABLE) == "no pod; no cookie; no results; status 503; body 'no healthy upstream'"
    failed = replace(CUT_OFF, path="/featureflag/set")
    told = "no pod; path /featureflag/set; no cookie; no results; failed: connection reset by peer; no body"
    assert quote(failed) == told


def test_a_reply_is_quoted_with_its_end_and_its_bytes() -> None:
    assert (
        quote(reply(ReplyKind.RESET, detail="errno 104")) == "reset; received b''; errno 104; after 0.003 s"
    )


def test_only_a_whole_page_or_a_made_connection_can_show_absence() -> None:
    assert [conclusive(page) for page in (OLD, EMPTY_RESULT, UNAVAILABLE, CUT_OFF)] == [
        True,
        False,
        False,
        False,
    ]
    told = {kind for kind in ReplyKind if conclusive(reply(kind))}
    assert told == {ReplyKind.ANSWERED, ReplyKind.RESET, ReplyKind.CLOSED}
    assert conclusive("a value")


def test_long_texts_keep_both_ends() -> None:
    assert shorten("a  b\nc") == "a b c"
    short = shorten("a" * 200 + "z" * 200, 60)
    assert len(short) == 60
    assert short.startswith("aaa")
    assert short.endswith("zzz")


def test_a_text_is_cut_between_words_so_that_names_stay_whole() -> None:
    text = "ServiceAccount/nobody-made-it does not exist, and the pods of Deployment/voting-app-1-0 need it"
    short = shorten(text, 70)
    assert len(short) <= 70
    assert short == "ServiceAccount/nobody-made-it does not … need it"


def test_many_complaints_become_a_few_lines() -> None:
    complaints = ["x"] * 5 + ["y"] * 9 + ["a", "b", "c", "d"]
    assert grouped(complaints, 50, "pages").splitlines() == [
        "9 of 50 pages y",
        "5 of 50 pages x",
        "1 of 50 pages a",
        "1 of 50 pages b",
        "2 of 50 pages had 2 other complaints",
    ]
    assert grouped([], 50, "pages") == ""


def test_examples_come_from_different_complaints_where_there_are() -> None:
    assert examples_of([("x", "1"), ("y", "2"), ("y", "3")]) == ("2", "1")
    assert examples_of([("x", "1"), ("x", "1"), ("x", "2"), ("x", "3")]) == ("1", "2")
    assert examples_of([]) == ()


def test_lists_and_numbers_read_well() -> None:
    assert listed(list("abcdefg")) == "a, b, c, d, e and 2 more"
    assert tally({"b": 2, "": 3, "a": 2}) == "(nothing) 3, a 2, b 2"
    assert [percent(0.00501), percent(0.999), percent(1.0)] == ["0.501 %", "99.9 %", "100 %"]
    assert [noun([OLD]), noun([reply(ReplyKind.RESET)]), noun(["x"]), noun([])] == [
        "pages",
        "replies",
        "observations",
        "observations",
    ]
