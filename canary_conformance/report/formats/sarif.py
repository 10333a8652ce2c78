"""SARIF 2.1.0: the requirements as rules, and a result at a line for each cause of a failure.

The format is OASIS's "Static Analysis Results Interchange Format (SARIF) Version 2.1.0"; what of it GitHub's
code scanning reads is in "SARIF support for code scanning". What was not judged is a result of the kind
`open`, whose level has to be `none` (3.27.9, 3.27.10). What ended a run early is a notification.
"""

from __future__ import annotations

import json
from pathlib import PurePath
from urllib.parse import quote

from canary_conformance import __version__
from canary_conformance.exit_codes import ExitStatus
from canary_conformance.report.findings import ALL_REQUIREMENTS, Problem
from canary_conformance.report.formats.fingerprints import fingerprints
from canary_conformance.report.formats.sentences import also_failing, cut, one_line, sentence_of
from canary_conformance.report.manifest_lines import ManifestLine
from canary_conformance.report.reviewed_run import PAGE, ReviewedRun
from canary_conformance.scenario.requirement import Requirement

FILE = "results.sarif"
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
TOOL = "canary-conformance"
ROOT = "%SRCROOT%"
# What no requirement says: the static tier's model and the mesh give the same answers.
MODEL = "model-agreement"
_LONGEST = 1000
_MOST_RELATED = 10
# Code scanning reads this one by name; the other names its maker, as SARIF 3.27.17 recommends.
_FINGERPRINTS = ("primaryLocationLineHash", "canaryConformance/v1")

Json = dict[str, object]


def sarif(review: ReviewedRun) -> str:
    """Return the run as SARIF, in one line: most of it are the rules, which no one reads here."""
    problems = [one for one in review.problems if one.finding.line is not None and not one.finding.ended]
    results = [_result(review, *one) for one in zip(problems, fingerprints(problems), strict=True)]
    run: Json = {
        "tool": {"driver": _driver(review)},
        # One upload of this category replaces the last one: the two tiers must not replace each other.
        "automationDetails": {"id": f"{TOOL}/{review.tier}/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
        "invocations": [_invocation(review)],
        "results": results,
    }
    log: Json = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, ensure_ascii=False)


def _driver(review: ReviewedRun) -> Json:
    rules = [_rule(one, review.pages.requirements) for one in ALL_REQUIREMENTS.values()]
    if any(one.failed and not one.requirement for one in review.findings):
        sentence = "The model of the static tier and the mesh give the same answers."
        rules.append(_rule(Requirement(MODEL, 0, sentence, ()), ""))
    return {"name": TOOL, "semanticVersion": __version__, "rules": rules}


def _rule(requirement: Requirement, page: str) -> Json:
    stage = f"stage {requirement.stage}" if requirement.stage else "every stage"
    where = f"[{PAGE}]({page})" if page else f"`{PAGE}` of {TOOL}"
    concerns = ", ".join(requirement.concerns) or "scenario.yaml"
    rule: Json = {
        "id": requirement.id,
        "shortDescription": {"text": requirement.sentence},
        "fullDescription": {"text": f"{requirement.sentence} ({stage})"},
        "help": {
            "text": f"{requirement.sentence} It is required of {stage}. It depends on {concerns}.",
            "markdown": f"{requirement.sentence} It is required of {stage}; {where} has the lines of the "
            "manifests that decide it, and the tests that judge it.",
        },
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": [stage], "precision": "very-high", "problem.severity": "error"},
    }
    return {**rule, "helpUri": page} if page else rule


def _result(review: ReviewedRun, problem: Problem, fingerprint: str) -> Json:
    finding = problem.finding
    rule = finding.requirement or MODEL
    also = f" ({text})" if (text := also_failing(problem)) else ""
    text = f"{finding.title}: {sentence_of(problem)}{also}"
    index = {id_: number for number, id_ in enumerate(ALL_REQUIREMENTS)}.get(rule, len(ALL_REQUIREMENTS))
    first, *rest = (*finding.causes, *finding.look_at)
    kind = (
        {"kind": "fail", "level": "error"} if review.is_error(problem) else {"kind": "open", "level": "none"}
    )
    return {
        "ruleId": rule,
        "ruleIndex": index,
        **kind,
        "message": {"text": cut(text, _LONGEST)},
        "locations": [_location(first)],
        "relatedLocations": [
            {"id": number, **_location(line), "message": {"text": one_line(line.sentence or "look at")}}
            for number, line in enumerate(rest[:_MOST_RELATED], start=1)
        ],
        "partialFingerprints": dict.fromkeys(_FINGERPRINTS, fingerprint),
        "properties": {
            "requirements": list(problem.requirements),
            "stage": finding.stage,
            "tier": str(finding.tier),
            "expected": finding.expected,
            "seen": finding.seen,
            "test": finding.test,
        },
    }


def _location(line: ManifestLine) -> Json:
    region: Json = {"startLine": line.line}
    if line.text.strip():
        region["snippet"] = {"text": line.text}
    artifact: Json = {"uri": quote(line.path), "uriBaseId": ROOT}
    if not line.path:
        artifact = {"uri": PurePath(line.absolute).as_uri()}
    location: Json = {"physicalLocation": {"artifactLocation": artifact, "region": region}}
    if line.object:
        location["logicalLocations"] = [{"fullyQualifiedName": line.object, "kind": "object"}]
    return location


def _invocation(review: ReviewedRun) -> Json:
    complete = review.status in {ExitStatus.HOLDS, ExitStatus.FAILED, ExitStatus.NOT_JUDGED}
    notes = [one for one in review.findings if one.ended]
    return {
        "executionSuccessful": complete,
        "exitCode": int(review.status),
        "exitCodeDescription": one_line(review.meaning),
        "toolExecutionNotifications": [
            {
                "level": "error",
                "message": {"text": one_line(one.statement)},
                "locations": [_location(line) for line in one.causes],
            }
            for one in notes
        ],
    }
