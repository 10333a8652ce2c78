"""report.html from reports of real runs: first answers, escapes, nothing from the network."""

import copy
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from canary_conformance.report.html.headline import headline_of
from canary_conformance.report.html.page import comparison_page, page_of, visible
from canary_conformance.report.html.route_diagram import diagrams
from canary_conformance.report.html.timeline import time_lines
from canary_conformance.report.html.walk import walk_of
from canary_conformance.report.run_comparison import comparison_of
from tests.selftest.report_examples import FOLDER, HOSTILE, NAMES, hostile, page, report, with_upgrade

MOST = 3_000_000
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


class Elements(HTMLParser):
    """All elements of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_walk_has_each_stage_as_it_was_entered_and_judged_within_the_run() -> None:
    spans = walk_of(report("green"))
    entered = [one.stage for one in spans if one.kind == "entered"]
    assert entered == [1, 2, 3, 4, 5, 6]
    assert {one.stage for one in spans if one.kind == "judged"} >= {1, 2, 3, 4, 5}
    ends = [one.at + one.width for one in spans]
    assert all(end <= after.at + 0.1 for end, after in zip(ends, spans[1:], strict=False))
    assert ends[-1] <= 100.1
    assert "The run, stage by stage" in Elements(page("green")).text


def test_the_walk_of_an_upgrade_has_both_moves_and_no_stage_that_was_not_entered() -> None:
    data = report("green")
    names = (
        "stage 4 canary",
        "move: A -> B",
        "evidence of stage 4",
        "roll back: B -> A",
        "cluster x: deleting",
    )
    data["phases"] = [
        {"name": name, "depth": 0, "started": 10.0 * at, "seconds": 5.0} for at, name in enumerate(names)
    ]
    data["run"]["seconds"] = 50.0
    kinds = [(one.kind, one.flag) for one in walk_of(data) if one.kind != "judged"]
    assert kinds == [("entered", "4"), ("moved", "there"), ("made", ""), ("moved", "back"), ("made", "")]
    assert walk_of(data)[-1].kind == "made"


def test_a_run_that_entered_no_stage_has_no_walk() -> None:
    without = {**report("green"), "phases": []}
    assert walk_of(without) == ()


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_one_small_file_without_scripts_or_network(name: str) -> None:
    text = page(name)
    elements = Elements(text)
    assert len(text.encode()) < MOST
    assert "{{" not in text
    assert not {"script", "link", "iframe", "object", "form", "base"} & {tag for tag, _ in elements.tags}
    assert any(attrs.get("content") == POLICY for _, attrs in elements.tags)
    for _, attrs in elements.tags:
        assert not any(key.startswith("on") for key in attrs)
        for key in ("src", "href"):
            assert not str(attrs.get(key, "")).startswith(("http", "//", "javascript", "file"))


def test_failures_come_first_with_their_line_and_a_request_to_make_again() -> None:
    text = Elements(page("red")).text
    order = [
        "No. It must not go out as it is.",
        "5 of 26 cookies were answered by voting-app 2.0 instead of 1.0",
        "istio/step-3-add-routing-for-2.0-components.yaml:34",
        "regex: '^(.*?; ?)?(featureflag=on)(.*)$'",
        "26 cookies: each answered by voting-app 1.0",
        "-H 'cookie: featureflag=on2'",
        "What was looked at",
        "The changes under traffic",
        "What ran",
    ]
    places = [text.find(one) for one in order]
    assert -1 not in places, dict(zip(order, places, strict=True))
    assert places == sorted(places)


def test_the_responsible_line_is_marked_and_no_other() -> None:
    marked = page("red").split('<div class="hit">')[1:]
    assert [one.partition("</div>")[0].count("regex:") for one in marked] == [1]


@pytest.mark.parametrize("name", NAMES)
def test_hostile_texts_bring_no_element_and_no_hidden_character(name: str) -> None:
    plain, text = Elements(page(name)), page_of(hostile(report(name)), FOLDER)
    found = Elements(text)
    assert {tag for tag, _ in found.tags} <= {tag for tag, _ in plain.tags} | {"details", "summary"}
    assert not any(key.startswith("on") for _, attrs in found.tags for key in attrs)
    assert not {"\u202e", "\u2066"} & set(text)
    assert "<script" not in text
    assert "alert(1)" in found.text  # it is shown, as text


def test_a_hostile_comparison_is_text_too() -> None:
    text = comparison_page(comparison_of(report("green"), hostile(report("red"))))
    assert "<script" not in text
    assert "<img" not in text


def test_characters_that_hide_or_reorder_text_are_written_as_their_code() -> None:
    assert visible("a\u202eb\u200b") == "a\\u202eb\\u200b"
    assert visible("Größe → 中") == "Größe → 中"


@pytest.mark.parametrize(
    ("code", "answer", "tone"),
    [
        (0, "Yes. It may go out.", "good"),
        (1, "No. It must not go out as it is.", "bad"),
        (2, "No verdict.", "open"),
        (3, "No verdict.", "open"),
        (4, "No verdict.", "open"),
        (5, "Not known yet.", "open"),
        (6, "No verdict.", "open"),
    ],
)
def test_each_exit_code_has_its_answer(code: int, answer: str, tone: str) -> None:
    data = report("green")
    data["run"]["exit_code"] = code
    assert (headline_of(data).answer, headline_of(data).tone) == (answer, tone)


def test_only_a_whole_run_on_a_cluster_may_go_out() -> None:
    part, static = report("green"), report("green")
    for one in part["requirements"][3:]:
        one["standing"] = "not selected"
    static["run"]["tier"] = "static"
    assert headline_of(part).tone == headline_of(static).tone == "open"
    assert headline_of(static).answer == "Nothing in the manifests speaks against it."
    part["run"]["tier"] = "static"
    assert headline_of(part).answer == "Not known: only a part was judged."


def test_what_no_cluster_judged_does_not_plainly_hold_in_a_run_on_one() -> None:
    data = report("green")
    data["requirements"][0]["tiers"] = ["static"]
    assert "1 held by the manifests alone" in Elements(page_of(data, FOLDER)).text
    assert "held by the manifests alone" not in Elements(page("green")).text


@pytest.mark.parametrize(
    ("code", "answer", "tone"),
    [
        (0, "Yes. It may be moved.", "good"),
        (1, "No. It must not be moved as it is.", "bad"),
        (3, "No verdict.", "open"),
        (5, "Not known yet.", "open"),
    ],
)
def test_a_run_that_moves_the_mesh_answers_whether_it_may_be_moved(code: int, answer: str, tone: str) -> None:
    asked = {"source": "1.31.0+envoy1.38.3", "target": "1.31.0+envoy1.40.0", "way": "revision", "stage": "4"}
    rows = {f"U{number}": {"during": "holds", "rolled back": "-"} for number in range(1, 6)}
    data = with_upgrade({"asked": asked, "warnings": [], "findings": [], "moves": [], "requirements": rows})
    data["run"]["exit_code"] = code
    found = headline_of(data)
    assert (found.answer, found.tone) == (answer, tone)
    assert found.question == "May the mesh be moved from 1.31.0+envoy1.38.3 to 1.31.0+envoy1.40.0?"
    text = Elements(page_of(data, FOLDER)).text
    assert text.index("The move of the mesh, and back") < text.index("What was looked at")
    assert all(f"U{number}" in text for number in range(1, 6))


def test_a_failure_before_the_environment_failed_is_not_kept_quiet() -> None:
    data = report("environment")
    data["run"]["requirements"] = {"FAILED": 2}
    assert "2 requirements FAILED" in headline_of(data).because


def test_a_page_without_observations_shows_none_and_fails_on_none() -> None:
    data = report("red")
    data["observations"] = {key: [] for key in data["observations"]}
    text = Elements(page_of(data, FOLDER)).text
    assert "The changes under traffic" not in text
    assert "as Chromium shows it" not in text


def test_screenshots_come_from_the_runs_own_folder_only(tmp_path: Path) -> None:
    data = report("green")
    shot = data["observations"]["screenshots"][0]
    (tmp_path / "screenshots").mkdir()
    (tmp_path / "secret.jpg").write_bytes(b"\xff\xd8 elsewhere")
    (tmp_path / "screenshots" / "a.jpg").write_bytes(b"\xff\xd8 here")
    data["observations"]["screenshots"] = [
        {**shot, "file": name} for name in ("screenshots/a.jpg", "secret.jpg", "../x")
    ]
    assert page_of(data, tmp_path).count("data:image/jpeg") == 1


def test_a_screenshot_that_was_left_out_has_its_reason_in_its_place(tmp_path: Path) -> None:
    data = report("green")
    shot = data["observations"]["screenshots"][0]
    data["observations"]["screenshots"] = [
        {**shot, "file": "", "left_out": "left out: the page shows a secret"}
    ]
    text = page_of(data, tmp_path)
    assert "left out: the page shows a secret" in text
    assert "data:image/jpeg" not in text


def _transition(answers: list[str]) -> dict[str, Any]:
    shown = [[float(number), 5, answer] for number, answer in enumerate(answers)]
    counts = {answer: answers.count(answer) for answer in answers}
    voter = {"voter": "v", "requests": "pages", "counts": counts, "slowest_ms": 5, "shown": shown}
    step = {"step": "apply a", "started": 1.0, "applied": 1.5, "propagated": 2.0, "objects": []}
    return {"stage": 4, "steps": [step, step], "voters": [voter], "stalls": [[0.0, 1.0]]}


def test_a_time_line_tells_failed_requests_from_good_ones() -> None:
    line = time_lines([_transition(["1.0", "status 503", "2.0", "2.0", "no answer"])])[0]
    assert {tick.answer: tick.style for tick in line.lanes[0].ticks} == {
        "1.0": "old",
        "status 503": "failed",
        "2.0": "new",
        "no answer": "failed",
    }
    assert (line.move, line.lanes[0].failed) == ("", 2)
    assert [mark.level for mark in line.marks] == [0, 1]  # of one moment: one above the other


def test_a_circle_of_routes_and_many_of_them_are_drawn() -> None:
    row = {"origin": "o", "conditions": [], "subset": "s", "labels": "", "smallest_share": 1.0}
    rows = [{**row, "proxy": a, "service": b} for a, b in [("a", "b"), ("b s", "a"), ("a", "c")]]
    drawn = diagrams({"routes": [{"stage": 4, "rows": rows}], "connections": [], "mutual_tls": []})
    assert len(drawn[0].edges) == 3
    assert all(box.x >= 0 and box.y >= 0 for box in drawn[0].boxes)


def test_the_data_are_not_changed_by_the_page() -> None:
    data = report("red")
    before = copy.deepcopy(data)
    page_of(data, FOLDER)
    assert data == before


def test_the_hostile_text_is_what_it_is_meant_to_be() -> None:
    assert "</script>" in HOSTILE


def test_a_page_shows_what_was_rewritten_for_the_mesh() -> None:
    data = report("green")
    assert "rewritten" not in Elements(page("green")).text
    lines = ["@@ -7 +7 @@ namespace.labels", f"-istio-injection: {HOSTILE}", "+istio.io/rev: asm-1-31"]
    shown = page_of({**data, "judged": {**data["judged"], "rewrite": lines}}, FOLDER)
    found = Elements(shown)
    assert "The manifests were rewritten for this mesh" in found.text
    assert "+istio.io/rev: asm-1-31" in found.text
    assert "script" not in {tag for tag, _ in found.tags}
