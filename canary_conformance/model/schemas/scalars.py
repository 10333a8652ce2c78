"""Formats, ranges and patterns of single values, as the API server reads them.

Sources: Kubernetes API reference, "Quantity" and "IntOrString"; RFC 3339 for times and RFC 4648 for base64,
as Go reads them; a custom kind's patterns are RE2 and match anywhere.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from datetime import datetime

from canary_conformance.model.schemas.schema_problems import value_text
from canary_conformance.model.schemas.schema_store import Schema

# The reference wants a digit; the server reads none as 0 and trims spaces. Only nothing at all is refused.
_QUANTITY = re.compile(
    r"\s*(?=\S)[+-]?[0-9]*(?:\.[0-9]*)?(?:[numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]+)?\s*", re.ASCII
)
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:[.,]\d+)?(Z|[+-]\d{2}:\d{2})", re.ASCII)
_LEAST_INT32, _MOST_INT32 = -(2**31), 2**31 - 1
# The largest whole number that a float still distinguishes from its neighbours.
_LARGEST_WHOLE_FLOAT = 2**53 - 1


def scalar_problems(schema: Schema, value: str | int | float | bool) -> Iterator[str]:
    """Yield what is wrong with a value whose type is right, a sentence each."""
    enum = schema.get("enum")
    if enum and value not in enum:
        # "" stands for the default of a built-in kind, and is no advice.
        known = ", ".join(str(word) for word in enum if word != "")
        yield f"{value_text(value)} isn't one of {known}"
    check = _FORMATS.get(schema.get("format", ""))
    if check is not None:
        does_fit, wanted = check
        if not does_fit(value):
            yield f"wants {wanted}, has {value_text(value)}"
    if isinstance(value, str):
        yield from _text_problems(schema, value)
    elif not isinstance(value, bool):
        yield from _range_problems(schema, value)


def is_whole(value: object) -> bool:
    """Return whether the server takes the value for an integer: 1.0 is one."""
    if isinstance(value, float):
        return value.is_integer() and abs(value) <= _LARGEST_WHOLE_FLOAT
    return isinstance(value, int) and not isinstance(value, bool)


def _text_problems(schema: Schema, value: str) -> Iterator[str]:
    if len(value) < schema.get("minLength", 0):
        yield "is empty" if not value else f"is shorter than {schema['minLength']} characters"
    if "maxLength" in schema and len(value) > schema["maxLength"]:
        yield f"is longer than {schema['maxLength']} characters"
    if "pattern" in schema and not _matches(schema["pattern"], value):
        yield f"{value_text(value)} doesn't match {schema['pattern']}"


def _range_problems(schema: Schema, value: float) -> Iterator[str]:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and (value <= least if schema.get("exclusiveMinimum") else value < least):
        yield f"{value} is less than {least}"
    if most is not None and (value >= most if schema.get("exclusiveMaximum") else value > most):
        yield f"{value} is more than {most}"


def _matches(pattern: str, value: str) -> bool:
    # Few fields have a pattern, and the import takes longer than a whole check.
    import re2  # type: ignore[import-untyped]  # noqa: PLC0415

    return re2.search(pattern, value) is not None


def _is_quantity(value: object) -> bool:
    if isinstance(value, bool):
        return False
    return not isinstance(value, str) or _QUANTITY.fullmatch(value) is not None


def _is_int_or_string(value: object) -> bool:
    if not isinstance(value, int | float):
        return isinstance(value, str)
    return is_whole(value) and _LEAST_INT32 <= value <= _MOST_INT32


def _is_time(value: object) -> bool:
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return False
    try:
        datetime.fromisoformat(match[1] + match[2])
    except ValueError:
        return False
    return True


def _is_base64(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        # Go's decoder passes over the ends of lines.
        base64.b64decode(value.replace("\n", "").replace("\r", ""), validate=True)
    except ValueError:
        return False
    return True


_FORMATS: dict[str, tuple[Callable[[object], bool], str]] = {
    "quantity": (_is_quantity, "a quantity like 128Mi or 50m"),
    "int-or-string": (_is_int_or_string, "an integer or a string"),
    "date-time": (_is_time, "a time like 2026-01-31T12:00:00Z"),
    "byte": (_is_base64, "base64"),
}
