"""A real browser keeps the page's cookie and presses the page's own controls; a page without any fails.

The tests that drive one need a Chromium on this machine; the suite installs none for its own tests.
"""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser as StartedBrowser

from canary_conformance.errors import EnvironmentFailed
from canary_conformance.paths import REPOSITORY
from canary_conformance.processes import find_program
from canary_conformance.progress import Progress
from canary_conformance.timeouts import Timeouts
from canary_conformance.traffic import chromium as chromium_module
from canary_conformance.traffic.chromium import (
    PACKAGE,
    PROGRAMS,
    Chromium,
    chromium,
    ensure_chromium,
    started_chromium,
)
from tests.selftest.flag_pages import RIGHT, THERE_AND_BACK, WRONG, FlagSite, Footer
from tests.selftest.support import Programs, SeenRequest

PROGRAM = next((path for name in PROGRAMS if (path := find_program(name))), None)
with_a_browser = pytest.mark.skipif(PROGRAM is None, reason="this machine has no Chromium")

# What Chromium finds out in its own way; the rest is judged by the same rule as in a session.
SEEN_BY_A_SCREEN = (
    "a disabled control", "a hidden control", "a link without a script", "a link that is opened",
    "links that were swapped", "both words are controls",
)  # fmt: skip
PICTURE = "/picture-that-never-comes"


class PictureSite(FlagSite):
    """A page with controls for the flag, and maybe with a picture that never comes."""

    def __init__(self) -> None:
        super().__init__()
        self.over = threading.Event()

    def answer(self, request: SeenRequest) -> tuple[int, str, dict[str, str]]:
        if request.path == PICTURE:
            self.over.wait()
        return super().answer(request)


@pytest.fixture
def site() -> Iterator[PictureSite]:
    with PictureSite() as site:
        yield site
        site.over.set()


@pytest.fixture
def started() -> Iterator[StartedBrowser]:
    assert PROGRAM is not None
    with started_chromium(PROGRAM) as started:
        yield started


@contextmanager
def short_of_patience(site: PictureSite, started: StartedBrowser) -> Iterator[Chromium]:
    """Yield a browser that waits for half a second."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(chromium_module, "LIMITS", Timeouts(request=0.5))
        with chromium(site.url, started) as opened:
            yield opened


@pytest.fixture
def opened(site: PictureSite, started: StartedBrowser) -> Iterator[Chromium]:
    with chromium(site.url, started) as opened:
        yield opened


def seen_by(browser: Chromium) -> tuple[str, str, dict[str, str]]:
    (page,) = browser.reload()
    assert page.whole, page
    return page.version, page.flag, browser.cookies


def walked(opened: Chromium) -> list[tuple[str, str]]:
    steps = (opened.open_page, opened.press_set, opened.reload, opened.press_clear, opened.reload)
    return [(page.version, page.flag) for step in steps for page in step()]


@with_a_browser
@pytest.mark.parametrize("shown", RIGHT.values(), ids=RIGHT)
def test_the_pages_own_controls_switch_chromium_there_and_back(
    site: PictureSite, opened: Chromium, shown: Footer
) -> None:
    site.shown = shown
    assert walked(opened) == THERE_AND_BACK
    assert opened.cookies == {}


@with_a_browser
@pytest.mark.parametrize("shown", [WRONG[name] for name in SEEN_BY_A_SCREEN], ids=SEEN_BY_A_SCREEN)
def test_a_page_whose_controls_or_state_are_wrong_does_not_switch_chromium(
    site: PictureSite, started: StartedBrowser, shown: Footer
) -> None:
    site.shown = shown
    with short_of_patience(site, started) as opened:
        assert walked(opened) != THERE_AND_BACK


@with_a_browser
def test_cookies_are_of_all_tabs(site: PictureSite, opened: Chromium) -> None:
    (first,) = opened.open_page()
    assert (first.version, first.flag, first.cookie, first.error) == ("1.0", "clear", "", "")
    (switched,) = opened.press_set()
    assert (switched.version, switched.flag, switched.cookie) == ("2.0", "set", "featureflag=on")
    assert seen_by(opened) == ("2.0", "set", {"featureflag": "on"})
    assert opened.open_tab()[0].version == "2.0"
    assert site.requests


@with_a_browser
def test_what_goes_wrong_is_a_page_that_failed(site: PictureSite, opened: Chromium) -> None:
    site.shown = WRONG["a hidden control"]
    opened.open_page()
    assert opened.press_set()[0].error == "no link, button or form carries the word 'set'"
    site.status = 503
    assert opened.reload()[0].status == 503
    site.breaks = True
    (page,) = opened.open_page()
    assert page.status is None
    assert "ERR_EMPTY_RESPONSE" in page.error


@with_a_browser
def test_a_control_without_effect_is_a_page_that_failed(site: PictureSite, started: StartedBrowser) -> None:
    site.shown = WRONG["a link without a script"]
    with short_of_patience(site, started) as opened:
        opened.open_page()
        (page,) = opened.press_set()
    assert page.error == "pressing 'set' led to no page (limit: 0.5 s)"


@with_a_browser
def test_a_page_that_a_control_leads_to_and_that_never_comes_is_one_that_failed(
    site: PictureSite, started: StartedBrowser
) -> None:
    with short_of_patience(site, started) as opened:
        opened.open_page()
        site.breaks = True
        (page,) = opened.press_set()
    assert page.status is None
    assert page.error


@with_a_browser
def test_a_server_that_is_gone_is_a_page_that_failed(started: StartedBrowser) -> None:
    with PictureSite() as gone:
        url = gone.url
    with chromium(url, started) as opened:
        (page,) = opened.open_page()
    assert (page.status, page.whole) == (None, False)
    assert "ERR_CONNECTION_REFUSED" in page.error


@with_a_browser
def test_a_page_is_looked_at_before_its_pictures_are_there(site: PictureSite, opened: Chromium) -> None:
    # A page may want a picture or a font from a server that this machine doesn't reach.
    right = RIGHT["buttons"]
    site.shown = lambda state, other: f'<img src="{PICTURE}">{right(state, other)}'
    assert walked(opened) == THERE_AND_BACK


def test_collecting_the_browser_s_tests_does_not_load_what_drives_it() -> None:
    collect = "import sys, pytest; code = pytest.main(['--collect-only', '-q', 'tests/stage_4_canary'])"
    ask = f"{collect}; print('playwright' in sys.modules); sys.exit(code)"
    done = subprocess.run(
        [sys.executable, "-c", ask], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert "::test_chromium_" in done.stdout
    assert done.stdout.splitlines()[-1] == "False"


def test_without_a_browser_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chromium_module, "PROGRAMS", ("browser-of-this-test",))
    monkeypatch.setattr(chromium_module, "_playwrights", lambda: None)
    monkeypatch.setattr(chromium_module, "may_install", lambda: False)
    with pytest.raises(EnvironmentFailed, match="run `python -m playwright install chromium`") as refused:
        ensure_chromium(Progress())
    assert f"sudo apt-get install {PACKAGE}" in str(refused.value)


@pytest.mark.parametrize("where", ["applications", "playwright"])
def test_a_browser_that_is_not_on_path_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    browser = tmp_path / "Google Chrome"
    browser.touch()
    monkeypatch.setattr(chromium_module, "PROGRAMS", ())
    monkeypatch.setattr(chromium_module, "may_install", lambda: True)
    monkeypatch.setattr(chromium_module, "APPLICATIONS", (browser,) if where == "applications" else ())
    monkeypatch.setattr(chromium_module, "_playwrights", lambda: browser if where == "playwright" else None)
    assert ensure_chromium(Progress()) == browser


@pytest.mark.parametrize("how", ["a link to snap", "a script"])
@pytest.mark.parametrize("others", [True, False])
def test_a_snap_is_taken_only_where_there_is_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, *, others: bool
) -> None:
    """It is confined, so that a run's temporary files may be out of its reach."""
    programs = Programs(tmp_path, monkeypatch)
    programs.only_these()
    own = tmp_path / "own"
    own.touch()
    snapd = programs.add("snap")
    if how == "a script":
        snap = programs.add("chromium-browser", "exec /snap/bin/chromium")
    else:
        snap = snapd.with_name("chromium")
        snap.symlink_to(snapd)
        monkeypatch.setattr(chromium_module, "SNAPS", (snapd,))
    monkeypatch.setattr(chromium_module, "APPLICATIONS", ())
    monkeypatch.setattr(chromium_module, "_playwrights", lambda: own if others else None)
    assert ensure_chromium(Progress()) == (own if others else snap)
    programs.add("google-chrome")
    assert ensure_chromium(Progress()).name == "google-chrome"


def test_playwright_s_browser_counts_only_where_it_was_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", "/no/such/folder")
    assert chromium_module._playwrights() is None


def test_debian_s_is_installed_where_we_may(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, ...]] = []

    def install(packages: tuple[str, ...], progress: Progress) -> None:  # noqa: ARG001
        asked.append(packages)
        programs.add("browser-of-this-test")

    monkeypatch.setattr(chromium_module, "PROGRAMS", ("browser-of-this-test",))
    monkeypatch.setattr(chromium_module, "_playwrights", lambda: None)
    monkeypatch.setattr(chromium_module, "may_install", lambda: True)
    monkeypatch.setattr(chromium_module, "install_packages", install)
    assert ensure_chromium(Progress()).name == "browser-of-this-test"
    ensure_chromium(Progress())
    assert asked == [(PACKAGE,)]


def test_a_driver_that_does_not_start_is_an_environment_that_failed(
    programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As where a library that Playwright's Node needs is not installed.
    programs.add("node-of-this-test", "exit 127")
    driver = find_program("node-of-this-test")
    monkeypatch.setenv("PLAYWRIGHT_NODEJS_PATH", str(driver))
    with (
        pytest.raises(EnvironmentFailed, match=r"driver can't be started.*python -m playwright --version"),
        started_chromium(Path("browser")),
    ):
        pass


def test_a_program_that_is_no_browser_is_an_environment_that_failed(programs: Programs) -> None:
    programs.add(PACKAGE, "exit 1")
    program = ensure_chromium(Progress())
    with pytest.raises(EnvironmentFailed, match="can't be started"), started_chromium(program):
        pass
