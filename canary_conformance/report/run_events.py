"""What a run's events show of it: transitions, connections, routes, mutual TLS, screenshots.

Requests of continuous voters are thousands. All are counted; of those that are shown, each first and last of
a run of equal answers is kept, and the others are thinned evenly.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Event = Mapping[str, Any]

# Requests of one voter that a transition shows.
MOST_TICKS = 400
_REDIS, _HTTP = "+", "HTTP/"


def observations_of(events: Iterable[Event]) -> dict[str, Any]:
    """Return what the events show, as the report has it."""
    by_name: dict[str, list[Event]] = {}
    for event in events:
        by_name.setdefault(str(event.get("event")), []).append(event)
    seen = by_name.get("transition_seen", [])
    return {
        "address": next((str(one["address"]) for one in seen if one.get("address")), ""),
        "transitions": sorted((_transition(one) for one in seen), key=lambda one: int(one["stage"])),
        "connections": _by_stage(by_name.get("connections_seen", []), _connections),
        "routes": _by_stage(by_name.get("routes_seen", []), _routes),
        "mutual_tls": _by_stage(by_name.get("tls_seen", []), _tls),
        "screenshots": [_screenshot(one) for one in by_name.get("screenshot_taken", [])],
    }


def _by_stage(events: Sequence[Event], rows_of: Any) -> list[dict[str, Any]]:
    """Return the rows of each stage, those of its last look."""
    last = {int(event["stage"]): event for event in events}
    return [{"stage": stage, **rows_of(last[stage])} for stage in sorted(last)]


def _transition(event: Event) -> dict[str, Any]:
    voters = [
        {"voter": name, "requests": kind, **_thinned(ticks)}
        for kind in ("pages", "votes")
        for name, ticks in event.get(kind, {}).items()
    ]
    steps = [
        {
            "step": step["step"],
            "started": step["started"],
            "applied": step["applied"],
            "propagated": step["propagated"],
            "objects": [text for text, _ in step["objects"]],
        }
        for step in event["steps"]
    ]
    move = {"move": event["move"]} if event.get("move") else {}
    return {
        "stage": event["stage"],
        **move,
        "steps": steps,
        "voters": voters,
        "stalls": event.get("stalls", []),
    }


def _thinned(ticks: Mapping[str, Any]) -> dict[str, Any]:
    """Return how many answers of each kind there were, the longest wait, and the requests to show."""
    answers = [answer for answer, count in ticks["answers"] for _ in range(count)]
    ends = set(itertools.accumulate((count for _, count in ticks["answers"]), initial=0))
    edges = {index for end in ends for index in (end - 1, end)}
    every = max(1, -(-len(answers) // MOST_TICKS))
    rows = zip(ticks["sent"], ticks["took"], answers, strict=True)
    shown = [
        [sent, took, answer]
        for index, (sent, took, answer) in enumerate(rows)
        if index % every == 0 or index in edges
    ]
    return {
        "counts": dict(Counter(answers)),
        "slowest_ms": max(ticks["took"], default=0),
        "shown": shown[: 4 * MOST_TICKS],
    }


def _connections(event: Event) -> dict[str, Any]:
    keys = ("source", "destination", "end", "answer")
    rows = [dict(zip(keys, (*row[:3], answered_by(row[3])), strict=True)) for row in event["rows"]]
    return {"rows": rows}


def answered_by(received: str) -> str:
    """Return what answered, by the first bytes as they are written in Python; "" for nothing."""
    text = received[2:-1]
    if not text:
        return ""
    if text.startswith(_HTTP):
        return f"HTTP {text.split()[1]}" if len(text.split()) > 1 else "HTTP"
    if text.startswith(_REDIS):
        return "Redis"
    return "MySQL" if "\\x00\\n" in text[:24] or "mysql" in text.lower() else text[:40]


def _routes(event: Event) -> dict[str, Any]:
    """Return the routes that lead to something, each once, in the order in which a proxy tries them."""
    subsets: Mapping[str, str] = event.get("subsets", {})
    rows: list[dict[str, Any]] = []
    for proxy, routes in event["proxies"].items():
        for origin, conditions, clusters, share in routes:
            for cluster in clusters:
                parts = str(cluster).split("|")
                if len(parts) != 4 or not origin.startswith("virtual-service"):
                    continue
                service, subset = parts[3].partition(".")[0], parts[2]
                row = {
                    "proxy": proxy,
                    "origin": origin,
                    "conditions": conditions,
                    "service": f"{service}:{parts[1]}",
                    "subset": subset,
                    "labels": subsets.get(f"{service} {subset}", ""),
                    "smallest_share": share,
                }
                if row not in rows:
                    rows.append(row)
    return {"rows": rows}


def _tls(event: Event) -> dict[str, Any]:
    keys = ("leg", "status", "server", "client", "policy", "rule")
    return {"rows": [dict(zip(keys, map(str, row), strict=True)) for row in event["rows"]]}


def _screenshot(event: Event) -> dict[str, Any]:
    keys = ("stage", "file", "left_out", "after", "version", "flag", "results", "cookie")
    return {key: event.get(key, "") for key in keys}
