"""The browser without a script engine presses what the page has for set and clear, whatever that is."""

import html
from collections.abc import Iterator

import pytest

from canary_conformance.traffic.browser import Browser, browser
from canary_conformance.traffic.page import read_page
from canary_conformance.voting.feature_flag import FLAG
from tests.selftest.flag_pages import FORMS, RIGHT, THERE_AND_BACK, WRONG, FlagSite, Footer


@pytest.fixture
def site() -> Iterator[FlagSite]:
    with FlagSite() as site:
        yield site


def walked(opened: Browser) -> list[tuple[str, str]]:
    samples = [
        opened.open_page(),
        opened.set_flag(),
        opened.open_page(),
        opened.clear_flag(),
        opened.open_page(),
    ]
    return [(page.version, page.flag) for sample in samples for page in sample]


@pytest.mark.parametrize("shown", RIGHT.values(), ids=RIGHT)
def test_the_pages_own_controls_switch_a_browser_there_and_back(site: FlagSite, shown: Footer) -> None:
    site.shown = shown
    with browser(site.url) as opened:
        assert walked(opened) == THERE_AND_BACK
        assert opened.cookies == {}


@pytest.mark.parametrize("shown", WRONG.values(), ids=WRONG)
def test_a_page_whose_controls_or_state_are_wrong_does_not_switch(site: FlagSite, shown: Footer) -> None:
    site.shown = shown
    with browser(site.url) as opened:
        assert walked(opened) != THERE_AND_BACK


@pytest.mark.parametrize(
    ("shown", "way"),
    [
        (RIGHT["buttons"], "its form"),
        (RIGHT["links that submit forms"], "the form that its script submits"),
        (RIGHT["links with a script of their own"], "the form that its script submits"),
        (RIGHT["links with listeners"], "the contract's path, since its script can't be read"),
        (WRONG["a link that is opened"], "its address"),
    ],
)
def test_the_sample_says_which_way_was_taken(site: FlagSite, shown: Footer, way: str) -> None:
    site.shown = shown
    with browser(site.url) as opened:
        assert opened.set_flag().describe.endswith(f" after 'set' was pressed ({way})")


@pytest.mark.parametrize(
    ("shown", "error"),
    [
        (WRONG["no control"], "no link, button or form carries the word 'set'"),
        (WRONG["a disabled control"], "no link, button or form carries the word 'set'"),
        (WRONG["a link without a script"], "'set' has no form, no address and no script"),
    ],
)
def test_nothing_to_press_is_a_failed_page_that_says_so(site: FlagSite, shown: Footer, error: str) -> None:
    site.shown = shown
    with browser(site.url) as opened:
        (page,) = opened.set_flag()
    assert (page.status, page.error, page.path) == (None, error, "/featureflag/set")
    assert [str(request) for request in site.requests] == ["GET / "]


@pytest.mark.parametrize(
    "script",
    [
        "document.flagon.submit()",
        "document.forms.flagon.submit()",
        "document.forms['flagon'].submit(); return false",
        "document.forms[1].submit()",
        "flagon.submit()",
        "document.getElementById('by-id').requestSubmit()",
        "document.querySelector('form#by-id').submit()",
        """document.querySelector('form[action="/featureflag/set"]').submit()""",
        "this.form.submit()",
        "this.parentNode.submit()",
        "event.target.closest('form').submit()",
        "press('by-id')",
        "chosen()",
        "other()",
    ],
)
def test_a_script_s_form_is_found_however_the_script_names_it(site: FlagSite, script: str) -> None:
    button = f"<button type='button' onclick='{html.escape(script, quote=True)}'>set</button>"
    site.shown = lambda *_: (
        f"""
    <script>
      function press(id) {{ const form = document.getElementById(id); if (form) {{ form.submit(); }} }}
      function chosen() {{ press("by-id"); }}
      other = async () => {{ window.flagon.submit() }};
    </script>
    <form id="by-id" name="flagon" method="post" action="/featureflag/set">
    <input type="hidden" name="found" value="yes">{button}</form>"""
    )
    with browser(site.url) as opened:
        opened.set_flag()
    assert str(site.requests[1]) == "POST /featureflag/set found=yes"


@pytest.mark.parametrize(
    "script",
    [
        "go(word)",  # a function of no inline script
        "word == 'set' ? document.flagon.submit() : document.flagoff.submit()",  # two forms
        "document.flagonce.submit()",  # a form that is not there
        "fetch('/featureflag/set', {method: 'POST'})",
    ],
)
def test_a_script_whose_form_can_t_be_told_takes_the_contracts_way(site: FlagSite, script: str) -> None:
    link = f'<a href="#" onclick="{html.escape(script)}">set</a>'
    site.shown = lambda *_: f"{FORMS}{link}"
    with browser(site.url) as opened:
        assert "the contract's path" in opened.set_flag().describe
    assert str(site.requests[1]) == "POST /featureflag/set "


def test_a_form_is_sent_with_its_fields_and_the_button_that_was_pressed(site: FlagSite) -> None:
    site.shown = RIGHT["a form with fields"]
    with browser(site.url) as opened:
        opened.set_flag()
    assert str(site.requests[1]) == "POST /flag csrf=x+y&sure=on&why=a&to=set&press=it"


def test_a_form_without_a_method_is_opened_with_its_fields(site: FlagSite) -> None:
    site.shown = lambda state, other: (
        f'<form action="/?old=1"><input name="a" value="1"><button>{other}</button></form>'
        f'<div id="footer">feature flag: {state}</div>'
    )
    with browser(site.url) as opened:
        opened.set_flag()
    assert str(site.requests[1]) == "GET /?a=1 "


def test_where_the_page_does_not_come_there_is_nothing_to_press(site: FlagSite) -> None:
    site.breaks = True
    with browser(site.url) as opened:
        (page,) = opened.set_flag()
    assert page.error == "no page was shown on which anything could be pressed"
    site.breaks, site.status = False, 503
    with browser(site.url) as opened:
        (page,) = opened.clear_flag()
    assert page.error == "no link, button or form carries the word 'clear'"


def test_a_browser_carries_what_the_page_has_set_until_it_is_cleared(site: FlagSite) -> None:
    with browser(site.url) as opened:
        assert opened.cookies == {}
        opened.open_page()
        (page,) = opened.set_flag()
        assert page.cookie == FLAG
        assert opened.cookies == {"featureflag": "on"}
        opened.open_page(2)
        (page,) = opened.clear_flag()
        assert page.cookie == ""
        assert opened.cookies == {}
        opened.open_page()
    assert [f"{request.method} {request.path} {request.cookie}" for request in site.requests] == [
        "GET / None",
        "POST /featureflag/set None",
        f"GET / {FLAG}",
        f"GET / {FLAG}",
        f"GET / {FLAG}",
        f"POST /featureflag/clear {FLAG}",
        "GET / None",
        "GET / None",
    ]


def test_each_browser_has_a_jar_of_its_own(site: FlagSite) -> None:
    with browser(site.url) as one, browser(site.url) as other:
        one.set_flag()
        assert other.cookies == {}
        assert other.open_page().describe == "1 pages of a browser with the cookies none"


@pytest.mark.parametrize(
    ("footer", "state"),
    [
        ("feature flag: set", "set"),
        ('feature flag: set | <a href="#">clear</a>', "set"),
        ('feature flag: <a href="#">set</a> | clear', "clear"),
        ("feature flag: <button>set</button> <b>clear</b> version: 2.0", "clear"),
        ('feature flag: <input type="submit" value="set"> clear', "clear"),
        ('<label for="x">feature flag:</label> <output id="x">set</output>', "set"),
        ("feature flag: <a>set</a> | <a href='#'>clear</a>", "set"),  # an anchor without href is no link
        ("feature flag: clear (click <a href='#'>set</a> to change)", "clear"),
        ("feature flag: <span>set</span><span hidden>clear</span>", "set"),
        ("feature flag: set <!-- | clear -->", "set"),
        ("feature flag: set | clear", ""),
        ("feature flag: set - clear", ""),
        ("feature flag: <b>set</b> | clear", ""),
        ('feature flag: <a href="#">set</a> | <a href="#">clear</a>', ""),
        ("<button>feature flag: set</button>", ""),
        ("<select><option>set</option><option>clear</option></select> feature flag:", ""),
        ("feature flag: on", ""),
        ("feature flag: SET", ""),
        ("flag: set", ""),
    ],
)
def test_the_state_of_the_flag_is_the_word_that_is_no_control(footer: str, state: str) -> None:
    assert read_page(f'<form><div id="footer">host: a-1 store: redis {footer}</div></form>').flag == state
