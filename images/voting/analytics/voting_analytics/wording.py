"""How the results are worded: 1.0 gives counts, 1.1 and later totals and percentages too."""

from __future__ import annotations


def plain(choices: tuple[str, str], counts: tuple[int, int]) -> str:
    """`Cats: 2 | Dogs: 4`."""
    return _sentence(choices, (str(counts[0]), str(counts[1])))


def with_shares(choices: tuple[str, str], counts: tuple[int, int]) -> str:
    """`Cats: 2/6 (33%) | Dogs: 4/6 (67%)`."""
    total = sum(counts)
    return _sentence(choices, (_share(counts[0], total), _share(counts[1], total)))


def percentage(part: int, total: int) -> int:
    """Whole percent, half rounded up (1 of 8 is 13); 0 of 0 is 0. In integers: a half is exactly a half."""
    return (200 * part + total) // (2 * total) if total else 0


def _share(count: int, total: int) -> str:
    return f"{count}/{total} ({percentage(count, total)}%)"


def _sentence(choices: tuple[str, str], standings: tuple[str, str]) -> str:
    return f"{choices[0]}: {standings[0]} | {choices[1]}: {standings[1]}"
