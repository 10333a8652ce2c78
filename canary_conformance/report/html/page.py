"""The page of a run, and that of two runs compared: Jinja2 templates filled with report.json.

Everything that comes out of the data is escaped (autoescape), and characters that reorder or hide text
(Unicode, UAX 9 and 36) are written as their code. The page has no script; its Content-Security-Policy allows
none.
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined, Template
from markupsafe import Markup

from canary_conformance.report.html.headline import headline_of
from canary_conformance.report.html.route_diagram import diagrams
from canary_conformance.report.html.timeline import LANE, time_lines
from canary_conformance.report.html.walk import walk_of

# Bytes: of all pictures of a page together, well below its limit of 3 MB.
MOST_PICTURES = 1_500_000
_TIERS = {"static": "in the manifests alone", "live": "on the cluster"}
# Of a run on a cluster that ended before it came to a requirement's tests there.
MANIFESTS_ONLY = "held by the manifests alone"
_STANDINGS = ("FAILED", "not judged", "skipped", "not run", MANIFESTS_ONLY, "holds", "not selected")


def page_of(report: Mapping[str, Any], folder: Path) -> str:
    """Return the page of a run."""
    seen, tier = report["observations"], report["run"]["tier"]
    report = {**report, "requirements": [_by_tier(one, tier) for one in report["requirements"]]}
    return template("report.html").render(
        report=report,
        run=report["run"],
        headline=headline_of(report),
        failures=_failures(report),
        unjudged=_unjudged(report),
        walk=walk_of(report),
        failed_stages={one["stage"] for one in report["findings"] if one["outcome"] == "failed"},
        undecided_stages={one["stage"] for one in report["requirements"] if one["standing"] != "holds"},
        lines=time_lines(seen["transitions"]),
        lane_px=LANE,
        diagrams=diagrams(seen),
        matrices=[_matrix(one) for one in seen["connections"]],
        pictures=_pictures(seen["screenshots"], folder),
        samples=_samples(report),
        continuous=_continuous(seen["transitions"]),
        stages=sorted({one["stage"] for one in report["requirements"]}),
        judged=sum(bool(one["verdicts"]) for one in report["requirements"]),
        standings=[one for one in _STANDINGS if one in run_standings(report)],
        by_stage=_by_stage(report),
    )


def comparison_page(comparison: Mapping[str, Any]) -> str:
    """Return the page of two runs compared (report.run_comparison)."""
    return template("comparison.html").render(comparison=comparison)


def template(name: str) -> Template:
    """Return a template of this folder."""
    return _environment().get_template(name)


def run_standings(report: Mapping[str, Any]) -> set[str]:
    """Return what the run found its requirements to be."""
    return {one["standing"] for one in report["requirements"]}


def visible(value: object) -> object:
    """Return a text whose invisible and reordering characters are written as their code."""
    if not isinstance(value, str) or isinstance(value, Markup) or value.isascii():
        return value
    return "".join(
        f"\\u{ord(one):04x}" if unicodedata.category(one) in {"Cf", "Co", "Cs"} else one for one in value
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    templates = files("canary_conformance.report.html") / "templates"
    environment = Environment(
        loader=FunctionLoader(lambda name: (templates / name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=visible,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (templates / "style.css").read_text(encoding="utf-8")
    environment.globals.update(style=Markup(style))  # noqa: S704  (our own file)
    environment.filters.update(slug=_slug, percent=_percent, clock=lambda seconds: f"{seconds:.1f} s")
    return environment


def _slug(text: str) -> str:
    """Return a name that HTML takes as a class: the text's harmless characters, or its hash."""
    plain = "".join(one if one.isascii() and one.isalnum() else "-" for one in text.lower())
    return plain if len(plain) < 40 else hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:12]


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"


def _failures(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what failed by cause: the first finding of each, with the requirements that follow it."""
    failed = [one for one in report["findings"] if one["outcome"] == "failed"]
    return [
        {
            **one,
            "statement": _without_its_line(one),
            "also": [it["requirement"] for it in failed if it["follows"] and it["cause"] == one["cause"]],
            "line": (one["causes"] or one["look_at"] or [None])[0],
            "excerpts": [_to_the_left(it) for it in one["excerpts"]],
            "seen_by": [_TIERS[tier] for tier in one["tiers"]],
            "since": _since(one.get("first_seen")),
        }
        for one in failed
        if not one["follows"]
    ]


def _without_its_line(finding: Mapping[str, Any]) -> str:
    """Return a statement without the line at its end that stands under it."""
    ends = [f" ({one['file']}:{one['line']})" for one in finding["causes"][:1]]
    return str(finding["statement"]).removesuffix("".join(ends))


def _since(first: Mapping[str, Any] | None) -> str:
    """Return when a failure was first seen, in words; "" where that is not known."""
    if not first:
        return ""
    words = f"first seen at number {first['number']:,} of {first['of']:,} {first['requests']}"
    if not first["change"]:
        return words
    applied, propagated = first["after_applied"], first["after_propagated"]
    if applied < 0:
        return f"{words}, {-applied:.1f} s before “{first['change']}” was done"
    side = "after" if propagated >= 0 else "before"
    words += f", {applied:.1f} s after “{first['change']}” was done"
    return f"{words} and {abs(propagated):.1f} s {side} it had propagated"


def _to_the_left(excerpt: Mapping[str, Any]) -> dict[str, Any]:
    """Return an excerpt without the blanks that all of its lines begin with."""
    lines = excerpt["lines"]
    blanks = min(
        (len(one["text"]) - len(one["text"].lstrip()) for one in lines if one["text"].strip()), default=0
    )
    return {**excerpt, "lines": [{**one, "text": one["text"][blanks:]} for one in lines]}


def _unjudged(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what was not judged, the requirements of one reason together."""
    reasons: dict[str, list[str]] = {}
    for one in report["findings"]:
        if one["outcome"] != "failed":
            reasons.setdefault(one["statement"], []).append(one["requirement"])
    return [{"reason": reason, "requirements": ids} for reason, ids in reasons.items()]


def _matrix(connections: Mapping[str, Any]) -> dict[str, Any]:
    rows = connections["rows"]
    cells = {(one["source"], one["destination"]): one for one in rows}
    return {
        "stage": connections["stage"],
        "sources": list(dict.fromkeys(one["source"] for one in rows)),
        "destinations": list(dict.fromkeys(one["destination"] for one in rows)),
        "cells": cells,
    }


def _pictures(screenshots: list[Mapping[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """Return the screenshots with their bytes as data addresses, without those that are gone or too large.

    One that was left out on purpose has no address.
    """
    found: list[dict[str, Any]] = []
    room = MOST_PICTURES
    for one in screenshots:
        if one.get("left_out"):
            found.append({**one, "address": ""})
            continue
        path = folder / "screenshots" / Path(str(one["file"])).name
        content = path.read_bytes() if path.is_file() else b""
        if content.startswith(b"\xff\xd8") and len(content) <= room:
            room -= len(content)
            found.append({**one, "address": f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"})
    return found


def _samples(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the verdicts on samples with bounds, those by shares first, each outcome with its place."""
    found = [
        {**verdict, "id": one["id"], "outcomes": [_outcome(it, verdict) for it in verdict["counts"]]}
        for one in report["requirements"]
        for verdict in one["verdicts"]
        if verdict["counts"]
    ]
    return sorted(found, key=lambda one: (one["held"], not one["false_alarm"], -one["size"]))


def _outcome(count: Mapping[str, Any], verdict: Mapping[str, Any]) -> dict[str, Any]:
    whole = max(verdict["size"], count["seen"], 1)
    return {
        **count,
        "fits": count["lowest"] <= count["seen"] <= count["highest"],
        "at": 100 * count["seen"] / whole,
        "low": 100 * count["lowest"] / whole,
        "high": 100 * min(count["highest"], whole) / whole,
    }


def _continuous(transitions: list[Mapping[str, Any]]) -> int:
    return sum(sum(voter["counts"].values()) for one in transitions for voter in one["voters"])


def _by_tier(requirement: dict[str, Any], tier: str) -> dict[str, Any]:
    """Return a requirement as the page has it: what a cluster did not show does not plainly hold."""
    early = tier == "live" and requirement["tiers"] == ["static"] and requirement["standing"] == "holds"
    return {**requirement, "standing": MANIFESTS_ONLY} if early else requirement


def _by_stage(report: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Return how many requirements of each stage are what; a move has those up to its stage, and its own."""
    found: dict[str, dict[str, int]] = {}
    for one in report["requirements"]:
        if report["upgrade"] and one["standing"] == "not selected":
            continue
        name = f"Stage {one['stage']}" if one["stage"] else "All stages"
        counts = found.setdefault("The move" if one["id"].startswith("U") else name, {})
        counts[one["standing"]] = counts.get(one["standing"], 0) + 1
    return found
