"""A screenshot is a file and an event; one that can't be taken is none, and decides nothing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from playwright.sync_api import Browser as StartedBrowser
from playwright.sync_api import Error

from canary_conformance.report.bundle import RunFolder
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from fixtures.screenshots import keeper_of, take_screenshot
from tests.selftest.support import NEW_PAGE

pytestmark = pytest.mark.selftest


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
    keeper_of(pictures.folder, pictures.namespace)("the page was opened", NEW_PAGE, b"jpeg")
    (name,) = pictures.files
    (event,) = pictures.events
    assert name.startswith("stage-5-")
    assert (event["stage"], event["file"], event["version"]) == (5, f"screenshots/{name}", "2.0")


def test_a_run_without_a_folder_keeps_none() -> None:
    pictures = Pictures()
    keeper_of(None, pictures.namespace)("the page was opened", NEW_PAGE, b"jpeg")
    assert pictures.events == []


def test_a_browser_that_takes_no_screenshot_is_no_failure() -> None:
    def refuse() -> None:
        raise Error("closed")

    pictures = Pictures()
    take_screenshot(
        pictures.folder, pictures.namespace, cast(StartedBrowser, SimpleNamespace(new_context=refuse))
    )
    assert pictures.events == []
