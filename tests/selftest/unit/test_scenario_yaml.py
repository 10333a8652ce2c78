"""YAML becomes plain data with lines, or findings with lines; never an exception, and never a hang."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from canary_conformance.scenario.places import Place
from canary_conformance.scenario.yaml_files import LARGEST_FILE, YamlFile, parse_yaml, read_yaml
from canary_conformance.scenario.yaml_loader import DEEPEST, MOST_NODES

TEXT = b"""\
# first line
spec:
  http:
  - match:
    - headers:
        cookie:
          regex: x
    route:
    - destination: {host: voting-app, subset: v2-0}
  - route: []
---
---
second: document
"""


def read(raw: bytes | str) -> YamlFile:
    return parse_yaml(raw.encode() if isinstance(raw, str) else raw, "istio/a.yaml")


def only_finding(raw: bytes | str) -> str:
    file = read(raw)
    assert len(file.findings) == 1, file.findings
    return str(file.findings[0])


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 2),
        (("spec",), 2),
        (("spec", "http"), 3),
        (("spec", "http", 0), 4),
        (("spec", "http", 0, "match"), 4),
        (("spec", "http", 0, "match", 0, "headers", "cookie", "regex"), 7),
        (("spec", "http", 0, "route", 0, "destination", "subset"), 9),
        (("spec", "http", 1), 10),
        (("spec", "http", 1, "route", 0), 10),
        (("spec", "http", 7), 3),
        (("spec", "http", "match"), 3),
        (("spec", 0), 2),
        (("spec", "http", 0, "match", 0, "headers", "cookie", "regex", "deeper"), 7),
        (("nothing", "here"), 2),
    ],
)
def test_every_part_has_its_line_and_a_missing_part_that_of_what_is_there(
    path: tuple[str | int, ...], line: int
) -> None:
    assert read(TEXT).documents[0].place_of(*path) == Place("istio/a.yaml", line)


def test_empty_documents_are_left_out() -> None:
    file = read(TEXT)
    assert [list(document.data) for document in file.documents] == [["spec"], ["second"]]
    assert file.documents[1].place_of("second").line == 13
    assert str(file.documents[1].place_of()) == "istio/a.yaml:13"


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b"a: \xff\n", ":1: the file isn't UTF-8 text; save it as UTF-8"),
        (b"a: 1\nb: \xe9\n", ":2: the file isn't UTF-8 text"),
        ("a: 1".encode("utf-16"), ":1: the file isn't UTF-8 text but UTF-16; save it as UTF-8"),
        ("a:\n\t- b\n", ":2: YAML doesn't parse: a tab stands where YAML wants spaces"),
        ("a: 1\nb: [1, 2\n", ":3: YAML doesn't parse: while parsing a flow sequence"),
        ('a: "open\n', ":2: YAML doesn't parse: while scanning a quoted scalar"),
        ("a: 1\nb: x: y\n", ":2: YAML doesn't parse: mapping values are not allowed in this context"),
        ("a: *nowhere\n", ":1: YAML doesn't parse: found undefined alias"),
        ("a: 1\n\nb: \x07\n", ":3: YAML doesn't parse: character U+0007 isn't allowed"),
        ("a: 1\nb: 2\na: 3\n", ":3: the key 'a' is here twice, first in line 1"),
        ("s:\n  x: {p: 1, p: 2}\n", ":2: the key 'p' is here twice, first in line 2"),
        ("<<: {a: 1}\n<<: {b: 1}\n", ":2: the key '<<' is here twice, first in line 1"),
        ("8080: a\n'8080': b\n", ":2: the key '8080' is here twice, first in line 1"),
        ("on: a\n'true': b\n", ":2: the key 'true' is here twice, first in line 1"),
        (
            "99999999999999999999: a\n",
            ":1: the key '99999999999999999999' isn't a number that Kubernetes takes",
        ),
        ("~: a\n", ":1: the key '~' is read as nothing; put it in quotes"),
        ("a:\n  ? \n  : 1\n", ":2: the key '' is read as nothing; put it in quotes"),
        ("? [a]\n: 1\n", ":1: a key must be a word"),
        ("a: !!python/object:os.system x\n", ":1: the tag 'python/object:os.system' can't stand here"),
        ("a: !!binary aGk=\n", ":1: the tag 'binary' can't stand here"),
        ("a: !!timestamp 2020-01-01\n", ":1: the tag 'timestamp' can't stand here"),
        ("a: !!set {b}\n", ":1: the tag 'set' can't stand here"),
        ("a: !!str {b: c}\n", ":1: the tag 'str' can't stand here"),
        ("a: !mine b\n", ":1: the tag '!mine' can't stand here"),
        ("a: <<\n", ":1: the tag 'merge' can't stand here"),
        ("a:\n  b: !!int x\n", ":2: this isn't a number"),
        ("a: !!int ''\n", ":1: this isn't a number"),
        ("a: !!bool maybe\n", ":1: this isn't a boolean"),
        ("a: !!float x\n", ":1: this isn't a number"),
        ("a: .inf\n", ":1: this isn't a number that Kubernetes takes"),
        ("a: -.Inf\n", ":1: this isn't a number that Kubernetes takes"),
        ("a: .nan\n", ":1: this isn't a number that Kubernetes takes"),
        ("a: 1e999\n", ":1: this isn't a number that Kubernetes takes"),
        ("a: 99999999999999999999\n", ":1: this number is larger than Kubernetes takes"),
        ('a: "\\ud800"\n', ":1: YAML doesn't parse: while parsing a quoted scalar, found invalid Unicode"),
        ("a:\n- b: !%ED%A0%80 c\n", ":2: YAML doesn't parse: the %XX of a tag aren't UTF-8"),
        ("%TAG ! %ED%A0%80\n---\n!x c\n", ":1: YAML doesn't parse: the %XX of a tag aren't UTF-8"),
        ("a: 1\n\tb: 2\n", ":2: YAML doesn't parse: a tab stands where YAML wants spaces"),
        ("é: é\n\nb: \x00\n", ":3: YAML doesn't parse: character U+0000 isn't allowed"),
        ("<<: 1\n", ":1: YAML doesn't parse: while constructing a mapping, expected a mapping"),
        ("a: &x [*x]\n", ":1: an alias stands inside what it stands for"),
        ("a: &x\n  b: *x\n", ":1: an alias stands inside what it stands for"),
    ],
)
def test_misuse_is_one_finding_with_its_line(raw: bytes | str, told: str) -> None:
    finding = only_finding(raw)
    assert finding.startswith(f"istio/a.yaml{told}")
    assert "\n" not in finding


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ("8080: a", "8080"),
        ("0x10: a", "16"),
        ("010: a", "8"),
        ("on: a", "true"),
        ("1.5: a", "1.5"),
        ("-1: a", "-1"),
    ],
)
def test_a_key_that_is_no_text_becomes_one_as_in_json(raw: str, key: str) -> None:
    (document,) = read(f"x: 1\n{raw}").documents
    assert document.data == {"x": 1, key: "a"}
    assert document.place_of(key).line == 2


def test_a_value_that_an_alias_makes_a_key_too_stays_a_number() -> None:
    assert read("a: &p 8080\nb: {*p : x}\n").documents[0].data == {"a": 8080, "b": {"8080": "x"}}


def test_number_of_five_thousand_digits_is_refused() -> None:
    assert "isn't a number" in only_finding("a: " + "9" * 5000)


def test_file_may_be_as_large_as_the_limit_and_no_larger() -> None:
    text = b"a: 1\n#"
    assert not read(text + b"x" * (LARGEST_FILE - len(text))).findings
    assert (
        only_finding(text + b"x" * (LARGEST_FILE - len(text) + 1))
        == "istio/a.yaml:1: the file is larger than 1 MiB"
    )


def test_depth_is_bounded() -> None:
    assert not read("[" * (DEEPEST - 1) + "]" * (DEEPEST - 1)).findings
    assert f"deeper than {DEEPEST} levels" in only_finding("[" * 50_000)


def test_number_of_values_is_bounded() -> None:
    assert f"more than {MOST_NODES} values" in only_finding("- a\n" * (MOST_NODES + 1))


def laughs(join: str) -> str:
    lines = ["a0: &a0 {x: 1}" if join == "<<" else "a0: &a0 [x]"]
    for level in range(1, 30):
        aliases = ", ".join([f"*a{level - 1}"] * 9)
        lines.append(f"a{level}: &a{level} " + (f"{{<<: [{aliases}]}}" if join == "<<" else f"[{aliases}]"))
    return "\n".join(lines)


@pytest.mark.parametrize("join", ["[]", "<<"])
def test_aliases_can_not_explode(join: str) -> None:
    file = read(laughs(join))
    assert not file.documents
    assert any("aliases expand to more than" in str(finding) for finding in file.findings)


def test_aliases_can_not_hide_depth() -> None:
    chain = "\n".join(["- &a0 [x]", *(f"- &a{level} [*a{level - 1}]" for level in range(1, 500))])
    assert any("aliases expand to more than" in str(finding) for finding in read(chain).findings)


def test_aliases_and_merges_are_fine_and_keep_their_lines() -> None:
    document = read(
        "base: &base\n  tls: {mode: ISTIO_MUTUAL}\nmine:\n  <<: *base\n  own: 1\nalso: *base\n"
    ).documents[0]
    assert document.data["mine"] == {"tls": {"mode": "ISTIO_MUTUAL"}, "own": 1}
    assert document.data["also"] == document.data["base"]
    assert document.place_of("mine", "tls", "mode").line == 2
    assert document.place_of("mine", "own").line == 5


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("2020-01-01", "2020-01-01"),
        ("22:30", "22:30"),
        ("1:20.5", "1:20.5"),
        ("=", "="),
        ("v1", "v1"),
        ("yes", True),
        ("off", False),
        ("~", None),
        ("", None),
        ("0400", 256),
        ("0x1F", 31),
        ("1_000", 1000),
        ("08", 8.0),
        ("1.0", 1.0),
        ("1e3", 1000.0),
        ("'1.0'", "1.0"),
        ("!!str 1.0", "1.0"),
        ("-5", -5),
    ],
)
def test_plain_scalars_are_read_as_kubectl_reads_them(scalar: str, value: object) -> None:
    seen = read(f"a: {scalar}\n").documents[0].data["a"]
    assert seen == value
    assert type(seen) is type(value)


def test_byte_order_mark_is_no_part_of_the_text() -> None:
    assert read(b"\xef\xbb\xbfa: 1\n").documents[0].data == {"a": 1}


def test_files_that_can_not_be_read_are_findings(tmp_path: Path) -> None:
    missing = read_yaml(tmp_path / "none.yaml", "none.yaml")
    assert str(missing.findings[0]) == f"none.yaml:1: the file can't be read: {os.strerror(2)}"
    assert read_yaml(tmp_path, "folder.yaml").findings


SCRAPS = st.sampled_from(
    ["a", "<<", ": ", "\n", "  ", "- ", "[", "]", "{", "}", ", ", "&x ", "*x", "!!int ", "!x ", "'", '"', "|",
     ">", "#", "---\n", "...\n", "?", "%YAML 1.1\n", "\t", "0x", "1", ".", "e9", "\\ud800", "~", "on", "\x00",
     "!%ED%A0%80 "]
)  # fmt: skip
BYTES = st.one_of(
    st.binary(max_size=200), st.lists(SCRAPS, max_size=40).map(lambda scraps: "".join(scraps).encode())
)


@given(BYTES)
@example(b"")
@example(b"\x00")
@example(b"? <<: *x")
@example(b"!<tag:yaml.org,2002:map> x")
@example(b"- &x\n- {*x : 1}\n")
@settings(max_examples=300, deadline=None, database=None)
def test_any_bytes_become_data_or_findings(raw: bytes) -> None:
    file = read(raw)
    for finding in file.findings:
        assert finding.place.line >= 1
        assert "\n" not in str(finding)
        str(finding).encode()
    for document in file.documents:
        json.dumps(document.data, allow_nan=False).encode()
