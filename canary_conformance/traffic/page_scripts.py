"""What a control's script leads to, as far as it can be read without running it: a form, or an address.

Read are the script at the control itself (`onclick`, `javascript:` in a link) and the functions of inline
scripts that it calls by name. A form is recognised by its id or name (HTML: named access on Document and
Window, `forms`, getElementById), by its action in a selector, or as the control's own. Where several forms
are mentioned, or none, nothing is claimed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from bs4 import Tag

from canary_conformance.traffic.controls import form_of

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
