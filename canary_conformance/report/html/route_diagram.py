"""The way of a request as a diagram, made of the routes that proxies run and of the legs that were seen.

Boxes are proxies and what they lead to, in columns from the gateway on; a numbered edge is a rule, in the
order in which its proxy tries them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

GATEWAY = "ingress gateway"
BOX, HEIGHT, GAP_X, GAP_Y = 214, 40, 62, 22
# How far below all boxes the bend of a leg is that passes a whole column by, and how far apart two are.
BELOW, APART = 40, 36


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
    depth: int

    @property
    def path(self) -> str:
        """The line, as SVG draws it: to the next column straight on, to one further below the boxes."""
        if self._passes:
            x1, x2 = self.source.x + BOX // 2, self.target.x + BOX // 2
            y1, y2, depth = self.source.y + HEIGHT, self.target.y + HEIGHT, self.depth
            return f"M{x1} {y1}C{x1} {depth} {x2} {depth} {x2} {y2 + 5}"
        x1, y1 = self.source.x + BOX, self.source.y + HEIGHT // 2
        x2, y2 = self.target.x, self.target.y + HEIGHT // 2
        middle = (x1 + x2) // 2
        return f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2 - 5} {y2}"

    @property
    def label(self) -> tuple[int, int]:
        """Where its number stands: where edges of one box have parted."""
        if self._passes:
            y1, y2 = self.source.y + HEIGHT, self.target.y + HEIGHT
            # A point of the curve itself, on one side of its middle or the other.
            along = 0.42 if self.number % 2 else 0.58
            bent = 3 * along * (1 - along)
            down = (1 - along) ** 3 * y1 + bent * self.depth + along**3 * y2
            share = bent * along + along**3
            return self.source.x + BOX // 2 + int((self.target.x - self.source.x) * share), int(down)
        x1, y1 = self.source.x + BOX, self.source.y + HEIGHT // 2
        y2 = self.target.y + HEIGHT // 2
        return x1 + int((self.target.x - x1) * 0.6), y1 + int((y2 - y1) * 0.65)

    @property
    def _passes(self) -> bool:
        return _skips(self.source, self.target)


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
            rules.append((client, f"{server} {answer}".strip(), "every connection", "", 1.0))
    return rules


def _drawn(stage: int, rules: Sequence[_Rule]) -> Diagram:
    columns = _columns(rules)
    rows = _rows(rules, columns)
    boxes = {
        name: Box(name, column * (BOX + GAP_X), rows[name] * (HEIGHT + GAP_Y))
        for name, column in columns.items()
    }
    bottom = max(box.y + HEIGHT for box in boxes.values())
    deeper = itertools.count()
    edges = []
    for number, (source, target, requires, by, share) in enumerate(rules, start=1):
        ends = boxes[source], boxes[target]
        depth = bottom + BELOW + (APART * next(deeper) if _skips(*ends) else 0)
        edges.append(Edge(number, *ends, requires, by, share, depth))
    width = (max(columns.values()) + 1) * (BOX + GAP_X) - GAP_X
    lowest = max(bottom, *(edge.label[1] + 10 for edge in edges))
    return Diagram(stage, tuple(boxes.values()), tuple(edges), width, lowest)


def _skips(source: Box, target: Box) -> bool:
    return target.x - source.x > BOX + GAP_X


def _rows(rules: Sequence[_Rule], columns: Mapping[str, int]) -> dict[str, int]:
    """Return the row of each box in its column, in the order of those before that lead to it."""
    rows: dict[str, int] = {}
    for column in range(max(columns.values()) + 1):
        here = [name for name, it in columns.items() if it == column]
        before = {
            name: [rows[rule[0]] for rule in rules if rule[1] == name and columns[rule[0]] == column - 1]
            for name in here
        }
        ordered = sorted(here, key=lambda name: min(before[name], default=len(columns)))
        rows.update({name: row for row, name in enumerate(ordered)})
    return rows


def _columns(rules: Sequence[_Rule]) -> dict[str, int]:
    """Return the column of each box: one further than what leads to it, circles cut."""
    names = list(dict.fromkeys(name for rule in rules for name in rule[:2]))
    columns = dict.fromkeys(names, 0)
    for _ in names:
        for source, target, *_rest in rules:
            if columns[target] <= columns[source] < len(names) - 1 and source != target:
                columns[target] = columns[source] + 1
    return columns
