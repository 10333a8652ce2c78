"""A run in the form of the Gateway API's ConformanceReport: what was judged, and how it came out.

Profiles are the stages: each has the requirements of its own. Source: Gateway API, "Conformance", reports.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

_RESULTS = {"holds": "Passed", "FAILED": "Failed"}


def conformance_of(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return the report of a run as values that YAML holds."""
    judged, run = report["judged"], report["run"]
    by_stage: dict[int, list[Mapping[str, Any]]] = {}
    for one in report["requirements"]:
        by_stage.setdefault(one["stage"], []).append(one)
    return {
        "apiVersion": f"canary-conformance/v{report['version']}",
        "kind": "ConformanceReport",
        "date": run["began"],
        "suite": dict(report["made_by"]),
        "implementation": {
            "manifests": judged["manifests"],
            "commit": judged["commit"],
            "changedSinceCommit": judged["changed"],
        },
        "versions": {one["fact"]: one["value"] for one in report["ran_on"]},
        "mode": run["tier"],
        "exitCode": run["exit_code"],
        "result": run["verdict"],
        "profiles": [_profile(stage, by_stage[stage], run["not_judged"]) for stage in sorted(by_stage)],
    }


def _profile(stage: int, rows: Sequence[Mapping[str, Any]], reasons: Mapping[str, str]) -> dict[str, Any]:
    results = Counter(_RESULTS.get(row["standing"], "Skipped") for row in rows)
    skipped = [row for row in rows if row["standing"] not in _RESULTS]
    failed = [row for row in rows if row["standing"] == "FAILED"]
    profile: dict[str, Any] = {
        "name": f"stage {stage}" if stage else "all stages",
        "result": "failure" if failed else "partial" if skipped else "success",
        "statistics": {name: results[name] for name in ("Passed", "Failed", "Skipped")},
    }
    if failed:
        profile["failedTests"] = [{"id": row["id"], "reason": row["evidence"]} for row in failed]
    if skipped:
        profile["skippedTests"] = [
            {"id": row["id"], "reason": reasons.get(row["id"]) or row["evidence"] or row["standing"]}
            for row in skipped
        ]
    return profile
