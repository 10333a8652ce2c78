"""The shortest texts that one pattern of RE2 matches and another does not.

Both patterns become automata, and all that both have read is followed side by side, the shortest texts first
(Thompson's construction; Envoy matches a pattern with the whole value of a header).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from functools import lru_cache

from canary_conformance.model.patterns.pattern_syntax import (
    CHARACTERS,
    Alternatives,
    Anchor,
    Chars,
    Node,
    Repeated,
    Sequence,
    Unreadable,
    read_pattern,
)

_MOST_STATES = 3000
_MOST_PAIRS = 20_000
_States = frozenset[int]


@lru_cache(maxsize=64)
def differences(one: str, other: str) -> tuple[str, ...]:
    """Return the shortest value that only one pattern matches, and the shortest that only the other does.

    Values that HTTP would trim, which begin or end with a space, and the empty one are left out.

    Raises:
        Unreadable: A pattern is not read, or too large.
    """
    both = _Automaton(one), _Automaton(other)
    letters = _letters(both)
    start = both[0].closed([0], "^"), both[1].closed([0], "^")
    waiting, seen = deque([(start, "")]), {(*start, False)}
    found: dict[bool, str] = {}
    while waiting and len(found) < 2:
        states, text = waiting.popleft()
        for letter in letters:
            if letter == " " and not text:
                continue
            after = both[0].step(states[0], letter), both[1].step(states[1], letter)
            key = (*after, letter == " ")
            if key in seen or not (after[0] or after[1]):
                continue
            seen.add(key)
            if len(seen) > _MOST_PAIRS:
                raise Unreadable(other)
            waiting.append((after, text + letter))
            first, second = (automaton.ends(now) for automaton, now in zip(both, after, strict=True))
            if first != second and letter != " ":
                found.setdefault(first, text + letter)
    return tuple(found.values())


class _Automaton:
    """A pattern as states and what leads from one to the next: a set of characters, an anchor, or nothing."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._edges: list[list[tuple[frozenset[str] | str, int]]] = []
        self._last = self._add(read_pattern(pattern), self._new())

    def sets(self) -> Iterable[frozenset[str]]:
        """Yield every set of characters that leads on."""
        return (by for edges in self._edges for by, _ in edges if isinstance(by, frozenset))

    def closed(self, states: Iterable[int], anchors: str) -> _States:
        """Return the states with those that follow without a character, and by these anchors."""
        found, waiting = set(states), list(states)
        while waiting:
            for by, target in self._edges[waiting.pop()]:
                if isinstance(by, str) and (by == "" or by in anchors) and target not in found:
                    found.add(target)
                    waiting.append(target)
        return frozenset(found)

    def step(self, states: _States, letter: str) -> _States:
        """Return the states after a character."""
        after = [
            target
            for state in states
            for by, target in self._edges[state]
            if isinstance(by, frozenset) and letter in by
        ]
        return self.closed(after, "")

    def ends(self, states: _States) -> bool:
        """Return whether the text may end here."""
        return self._last in self.closed(states, "$")

    def _new(self) -> int:
        if len(self._edges) >= _MOST_STATES:
            raise Unreadable(self._pattern)
        self._edges.append([])
        return len(self._edges) - 1

    def _lead(self, start: int, by: frozenset[str] | str, target: int | None = None) -> int:
        end = self._new() if target is None else target
        self._edges[start].append((by, end))
        return end

    def _add(self, node: Node, start: int) -> int:
        """Add what a part needs after a state, and return the state behind it."""
        if isinstance(node, Chars):
            return self._lead(start, node.of)
        if isinstance(node, Anchor):
            return self._lead(start, node.at)
        if isinstance(node, Sequence):
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


def _letters(automata: Iterable[_Automaton]) -> list[str]:
    """Return one character of each kind that the automata distinguish; a space is a kind of its own."""
    sets = sorted({one for automaton in automata for one in automaton.sets()} | {frozenset(" ")}, key=sorted)
    kinds: dict[tuple[bool, ...], str] = {}
    for char in CHARACTERS:
        kinds.setdefault(tuple(char in one for one in sets), char)
    return list(kinds.values())
