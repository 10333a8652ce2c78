"""YAML that does not parse, was copied or never rendered comes with its cause and what to do."""

import pytest

from tests.selftest.unit.test_scenario_yaml import only_finding, read


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ("a: {{ .Values.x }}\n", ":1: {{ .Values.x }} is a Helm template, not its output"),
        ("a:\n  - {{ .x }}: 3\n", ":2: {{ .x }} is a Helm template"),
        ("{{- if .x }}\na: 1\n{{- end }}\n", ":1: YAML doesn't parse: {{- if .x }} is a Helm template"),
        ("a:\n  {{- toYaml .x }}\n", ":2: YAML doesn't parse: {{- toYaml .x }} is a Helm template"),
        ("a: {% if x %}\n", ":1: YAML doesn't parse: {% if x %} is a template, not its output"),
        ("a: %IMAGE%\n", ":1: YAML doesn't parse: %IMAGE% is a variable that was not replaced"),
        (
            "a:\n\u00a0 b: 1\n  c: 1\n",
            ":2: YAML doesn't parse: the line is indented with a no-break space (U+00A0)",
        ),
        ("a:\u00a0x\nb: 1\n", ":1: YAML doesn't parse: a no-break space (U+00A0) stands in column 3"),
        ("\u00a0\u00a0a: 1\n", ":1: the line is indented with a no-break space (U+00A0), column 1"),
        ("a: \u00a0x\n", ":1: a no-break space (U+00A0) stands in column 4"),
        ("- \u3000b\n", ":1: the blank ideographic space (U+3000) stands in column 3"),
        ("a: \u201cx: y\u201d\n", ":1: YAML doesn't parse: a left double quotation mark (U+201C)"),
    ],
)
def test_what_was_copied_or_never_rendered_is_named(raw: str, words: str) -> None:
    finding = only_finding(raw)
    assert finding.startswith(f"istio/a.yaml{words}")


@pytest.mark.parametrize(
    "raw",
    [
        "a: '{{ .Values.x }}'\n",
        "a: |\n  {{ range }}\n  \u00a0 text\n",
        "a: '\u00a0x'\nb: x\u00a0y\n",
        "a: \u201cx\u201d # don\u2019t\n",
        "\ufeffa: 1\n",
        "a: ${IMAGE}\n",
    ],
)
def test_the_same_characters_where_they_mean_nothing_to_yaml_are_taken(raw: str) -> None:
    assert not read(raw).findings


def test_another_mistake_is_not_blamed_on_a_harmless_character() -> None:
    assert "mapping values" in only_finding("# don\u2019t, {{ x }}, \u00a0\na: '\u00a0'\nb: x: y\n")


@pytest.mark.parametrize(
    ("text", "line", "advice"),
    [
        ("a: 1\nb: x: y\n", 2, "quote the value if it contains ': ', or check how the line is indented"),
        ("a: *local\n", 1, "quote the value if it is a text that begins with *"),
        ("a:\n- *\n", 2, "quote the value if it begins with * or &"),
        ('a: 1\nb: "open\nc: 2\n', 4, "the quote opened in line 2 is not closed"),
        ("a: 1\nb: [1, 2\n", 3, "the [ opened in line 2 is not closed"),
        ("a: 1\nb: {c: 2\n", 3, "the { opened in line 2 is not closed"),
        ("a: `x`\n", 1, "quote the value if it begins with %, @ or `"),
        ("a: 1\nb\nc: 2\n", 3, "write each key as 'key: value'"),
        ("a: 1\n  b: 1\n", 2, "check how the line is indented"),
        ("- a\nb: 1\n", 2, "check how the line is indented against the lines above"),
        ("a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> x\n", 2, "merge conflict; resolve it first"),
        ('a: 1\n  b: {{ include "x" . }}\n', 2, '{{ include "x" . }} is a Helm template'),
    ],
)
def test_yaml_that_does_not_parse_comes_with_what_to_do(text: str, line: int, advice: str) -> None:
    (finding,) = read(text).findings
    assert finding.place.line == line
    assert advice in finding.sentence
