"""The summary in Markdown: the verdict first, each cause with its line, and hostile texts as they stand."""

import re
from dataclasses import replace
from pathlib import Path

import cmarkgfm
import pytest
from bs4 import BeautifulSoup
from cmarkgfm.cmark import Options

from canary_conformance.exit_codes import ExitStatus
from canary_conformance.report import secret_masks
from canary_conformance.report.findings import finding_of_end
from canary_conformance.report.formats.markdown import block, code, text
from canary_conformance.report.formats.summary import COMMENT_LIMIT, comment, joined, marker, summary
from canary_conformance.report.reviewed_run import WebPages
from canary_conformance.scenario.places import Finding, Place
from tests.selftest.manifest_files import ROUTING
from tests.selftest.review_cases import (
    HOSTILE,
    NOWHERE,
    ROUTE,
    failed,
    hostile,
    lines_of,
    repository,
    reviewed,
    unjudged,
)

OURS = {"h2", "h3", "p", "ul", "li", "code", "pre", "details", "summary", "strong", "em"}
TABLE = {"table", "thead", "tbody", "tr", "th", "td"}


def html(markdown: str) -> BeautifulSoup:
    """Return what GitHub's own parser makes of Markdown, raw HTML let through."""
    rendered = cmarkgfm.github_flavored_markdown_to_html(markdown, Options.CMARK_OPT_UNSAFE)
    return BeautifulSoup(rendered, "html.parser")


def plain(markdown: str) -> str:
    return html(markdown).get_text().replace("\u200b", "").strip()


def test_the_verdict_comes_first_then_the_cause_with_its_line(tmp_path: Path) -> None:
    review = reviewed([failed("R4.5", ROUTE), failed("R4.4", ROUTE)], lines_of(repository(tmp_path)))
    shown = joined(summary(review)).splitlines()
    assert shown[0] == "## Voting conformance: FAILED"
    page = html("\n".join(shown))
    assert [one.get_text() for one in page.find_all(["h2", "h3"])] == [
        "Voting conformance: FAILED",
        "1. R4.5 stage 4 FAILED: 0 of 3 pods for R4.5",
    ]
    assert page.li is not None
    assert page.li.get_text() == f"{ROUTING}:34: {ROUTE.sentence}"
    assert "also failing for this reason: R4.4 (1)" in page.get_text()
    rows = [[cell.get_text() for cell in row.find_all("td")] for row in page.find_all("tr")]
    assert ["R4.5", "FAILED"] in [[row[0], row[2]] for row in rows if row]


def test_a_line_is_a_link_where_the_job_says_where_its_repository_is(tmp_path: Path) -> None:
    review = reviewed([failed("R4.5", ROUTE)], lines_of(repository(tmp_path)))
    github = WebPages.of({"GITHUB_REPOSITORY": "acme/shop", "GITHUB_SHA": "abc"})
    gitlab = WebPages.of({"CI_PROJECT_URL": "https://gitlab.example/acme/shop", "CI_COMMIT_SHA": "abc"})
    for pages, begin in (
        (github, "https://github.com/acme/shop/blob/abc"),
        (gitlab, "https://gitlab.example/acme/shop/-/blob/abc"),
    ):
        links = html(joined(summary(replace(review, pages=pages)))).find_all("a")
        assert [link["href"] for link in links] == [f"{begin}/deploy/{ROUTING}#L34"]


def test_an_action_explains_requirements_on_its_own_page() -> None:
    variables = {"GITHUB_ACTION_REPOSITORY": "o/suite", "GITHUB_ACTION_REF": "v1"}
    assert WebPages.of(variables).requirements == "https://github.com/o/suite/blob/v1/docs/requirements.md"
    assert WebPages.of({}).requirements == ""


def test_hostile_texts_make_no_tag_no_link_and_no_mention() -> None:
    page = html(joined(summary(hostile(NOWHERE))))
    assert {tag.name for tag in page.find_all(True)} <= OURS | TABLE
    # What GitHub links after it has read the Markdown: mentions and references outside of code.
    for tag in page.find_all(["code", "pre"]):
        tag.extract()
    left = page.get_text()
    assert not re.search(r"@\w|#\d|!\d|GH-\d|www\.|https?:/", left)
    assert not re.search(r"<!--", str(page))


def test_a_secret_whose_characters_markdown_escapes_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_masks, "_known", {"s_cr*t|v@lue"})
    review = reviewed([failed("R4.5", ROUTE, words="the page shows s_cr*t|v@lue"), failed("R4.4")], NOWHERE)
    shown = joined(summary(replace(review, run=replace(review.run, header=("engine: s_cr*t|v@lue",)))))
    assert "<masked>" in plain(shown)
    assert "v@lue" not in plain(shown)


def test_hostile_texts_can_be_read_as_they_stand() -> None:
    one_line = " ".join(HOSTILE.split()).replace("\u202e", "?")
    assert plain(text(HOSTILE)) == one_line
    assert plain(code(HOSTILE)) == one_line
    page = html(joined(summary(hostile(NOWHERE))))
    cells = [cell.get_text().replace("\u200b", "") for cell in page.find_all("td")]
    assert one_line in cells


@pytest.mark.parametrize("value", ["`", "a`b", "``", "```\n</pre>", "|", "", " a ", "\\", "*", "é 日本語 🗳"])
def test_code_shows_what_it_is_given(value: str) -> None:
    assert plain(block(value)).rstrip("\n") == value.strip("\n").strip()
    assert plain(f"x {code(value)}").removeprefix("x").strip() == " ".join(value.split())
    assert plain(f"x {text(value)}").removeprefix("x").strip() == " ".join(value.split())


def test_what_was_not_judged_and_what_ended_a_run_are_shown() -> None:
    shown = joined(summary(reviewed([unjudged("R4.9", "a field is not supported", ROUTE)], NOWHERE)))
    assert f"| R4.9 | a field is not supported | `{ROUTING}:34` |" in shown
    ended = finding_of_end("environment failed", "the engine is gone")
    shown = joined(summary(reviewed([], NOWHERE, ended, status=ExitStatus.ENVIRONMENT)))
    assert "## Voting conformance: environment failed" in shown
    assert "### 1. environment failed: the engine is gone" in shown


def test_a_pipe_in_a_file_s_name_ends_no_cell() -> None:
    at = Finding(Place("a|b.yaml", 3), "not supported")
    page = html(joined(summary(reviewed([unjudged("R4.9", "not supported", at)], NOWHERE))))
    assert [cell.get_text() for cell in page.find_all("td")][:3] == ["R4.9", "not supported", "a|b.yaml:3"]


def test_what_changes_stands_between_the_causes_and_the_tables() -> None:
    review = replace(reviewed([failed("R4.5", ROUTE)], NOWHERE), changes="`GET /` at stage 4: 1.0, now 2.0\n")
    shown = joined(summary(review))
    assert shown.index("### 1. R4.5") < shown.index("### What changes\n\n`GET /`") < shown.index("<details>")


def test_a_comment_begins_with_a_mark_by_which_it_is_found_and_fits_github() -> None:
    many = [
        failed("R4.5", Finding(Place(ROUTING, line), f"cause {line} {'x' * 400}"), seen="é" * 300)
        for line in range(1, 200)
    ]
    review = reviewed(many, NOWHERE)
    shown = comment(review, summary(review))
    assert shown.startswith(f"{marker(review)}\n## Voting conformance")
    assert len(shown.encode()) <= COMMENT_LIMIT
    assert shown.rstrip().endswith("the report has all of it.*")
    assert shown.count("<details>") == shown.count("</details>")
    assert html(shown).get_text().count("```") == 0


def test_a_place_without_room_has_the_sentence_that_something_is_left_out() -> None:
    assert (
        joined(summary(reviewed([], NOWHERE)), 10)
        == "*The rest does not fit here; the report has all of it.*\n"
    )


def test_what_was_rewritten_for_the_mesh_is_a_diff() -> None:
    review = reviewed([failed("R4.5", ROUTE)], NOWHERE)
    assert "rewritten" not in joined(summary(review))
    review = replace(review, run=replace(review.run, rewrite=("-istio: a", "+istio: b", "+```")))
    shown = joined(summary(review))
    assert "### The manifests were rewritten for this mesh\n\n````diff\n-istio: a\n+istio: b\n" in shown
