"""Quantities of Kubernetes, like 128Mi and 50m, as numbers."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

_QUANTITY = re.compile(
    r"\s*(?P<sign>[+-]?)(?P<whole>[0-9]*)(?:\.(?P<part>[0-9]*))?"
    r"(?:(?P<unit>[KMGTPE]i|[numkMGTPE])|[eE](?P<power>[+-]?[0-9]+))?\s*",
    re.ASCII,
)
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY: dict[str, int] = {
    unit: 1024**power for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)
}
# Nobody writes more digits, and a power of many would take for ever.
_MOST_DIGITS, _LARGEST_POWER = 40, 40


def amount(value: Any) -> Fraction | None:
    """Return the number that a quantity is, None for what is no quantity, or one of endless digits.

    Source: Kubernetes API reference, "Quantity".
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(value)
    match = _QUANTITY.fullmatch(text) if len(text) <= _MOST_DIGITS else None
    if match is None or not text.strip():
        return None
    power = int(match["power"] or 0) + _DECIMAL.get(match["unit"] or "", 0)
    if abs(power) > _LARGEST_POWER:
        return None
    number = Fraction(f"{match['whole'] or 0}.{match['part'] or 0}e{power}")
    number *= _BINARY.get(match["unit"] or "", 1)
    return -number if match["sign"] == "-" else number
