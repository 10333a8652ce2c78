"""The objects that differ at the end of a stage, by a summary of their structure; no secret is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from canary_conformance.differences.field_changes import ABSENT, ChangedValue, Path, same_value
from canary_conformance.differences.responsible_lines import lines_of
from canary_conformance.differences.stage_ends import StageEnds
from canary_conformance.differences.state_changes import ObjectPair
from canary_conformance.differences.values import Change, FieldChange, ObjectChange
from canary_conformance.model.objects.state import InForce
from canary_conformance.model.schemas.schema_problems import path_text
from canary_conformance.report.secret_masks import mask_secrets

_LONGEST = 60
_HIDDEN = "(not shown)"


def object_changes(ends: StageEnds) -> Iterator[ObjectChange]:
    """Yield each object that is added, removed, changed, or has another name."""
    gone = {pair.key: pair for pair in ends.changes if pair.after is None}
    for pair in ends.changes:
        if pair.before is None:
            old = next((one for one in gone.values() if _is_renamed(one, pair)), None)
            if old is not None:
                del gone[old.key]
                # In another namespace it has its name still.
                if old.key.name != pair.key.name:
                    yield _renamed(ends.stage, old, pair)
            else:
                yield _whole(ends.stage, pair, Change.ADDED)
        elif pair.after is not None:
            fields = tuple(_field(pair, value) for value in pair.values)
            lines = lines_of(
                (pair.place_before(value) for value in pair.values),
                (pair.place_after(value) for value in pair.values),
            )
            yield ObjectChange((ends.stage,), str(pair.key), Change.CHANGED, fields, lines)
    yield from (_whole(ends.stage, pair, Change.REMOVED) for pair in gone.values())


def _whole(stage: int, pair: ObjectPair, change: Change) -> ObjectChange:
    lines = lines_of([pair.place_before()], [pair.place_after()])
    return ObjectChange((stage,), str(pair.key), change, (), lines)


def _renamed(stage: int, old: ObjectPair, new: ObjectPair) -> ObjectChange:
    lines = lines_of([old.place_before()], [new.place_after()])
    return ObjectChange((stage,), str(old.key), Change.RENAMED, (), lines, str(new.key))


def _is_renamed(old: ObjectPair, new: ObjectPair) -> bool:
    if old.before is None or new.after is None or old.key.kind != new.key.kind:
        return False
    return same_value(_without_name(old.before), _without_name(new.after))


def _without_name(one: InForce) -> dict[str, Any]:
    body = dict(one.manifest.body)
    metadata = body.get("metadata")
    named = metadata if isinstance(metadata, Mapping) else {}
    return {**body, "metadata": {key: value for key, value in named.items() if key != "name"}}


def _field(pair: ObjectPair, value: ChangedValue) -> FieldChange:
    return FieldChange(
        path=path_text(value.path),
        before=_text(pair.key.kind, value.path_before, value.before),
        after=_text(pair.key.kind, value.path_after, value.after),
        lines=lines_of([pair.place_before(value)], [pair.place_after(value)]),
    )


def _text(kind: str, path: Path, value: Any) -> str | None:
    """Return a value in short, None for an absent one."""
    if value is ABSENT:
        return None
    if kind == "Secret" or _may_be_secret(path):
        return _HIDDEN
    text = value if isinstance(value, str) else json.dumps(_shown(value), sort_keys=True)
    masked = mask_secrets(f"{path[-1]}: {text}" if path else text).removeprefix(
        f"{path[-1]}: " if path else ""
    )
    return masked if len(masked) <= _LONGEST else f"{masked[:_LONGEST]}..."


def _may_be_secret(path: Path) -> bool:
    """Return whether a variable's value or a program's argument stands at a path."""
    return "env" in path or path[-1:] in {("args",), ("command",)} or bool({"args", "command"} & set(path))


def _shown(value: Any) -> Any:
    """Return a value without what variables hold."""
    if isinstance(value, dict):
        return {
            key: _HIDDEN if key in {"value", "env", "args", "command"} and one else _shown(one)
            for key, one in value.items()
        }
    return [_shown(one) for one in value] if isinstance(value, list) else value
