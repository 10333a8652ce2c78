"""Several patterns of RE2 as one automaton, which follows all of them side by side.

Source: Thompson's construction; the assertions are looked at as the next character comes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from canary_conformance.model.patterns import pattern_syntax
from canary_conformance.model.patterns.pattern_syntax import (
    Alternatives,
    Assertion,
    Chars,
    Node,
    Repeated,
    Unreadable,
    characters,
    read_pattern,
)
from canary_conformance.model.routing.route_matching import matches_whole

_MOST_STATES = 10_000
_START, _END = "^", "$"
_WORD, _OTHER = "w", "-"


class State(NamedTuple):
    """Where all patterns are after a text: their places, and what stood last (the start, a word, neither)."""

    places: frozenset[int]
    before: str


class Automaton:
    """Patterns as places and what leads from one to the next: a set of characters, an assertion, nothing."""

    def __init__(self, patterns: Sequence[str]) -> None:
        """Read the patterns. Raises Unreadable."""
        self._patterns = patterns
        self._chars = characters(patterns)
        self._edges: list[list[tuple[frozenset[str] | str, int]]] = []
        self._closed: dict[tuple[int, str], frozenset[int]] = {}
        starts: list[int] = []
        self._lasts: list[int] = []
        self._owner: list[int] = []
        for number, pattern in enumerate(patterns):
            self._number = number
            starts.append(self._new())
            self._lasts.append(self._add(read_pattern(pattern, self._chars), starts[-1]))
        self._letters = self._kinds()
        self._moves = [self._led_by(letter) for letter, _ in self._letters]
        # Only a boundary of words looks at what stood before, behind the start.
        self._by_words = any(by in ("b", "B") for edges in self._edges for by, _ in edges)
        self.start = State(frozenset(starts), _START)

    def steps(self, state: State) -> Iterator[tuple[str, State]]:
        """Yield one character of each kind that the patterns tell apart, with the state after it."""
        closed = {kind: self._reached(state, kind) for kind in {kind for _, kind in self._letters}}
        for (letter, kind), moves in zip(self._letters, self._moves, strict=True):
            after = frozenset([target for place in closed[kind] for target in moves.get(place, ())])
            yield letter, State(after, kind if self._by_words else _OTHER)

    def ends(self, state: State) -> tuple[bool, ...]:
        """Return which patterns match a text that ends here."""
        closed = self._reached(state, _END)
        return tuple(last in closed for last in self._lasts)

    def may_end(self, state: State, pattern: int) -> bool:
        """Return whether a pattern, by its number, may match a text that begins so."""
        return any(self._owner[place] == pattern for place in state.places)

    def _reached(self, state: State, after: str) -> frozenset[int]:
        """Return the places with those that follow without a character, by what comes after them."""
        at_boundary = (state.before == _WORD) != (after == _WORD)
        holds = "b" if at_boundary else "B"
        holds += _START if state.before == _START else ""
        holds += _END if after == _END else ""
        return frozenset().union(*[self._near(place, holds) for place in state.places])

    def _near(self, start: int, holds: str) -> frozenset[int]:
        """Return a place with those that follow it where certain assertions hold."""
        key = start, holds
        if key not in self._closed:
            found, waiting = {start}, [start]
            while waiting:
                for by, target in self._edges[waiting.pop()]:
                    if isinstance(by, str) and by in holds and target not in found:
                        found.add(target)
                        waiting.append(target)
            self._closed[key] = frozenset(found)
        return self._closed[key]

    def _kinds(self) -> list[tuple[str, str]]:
        """Return one character of each kind that the patterns tell apart, and whether it is of a word."""
        sets = {by for edges in self._edges for by, _ in edges if isinstance(by, frozenset)}
        words = frozenset(char for char in self._chars if matches_whole(r"\w", char))
        in_order = sorted({*sets, words}, key=sorted)
        kinds: dict[tuple[bool, ...], str] = {}
        for char in self._chars:
            kinds.setdefault(tuple(char in one for one in in_order), char)
        return [(char, _WORD if char in words else _OTHER) for char in kinds.values()]

    def _led_by(self, letter: str) -> dict[int, tuple[int, ...]]:
        """Return where a character leads from each place that it leads on from."""
        found = {
            place: tuple(target for by, target in edges if isinstance(by, frozenset) and letter in by)
            for place, edges in enumerate(self._edges)
        }
        return {place: targets for place, targets in found.items() if targets}

    def _new(self) -> int:
        if len(self._edges) >= _MOST_STATES:
            raise Unreadable(self._patterns[self._number])
        self._edges.append([])
        self._owner.append(self._number)
        return len(self._edges) - 1

    def _lead(self, start: int, by: frozenset[str] | str, target: int | None = None) -> int:
        end = self._new() if target is None else target
        self._edges[start].append((by, end))
        return end

    def _add(self, node: Node, start: int) -> int:
        """Add what a part needs after a state, and return the state behind it."""
        if isinstance(node, Chars):
            return self._lead(start, node.of)
        if isinstance(node, Assertion):
            return self._lead(start, node.at)
        if isinstance(node, pattern_syntax.Sequence):
            for part in node.parts:
                start = self._add(part, start)
            return start
        if isinstance(node, Alternatives):
            end = self._new()
            for part in node.parts:
                self._lead(self._add(part, self._lead(start, "")), "", end)
            return end
        return self._repeat(node, start)

    def _repeat(self, node: Repeated, start: int) -> int:
        for _ in range(node.least):
            start = self._add(node.part, start)
        if node.most is None:
            again = self._lead(start, "")
            self._lead(self._add(node.part, again), "", again)
            return self._lead(again, "")
        end = self._new()
        for _ in range(node.most - node.least):
            self._lead(start, "", end)
            start = self._add(node.part, start)
        return self._lead(start, "", end)
