"""Anything in place of any part of an object gives findings, and never an error."""

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from canary_conformance.model.schemas.schema_findings import schema_findings
from canary_conformance.scenario.manifests import parse_manifests
from tests.selftest.schema_examples import ALL

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["http", "name", "spec", "containers", "ports", "template", "$ref"]) | st.text(),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path of every part of the value, but for what makes it an object of its kind."""
    parts = list(value.items() if isinstance(value, dict) else enumerate(value))
    found = []
    for part, inner in parts:
        if path or part not in {"apiVersion", "kind", "metadata"}:
            found.append((*path, part))
            found += places(inner, (*path, part)) if isinstance(inner, dict | list) else []
    return found


@st.composite
def broken_objects(draw: st.DrawFn) -> dict[str, Any]:
    text = draw(st.sampled_from(ALL))
    (manifest,) = parse_manifests(text.encode(), "a.yaml", "voting").manifests
    body: dict[str, Any] = json.loads(json.dumps(manifest.body))
    *path, last = draw(st.sampled_from(places(body)))
    inside: Any = body
    for part in path:
        inside = inside[part]
    inside[last] = draw(json_values)
    return body


@given(broken_objects())
@example({**json.loads('{"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}}'), "spec": None})
@settings(max_examples=150, deadline=None, database=None)
def test_anything_in_place_of_anything_is_told_without_an_error(body: dict[str, Any]) -> None:
    text = json.dumps(body, indent=1)
    parsed = parse_manifests(text.encode(), "a.yaml", "voting")
    for manifest in parsed.manifests:
        for finding in schema_findings(manifest):
            assert finding.place.file == "a.yaml"
            assert 1 <= finding.place.line <= text.count("\n") + 1
            assert finding.sentence
