"""A screenshot is a file and an event; one that can't be taken is none, and decides nothing."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from playwright.sync_api import Browser as StartedBrowser
from playwright.sync_api import Error

from canary_conformance.processes import find_program
from canary_conformance.report import secret_masks
from canary_conformance.report.bundle import RunFolder
from canary_conformance.report.screenshots import LEFT_OUT, keeper_of, take_screenshot
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.traffic.chromium import PROGRAMS, chromium, started_chromium
from tests.selftest.support import NEW_PAGE, SeenRequest, Site

SECRET = "hunter2-hunter2"
PROGRAM = next((path for name in PROGRAMS if (path := find_program(name))), None)


class Pictures:
    """A run's folder and the progress of a namespace at stage 5."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.events: list[dict[str, Any]] = []
        self.folder = cast(RunFolder, SimpleNamespace(write_picture=self.write))
        progress = SimpleNamespace(event=lambda _, **fields: self.events.append(fields))
        mesh = SimpleNamespace(gateway=SimpleNamespace(url="http://127.0.0.1:1/"))
        self.namespace = cast(NamespaceUnderTest, SimpleNamespace(stage=5, progress=progress, mesh=mesh))

    def write(self, name: str, content: bytes) -> str:
        self.files[name] = content
        return f"screenshots/{name}"


def test_a_screenshot_is_a_file_and_what_it_shows_is_an_event() -> None:
    pictures = Pictures()
    keeper_of(pictures.folder, pictures.namespace)("the page was opened", NEW_PAGE, b"jpeg", "Cats: 1")
    (name,) = pictures.files
    (event,) = pictures.events
    assert name.startswith("stage-5-")
    assert (event["stage"], event["file"], event["version"]) == (5, f"screenshots/{name}", "2.0")


def test_a_run_without_a_folder_keeps_none() -> None:
    pictures = Pictures()
    keeper_of(None, pictures.namespace)("the page was opened", NEW_PAGE, b"jpeg", "Cats: 1")
    assert pictures.events == []


@pytest.mark.parametrize("text", ["it is h u n t e r 2-HUNTER2", "MYSQL_PASSWORD=other"])
def test_a_page_that_shows_a_secret_is_left_out_with_the_reason(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secret_masks, "_known", {SECRET})
    pictures = Pictures()
    keeper_of(pictures.folder, pictures.namespace)("the page was opened", NEW_PAGE, b"jpeg", text)
    assert pictures.files == {}
    assert [(one["file"], one["left_out"]) for one in pictures.events] == [("", LEFT_OUT)]


# Each is shown by the page in a way of its own.
PLACES = (
    "<p>hunter2<b>-hunter2</b></p>",
    "<input value='hunter2-hunter2'>",
    "<iframe srcdoc='hunter2-hunter2'></iframe>",
    "<div id='host'></div><script>document.getElementById('host').attachShadow({mode: 'open'}).innerHTML ="
    " '<i>hunter2-hunter2</i>'</script>",
    "<script>document.title = 'hunter2' + '-hunter2'</script>",
)


class Leaky(Site):
    """A page that shows a secret."""

    place = ""

    def answer(self, request: SeenRequest) -> tuple[int, str, dict[str, str]]:
        status, body, headers = super().answer(request)
        return status, body + self.place, {**headers, "Content-Type": "text/html"}


@pytest.mark.skipif(PROGRAM is None, reason="this machine has no Chromium")
def test_chromium_reads_all_that_a_picture_may_show(monkeypatch: pytest.MonkeyPatch) -> None:
    assert PROGRAM is not None
    monkeypatch.setattr(secret_masks, "_known", {SECRET})
    pictures = Pictures()
    keep = keeper_of(pictures.folder, pictures.namespace)
    with Leaky() as site, started_chromium(PROGRAM) as started:
        for place in ("", *PLACES):
            site.place = place
            with chromium(site.url, started, keep) as opened:
                opened.open_page()
    assert [bool(one["left_out"]) for one in pictures.events] == [False, *(True for _ in PLACES)]


def test_a_browser_that_takes_no_screenshot_is_no_failure() -> None:
    def refuse() -> None:
        raise Error("closed")

    pictures = Pictures()
    take_screenshot(
        pictures.folder, pictures.namespace, cast(StartedBrowser, SimpleNamespace(new_context=refuse))
    )
    assert pictures.events == []
