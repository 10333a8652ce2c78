"""A page is read by the contract's ids, whoever made it; what isn't a page is read as one that lacks all."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canary_conformance.paths import IMAGES
from canary_conformance.traffic.page import EXCERPT, Reading, read_page

OUR_PAGE = IMAGES / "voting/go/page/testdata/page.html"
"""A page of our own app, byte for byte: its tests, run wherever its image is made, compare with this file."""

BUTTONS = ("Cats", "Dogs", "Reset")
RESULTS = "Cats: 2/6 (33%) | Dogs: 4/6 (67%)"
FOOTER = '<div id="footer"> host: voting-app-1-0-5d4c-x7k | store: redis | feature flag: set </div>'
"""One line, as the contract tells it."""


def said_by(page: Reading) -> tuple[str, str, str, str, tuple[str, ...]]:
    return page.host, page.store, page.flag, page.results, page.buttons


# Each says the same.
SHAPES = {
    "one line": (
        "<html><body><form method=post><button name=vote value=Cats>Cats</button><button>Dogs</button>"
        f'<button>Reset</button></form><div id="results"> {RESULTS} </div>{FOOTER}</body></html>'
    ),
    "inputs": (
        '<input type="hidden" name="csrf" value="x"><input type="text" name="title">'
        '<INPUT TYPE="SUBMIT" NAME="vote" VALUE="Cats"><input type=submit name=vote value=Dogs />'
        f'<input type="button" value="Reset"><p id=results>{RESULTS}</p>{FOOTER}'
    ),
    "much white space": (
        "<button>\n  Cats\n</button><button>\tDogs </button><button> <b> Reset </b> </button>"
        '<div id="results">\n\t Cats:&nbsp;2/6\n(33%) | <b>Dogs: 4/6 (67%)</b>\r\n</div>'
        '<div id="footer">\n host:\n  voting-app-1-0-5d4c-x7k <br>\tstore: redis\n<br>feature flag: set</div>'
    ),
    "a footer of elements": (
        "<button>Cats</button><button>Dogs</button><button>Reset</button>"
        f'<section id="results"><span>{RESULTS}</span></section>'
        '<footer id="footer"><ul><li><b>host:</b><i>voting-app-1-0-5d4c-x7k</i>,</li><li>version: 1.0</li>'
        "<li>store:<code>redis</code>.</li><li>feature flag:<em>set</em></li></ul></footer>"
    ),
    "XHTML": (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml">'
        '<button>Cats</button><button>Dogs</button><input type="submit" value="Reset"/>'
        f'<div id="results">{RESULTS}</div>{FOOTER}</html>'
    ),
    "unclosed": (
        f"<button>Cats</button><button>Dogs</button><button>Reset</button>{FOOTER}<p id=results>{RESULTS}"
    ),
}


def test_our_own_page_says_what_the_contract_requirements() -> None:
    page = read_page(OUR_PAGE.read_text())
    buttons = (*BUTTONS, "Set feature flag", "Clear feature flag")
    assert said_by(page) == ("voting-app-1-0-5d4c-x7k", "redis", "clear", RESULTS, buttons)


@pytest.mark.parametrize("body", SHAPES.values(), ids=SHAPES)
def test_a_page_of_any_shape_says_what_the_contract_requirements(body: str) -> None:
    page = read_page(body)
    assert said_by(page) == ("voting-app-1-0-5d4c-x7k", "redis", "set", RESULTS, BUTTONS)


def test_texts_elsewhere_on_the_page_are_not_taken_for_the_footer_or_the_results() -> None:
    page = read_page("<p>host: nobody store: redis feature flag: set</p><p>Cats: 1 | Dogs: 2</p>")
    assert said_by(page) == ("", "", "", "", ())


@pytest.mark.parametrize(
    ("footer", "said"),
    [
        ("", ("", "", "")),
        ("host: a-1 store: mysql", ("a-1", "mysql", "")),
        ("host: store: redis feature flag: set", ("", "redis", "set")),
        ("host: a-1 store: feature flag: clear", ("a-1", "", "clear")),
        ("store: redis host: a-1 feature flag: version: 2.0", ("a-1", "redis", "")),
        ("ghost: a-1 datastore: redis a feature flag:", ("", "", "")),
        ("host:a-1,store:redis,feature flag:set", ("a-1", "redis", "set")),
    ],
)
def test_what_the_footer_lacks_is_empty_and_never_another_label(
    footer: str, said: tuple[str, str, str]
) -> None:
    page = read_page(f'<div id="footer">{footer}</div>')
    assert (page.host, page.store, page.flag) == said


def test_a_page_without_a_footer_is_not_whole() -> None:
    page = read_page(f'<button>Cats</button><div id="results">{RESULTS}</div>')
    assert said_by(page) == ("", "", "", RESULTS, ("Cats",))


def test_an_empty_result_is_empty() -> None:
    assert read_page(f'<div id="results"> \n </div>{FOOTER}').results == ""


def test_the_excerpt_is_the_start_of_what_a_person_would_read() -> None:
    page = read_page("<p>no\n healthy</p> <b>upstream</b>" + "<i>x</i>" * 1000)
    assert page.excerpt.startswith("no healthy upstream x x")
    assert len(page.excerpt) == EXCERPT


@pytest.mark.parametrize(
    "body",
    [
        "",
        "upstream connect error or disconnect/reset before headers",
        "/etc/hosts.html",
        "http://example.org/",
        '{"text": "Cats: 0 | Dogs: 0"}',
        '<?xml version="1.0"?><Error><Code>NoSuchKey</Code></Error>',
        "<!-- c --><?xml version='1.0'?><a/>",
        "<![x[",
        "<!",
        "<div " * 500,
        "<div>" * 3000,
        "\0\ud800\N{REPLACEMENT CHARACTER}",
    ],
)
def test_what_is_no_page_lacks_everything(body: str) -> None:
    assert said_by(read_page(body)) == ("", "", "", "", ())


@given(
    st.lists(
        st.sampled_from(
            ["<", ">", "!", "?", "[", "]", "-", "/", '"', "'", "=", "&", "#", ";", " ", "\n", "x"]
        )
        | st.sampled_from(
            ["xml", "div", "id", "footer", "results", "button", "CDATA", "doctype", "host:", "é"]
        )
    ).map("".join)
    | st.text()
)
@settings(max_examples=200, deadline=None, database=None)
def test_anything_at_all_can_be_read(body: str) -> None:
    assert isinstance(read_page(body), Reading)
