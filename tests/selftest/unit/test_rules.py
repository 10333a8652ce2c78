"""What the API server's code and Istio's webhook refuse is told with file and line; what they take is not."""

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canary_conformance.model.objects.quantities import amount
from canary_conformance.model.schemas.rules import rule_problems
from canary_conformance.scenario.manifests import parse_manifests
from tests.selftest.rules_cases import REFUSED, TAKEN
from tests.selftest.rules_objects import ALL, ROUTES, SERVICE
from tests.selftest.schema_examples import changed, findings


@pytest.mark.parametrize("text", ALL)
def test_examples_have_no_finding(text: str) -> None:
    assert findings(text) == []


@pytest.mark.parametrize(("text", "old", "new", "told"), REFUSED)
def test_what_the_server_refuses_is_told_at_its_line(text: str, old: str, new: str, told: str) -> None:
    assert findings(changed(text, old, new)) == [f"a.yaml:{told}"]


@pytest.mark.parametrize(("text", "old", "new"), TAKEN)
def test_what_the_server_takes_is_no_finding(text: str, old: str, new: str) -> None:
    assert findings(changed(text, old, new)) == []


def test_rules_are_asked_of_what_the_schema_lets_pass() -> None:
    text = changed(changed(SERVICE, "name: more, ", ""), "selector", "selektor")
    assert findings(text) == ["a.yaml:5: spec.selektor: unknown field; did you mean selector?"]


def test_a_pattern_of_1024_bytes_is_taken_and_one_more_is_not() -> None:
    pattern = "^(.*?; ?)?(featureflag=on)(;.*)?$"
    assert findings(changed(ROUTES, pattern, "a" * 1024)) == []
    assert findings(changed(ROUTES, pattern, "a" * 1025)) == [
        "a.yaml:10: spec.http[0].match[0].headers.cookie.regex: is longer than 1024 bytes"
    ]


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("64Mi", Fraction(64 * 1024**2)),
        ("100m", Fraction(1, 10)),
        ("1E", Fraction(10**18)),
        ("1Ei", Fraction(1024**6)),
        ("1e3", Fraction(1000)),
        ("-.5", Fraction(-1, 2)),
        (1.5, Fraction(3, 2)),
        # What is no quantity, and what nobody could work out in time.
        ("", None),
        ("64Mb", None),
        (True, None),
        (None, None),
        ("1e999999999", None),
        ("9" * 5000, None),
    ],
)
def test_quantities_are_numbers(written: object, number: Fraction | None) -> None:
    assert amount(written) == number


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the path of every part of the value."""
    found = []
    for part, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        found.append((*path, part))
        found += places(inner, (*path, part)) if isinstance(inner, dict | list) else []
    return found


@given(st.sampled_from(ALL), st.data())
@settings(max_examples=300, deadline=None, database=None)
def test_no_rule_stumbles_over_anything_in_place_of_anything(text: str, data: st.DataObject) -> None:
    (manifest,) = parse_manifests(text.encode(), "a.yaml", "voting").manifests
    body: dict[str, Any] = json.loads(json.dumps(manifest.body))
    for _ in range(data.draw(st.integers(1, 3))):
        *path, last = data.draw(st.sampled_from(places(body)))
        inside: Any = body
        for part in path:
            inside = inside[part]
        inside[last] = data.draw(json_values)
    # Asked directly: a finding of the schema would keep most of these from the rules.
    for problem in rule_problems(manifest.ref.kind, body):
        assert problem.sentence
        assert manifest.place_of(*problem.path).file == "a.yaml"
