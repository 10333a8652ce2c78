"""The request that pressing a control makes, as a browser without a script engine makes it. Source: R4.6.

A form is sent as HTML says (its method, its action, its fields, the button's own); a link is opened; of a
script is read which form it submits. Read are the script at the control itself (`onclick`, `javascript:` in a
link) and the functions of inline scripts that it calls by name. A form is recognised by its id or name (HTML:
named access on Document and Window, `forms`, getElementById), by its action in a selector, or as the
control's own. Where several forms are mentioned, or none, nothing is claimed. What a script does beyond that
isn't known here: then the contract's own request is made, POST /featureflag/set or clear, and the report says
so. Chromium runs the script.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urljoin, urlsplit

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


_SCRIPT_LINK = re.compile(r"\s*javascript:", re.IGNORECASE)
_SUBMITS = re.compile(r"\.\s*(?:submit|requestSubmit)\s*\(")
_CALLED = re.compile(r"(?<![\w$.])([A-Za-z_$][\w$]*)\s*\(")
_OWN_FORM = re.compile(
    r"\b(?:this|event\.(?:target|currentTarget))\s*\.\s*(?:form|parentNode|parentElement)\b"
    r"|\.closest\(\s*['\"]form['\"]\s*\)"
)
_NUMBERED = re.compile(r"\bforms\s*\[\s*(\d+)\s*\]")
_GOES_TO = re.compile(r"\blocation(?:\.href)?\s*(?:=|\.(?:assign|replace)\()\s*['\"]([^'\"]+)['\"]")
_DECLARED = r"\b(?:var|let|const)\s+{name}\b"
_FUNCTION = r"(?:\bfunction\s+{name}\s*\(|\b{name}\s*=\s*(?:async\s+)?(?:function\b|\(|\w+\s*=>))[^{{]*\{{"


def script_of(control: Tag, page: Tag) -> str:
    """Return the script that pressing a control runs, the functions that it calls among it; "" for none."""
    handler = str(control.get("onclick", ""))
    link = str(control.get("href", ""))
    if _SCRIPT_LINK.match(link):
        handler += "\n" + unquote(_SCRIPT_LINK.sub("", link))
    inline = "\n".join(script.get_text() for script in page.select("script:not([src])"))
    bodies, wanted = [handler], _CALLED.findall(handler)
    seen: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name not in seen:
            seen.add(name)
            body = _body_of(name, inline)
            bodies.append(body)
            wanted += _CALLED.findall(body)
    return "\n".join(filter(None, bodies)).strip()


def submitted_form(script: str, control: Tag, page: Tag) -> Tag | None:
    """Return the form that a control's script submits, None where it submits none or is unknown."""
    if not _SUBMITS.search(script):
        return None
    every = page.find_all("form")
    forms = [form for form in every if _mentions(script, form)]
    forms += [every[int(number)] for number in _NUMBERED.findall(script) if int(number) < len(every)]
    if _OWN_FORM.search(script) and (own := form_of(control, page)) is not None:
        forms.append(own)
    return forms[0] if len({id(form) for form in forms}) == 1 else None


def address_in(script: str) -> str:
    """Return the address that a script opens in place of the page, "" where it opens none."""
    found = _GOES_TO.search(script)
    return found[1] if found else ""


def _mentions(script: str, form: Tag) -> bool:
    names = [str(form[name]) for name in ("id", "name") if form.get(name)]
    if any(_names(script, name) for name in names):
        return True
    action = str(form.get("action", ""))
    return len(action) > 1 and re.search(rf"['\"]{re.escape(action)}['\"]", script) is not None


def _names(script: str, name: str) -> bool:
    """Return whether a script mentions a form's name: quoted, as a property of the page, or as a global."""
    written = re.escape(name)
    end = r"(?![\w$-])"
    if re.search(rf"(?:['\"`#]|\b(?:document|window|forms)\s*\.\s*){written}{end}", script):
        return True
    alone = re.search(rf"(?<![\w$.'\"`#-]){written}\s*\.", script)
    return alone is not None and re.search(_DECLARED.format(name=written), script) is None


def _body_of(name: str, inline: str) -> str:
    """Return what stands between the braces of a function, "" where no inline script has it."""
    found = re.search(_FUNCTION.format(name=re.escape(name)), inline)
    return "".join(_to_the_closing_brace(inline[found.end() :])) if found else ""


def _to_the_closing_brace(text: str) -> Iterator[str]:
    depth = 1
    for character in text:
        depth += {"{": 1, "}": -1}.get(character, 0)
        if depth == 0:
            return
        yield character
