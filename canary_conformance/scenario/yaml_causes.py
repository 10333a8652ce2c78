"""Why YAML doesn't parse: the parser stops behind the cause, and names its own rule instead."""

from __future__ import annotations

import re
from collections.abc import Sequence

from canary_conformance.scenario.odd_characters import odd_quote, separating_blank
from canary_conformance.scenario.template_markers import unrendered_line

# What YAML reads as text or as nothing, so that no character in it can be the cause. A template's mark is
# kept whole, with the texts in it, to be quoted.
_QUOTED = re.compile(r"\{\{.*?\}\}|\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'|(?:^|\s)#.*$")
_CONFLICT = re.compile(r"(?:<{7}|>{7}|={7}|\|{7})(?=\s|$)")
# Parts of libyaml's messages (scanner.c, parser.c), and what a person does about each.
_ADVICE = (
    (
        "mapping values are not allowed",
        "quote the value if it contains ': ', or check how the line is indented",
    ),
    ("undefined alias", "quote the value if it is a text that begins with *"),
    (
        "alphabetic or numeric character",
        "quote the value if it begins with * or &; if it is quoted, a quote in a line above is not closed",
    ),
    ("scanning a quoted scalar, found unexpected end", "the quote opened in line {began} is not closed"),
    ("',' or ']'", "the [ opened in line {began} is not closed"),
    ("',' or '}'", "the {{ opened in line {began} is not closed"),
    ("cannot start any token", "quote the value if it begins with %, @ or `"),
    ("expected ':'", "write each key as 'key: value'; if this one is, a quote above is not closed"),
    ("expected key", "check how the line is indented against the lines above"),
    ("expected '-' indicator", "check how the line is indented against the lines above"),
)


def cause_in(lines: Sequence[str], began: int, stopped: int) -> tuple[int, str] | None:
    """Return the line and the sentence of what makes YAML stop, None where nothing is known.

    began, stopped: the lines, counted from 1, where what is being parsed begins and where the parser stops.
    The nearest line before its stop comes first.
    """
    last = min(stopped, len(lines))
    for look, first in (
        (_conflict_mark, 1),
        (separating_blank, 1),
        (unrendered_line, min(began, last - 2)),
        (odd_quote, last - 1),
    ):
        for number in range(last, max(min(first, last), 1) - 1, -1):
            if sentence := look(_bare(lines[number - 1])):
                return number, sentence
    return None


def _bare(line: str) -> str:
    """Return a line with its quoted texts and its comment blanked out, each column where it was."""
    return _QUOTED.sub(_blanked, line)


def _blanked(found: re.Match[str]) -> str:
    text = found.group()
    return text if text.startswith("{{") else " " * len(text)


def _conflict_mark(line: str) -> str:
    """Return what is wrong with a line that git left in the file, "" for any other."""
    found = _CONFLICT.match(line)
    return f"{found.group()} is the mark of a merge conflict; resolve it first" if found else ""


def advice(problem: str, began: int) -> str:
    """Return what to do about a problem in the parser's words, "" where nothing is known.

    began: the line, counted from 1, where what is being parsed begins.
    """
    return next((f"; {hint.format(began=began)}" for words, hint in _ADVICE if words in problem), "")
