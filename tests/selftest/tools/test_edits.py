"""Edits change one thing in a YAML file and leave every other byte as it was."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from canary_conformance.paths import MANIFESTS
from tools.mutants.edits import EditImpossible, YamlText, quoted_like

TEXT = """\
# the head
kind: A   # what it is
spec:
  # above the list
  ports:
    - name: http # one
      number: 80
    # above two
    - name: "tcp"
      number: 6379

  flow: {a: 1, "b": [x, y, z], c: 3}
  empty:
  sole:
    - only: 1
  text: |
    two
    lines
---
# the second
kind: B
hosts:
- a
- 'b'
"""


def text() -> YamlText:
    return YamlText.parse(TEXT)


def data(source: str) -> list[Any]:
    return list(yaml.safe_load_all(source))


def test_replacing_a_value_leaves_all_else() -> None:
    changed = text().apply([text().replace_value(0, ("spec", "ports", 1, "name"), "http2")])
    assert changed == TEXT.replace('"tcp"', '"http2"')
    assert text().apply([text().replace(0, ("kind",), "C")]) == TEXT.replace("kind: A   #", "kind: C   #")


def test_a_value_of_many_lines_is_replaced_whole() -> None:
    changed = text().apply([text().replace(0, ("spec", "ports"), "[]")])
    assert data(changed)[0]["spec"]["ports"] == []
    assert data(changed)[0]["spec"]["flow"] == data(TEXT)[0]["spec"]["flow"]
    changed = text().apply([text().replace(0, ("spec", "text"), "short")])
    assert data(changed)[0]["spec"]["text"] == "short"
    assert "---\n# the second" in changed


def test_a_value_that_is_not_there_is_written() -> None:
    changed = text().apply([text().replace(0, ("spec", "empty"), "full")])
    assert changed == TEXT.replace("empty:\n", "empty: full\n")


def test_dropping_a_key_takes_its_lines_and_no_comment_above() -> None:
    changed = text().apply([text().drop(0, ("spec", "ports"))])
    assert changed.startswith("# the head\nkind: A   # what it is\nspec:\n  # above the list\n\n  flow:")
    assert text().apply([text().drop(0, ("kind",))]) == TEXT.replace("kind: A   # what it is\n", "")


def test_dropping_what_stands_beside_a_dash_moves_the_next_key_up() -> None:
    changed = text().apply([text().drop(0, ("spec", "ports", 0, "name"))])
    assert changed == TEXT.replace("- name: http # one\n      number: 80", "- number: 80")
    changed = text().apply([text().drop(0, ("spec", "sole", 0, "only"))])
    assert data(changed)[0]["spec"]["sole"] == [{}]


def test_dropping_the_only_item_leaves_nothing() -> None:
    changed = text().apply([text().drop(0, ("spec", "sole", 0))])
    assert data(changed)[0]["spec"]["sole"] is None


@pytest.mark.parametrize(
    ("path", "left"),
    [
        (("a",), '{"b": [x, y, z], c: 3}'),
        (("c",), '{a: 1, "b": [x, y, z]}'),
        (("b", 0), '{a: 1, "b": [y, z], c: 3}'),
        (("b", 2), '{a: 1, "b": [x, y], c: 3}'),
        (("b",), "{a: 1, c: 3}"),
    ],
)
def test_flow_style_stays_flow_style(path: tuple[str | int, ...], left: str) -> None:
    changed = text().apply([text().drop(0, ("spec", "flow", *path))])
    assert changed == TEXT.replace('{a: 1, "b": [x, y, z], c: 3}', left)


def test_renaming_a_key_keeps_its_value() -> None:
    changed = text().apply([text().rename(0, ("spec", "ports", 0, "number"), "num")])
    assert changed == TEXT.replace("number: 80", "num: 80")
    assert "{a: 1, d: [x, y, z], c: 3}" in text().apply([text().rename(0, ("spec", "flow", "b"), "d")])


def test_items_change_places_and_comments_stay() -> None:
    changed = text().apply(text().swap(0, ("spec", "ports", 0), ("spec", "ports", 1)))
    assert data(changed)[0]["spec"]["ports"] == data(TEXT)[0]["spec"]["ports"][::-1]
    assert changed.index("# above two") < changed.index("name: http")
    assert "  [z, y, x]" not in changed
    flow = text().apply(text().swap(0, ("spec", "flow", "b", 0), ("spec", "flow", "b", 2)))
    assert "[z, y, x]" in flow


def test_lines_are_inserted_at_the_depth_of_their_neighbour() -> None:
    after = text().apply([text().insert_after(0, ("spec", "ports", 0, "number"), "weight: 1\nmore:\n  a: b")])
    assert data(after)[0]["spec"]["ports"][0] == {
        "name": "http",
        "number": 80,
        "weight": 1,
        "more": {"a": "b"},
    }
    before = text().apply([text().insert_before(0, ("spec", "ports", 0), "- name: zero")])
    assert data(before)[0]["spec"]["ports"][0] == {"name": "zero"}
    first = text().apply([text().insert_before(0, ("spec", "ports", 0, "name"), "weight: 1")])
    assert data(first)[0]["spec"]["ports"][0] == {"weight": 1, "name": "http", "number": 80}
    beside = text().apply([text().insert_after(1, ("hosts", 1), "- c")])
    assert data(beside)[1]["hosts"] == ["a", "b", "c"]
    flow = text().apply([text().insert_after(0, ("spec", "flow", "b", 1), "w")])
    assert "[x, y, w, z]" in flow


def test_a_key_with_its_value_is_rewritten() -> None:
    changed = text().apply([text().rewrite(0, ("spec", "sole"), "other:\n  x: 1")])
    assert data(changed)[0]["spec"]["other"] == {"x": 1}
    assert "sole" not in data(changed)[0]["spec"]


def test_whole_documents_are_dropped_and_change_places() -> None:
    assert data(text().apply([text().drop_document(0)])) == data(TEXT)[1:]
    assert data(text().apply([text().drop_document(1)])) == data(TEXT)[:1]
    assert data(text().apply(text().swap_documents(0, 1))) == data(TEXT)[::-1]
    assert text().document_text(1) == "kind: B\nhosts:\n- a\n- 'b'\n"


def test_several_edits_of_one_text_are_made_together() -> None:
    edits = [text().replace(0, ("kind",), "AAAA"), text().replace(1, ("kind",), "BBBB")]
    assert text().apply(edits) == TEXT.replace("kind: A", "kind: AAAA").replace("kind: B", "kind: BBBB")
    with pytest.raises(EditImpossible, match="two edits"):
        text().apply([text().drop(0, ("spec", "ports")), text().drop(0, ("spec", "ports", 0))])


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("a: 1\n", ("b",)),
        ("a: [1]\n", ("a", 1)),
        ("a: &x 1\nb: *x\n", ("b",)),
        ("a: [&x 1, *x]\n", ("a", 1)),
        ("a: 1\n", ("a", "b")),
        ("a: 1\n", ()),
    ],
)
def test_what_is_not_there_or_behind_an_alias_is_refused(source: str, path: tuple[str | int, ...]) -> None:
    with pytest.raises(EditImpossible):
        YamlText.parse(source).drop(0, path)


def test_values_are_quoted_as_the_old_ones() -> None:
    nodes = YamlText.parse("a: \"x\"\nb: 'x'\nc: x\n")
    assert [quoted_like(nodes.node(0, (key,)), 'it\'s "y"') for key in "abc"] == [
        '"it\'s \\"y\\""',
        "'it''s \"y\"'",
        'it\'s "y"',
    ]


def test_windows_line_ends_and_wide_characters_stay() -> None:
    source = "# \N{SNOWMAN} \N{GRINNING FACE}\r\na: 1 # \N{SNOWMAN}\r\nb:\r\n  - c\r\n"
    parsed = YamlText.parse(source)
    assert parsed.apply([parsed.replace(0, ("a",), "2")]) == source.replace("a: 1", "a: 2")
    assert data(parsed.apply([parsed.insert_after(0, ("b", 0), "- d")]))[0]["b"] == ["c", "d"]


def paths_of(node: yaml.Node, before: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found: list[tuple[str | int, ...]] = []
    if isinstance(node, yaml.MappingNode):
        found = [step for key, value in node.value for step in _below(value, (*before, str(key.value)))]
    elif isinstance(node, yaml.SequenceNode):
        found = [step for index, item in enumerate(node.value) for step in _below(item, (*before, index))]
    return found


def _below(node: yaml.Node, path: tuple[str | int, ...]) -> list[tuple[str | int, ...]]:
    return [path, *paths_of(node, path)]


@pytest.mark.parametrize("file", sorted(MANIFESTS.rglob("*.yaml")), ids=lambda path: str(path.name))
def test_dropping_anything_in_our_manifests_drops_just_that(file: Path) -> None:
    whole = YamlText.parse(file.read_text(encoding="utf-8"))
    for number in range(len(whole.documents)):
        # One document at a time: PyYAML takes its time for the largest files.
        parsed = YamlText.parse(whole.document_text(number))
        before = data(parsed.text)[0]
        for path in paths_of(parsed.documents[0]):
            changed = data(parsed.apply([parsed.drop(0, path)]))[0]
            expected = copy.deepcopy(before)
            parent: Any = expected
            for part in path[:-1]:
                parent = parent[part]
            del parent[path[-1]]
            assert _without_nothing(changed) == _without_nothing(expected), (file, path)


def _without_nothing(value: Any) -> Any:
    """A collection that became empty may be written as null."""
    if isinstance(value, dict):
        return {key: _without_nothing(below) for key, below in value.items()} or None
    if isinstance(value, list):
        return [_without_nothing(below) for below in value] or None
    return value
