"""A real browser keeps the page's cookie and presses the page's own buttons; where there is none, it is said.

The tests that drive one need a Chromium on this machine; the suite installs none for its own tests.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.processes import find_program
from fixtures.progress import Progress
from fixtures.scenario.errors import EnvironmentFailed
from fixtures.traffic import chromium as chromium_module
from fixtures.traffic.chromium import PACKAGE, PROGRAMS, Chromium, chromium, ensure_chromium
from tests.selftest.support import Programs, SeenRequest, Site

pytestmark = pytest.mark.selftest

ROOT = Path(__file__).parents[2]
PROGRAM = next((path for name in PROGRAMS if (path := find_program(name))), None)
with_a_browser = pytest.mark.skipif(PROGRAM is None, reason="this machine has no Chromium")

PICTURE = "/picture-that-never-comes"
BUTTONS = """
<form method="post" action="/featureflag/set"><button type="submit">Set</button></form>
<form method="post" action="/featureflag/clear"><button type="submit">Clear</button></form>
"""
# As the scenario's own app has them: forms without a button, submitted by the footer's links.
LINKS = """
<form id="s" method="post" action="/featureflag/set"></form>
<form id="c" method="post" action="/featureflag/clear"></form>
<div id="footer">
<a href="#" onclick="s.submit(); return false">set</a>
<a href="#" onclick="c.submit(); return false">clear</a>
"""


class FlaggedSite(Site):
    """A page that shows Redis, or MySQL to whoever sends the flag, with controls to set and clear it."""

    controls = BUTTONS

    def __init__(self) -> None:
        super().__init__()
        self.over = threading.Event()

    def answer(self, request: SeenRequest) -> tuple[int, str, dict[str, str]]:
        if request.path == PICTURE:
            self.over.wait()
        if self.status != 200 or request.method == "POST":
            return super().answer(request)
        flagged = "featureflag=on" in (request.cookie or "")
        store, flag = ("mysql", "set") if flagged else ("redis", "clear")
        footer = f"host: pod-1 store: {store} feature flag: {flag}"
        inside = "" if 'id="footer"' in self.controls else '<div id="footer">'
        body = f'<div id="results"> Cats: 0 | Dogs: 0 </div>{self.controls}{inside}{footer}</div>'
        return 200, body, {"Content-Type": "text/html"}


@pytest.fixture
def site() -> Iterator[FlaggedSite]:
    with FlaggedSite() as site:
        yield site
        site.over.set()


@pytest.fixture
def opened(site: FlaggedSite) -> Iterator[Chromium]:
    assert PROGRAM is not None
    with chromium(site.url, PROGRAM) as opened:
        yield opened


def told(browser: Chromium) -> tuple[str, str, dict[str, str]]:
    (page,) = browser.reload()
    assert page.whole, page
    return page.version, page.flag, browser.cookies


@with_a_browser
@pytest.mark.parametrize("controls", [BUTTONS, LINKS], ids=["buttons", "links"])
def test_the_page_s_own_controls_set_and_clear_the_flag(
    site: FlaggedSite, opened: Chromium, controls: str
) -> None:
    site.controls = controls
    (first,) = opened.open_page()
    assert (first.version, first.flag, first.cookie, first.error) == ("1.0", "clear", "", "")
    (switched,) = opened.press_set()
    assert (switched.version, switched.flag, switched.cookie) == ("2.0", "set", "featureflag=on")
    assert told(opened) == ("2.0", "set", {"featureflag": "on"})
    assert opened.open_tab()[0].version == "2.0"
    assert opened.press_clear()[0].version == "1.0"
    assert told(opened) == ("1.0", "clear", {})


@with_a_browser
def test_what_goes_wrong_is_a_page_that_failed(site: FlaggedSite, opened: Chromium) -> None:
    site.controls = '<form action="/featureflag/set" method="post"><button hidden>Set</button></form>'
    opened.open_page()
    assert opened.press_set()[0].error == "the page offers nothing to press for /featureflag/set"
    site.status = 503
    assert opened.reload()[0].status == 503
    site.breaks = True
    (page,) = opened.open_page()
    assert page.status is None
    assert "ERR_EMPTY_RESPONSE" in page.error


@with_a_browser
def test_a_server_that_is_gone_is_a_page_that_failed() -> None:
    assert PROGRAM is not None
    with FlaggedSite() as gone:
        url = gone.url
    with chromium(url, PROGRAM) as opened:
        (page,) = opened.open_page()
    assert (page.status, page.whole) == (None, False)
    assert "ERR_CONNECTION_REFUSED" in page.error


@with_a_browser
def test_a_page_is_looked_at_before_its_pictures_are_there(site: FlaggedSite, opened: Chromium) -> None:
    # A page may want a picture or a font from a server that this machine doesn't reach.
    site.controls = f'<img src="{PICTURE}">'
    opened.open_page()
    assert told(opened) == ("1.0", "clear", {})


def test_collecting_the_browser_s_tests_does_not_load_what_drives_it() -> None:
    collect = "import sys, pytest; code = pytest.main(['--collect-only', '-q', 'tests/stage_4_canary'])"
    ask = f"{collect}; print('playwright' in sys.modules); sys.exit(code)"
    told = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "::test_chromium_" in told.stdout
    assert told.stdout.splitlines()[-1] == "False"


def test_without_a_browser_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chromium_module, "PROGRAMS", ("browser-of-this-test",))
    monkeypatch.setattr(chromium_module, "may_install", lambda: False)
    with pytest.raises(EnvironmentFailed, match="install browser-of-this-test"):
        ensure_chromium(Progress())


def test_debian_s_is_installed_where_we_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = Programs(tmp_path, monkeypatch)
    asked: list[tuple[str, ...]] = []

    def install(packages: tuple[str, ...], progress: Progress) -> None:  # noqa: ARG001
        asked.append(packages)
        programs.add("browser-of-this-test")

    monkeypatch.setattr(chromium_module, "PROGRAMS", ("browser-of-this-test",))
    monkeypatch.setattr(chromium_module, "may_install", lambda: True)
    monkeypatch.setattr(chromium_module, "install_packages", install)
    assert ensure_chromium(Progress()).name == "browser-of-this-test"
    ensure_chromium(Progress())
    assert asked == [(PACKAGE,)]


def test_a_program_that_is_no_browser_is_an_environment_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = Programs(tmp_path, monkeypatch)
    programs.add(PACKAGE, "exit 1")
    program = ensure_chromium(Progress())
    with pytest.raises(EnvironmentFailed, match="can't be started"), chromium("http://127.0.0.1:1", program):
        pass
