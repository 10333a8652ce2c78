"""The way of a request as a diagram, made of the routes that proxies run and of the legs that were seen.

Boxes are proxies and what they lead to, in columns from the gateway on; a numbered edge is a rule, in the order
in which its proxy tries them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

GATEWAY = "ingress gateway"
BOX, HEIGHT, GAP_X, GAP_Y = 176, 40, 74, 22


@dataclass(frozen=True, slots=True)
class Box:
    """A box: its name, and where its upper left corner is."""

    name: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Edge:
    """A rule or a leg: from one box to another, its number, and what it requires of a request."""

    number: int
    source: Box
    target: Box
    requires: str
    by: str
    share: float

    @property
    def path(self) -> str:
        """The line, as SVG draws it."""
        x1, y1 = self.source.x + BOX, self.source.y + HEIGHT // 2
        x2, y2 = self.target.x, self.target.y + HEIGHT // 2
        middle = (x1 + x2) // 2
        return f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2 - 5} {y2}"

    @property
    def label(self) -> tuple[int, int]:
        """Where its number stands: a third of the way, where edges of one box have parted."""
        x1, y1 = self.source.x + BOX, self.source.y + HEIGHT // 2
        y2 = self.target.y + HEIGHT // 2
        return x1 + int((self.target.x - x1) * 0.6), y1 + int((y2 - y1) * 0.65)


@dataclass(frozen=True, slots=True)
class Diagram:
    """The diagram of one stage."""

    stage: int
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    width: int
    height: int


def diagrams(observations: Mapping[str, Any]) -> list[Diagram]:
    """Return a diagram for each stage at which the routes were read."""
    legs = {one["stage"]: one["rows"] for one in observations["mutual_tls"]}
    calls = {one["stage"]: one["rows"] for one in observations["connections"]}
    found = []
    for one in observations["routes"]:
        rules = [
            *_rules(one["rows"]),
            *_legs(legs.get(one["stage"], ()), calls.get(one["stage"], ()), one["rows"]),
        ]
        if rules:
            found.append(_drawn(one["stage"], rules))
    return found


_Rule = tuple[str, str, str, str, float]


def _rules(rows: Iterable[Mapping[str, Any]]) -> list[_Rule]:
    """Return source, target, what is required, who says so and the smallest share of each rule that runs."""
    rules: list[_Rule] = []
    for row in rows:
        if row["proxy"] != GATEWAY and not row["subset"]:
            continue
        asked = " and ".join(row["conditions"]) or "every other request"
        if not row["conditions"] and not any(rule[0] == row["proxy"] for rule in rules):
            asked = "every request"
        rules.append((row["proxy"], _target(row), asked, row["origin"], row["smallest_share"]))
    return rules


def _target(row: Mapping[str, Any]) -> str:
    """Return the workload that a subset's labels name, else the Service with its subset."""
    service = row["service"].partition(":")[0]
    name, _, version = row["labels"].partition("=")
    if name == "version" and version and "," not in version:
        return f"{service} {version}"
    return f"{row['service']} {row['subset']}".strip()


def _legs(
    legs: Iterable[Mapping[str, Any]], calls: Iterable[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]
) -> list[_Rule]:
    """Return the legs to what no HTTP route leads to: the stores, by who answered there."""
    routed = {row["service"] for row in rows}
    answers = {(one["source"], one["destination"]): one["answer"] for one in calls}
    rules: list[_Rule] = []
    for leg in legs:
        client, _, server = leg["leg"].partition(" -> ")
        if server not in routed:
            answer = answers.get((client, server), "")
            rules.append((client, f"{server} {answer}".strip(), "connections", "", 1.0))
    return rules


def _drawn(stage: int, rules: Sequence[_Rule]) -> Diagram:
    columns = _columns(rules)
    boxes: dict[str, Box] = {}
    rows: dict[int, int] = {}
    for name, column in columns.items():
        row = rows.get(column, 0)
        rows[column] = row + 1
        boxes[name] = Box(name, column * (BOX + GAP_X), row * (HEIGHT + GAP_Y))
    edges = [
        Edge(number, boxes[source], boxes[target], requires, by, share)
        for number, (source, target, requires, by, share) in enumerate(rules, start=1)
    ]
    width = (max(columns.values()) + 1) * (BOX + GAP_X) - GAP_X
    height = max(rows.values()) * (HEIGHT + GAP_Y) - GAP_Y
    return Diagram(stage, tuple(boxes.values()), tuple(edges), width, height)


def _columns(rules: Sequence[_Rule]) -> dict[str, int]:
    """Return the column of each box: one further than what leads to it; circles end at the number of boxes."""
    names = list(dict.fromkeys(name for rule in rules for name in rule[:2]))
    columns = dict.fromkeys(names, 0)
    for _ in names:
        for source, target, *_rest in rules:
            if columns[target] <= columns[source] < len(names) - 1 and source != target:
                columns[target] = columns[source] + 1
    return columns
