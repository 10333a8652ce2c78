"""A real browser at the page: Chromium, headless, driven by Playwright. Source: R4.6.

It keeps its own cookies and cache, follows redirects by its own rules, and presses what the page itself
offers. What is driven is the Chromium of the machine, or one that Playwright was asked to install, or
Debian's where we may install it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from playwright.sync_api import Browser as StartedBrowser
from playwright.sync_api import BrowserContext, Error, Playwright, Response, sync_playwright
from playwright.sync_api import TimeoutError as TooLate

from canary_conformance.errors import EnvironmentFailed
from canary_conformance.images.debian import install_packages, may_install
from canary_conformance.processes import CommandFailed, find_program
from canary_conformance.progress import Progress
from canary_conformance.scenario.observations import Page, Sample
from canary_conformance.timeouts import LIMITS
from canary_conformance.traffic.controls import (
    PRESSED,
    SUBMITS,
    Control,
    contract_path,
    control_for,
    no_control,
)
from canary_conformance.traffic.page import page_of, page_without_answer

# The same browser without windows, which starts in half the time (Chromium: "headless shell").
PACKAGE = "chromium-headless-shell"
PROGRAMS = (PACKAGE, "chromium", "google-chrome", "google-chrome-stable", "chromium-browser")
# A Mac has applications for all users and for one.
APPLICATIONS = tuple(
    folder / f"Applications/{name}.app/Contents/MacOS/{name}"
    for folder in (Path("/"), Path.home())
    for name in ("Google Chrome", "Chromium")
)
# Ubuntu's package of Chromium is a script that starts the snap. A snap sees neither the system's folder for
# temporary files nor hidden folders of a home (snapcraft: "The home and the private-tmp interface").
SNAPS = (Path("/snap"), Path("/usr/bin/snap"))
# As for the other voters: proxies of the user are for the outside. The rest keeps Chromium from
# calling its maker.
ARGUMENTS = ("--no-proxy-server", "--disable-background-networking", "--disable-component-update")
_OWN_BROWSER = "run `python -m playwright install chromium`, which needs no root"
_SCRIPT_READ = 4096
SET, CLEAR = "set", "clear"
# Of a screenshot: percent, and milliseconds; it takes about a tenth of a second.
QUALITY, LONGEST_PICTURE = 60, 2000
# The same that canary_conformance.traffic.controls reads from HTML, of the page as it stands in the tab.
_CONTROLS = """
(elements, submits) => elements.map((element, number) => ({
  number,
  text: (element instanceof HTMLInputElement ? element.value : element.innerText).trim()
    || element.value || element.ariaLabel || element.alt || element.title || "",
  in_footer: element.closest("#footer") !== null,
  action: element.matches(submits)
    ? element.getAttribute("formaction") || element.form?.getAttribute("action") || "" : "",
  usable: element.getClientRects().length > 0 && !element.matches(":disabled")
    && getComputedStyle(element).visibility === "visible",
}))
"""

# All that may be read in a frame: what is shown or hidden, what stands in fields and in shadow trees.
_TEXTS = """() => { const read = (of) => [of.textContent, ...[...of.querySelectorAll("*")].flatMap((e) =>
  [e.value, e.placeholder, e.title, e.alt, ...(e.shadowRoot ? read(e.shadowRoot) : [])])];
  return [document.title, document.body?.innerText, ...read(document)].filter(Boolean).join("\\n"); }"""


Keep = Callable[[str, Page, bytes, str], None]
"""What is done with a screenshot: what led to the page, the page as read, the picture as JPEG, its text."""


class Chromium:
    """A browser with the page in its tabs: see chromium()."""

    def __init__(self, url: str, context: BrowserContext, keep: Keep | None = None) -> None:
        """Use a context of its own, whose cookies and cache are used; keep: what takes its screenshots."""
        self.url = url
        self._context = context
        self._keep = keep
        self._tab = context.new_page()

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies that Chromium would send to the page, by name."""
        return {cookie["name"]: cookie["value"] for cookie in self._context.cookies(self.url)}

    def open_page(self) -> Sample[Page]:
        """Open the page in the tab that is in front."""
        return self._sample((self._kept("the page was opened", self._open()),))

    def open_tab(self) -> Sample[Page]:
        """Open the page in a new tab, which is in front from now on."""
        self._tab = self._context.new_page()
        return self.open_page()

    def reload(self, times: int = 1) -> Sample[Page]:
        """Reload the tab so many times, one by one."""
        return self._sample(tuple(self._reload() for _ in range(times)))

    def press_set(self) -> Sample[Page]:
        """Press the control that carries the word "set"; the answer is the page it leads to."""
        return self._sample((self._kept(f"{SET!r} was pressed", self._press(SET)),))

    def press_clear(self) -> Sample[Page]:
        """Press the control that carries the word "clear"."""
        return self._sample((self._kept(f"{CLEAR!r} was pressed", self._press(CLEAR)),))

    def _kept(self, after: str, page: Page) -> Page:
        """Return the page, whose screenshot is kept where there is one; none is no reason to stop."""
        if self._keep is not None:
            with suppress(Error):
                picture = self._tab.screenshot(type="jpeg", quality=QUALITY, timeout=LONGEST_PICTURE)
                text = "\n".join(str(frame.evaluate(_TEXTS)) for frame in self._tab.frames)
                self._keep(after, page, picture, text)
        return page

    def _open(self) -> Page:
        return self._look("/", lambda: self._tab.goto(self.url, wait_until="domcontentloaded"))

    def _reload(self) -> Page:
        return self._look("/", lambda: self._tab.reload(wait_until="domcontentloaded"))

    def _press(self, word: str) -> Page:
        path = contract_path(word)
        try:
            control = control_for(word, self._controls())
        except Error as error:
            return _failed_by(error, path, time.monotonic())
        if control is None:
            return _failed(path, no_control(word), time.monotonic())
        nothing = f"pressing {control.text!r} led to no page (limit: {LIMITS.request:g} s)"
        return self._look(path, lambda: self._press_on(control), nothing)

    def _press_on(self, control: Control) -> Response | None:
        """Press a control; return the answer that the page it leads to came with, None where none came.

        A link to "#" moves within its page before its script's form is sent, which is no page yet.
        """
        answers: list[Response] = []
        tab = self._tab
        main = tab.main_frame

        def note(answer: Response) -> None:
            if answer.request.is_navigation_request() and answer.frame == main:
                answers.append(answer)

        tab.on("response", note)
        try:
            with tab.expect_event("domcontentloaded"):
                tab.locator(PRESSED).nth(control.number).click(no_wait_after=True)
        except TooLate:
            return None
        finally:
            tab.remove_listener("response", note)
        return answers[-1] if answers else None

    def _controls(self) -> list[Control]:
        found = self._tab.locator(PRESSED).evaluate_all(_CONTROLS, SUBMITS)
        return [Control(**control) for control in found]

    def _look(self, path: str, lead: Callable[[], Response | None], nothing: str = "no answer") -> Page:
        """Return the page that something leads to, as it stands in the tab; nothing: said where none came."""
        started = time.monotonic()
        try:
            answer = lead()
            return _failed(path, nothing, started) if answer is None else self._read(path, answer, started)
        except Error as error:
            return _failed_by(error, path, started)

    def _read(self, path: str, answer: Response, started: float) -> Page:
        return page_of(
            self._tab.content(),
            # 304 is the server's word that Chromium's own copy still holds; what is shown is that copy.
            status=200 if answer.status == 304 else answer.status,
            cookie=answer.request.all_headers().get("cookie", ""),
            sent_at=started,
            took=time.monotonic() - started,
            path=path,
        )

    def _sample(self, pages: tuple[Page, ...]) -> Sample[Page]:
        return Sample(pages, f"{len(pages)} pages of Chromium with the cookies {self.cookies or 'none'}")


@contextmanager
def _driver() -> Iterator[Playwright]:
    """Yield Playwright. Raises EnvironmentFailed if its driver, a program of its own, does not start."""
    with ExitStack() as stack:
        try:
            started = stack.enter_context(sync_playwright())
        # Playwright raises nothing more particular, and the driver writes its reason to standard error.
        except Exception as error:
            raise EnvironmentFailed(
                f"Playwright's driver can't be started ({error}): `python -m playwright --version` prints "
                "why, for example a library that it needs (libatomic1 on Debian)"
            ) from error
        yield started


@contextmanager
def started_chromium(program: Path) -> Iterator[StartedBrowser]:
    """Yield a browser that runs without a page, which is closed at the end; program: see ensure_chromium().

    Raises EnvironmentFailed when it can't be started.
    """
    # A sandbox of its own needs rights that root in a container lacks, and Chromium refuses root without.
    as_root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    with _driver() as playwright:
        try:
            driven = playwright.chromium.launch(
                executable_path=program, args=[*ARGUMENTS, *as_root], timeout=LIMITS.browser_start * 1000
            )
        except Error as error:
            first, *_ = error.message.splitlines() or [""]
            hint = f"; it is a snap, which is confined: {_OWN_BROWSER}" if is_snap(program) else ""
            raise EnvironmentFailed(f"{program} can't be started: {first}{hint}") from error
        try:
            yield driven
        finally:
            driven.close()


@contextmanager
def chromium(url: str, started: StartedBrowser, keep: Keep | None = None) -> Iterator[Chromium]:
    """Yield a browser with an empty jar and an empty cache of its own, both thrown away at the end.

    Args:
        url: The address of the page.
        started: See started_chromium().
        keep: What takes its screenshots, None for nothing.
    """
    context = started.new_context()
    context.set_default_timeout(LIMITS.request * 1000)
    try:
        yield Chromium(url, context, keep)
    finally:
        context.close()


def ensure_chromium(progress: Progress) -> Path:
    """Return the path of a Chromium of this machine, installing Debian's where there is none and we may.

    Raises EnvironmentFailed that says what to install.
    """
    found = _found()
    if found is None and may_install():
        try:
            install_packages((PACKAGE,), progress)
        except CommandFailed as error:
            raise EnvironmentFailed(f"Debian's {PACKAGE} can't be installed: {error}") from error
        found = _found()
    if found is None:
        raise EnvironmentFailed(
            f"no browser was found ({', '.join(PROGRAMS)} on PATH, in macOS's folder of applications, or "
            f"Playwright's own): {_OWN_BROWSER}, or `sudo apt-get install {PACKAGE}`"
        )
    return found


def _found() -> Path | None:
    """Return a browser on PATH, a Mac's application, or Playwright's own; a snap where there is no other."""
    on_path = [path for name in PROGRAMS if (path := find_program(name)) is not None]
    free = [path for path in on_path if not is_snap(path)]
    others = (*free, *(path for path in APPLICATIONS if path.exists()))
    return next(iter(others), None) or _playwrights() or next(iter(on_path), None)


def is_snap(program: Path) -> bool:
    """Return whether a program is a snap, or a script that starts one."""
    real = program.resolve()
    if any(real.is_relative_to(folder) or program.is_relative_to(folder) for folder in SNAPS):
        return True
    with real.open("rb") as opened:
        beginning = opened.read(_SCRIPT_READ)
    return beginning.startswith(b"#!") and b"/snap/" in beginning


def _playwrights() -> Path | None:
    with _driver() as playwright:
        program = Path(playwright.chromium.executable_path)
    return program if program.exists() else None


def _failed_by(error: Error, path: str, started: float) -> Page:
    why = f"{type(error).__name__}: {error.message}"
    return _failed(path, why, started, timed_out=isinstance(error, TooLate))


def _failed(path: str, why: str, started: float, *, timed_out: bool = False) -> Page:
    took = time.monotonic() - started
    return page_without_answer(why, cookie="", sent_at=started, took=took, path=path, timed_out=timed_out)
