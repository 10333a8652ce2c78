"""Two runs compared by their report.json: what broke, what got better, what got slower.

The first is what was, the second what is. What failed in the second only broke, also where the first did not
judge it; what failed in the first only is better where the second holds, or has no verdict any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FAILED = "FAILED"
# What counts as slower or faster: by this factor, and by so many seconds. Less is a machine's mood.
FACTOR, SECONDS = 1.5, 1.0


def comparison_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """Return what differs between two runs, as values that JSON holds."""
    later = {one["id"]: one for one in after["requirements"]}
    both = [(was, later[was["id"]]) for was in before["requirements"] if was["id"] in later]
    changed = [(was, now) for was, now in both if was["standing"] != now["standing"]]
    causes = {one["requirement"]: one for one in after["findings"] if one["outcome"] == "failed"}
    return {
        "before": _side(before),
        "after": _side(after),
        "broke": [
            _change(was, now, causes.get(now["id"])) for was, now in changed if now["standing"] == FAILED
        ],
        "healed": [_change(was, now) for was, now in changed if was["standing"] == FAILED],
        "judged_by_one": [
            _change(was, now) for was, now in changed if FAILED not in (was["standing"], now["standing"])
        ],
        "still_failed": [now["id"] for was, now in both if was["standing"] == now["standing"] == FAILED],
        "slower": _times(before, after, slower=True),
        "faster": _times(before, after, slower=False),
        "ran_on": _facts(before, after),
    }


def comparison_text(comparison: Mapping[str, Any]) -> str:
    """Return the comparison as lines for a terminal."""
    before, after = comparison["before"], comparison["after"]
    lines = [f"{before['name']} ({before['verdict']}) compared with {after['name']} ({after['verdict']})"]
    for title in ("broke", "healed", "judged_by_one"):
        lines += [
            f"{title.replace('_', ' ')}: {one['id']} {one['before']} -> {one['after']}"
            + (f": {one['statement']}" if one["statement"] else "")
            + (f" ({one['place']})" if one["place"] else "")
            for one in comparison[title]
        ]
    if comparison["still_failed"]:
        lines.append(f"still failed: {', '.join(comparison['still_failed'])}")
    for title in ("slower", "faster"):
        for one in comparison[title]:
            lines.append(f"{title}: {one['name']} {one['before']:.1f} s -> {one['after']:.1f} s")
    lines += [f"ran on: {one['fact']}: {one['before']} -> {one['after']}" for one in comparison["ran_on"]]
    return "\n".join(lines if len(lines) > 1 else [*lines, "no requirement, time or version differs"])


def _side(report: Mapping[str, Any]) -> dict[str, Any]:
    run, judged = report["run"], report["judged"]
    return {
        "name": run["name"],
        "verdict": run["verdict"],
        "exit_code": run["exit_code"],
        "seconds": run["seconds"],
        "manifests": judged["manifests"],
        "commit": judged["commit"],
    }


def _change(
    was: Mapping[str, Any], now: Mapping[str, Any], finding: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    cause = finding["causes"][0] if finding and finding["causes"] else None
    place = f"{cause['file']}:{cause['line']}" if cause else ""
    statement = finding["statement"] if finding else now["evidence"]
    return {
        "id": now["id"],
        "sentence": now["sentence"],
        "before": was["standing"],
        "after": now["standing"],
        "statement": statement.removesuffix(f" ({place})"),
        "place": place,
    }


def _times(before: Mapping[str, Any], after: Mapping[str, Any], *, slower: bool) -> list[dict[str, Any]]:
    """Return the phases, and the run, whose time grew (or shrank) noticeably, the largest change first."""
    old, new = _phases(before), _phases(after)
    found = [
        {"name": name, "before": old[name], "after": new[name]}
        for name in old
        if name in new and _noticeable(*((old[name], new[name]) if slower else (new[name], old[name])))
    ]
    return sorted(found, key=lambda one: -abs(one["after"] - one["before"]))


def _phases(report: Mapping[str, Any]) -> dict[str, float]:
    found = {"the run": float(report["run"]["seconds"])}
    for phase in report["phases"]:
        found[phase["name"]] = found.get(phase["name"], 0.0) + phase["seconds"]
    return found


def _noticeable(short: float, long: float) -> bool:
    return long > short * FACTOR and long - short > SECONDS


def _facts(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, str]]:
    old, new = ({one["fact"]: one["value"] for one in run["ran_on"]} for run in (before, after))
    return [
        {"fact": fact, "before": old.get(fact, "not known"), "after": new.get(fact, "not known")}
        for fact in dict.fromkeys([*old, *new])
        if old.get(fact) != new.get(fact)
    ]
