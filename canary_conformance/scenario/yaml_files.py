"""YAML into plain data that still knows its lines, with every way to misuse YAML turned into a finding.

libyaml, of which kubectl's own reader is a port, makes nodes with marks; they are checked (tags, keys,
numbers, aliases) before PyYAML's safe constructor makes data of them. Only what JSON can carry is let
through, and a plain scalar is read as kubectl reads it: no timestamps, no base 60; a key that is a number or
a boolean becomes the text that JSON has of it. Size, depth, nodes and what aliases expand to are bounded, so
no file can hang a run.
"""

from __future__ import annotations

import codecs
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from canary_conformance.scenario.odd_characters import odd_blank, odd_blank_at
from canary_conformance.scenario.places import Finding, Place
from canary_conformance.scenario.template_markers import unrendered
from canary_conformance.scenario.yaml_causes import advice, cause_in
from canary_conformance.scenario.yaml_loader import (
    DEEPEST,
    MERGE,
    MOST_NODES,
    NULL,
    STR,
    TAG,
    Loader,
    line_of,
)

LARGEST_FILE = 1 << 20  # bytes; the scenario's own files have some kilobytes

_TAGS = {
    yaml.ScalarNode: frozenset({STR, NULL, f"{TAG}bool", f"{TAG}int", f"{TAG}float"}),
    yaml.SequenceNode: frozenset({f"{TAG}seq"}),
    yaml.MappingNode: frozenset({f"{TAG}map"}),
}
_READ_AS = {
    NULL: "nothing",
    f"{TAG}bool": "a boolean",
    f"{TAG}int": "a number",
    f"{TAG}float": "a number",
}


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file: its data, which JSON could carry, and the place of every part."""

    file: str
    data: Any = field(hash=False)
    node: yaml.Node = field(compare=False, repr=False)

    def place_of(self, *path: str | int) -> Place:
        """Return where the path (keys, and indexes of lists) leads, or the deepest part of it that exists."""
        line = line_of(self.node)
        node = self.node
        for part in path:
            step = _child(node, part)
            if step is None:
                break
            line, node = step
        return Place(self.file, line)


@dataclass(frozen=True, slots=True)
class YamlFile:
    """A file as read: its documents (empty ones left out), and what is wrong with it."""

    name: str
    documents: tuple[Document, ...]
    findings: tuple[Finding, ...]


def read_yaml(path: Path, name: str) -> YamlFile:
    """Read a file that is called `name` in messages. Never raises for what the file is or holds."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(LARGEST_FILE + 1)
    except OSError as problem:
        return _unreadable(name, f"the file can't be read: {problem.strerror or problem}")
    return parse_yaml(raw, name)


def parse_yaml(raw: bytes, name: str) -> YamlFile:
    """Read the content of a file that is called `name` in messages. Never raises for what it holds."""
    if len(raw) > LARGEST_FILE:
        return _unreadable(name, f"the file is larger than {LARGEST_FILE >> 20} MiB")
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _unreadable(name, "the file isn't UTF-8 text but UTF-16; save it as UTF-8")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as problem:
        return _unreadable(
            name, "the file isn't UTF-8 text; save it as UTF-8", 1 + raw.count(b"\n", 0, problem.start)
        )
    return _Reading(raw, text, name).result()


class _Reading:
    """One pass over one file."""

    def __init__(self, raw: bytes, text: str, name: str) -> None:
        self._raw = raw
        self._text = text
        self._loader = Loader(text)
        self._name = name
        self._documents: list[Document] = []
        self._findings: list[Finding] = []
        # What is known of each node that was checked: how many nodes it expands to, and how deep it is.
        self._known: dict[int, tuple[int, int]] = {}
        self._open: set[int] = set()

    def result(self) -> YamlFile:
        try:
            self._read()
        except yaml.reader.ReaderError as problem:
            line = 1 + self._raw.count(b"\n", 0, problem.position)
            self._find(line, f"YAML doesn't parse: character U+{_code(problem.character):04X} isn't allowed")
        except UnicodeDecodeError:
            # A tag may spell bytes as %XX, and libyaml hands on what they make.
            self._find(self._loader.line, "YAML doesn't parse: the %XX of a tag aren't UTF-8")
        except yaml.MarkedYAMLError as problem:
            self._find(*self._explain(problem))
        except yaml.YAMLError as problem:
            self._find(1, f"YAML doesn't parse: {problem}")
        return YamlFile(self._name, tuple(self._documents), tuple(self._findings))

    def _read(self) -> None:
        loader = self._loader
        while loader.check_node():
            node = loader.get_node()
            if node is None or (isinstance(node, yaml.ScalarNode) and node.tag == NULL):
                continue
            before = len(self._findings)
            self._known, self._open = {}, set()
            self._check(node)
            if len(self._findings) == before:
                data = loader.construct_document(node)
                self._documents.append(Document(self._name, data, node))

    def _find(self, line: int, sentence: str) -> None:
        self._findings.append(Finding(Place(self._name, line), sentence))

    def _explain(self, problem: yaml.MarkedYAMLError) -> tuple[int, str]:
        """Return the line and the sentence for what YAML doesn't parse, by its cause where that is known."""
        mark = problem.problem_mark or problem.context_mark
        line = mark.line + 1 if mark else 1
        if mark and self._text[mark.index : mark.index + 1] == "\t":
            return line, "YAML doesn't parse: a tab stands where YAML wants spaces"
        began = problem.context_mark.line + 1 if problem.context_mark else line
        if cause := cause_in(self._text.split("\n"), began, line):
            return cause[0], f"YAML doesn't parse: {cause[1]}"
        parts = [part for part in (problem.context, problem.problem) if part]
        parser_words = ", ".join(parts).replace("\n", " ")
        return line, f"YAML doesn't parse: {parser_words}{advice(parser_words, began)}"

    def _check(self, node: yaml.Node) -> tuple[int, int]:
        """Check a node and all below it, once each; return how many nodes it stands for, how deep it is."""
        if id(node) in self._open:
            self._find(line_of(node), "an alias stands inside what it stands for")
            return 1, 1
        if id(node) in self._known:
            return self._known[id(node)]
        self._open.add(id(node))
        if node.tag not in _TAGS[type(node)]:
            self._find(line_of(node), f"the tag {_short(node.tag.removeprefix(TAG))} can't stand here")
        elif isinstance(node, yaml.ScalarNode):
            self._check_scalar(node)
        sizes = [self._check(child) for child in self._children(node)]
        size, depth = 1 + sum(s for s, _ in sizes), 1 + max((d for _, d in sizes), default=0)
        # Told once: where it is too much already, all above it is too.
        if size > MOST_NODES or depth > DEEPEST:
            self._find(line_of(node), f"aliases expand to more than {MOST_NODES} values or {DEEPEST} levels")
            size, depth = 1, 1
        self._open.discard(id(node))
        self._known[id(node)] = size, depth
        return size, depth

    def _children(self, node: yaml.Node) -> list[yaml.Node]:
        if isinstance(node, yaml.SequenceNode):
            return list(node.value)
        if isinstance(node, yaml.MappingNode):
            self._check_keys(node)
            return [value for _, value in node.value]
        return []

    def _check_keys(self, node: yaml.MappingNode) -> None:
        lines: dict[str, int] = {}
        for index, (key, value) in enumerate(node.value):
            problem = self._key_problem(key)
            if problem:
                self._find(line_of(key), problem)
                continue
            if key.tag in _READ_AS:
                # The key's node may stand elsewhere as a value, by an alias, and be a number there.
                text = _key_text(self._loader.construct_object(key))
                node.value[index] = (
                    yaml.ScalarNode(STR, text, key.start_mark, key.end_mark, key.style),
                    value,
                )
            text = node.value[index][0].value
            if text in lines:
                self._find(line_of(key), f"the key {text!r} is here twice, first in line {lines[text]}")
            else:
                lines[text] = line_of(key)

    def _key_problem(self, key: yaml.Node) -> str:
        if template := self._template(key):
            return template
        if not isinstance(key, yaml.ScalarNode) or key.tag not in {STR, MERGE, *_READ_AS}:
            return "a key must be a word"
        if key.tag == NULL:
            return f"the key {key.value!r} is read as nothing; put it in quotes"
        if key.tag in _READ_AS and not self._is_right(key):
            return f"the key {key.value!r} isn't {_READ_AS[key.tag]} that Kubernetes takes"
        at = odd_blank_at(key.value) if not key.style else None
        if at is None:
            return ""
        return odd_blank(key.value[at], key.start_mark.column + at, indents=at == 0)

    def _template(self, key: yaml.Node) -> str:
        """Return what is wrong with a key that YAML makes of {{ without quotes: a mapping that is a key."""
        start = max(0, key.start_mark.index - 1)
        if not isinstance(key, yaml.MappingNode) or "{{" not in self._text[start : start + 3]:
            return ""
        return unrendered(self._text[start:].partition("\n")[0])

    def _is_right(self, key: yaml.ScalarNode) -> bool:
        """Return whether a key is the number or boolean that it is read as."""
        before = len(self._findings)
        self._check_scalar(key)
        right = len(self._findings) == before
        del self._findings[before:]
        return right

    def _check_scalar(self, node: yaml.ScalarNode) -> None:
        # The value isn't quoted: it may be a password, and the line leads to it.
        try:
            value = self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError, LookupError, ArithmeticError):
            self._find(line_of(node), f"this isn't {_READ_AS.get(node.tag, 'a value')}")
            return
        if isinstance(value, str) and not node.style and (at := _at_an_end(value)) is not None:
            self._find(line_of(node), odd_blank(value[at], node.start_mark.column + at, indents=False))
        elif isinstance(value, float) and not math.isfinite(value):
            self._find(line_of(node), "this isn't a number that Kubernetes takes")
        elif isinstance(value, int) and not -(2**63) <= value < 2**63:
            self._find(line_of(node), "this number is larger than Kubernetes takes")


def _child(node: yaml.Node, part: str | int) -> tuple[int, yaml.Node] | None:
    """Return the line and node of one part; a key's line is that of the key, not of what it holds."""
    if isinstance(node, yaml.MappingNode):
        # The last one wins, as in the data: what a merge brings comes first.
        for key, value in reversed(node.value):
            if key.value == part:
                return line_of(key), value
    elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and 0 <= part < len(node.value):
        return line_of(node.value[part]), node.value[part]
    return None


def _unreadable(name: str, sentence: str, line: int = 1) -> YamlFile:
    return YamlFile(name, (), (Finding(Place(name, line), sentence),))


def _code(character: object) -> int:
    return ord(character) if isinstance(character, str) else int(str(character))


def _at_an_end(value: str) -> int | None:
    """Return where a plain value begins or ends with a blank that is none to YAML, None where it doesn't."""
    ends = (0, len(value) - 1) if value else ()
    return next((at for at in ends if odd_blank_at(value[at]) is not None), None)


def _key_text(value: object) -> str:
    """Return a key that is a boolean or a number as kubectl's reader (sigs.k8s.io/yaml) writes it in JSON."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return format(value, ".7g")
    return str(value)


def _short(value: str) -> str:
    return repr(value if len(value) <= 40 else f"{value[:40]}...")
