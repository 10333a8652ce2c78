"""Group testing: many changes that are probably harmless are proved so in one run, and a failure is bisected.

Where a run of a combination holds, all of its changes hold together; two mistakes that undo each other would
pass, which is why no group has two changes of which one lies within the other (`conflict`). K culprits among
N changes cost about K·log2(N) runs instead of N (Dorfman, "The Detection of Defective Members of Large
Populations", 1943).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Tested(Generic[T]):
    """What became of each item: it holds together with others, it fails alone, or it is without a verdict.

    `together` are groups that failed although each half of them holds: their changes interact.
    """

    hold: list[T] = field(default_factory=list)
    fail: list[T] = field(default_factory=list)
    together: list[tuple[T, ...]] = field(default_factory=list)
    unproved: list[T] = field(default_factory=list)


def in_groups(
    groups: Iterable[Sequence[T]], holds: Callable[[Sequence[T]], bool | None], most: int | None = None
) -> Tested[T]:
    """Test groups of items, and bisect those that fail.

    Args:
        groups: The groups.
        holds: Tests a group; None where it came to no verdict, and each half is tested then.
        most: The number of tests that may be made; what is untested by then is unproved. None for no limit.
    """
    tested: Tested[T] = Tested()
    left = [most]

    def test(group: Sequence[T]) -> bool:
        """Test a group and return whether it holds."""
        if not group:
            return True
        if left[0] is not None and left[0] <= 0:
            tested.unproved.extend(group)
            return False
        left[0] = None if left[0] is None else left[0] - 1
        verdict = holds(group)
        if verdict:
            tested.hold.extend(group)
        elif len(group) == 1:
            (tested.unproved if verdict is None else tested.fail).extend(group)
        else:
            middle = len(group) // 2
            halves = [test(group[:middle]), test(group[middle:])]
            if all(halves) and verdict is False:
                tested.together.append(tuple(group))
        return bool(verdict)

    for group in groups:
        test(group)
    return tested


def packed(
    items: Iterable[T], conflict: Callable[[T, T], bool], fits: Callable[[Sequence[T]], bool], largest: int
) -> list[list[T]]:
    """Return the items in as few groups as a first fit finds.

    Args:
        items: The items.
        conflict: Whether two items cannot be in one group.
        fits: Whether a whole group can be tested as one; one that does not is split in halves.
        largest: The most items of a group.
    """
    groups: list[list[T]] = []
    for item in items:
        free = (
            group
            for group in groups
            if len(group) < largest and not any(conflict(item, other) for other in group)
        )
        group = next(free, None)
        if group is None:
            groups.append([item])
        else:
            group.append(item)
    return [part for group in groups for part in _that_fit(group, fits)]


def _that_fit(group: list[T], fits: Callable[[Sequence[T]], bool]) -> list[list[T]]:
    if len(group) == 1 or fits(group):
        return [group]
    middle = len(group) // 2
    return [*_that_fit(group[:middle], fits), *_that_fit(group[middle:], fits)]
