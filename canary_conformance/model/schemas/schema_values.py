"""What a schema asks of values: required fields, enumerations, formats, ranges, alternatives.

For a custom kind the API server checks all of this by the schema itself (Kubernetes: "Extend the Kubernetes
API with CustomResourceDefinitions", "Validation"); a server-side apply keeps a null, which then is of no
type. For a built-in kind, and in the metadata of any, a null stands for nothing, and code checks the rest;
`tools.schemas.shrink` leaves in the schema what the code refuses. Rules written in CEL are left to the API
server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from canary_conformance.model.schemas.declared_fields import field_schema
from canary_conformance.model.schemas.scalars import is_whole, scalar_problems
from canary_conformance.model.schemas.schema_problems import Path, Problem, value_text
from canary_conformance.model.schemas.schema_store import KindSchema, Schema

_INT_OR_STRING = "x-kubernetes-int-or-string"
_ANY_TYPE = "a string, a number, a map or a list"


def value_problems(known: KindSchema, body: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what the schema asks and the object doesn't keep; its status is the cluster's own."""
    body = {name: part for name, part in body.items() if name != "status"}
    custom = {name: part for name, part in body.items() if known.custom and name != "metadata"}
    built_in = {name: part for name, part in body.items() if name not in custom}
    judged = {**_without_nulls(built_in), **custom}
    yield from _Values(known).problems(known.root, judged, ())


def _without_nulls(value: Any) -> Any:
    """Return the value without the fields whose null stands for nothing."""
    if isinstance(value, list):
        return [_without_nulls(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {name: _without_nulls(part) for name, part in value.items() if part is not None}


@dataclass(frozen=True, slots=True)
class _Values:
    """One kind's values, judged."""

    known: KindSchema

    def problems(self, schema: Schema, value: Any, path: Path) -> Iterator[Problem]:
        schema = self.known.resolve(schema)
        if value is None:
            # In a built-in kind only an element is left, and read as the empty value of its type.
            if self.known.custom and schema.get("type") and not schema.get("nullable"):
                yield Problem(path, "is null")
            return
        wrong = _wrong_type(schema, value)
        if wrong:
            yield Problem(path, wrong)
            return
        if isinstance(value, dict):
            yield from self._of_map(schema, value, path)
        elif isinstance(value, list):
            yield from self._of_list(schema, value, path)
        else:
            yield from (Problem(path, sentence) for sentence in scalar_problems(schema, value))
        yield from self._of_alternatives(schema, value, path)

    def _of_map(self, schema: Schema, value: dict[str, Any], path: Path) -> Iterator[Problem]:
        for name in schema.get("required", ()):
            if name not in value:
                yield Problem((*path, name), "missing")
        yield from (
            Problem(path, sentence) for sentence in _counts(schema, len(value), "Properties", "fields")
        )
        for name, part in value.items():
            field = field_schema(schema, name)
            if field is not None:
                yield from self.problems(field, part, (*path, name))

    def _of_list(self, schema: Schema, value: list[Any], path: Path) -> Iterator[Problem]:
        yield from (Problem(path, sentence) for sentence in _counts(schema, len(value), "Items", "elements"))
        if "items" in schema:
            for index, part in enumerate(value):
                yield from self.problems(schema["items"], part, (*path, index))

    def _of_alternatives(self, schema: Schema, value: Any, path: Path) -> Iterator[Problem]:
        for part in schema.get("allOf", ()):
            yield from self.problems(part, value, path)
        if "not" in schema and self._fits(schema["not"], value):
            yield Problem(path, _unwanted(schema["not"], value))
        for key, counts in (("anyOf", range(1, 1 << 30)), ("oneOf", range(1, 2))):
            branches = schema.get(key)
            if branches and sum(self._fits(branch, value) for branch in branches) not in counts:
                yield Problem(path, _no_branch(branches, value))

    def _fits(self, schema: Schema, value: Any) -> bool:
        return next(self.problems(schema, value, ()), None) is None


def _wrong_type(schema: Schema, value: Any) -> str:
    wanted = schema.get("type", "")
    if "format" in schema and isinstance(value, dict | list):
        fits, name = False, "a single value"
    elif schema.get(_INT_OR_STRING):
        fits, name = isinstance(value, str) or is_whole(value), "an integer or a string"
    elif wanted == "integer":
        fits, name = is_whole(value), "an integer"
    else:
        classes, name = _CLASSES.get(wanted, (object, _ANY_TYPE))
        fits = isinstance(value, classes) and (wanted != "number" or not isinstance(value, bool))
    return "" if fits else f"wants {name}, has {value_text(value)}"


_CLASSES: Mapping[str, tuple[Any, str]] = {
    "object": (dict, "a map"),
    "array": (list, "a list"),
    "string": (str, "a string"),
    "boolean": (bool, "a boolean"),
    "number": ((int, float), "a number"),
}


def _counts(schema: Schema, count: int, key: str, what: str) -> Iterator[str]:
    least, most = schema.get(f"min{key}", 0), schema.get(f"max{key}", count)
    if count < least:
        yield f"has {count} {what}, wants at least {least}"
    if count > most:
        yield f"has {count} {what}, wants at most {most}"


def _no_branch(branches: list[Schema], value: Any) -> str:
    """Return a sentence for alternatives of which not one fits, or of which more than one does."""
    names = list(dict.fromkeys(name for branch in branches for name in branch.get("required", ())))
    if not names or not isinstance(value, dict):
        return f"{value_text(value)} fits none of the forms that it can have"
    there = [name for name in names if name in value]
    if len(there) > 1:
        return f"only one of {', '.join(there)} can be here"
    return f"wants one of {', '.join(names)}"


def _unwanted(schema: Schema, value: Any) -> str:
    names = [name for branch in (schema, *schema.get("anyOf", ())) for name in branch.get("required", ())]
    there = [name for name in names if isinstance(value, dict) and name in value]
    return f"{' and '.join(there)} can't be here" if there else "has a form that it can't have"
