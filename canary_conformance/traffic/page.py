"""What a page says, read from what the contract has in its HTML: `#results`, `#footer` and buttons.

Nothing private to an image is read. BeautifulSoup reads; equal bodies are read once, since thousands of pages
differ only in the pod that served them.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString
from bs4.exceptions import ParserRejectedMarkup

from canary_conformance.scenario.observations import Page, Sent
from canary_conformance.traffic.controls import is_hidden, is_plain

EXCERPT = 400
# A label where a value is looked for: the value is missing.
FOOTER = {
    "host": re.compile(r"\bhost:\s*(\w[\w.-]*+)(?!:)"),
    "store": re.compile(r"\bstore:\s*(?!feature flag:)(\w++)(?!:)"),
}
FLAG_LABEL = re.compile(r"\bfeature flag ?:")
# What stands after the label: separators, and words that are no label themselves.
FLAG_WORD = re.compile(r"[^\w:]*+(\w++)(?!\s*:)")
STATES = frozenset({"set", "clear"})
# What stands for a control in the footer's text: its part of that label, if any, else a mere separator.
CONTROL_TEXT = re.compile(r"\bfeature\s+flag:?")
SEPARATOR = "|"
# A browser takes an end of `br` for a line break (HTML, "in body"); Python's parser passes it over.
BREAK = re.compile(r"</br\s*/?>", re.IGNORECASE)
XML_DECLARATION = re.compile(r"<\?xml\b[^>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reading:
    """The texts of one page, "" or () for what it lacks.

    `flag` is the state of the feature flag: the one word of "set" and "clear" that is plain text, "" where
    none or both are.
    """

    host: str
    store: str
    flag: str
    results: str
    buttons: tuple[str, ...]
    excerpt: str


@lru_cache(maxsize=4096)
def read_page(body: str) -> Reading:
    """Read an HTML page; anything at all can be read, if only as a page that lacks everything."""
    soup = parse_html(body)
    footer = soup.find(id="footer")
    text = _text(footer)
    found = {name: pattern.search(text) for name, pattern in FOOTER.items()}
    results = soup.find(id="results")
    return Reading(
        **{name: match.group(1) if match else "" for name, match in found.items()},
        flag=_flag(footer) if isinstance(footer, Tag) else "",
        results=" ".join(results.get_text().split()) if isinstance(results, Tag) else "",
        buttons=tuple(
            _button_text(button) for button in soup.find_all(["button", "input"]) if _is_button(button)
        ),
        excerpt=" ".join(soup.get_text(" ").split())[:EXCERPT],
    )


def page_of(
    body: str,
    *,
    status: int,
    cookie: str,
    sent_at: float,
    took: float,
    path: str,
    sent: Sent | None = None,
) -> Page:
    """Return an answer as a page; cookie is the raw header that was sent, sent_at and took are seconds."""
    reading = read_page(body)
    return Page(
        status=status,
        host=reading.host,
        store=reading.store,
        flag=reading.flag,
        results=reading.results,
        buttons=reading.buttons,
        error="",
        cookie=cookie,
        sent_at=sent_at,
        took=took,
        excerpt=reading.excerpt,
        path=path,
        sent=sent,
    )


def page_without_answer(
    why: str,
    *,
    cookie: str,
    sent_at: float,
    took: float,
    path: str,
    timed_out: bool = False,
    sent: Sent | None = None,
) -> Page:
    """Return the page of a request that nobody answered.

    Args:
        why: What the transport reported.
        cookie: The raw header that was sent.
        sent_at: When, in seconds of the monotonic clock.
        took: For how long an answer was waited for, in seconds.
        path: What was requested.
        timed_out: Whether the transport gave up at its limit.
        sent: The whole request.
    """
    return Page(None, "", "", "", "", (), why, cookie, sent_at, took, "", path, timed_out, sent)


def parse_html(body: str) -> BeautifulSoup:
    """Return the document of an HTML page; anything at all can be read."""
    # BeautifulSoup refuses a few texts, warns of XML, and of a text that could be the name of a file.
    text = BREAK.sub("<br>", XML_DECLARATION.sub("", body))
    try:
        return BeautifulSoup(io.StringIO(text), "html.parser")
    except ParserRejectedMarkup:
        return BeautifulSoup(io.StringIO(html.escape(text)), "html.parser")


def _flag(footer: Tag) -> str:
    """Return the state of the feature flag: what follows its label in plain text, the controls left out."""
    text = "".join(_plain_parts(footer))
    label = FLAG_LABEL.search(" ".join(text.split()))
    if label is None:
        return ""
    rest, states = label.string[label.end() :], []
    while (found := FLAG_WORD.match(rest)) and found[1] in STATES:
        states.append(found[1])
        rest = rest[found.end() :]
    return states[0] if len(states) == 1 else ""


def _plain_parts(footer: Tag) -> Iterator[str]:
    """Yield the footer's texts as a person sees them, without the words of its controls."""
    for text in footer.find_all(string=True):
        parent = text.parent
        if type(text) is not NavigableString or parent is None or is_hidden(parent):
            continue
        label = CONTROL_TEXT.search(text)
        shown = text if is_plain(parent, footer) else label[0] if label else SEPARATOR
        yield f" {shown} "


def _text(element: object) -> str:
    return " ".join(element.get_text(" ").split()) if isinstance(element, Tag) else ""


def _is_button(element: Tag) -> bool:
    return element.name == "button" or str(element.get("type", "")).lower() in {"submit", "button"}


def _button_text(button: Tag) -> str:
    """A button is called by its text, an input by its value."""
    return _text(button) or str(button.get("value", ""))
