"""Texts that are not ours in Markdown: names in manifests and text of pages are hostile input.

GitHub and GitLab make links of addresses, mentions (@name) and references (#1, !2) after they have read the
Markdown, so that escapes don't keep them from it: a character of no width does. In code they do neither.
"""

from __future__ import annotations

import re

from canary_conformance.report.formats.sentences import cut, one_line

_NO_WIDTH = "\u200b"
# What means something within a line; what does at its begin only never stands there.
_PUNCTUATION = re.compile(r"[\\`*_\[\]<>&|~$#@{}]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# A mention, a reference (GitLab has nine marks for them), an address.
_LINKED = re.compile(
    r"@(?=\w)|[#!$%&~^*](?=\d)|(?i:\bGH(?=-\d)|\bwww(?=\.)|\b(?:https?|ftp|mailto|xmpp)(?=:))"
)
_LONGEST = 500
_BACKTICKS = re.compile(r"`+")


def text(value: str, longest: int = _LONGEST) -> str:
    """Return a text as one line of Markdown that shows as it stands, in a table's cell too."""
    line = _LINKED.sub(lambda found: f"{found[0]}{_NO_WIDTH}", cut(one_line(value), longest))
    return _PUNCTUATION.sub(_escaped, line)


def code(value: str, longest: int = _LONGEST) -> str:
    """Return a text as a code span; a table's cell ends at a pipe in it, see cell()."""
    line = cut(one_line(value), longest)
    if not line:
        return ""
    fence = _fence(line, 1)
    pad = " " if line[0] == "`" or line[-1] == "`" else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def cell(markdown: str) -> str:
    """Return a code span, or a link of one, for a table's cell."""
    return markdown.replace("|", "\\|")


def block(value: str, language: str = "text", most: int = 40, longest: int = 400) -> str:
    """Return lines as a block of code, at most so many, each of at most so many characters."""
    lines = [_printable(cut(line.expandtabs(), longest)) for line in value.splitlines()]
    if len(lines) > most:
        lines = [*lines[: most - 1], f"... and {len(lines) - most + 1} more lines"]
    fence = _fence("\n".join(lines), 3)
    return "\n".join([f"{fence}{language}", *lines, fence])


def link(label: str, address: str) -> str:
    """Return a label, which is Markdown, as a link; as it stands where there is no address."""
    safe = address.replace("(", "%28").replace(")", "%29").replace(" ", "%20").replace("<", "%3C")
    return f"[{label}]({safe})" if address else label


def details(summary: str, content: str) -> str:
    """Return Markdown that is folded below a summary, which is plain text of ours."""
    return f"<details><summary>{summary}</summary>\n\n{content}\n\n</details>"


def _escaped(found: re.Match[str]) -> str:
    return _ENTITIES.get(found[0], f"\\{found[0]}")


def _fence(value: str, least: int) -> str:
    """Return more backticks than any run of them in a text."""
    return "`" * max([least, *(len(run) + 1 for run in _BACKTICKS.findall(value))])


def _printable(line: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in line)
