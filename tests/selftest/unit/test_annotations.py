"""GitHub's annotations: errors at file and line, ten at most, and no text of a run is taken for a command."""

import re
from pathlib import Path

from canary_conformance.exit_codes import ExitStatus
from canary_conformance.report.findings import finding_of_end
from canary_conformance.report.formats.annotations import MOST, StoppedCommands, annotation_lines
from canary_conformance.scenario.places import Finding, Place
from tests.selftest.manifest_files import ROUTING
from tests.selftest.review_cases import (
    NOWHERE,
    ROUTE,
    failed,
    hostile,
    lines_of,
    repository,
    reviewed,
    unjudged,
)

# "Workflow commands for GitHub Actions": ::command name=value,name=value::message
COMMAND = re.compile(r"::(error|warning) ((?:\w+=[^,:\r\n]*)(?:,\w+=[^,:\r\n]*)*)::([^\r\n]*)")


def read(line: str) -> tuple[str, dict[str, str], str]:
    found = COMMAND.fullmatch(line)
    assert found, line
    properties = dict(part.split("=", 1) for part in found[2].split(","))
    plain = {name: plain_of(value) for name, value in properties.items()}
    return found[1], plain, plain_of(found[3])


def plain_of(text: str) -> str:
    for code, char in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(code, char)
    return text


def test_a_cause_is_an_error_at_its_line_with_all_requirements_that_fail_by_it(tmp_path: Path) -> None:
    lines = lines_of(repository(tmp_path))
    (line,) = annotation_lines(reviewed([failed("R4.5", ROUTE), failed("R4.4", ROUTE)], lines))
    level, properties, message = read(line)
    assert level == "error"
    assert properties == {"file": f"deploy/{ROUTING}", "line": "34", "title": "R4.5 stage 4 FAILED"}
    assert message.splitlines()[:2] == ["0 of 3 pods for R4.5", f"cause: {ROUTE.sentence}"]
    assert message.endswith("also failing for this reason: R4.4 (1)")


def test_a_line_outside_of_the_repository_stands_in_the_message() -> None:
    (line,) = annotation_lines(reviewed([failed("R4.5", ROUTE)], NOWHERE))
    _, properties, message = read(line)
    assert "file" not in properties
    assert f"cause: {ROUTING}:34: {ROUTE.sentence}" in message


def test_of_more_causes_than_github_shows_the_last_annotation_counts_the_rest() -> None:
    ids = [f"R3.{number}" for number in range(1, 8)] + [f"R4.{number}" for number in range(1, 9)]
    tests = [failed(id_, Finding(Place(ROUTING, at), "wrong")) for at, id_ in enumerate(ids, start=1)]
    found = [read(line) for line in annotation_lines(reviewed(tests, NOWHERE))]
    assert [level for level, *_ in found] == ["error"] * MOST
    assert found[-1][1]["title"] == "and 6 more"
    assert found[-1][2].startswith("R4.3, R4.4")


def test_what_was_not_judged_is_a_warning_and_an_error_where_all_is_required() -> None:
    review = reviewed([unjudged("R4.9", "a field is not supported", ROUTE)], NOWHERE)
    assert read(annotation_lines(review)[0])[0] == "warning"
    required = type(review)(review.run, review.status, review.meaning, review.findings, all_required=True)
    assert read(annotation_lines(required)[0])[0] == "error"


def test_a_run_that_ended_early_is_an_error_without_a_line() -> None:
    ended = finding_of_end("environment failed", "the engine is gone")
    (line,) = annotation_lines(reviewed([], NOWHERE, ended, status=ExitStatus.ENVIRONMENT))
    assert read(line) == ("error", {"title": "environment failed"}, "the engine is gone")


def test_a_run_in_which_all_holds_has_none() -> None:
    assert annotation_lines(reviewed([], NOWHERE, status=ExitStatus.HOLDS)) == []


def test_no_text_of_the_run_begins_a_command_or_ends_a_property() -> None:
    lines = annotation_lines(hostile(NOWHERE))
    assert [read(line)[0] for line in lines] == ["error", "warning"]
    assert all("\u202e" not in line for line in lines)


def test_the_line_that_lets_commands_be_taken_again_is_a_new_secret_each_time() -> None:
    first, second = StoppedCommands.new(), StoppedCommands.new()
    assert first.token != second.token
    assert (first.stop, first.resume) == (f"::stop-commands::{first.token}", f"::{first.token}::")
