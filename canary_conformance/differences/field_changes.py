"""Two bodies of an object compared field by field: what changed, with its path on both sides.

Items of a list that are equal on both sides are the same item, wherever they stand; a list in another order
has items that moved. The order of a mapping's keys means nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

Path = tuple[str | int, ...]
ABSENT: Any = object()
"""The value of a field that is not there."""


@dataclass(frozen=True, slots=True)
class ChangedValue:
    """One field that differs: its path and value on each side, ABSENT where it is not there.

    The path of what is absent is where it would stand.
    """

    path_before: Path
    path_after: Path
    before: Any
    after: Any

    @property
    def path(self) -> Path:
        """The path where the field stands, HEAD's where it stands on both sides."""
        return self.path_before if self.after is ABSENT else self.path_after


def changed_values(before: Any, after: Any) -> tuple[ChangedValue, ...]:
    """Return the smallest fields that differ between two values that JSON could carry."""
    return tuple(_changed(before, after, (), ()))


def reverted(after: Mapping[str, Any], change: ChangedValue) -> dict[str, Any]:
    """Return HEAD's body with one field as BASE has it."""
    body: dict[str, Any] = deepcopy(dict(after))
    if not change.path_after:
        return body
    *above, last = change.path_after
    inner: Any = body
    for part in above:
        inner = inner[part]
    if change.before is ABSENT:
        del inner[last]
    elif change.after is ABSENT and isinstance(inner, list) and isinstance(last, int):
        inner.insert(last, deepcopy(change.before))
    else:
        inner[last] = deepcopy(change.before)
    return body


def _changed(before: Any, after: Any, old: Path, new: Path) -> Iterator[ChangedValue]:
    if _same(before, after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys((*before, *after)):
            here = before.get(key, ABSENT), after.get(key, ABSENT)
            yield from _changed(*here, (*old, key), (*new, key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _changed_items(before, after, old, new)
    else:
        yield ChangedValue(old, new, before, after)


def _changed_items(before: list[Any], after: list[Any], old: Path, new: Path) -> Iterator[ChangedValue]:
    texts = [_text(one) for one in before], [_text(one) for one in after]
    for what, first, last, begin, end in SequenceMatcher(
        a=texts[0], b=texts[1], autojunk=False
    ).get_opcodes():
        if what == "equal":
            continue
        paired = min(last - first, end - begin)
        for step in range(paired):
            one, other = first + step, begin + step
            yield from _changed(before[one], after[other], (*old, one), (*new, other))
        for one in range(first + paired, last):
            yield ChangedValue((*old, one), (*new, end), before[one], ABSENT)
        for other in range(begin + paired, end):
            yield ChangedValue((*old, last), (*new, other), ABSENT, after[other])


def _same(before: Any, after: Any) -> bool:
    if before is ABSENT or after is ABSENT:
        return before is after
    return _text(before) == _text(after)


def _text(value: Any) -> str:
    # As text, since true equals 1 in Python and not in Kubernetes.
    return json.dumps(value, sort_keys=True)


def same_value(before: Any, after: Any) -> bool:
    """Return whether two values that JSON could carry are the same to the API server."""
    return _same(before, after)
