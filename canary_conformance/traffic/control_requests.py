"""The request that pressing a control makes, as a browser without a script engine makes it. Source: R4.6.

A form is sent as HTML says (its method, its action, its fields, the button's own); a link is opened; of a
script is read which form it submits. What a script does beyond that isn't known here: then the contract's
own request is made, POST /featureflag/set or clear, and the report says so. Chromium runs the script.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from bs4 import Tag

from canary_conformance.traffic.controls import (
    SUBMITS,
    contract_path,
    control_for,
    controls_of,
    elements_to_press,
    form_of,
    label_of,
    no_control,
)
from canary_conformance.traffic.page_scripts import address_in, script_of, submitted_form

Fields = tuple[tuple[str, str], ...]

# By these a script keeps a link from being opened.
_KEPT = re.compile(r"\breturn\s+false\b|\bpreventDefault\s*\(")


@dataclass(frozen=True, slots=True)
class ControlRequest:
    """What pressing a control sends; `way` says how that was found: "its link", "the form that ..."."""

    method: str
    url: str
    fields: Fields
    way: str


class NothingToPress(LookupError):
    """The page has no control that carries the word, or one that does nothing."""


def request_for(word: str, page: Tag, url: str) -> ControlRequest:
    """Return the request that the page's control for "set" or "clear" makes; url: the page's own.

    Raises NothingToPress.
    """
    chosen = control_for(word, controls_of(page))
    if chosen is None:
        raise NothingToPress(no_control(word))
    control = _labelled(elements_to_press(page)[chosen.number], page)
    base = page.select_one("base[href]")
    request = _request(control, page, word, urljoin(url, str(base["href"])) if base else url)
    if request is None:
        raise NothingToPress(f"{label_of(control)!r} has no form, no address and no script")
    return request


def _request(control: Tag, page: Tag, word: str, base: str) -> ControlRequest | None:
    script = script_of(control, page)
    form = submitted_form(script, control, page)
    if form is not None:
        return _submit(form, None, page, base, "the form that its script submits")
    form = form_of(control, page) if control.css.match(SUBMITS) else None
    if form is not None:
        return _submit(form, control, page, base, "its form")
    href = address_in(script) or ("" if _KEPT.search(script) else _address(control))
    if href:
        return ControlRequest("GET", urljoin(base, href), (), "its address")
    if script or page.find("script") is not None:
        way = "the contract's path, since its script can't be read"
        return ControlRequest("POST", urljoin(base, contract_path(word)), (), way)
    return None


def _labelled(control: Tag, page: Tag) -> Tag:
    """Return what pressing a control presses: a label passes it on (HTML: "The label element")."""
    if control.name != "label":
        return control
    named = control.get("for")
    inside = control.find(["button", "input"])
    found = inside if named is None else page.find(id=str(named))
    return found if isinstance(found, Tag) else control


def _address(control: Tag) -> str:
    """Return where a link leads, "" for none: one within the page loads nothing."""
    href = str(control.get("href", "")).strip() if control.name == "a" else ""
    return "" if href.startswith("#") or href.lower().startswith("javascript:") else href


def _submit(form: Tag, button: Tag | None, page: Tag, base: str, way: str) -> ControlRequest:
    """Return what a form sends. Source: HTML, "Form submission algorithm"."""
    own = button if button is not None else form
    method = str(own.get("formmethod") or form.get("method", "")).upper()
    url = urljoin(base, str(own.get("formaction") or form.get("action", "")) or base)
    fields = _fields(form, button, page)
    if method == "POST":
        return ControlRequest("POST", url, fields, way)
    # The fields take the place of the address's own query.
    return ControlRequest("GET", urlsplit(url)._replace(query="", fragment="").geturl(), fields, way)


def _fields(form: Tag, button: Tag | None, page: Tag) -> Fields:
    """Return the names and values that a form sends, those of the pressed button among them."""
    sent: list[tuple[str, str]] = []
    for field in page.select("input, select, textarea, button"):
        name = str(field.get("name", ""))
        if not name or field.has_attr("disabled") or form_of(field, page) is not form:
            continue
        value = _value(field, pressed=field is button)
        if value is not None:
            sent.append((name, value))
    return tuple(sent)


def _value(field: Tag, *, pressed: bool) -> str | None:
    """Return the value that a field sends, None where it sends none."""
    kind = str(field.get("type", "")).lower()
    if field.name == "button" or kind in {"submit", "image", "button", "reset"}:
        return str(field.get("value", "")) if pressed else None
    if field.name == "select":
        option = field.select_one("option[selected]") or field.find("option")
        return _option(option) if isinstance(option, Tag) else None
    if field.name == "textarea":
        return field.get_text()
    if kind in {"checkbox", "radio"}:
        return str(field.get("value", "on")) if field.has_attr("checked") else None
    return str(field.get("value", ""))


def _option(option: Tag) -> str:
    return str(option.get("value", option.get_text().strip()))
