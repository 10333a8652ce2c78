"""Which fields an object may have, and of which type: the first thing that server-side apply looks at.

Every object that is applied on the server's side is first read as what its OpenAPI schema declares
(Kubernetes: "Server-Side Apply", "Merge strategy"): an unknown field, a value of another type, an element
without its key and a key that is there twice are refused, for built-in and custom kinds alike. Null fits
everywhere here, as it does there; what it stands for is asked in `values`.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from canary_conformance.model.schemas.schema_problems import Path, Problem, value_text
from canary_conformance.model.schemas.schema_store import KindSchema, Schema
from canary_conformance.scenario.template_markers import unrendered

FREE = "x-kubernetes-preserve-unknown-fields"
_LIST_TYPE, _KEYS = "x-kubernetes-list-type", "x-kubernetes-list-map-keys"
_WANTED = {
    "object": "a map",
    "array": "a list",
    "string": "a string",
    "boolean": "a boolean",
    "integer": "a number",
    "number": "a number",
}


def declared_problems(
    known: KindSchema, schema: Schema, value: object, path: Path = (), *, free: bool = False
) -> Iterator[Problem]:
    """Yield what the schema doesn't declare in the value, all of it.

    free: whether this part of the object takes fields that no schema names.
    """
    if value is None:
        return
    schema = known.resolve(schema)
    wanted = schema.get("type")
    if wanted and not _is(value, wanted):
        yield Problem(path, f"wants {_WANTED[wanted]}, has {value_text(value, path)}{_hint(wanted, value)}")
        return
    free = free or schema.get(FREE, False)
    if isinstance(value, dict):
        for name, part in value.items():
            field = _field(schema, name, free=free)
            if field is None:
                yield Problem((*path, name), _unknown(name, schema))
            else:
                yield from declared_problems(known, field, part, (*path, name), free=free)
    elif isinstance(value, list):
        yield from _keys(known, schema, value, path)
        items = schema.get("items", {})
        for index, part in enumerate(value):
            yield from declared_problems(known, items, part, (*path, index), free=free)


def field_schema(schema: Schema, name: str) -> Schema | None:
    """Return the schema of a field that the schema itself names or describes, None when it does neither."""
    found: Schema | None = schema.get("properties", {}).get(name)
    if found is not None:
        return found
    others = schema.get("additionalProperties")
    return others if isinstance(others, dict) else None


def _field(schema: Schema, name: str, *, free: bool) -> Schema | None:
    found = field_schema(schema, name)
    if found is not None:
        return found
    others = schema.get("additionalProperties")
    # An object that declares nothing takes anything.
    anything = others is True or (others is None and (free or not schema.get("properties")))
    return {} if anything else None


def _is(value: object, wanted: str) -> bool:
    match wanted:
        case "object":
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list)
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case _:
            # A boolean is an int to Python alone.
            return isinstance(value, int | float) and not isinstance(value, bool)


def _hint(wanted: str, value: object) -> str:
    if wanted == "string" and isinstance(value, bool | int | float):
        return "; put it in quotes"
    if wanted in {"integer", "number", "boolean"} and isinstance(value, str):
        if template := unrendered(value):
            return f"; {template}"
        return "; without quotes it would be one" if _reads_as(wanted, value) else ""
    return ""


def _reads_as(wanted: str, text: str) -> bool:
    try:
        return _is(json.loads(text), wanted)
    except (ValueError, RecursionError):
        return False


def _unknown(name: str, schema: Schema) -> str:
    fields = schema.get("properties", {})
    lower = {field.lower(): field for field in fields}
    near = [lower[name.lower()]] if name.lower() in lower else difflib.get_close_matches(name, fields, n=1)
    return f"unknown field; did you mean {near[0]}?" if near else "unknown field"


def _keys(known: KindSchema, schema: Schema, items: Sequence[Any], path: Path) -> Iterator[Problem]:
    """Yield the elements of a keyed list, or of a set, that the server can't distinguish."""
    if _LIST_TYPE not in schema:
        return
    names = schema.get(_KEYS, ())
    fields = known.resolve(schema.get("items", {})).get("properties", {})
    defaults = {name: fields[name]["default"] for name in names if "default" in fields.get(name, {})}
    first: dict[str, int] = {}
    for index, item in enumerate(items):
        if not isinstance(item, dict) if names else (item is None or isinstance(item, dict | list)):
            # Of another type than the items' own it is reported there; null is of none.
            if item is None:
                yield Problem((*path, index), "null can't be an element here")
            continue
        key = {name: item.get(name, defaults.get(name)) for name in names if name in {*item, *defaults}}
        if names and not key:
            yield Problem((*path, index), f"an element has no {' and no '.join(names)}")
            continue
        text = json.dumps(_plain(key if names else item), sort_keys=True)
        earlier = first.setdefault(text, index)
        if earlier != index:
            what = ", ".join(f"{name} {part}" for name, part in key.items()) if names else value_text(item)
            yield Problem((*path, index), f"{what} is here twice, first as element {earlier}")


def _plain(value: Any) -> Any:
    """Return the value with whole floats as integers: the server counts 1 and 1.0 as the same key."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value
