"""report.html in a real Chromium: accessible by axe-core, nothing in the console, no sideways scrolling."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, cast

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from canary_conformance.processes import find_program
from canary_conformance.report.html.matrix_page import matrix_page
from canary_conformance.report.html.page import comparison_page, page_of
from canary_conformance.report.run_comparison import comparison_of
from canary_conformance.traffic.chromium import PROGRAMS
from canary_conformance.upgrade.upgrade_moments import Moment
from canary_conformance.upgrade.upgrade_options import Asked
from canary_conformance.upgrade.upgrade_report import upgrade_report
from canary_conformance.upgrade.upgrade_run import Upgrade
from canary_conformance.voting.requirements import UPGRADE_REQUIREMENTS
from tests.selftest.report_examples import FOLDER, NAMES, hostile, report, with_upgrade
from tests.selftest.upgrade_support import MOVE, SOURCE, TARGET

PROGRAM = next((path for name in PROGRAMS if (path := find_program(name))), None)
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="this machine has no Chromium")
SERIOUS = {"serious", "critical"}
SCREEN = 900
Theme = Literal["light", "dark"]


@pytest.fixture(name="driven", scope="module")
def one_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield browser
        browser.close()


def _upgraded() -> dict[str, Any]:
    back = replace(MOVE, source=TARGET, target=SOURCE, stopped="pods don't start")
    moves = {Moment.DURING: MOVE, Moment.ROLLING_BACK: back}
    made = SimpleNamespace(asked=Asked(SOURCE, TARGET), moves=moves, findings=())
    values: dict[str, Any] = json.loads(json.dumps(upgrade_report(cast(Upgrade, made), ()).values))
    row = {"before": "holds", "during": "FAILED", "after": "holds", "rolled back": "-"}
    ids = [*(line["id"] for line in report("green")["requirements"][:28]), *UPGRADE_REQUIREMENTS]
    return with_upgrade({**values, "requirements": dict.fromkeys(ids, row)})


def _matrix() -> str:
    requirement = {"standing": "FAILED", "evidence": "5 of 26 cookies were answered by voting-app 2.0"}
    held = {"standing": "holds", "evidence": "all of it"}
    one = {"istio": "1.31.0", "kubernetes": "1.34.4", "seconds": 118.4, "said": "", "report": "reports/run"}
    ids = [line["id"] for line in report("green")["requirements"]]
    runs = [
        {
            **one,
            "name": f"envoy {envoy}",
            "envoy": envoy,
            "exit_code": code,
            "verdict": "holds" if code == 0 else "FAILED",
            "requirements": dict.fromkeys(ids, held if code == 0 else requirement),
        }
        for envoy, code in (("1.36.4", 0), ("1.38.3", 1), ("1.40.0", 0))
    ]
    return matrix_page({"combinations": runs})


def _text(name: str) -> str:
    if name == "matrix":
        return _matrix()
    if name == "comparison":
        return comparison_page(comparison_of(report("green"), report("red")))
    data = {"hostile": lambda: hostile(report("red")), "upgrade": _upgraded}
    return page_of(data[name]() if name in data else report(name), FOLDER)


def _opened(driven: Browser, tmp_path: Path, name: str, theme: Theme, width: int) -> tuple[Page, list[str]]:
    file = tmp_path / "report.html"
    file.write_text(_text(name), encoding="utf-8")
    # axe-core is a script, which the page itself allows none of.
    context = driven.new_context(
        color_scheme=theme, viewport={"width": width, "height": SCREEN}, bypass_csp=True
    )
    tab, said = context.new_page(), []
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on(
        "request", lambda one: said.append(one.url) if not one.url.startswith(("file:", "data:")) else None
    )
    tab.goto(file.as_uri())
    return tab, said


@pytest.mark.parametrize(("theme", "width", "other"), [("light", 400, 1400), ("dark", 1400, 400)])
@pytest.mark.parametrize("name", [*NAMES, "upgrade", "hostile", "comparison", "matrix"])
def test_a_page_is_accessible_quiet_and_fits(
    driven: Browser, tmp_path: Path, name: str, theme: Theme, width: int, other: int
) -> None:
    tab, said = _opened(driven, tmp_path, name, theme, width)
    tab.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    found = Axe().run(tab).response
    assert len(found["passes"]) > 10  # it looked at something
    serious = [one for one in found["violations"] if one["impact"] in SERIOUS]
    assert [(one["id"], one["nodes"][0]["html"]) for one in serious] == []
    assert said == []
    for size in (width, other):
        tab.set_viewport_size({"width": size, "height": SCREEN})
        assert tab.evaluate("document.documentElement.scrollWidth") <= size
    tab.context.close()


@pytest.mark.parametrize("width", [400, 1400])
def test_the_first_screen_of_a_red_run_shows_what_is_wrong_and_the_line_to_change(
    driven: Browser, tmp_path: Path, width: int
) -> None:
    tab, _ = _opened(driven, tmp_path, "red", "light", width)
    for shown in (
        tab.get_by_role("heading", level=1),
        tab.locator("article .place"),
        tab.locator(".hit").first,
    ):
        box = shown.first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < SCREEN
    assert (
        "istio/step-3-add-routing-for-2.0-components.yaml:34"
        in tab.locator("article .place").first.inner_text()
    )
    tab.context.close()


def test_requirements_are_filtered_by_stage_and_outcome_without_a_script(
    driven: Browser, tmp_path: Path
) -> None:
    tab, _ = _opened(driven, tmp_path, "red", "light", 1400)
    rows = tab.locator(".reqs tbody tr:visible")
    assert rows.count() == 34
    tab.get_by_text("FAILED", exact=True).and_(tab.locator("label")).click()
    assert [rows.nth(at).locator("th").inner_text() for at in range(rows.count())] == ["R4.5"]
    tab.locator("label[for=stage-5]").click()
    assert rows.count() == 0
    tab.context.close()
