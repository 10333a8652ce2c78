"""Pages with controls for the feature flag, right ones and wrong ones, and a site that shows them."""

from collections.abc import Callable

from tests.selftest.support import SeenRequest, Site

Footer = Callable[[str, str], str]
"""What a page shows of the flag, by its state and the other word."""

THERE_AND_BACK = [("1.0", "clear"), ("2.0", "set"), ("2.0", "set"), ("1.0", "clear"), ("1.0", "clear")]
"""What R4.6 wants to see: the page, after set, once more, after clear, once more."""

ON, OFF = "/featureflag/set", "/featureflag/clear"
FORMS = f"""
<form name="flagon" method="post" action="{ON}"></form>
<form name="flagoff" method="post" action="{OFF}"></form>
"""
BY_ID = f"""
<form id="on" method="post" action="{ON}"></form>
<form id="off" method="post" action="{OFF}"></form>
"""
SCRIPT = """
<script>
  function later(word) { if (word) { return word; } }
  function turnOn() { later(); document.getElementById("on").submit(); }
  const turnOff = () => { document.forms["off"].requestSubmit(); };
</script>
"""


def either(state: str, when_set: str, when_clear: str) -> str:
    """Return `feature flag: set | clear`, one of the words in other markup."""
    return f"feature flag: {when_set} | clear" if state == "clear" else f"feature flag: set | {when_clear}"


def footer(text: str) -> str:
    return f'<div id="footer">host: pod-1<br>STORE<br>{text}</div>'


def _buttons(state: str, _: str) -> str:
    return f"""
    <form method="post" action="{ON}"><button type="submit">Set feature flag</button></form>
    <form method="post" action="{OFF}"><button type="submit">Clear feature flag</button></form>
    {footer(f"feature flag: {state}")}"""


def _links(state: str, _: str) -> str:
    # As the scenario's own app has them: forms without a button beside the form for votes, which has the
    # footer in it and a div of its own name, and links without `return false`.
    on = '<a href="#" onclick="document.flagon.submit();">set</a>'
    off = '<a href="#" onclick="document.flagoff.submit();">clear</a>'
    shown = footer(either(state, on, off)).replace("STORE<br>", "STORE</br/>")
    votes = '<div id="form"><button name="vote" value="Cats" onclick="send()">Cats</button></div>'
    return f"""<script>function send(form) {{ }}</script>{FORMS}
    <form id="form" name="form" action="/" method="post">{votes}{shown}</form>"""


def _script_links(state: str, _: str) -> str:
    on, off = (
        '<a href="javascript:turnOn()">set</a>',
        '<a href="javascript:void%20turnOff()"><b>clear</b></a>',
    )
    return f"{SCRIPT}{BY_ID}{footer(either(state, on, off))}"


def _script_buttons(state: str, _: str) -> str:
    on = """<button type="button" onclick="document.getElementById('on').submit()">set</button>"""
    off = """<span role="button" onclick="document.querySelector('#off').submit()">clear</span>"""
    return BY_ID + footer(either(state, on, off))


def _listeners(state: str, other: str) -> str:
    control = f'<a href="#" id="other">{other}</a>'
    script = """<script>
      document.getElementById("other").addEventListener("click", (event) => {
        event.preventDefault();
        fetch("/featureflag/" + event.target.textContent, {method: "POST"}).then(() => location.reload());
      });
    </script>"""
    return footer(either(state, control, control)) + script


def _forms(state: str, _: str) -> str:
    on = f'<form method="post" action="{ON}"><input type="submit" value="set"></form>'
    off = f'<form method="post" action="{OFF}"><input type="submit" value="clear"></form>'
    return footer(either(state, on, off))


def _one_form(state: str, _: str) -> str:
    on = f'<button formmethod="post" formaction="{ON[1:]}" name="by" value="hand">set</button>'
    off = f'<button form="flag" formmethod="post" formaction="{OFF}">clear</button>'
    return f'<form id="flag">{footer(f"<em>feature flag</em>: {state} ({on} {off})")}</form>'


def _labels(state: str, _: str) -> str:
    on, off = '<label for="press-on">set</label>', '<label for="press-off">clear</label>'
    forms = f"""
    <form method="post" action="{ON}"><input id="press-on" type="submit" value="on"></form>
    <form method="post" action="{OFF}"><input id="press-off" type="submit" value="off"></form>"""
    return forms + footer(either(state, on, off))


def _fields(state: str, other: str) -> str:
    form = f"""<form method="post" action="/flag"><input type="hidden" name="csrf" value="x y">
    <input type="checkbox" name="sure" checked><input type="radio" name="no"><textarea name="why">a</textarea>
    <select name="to"><option>{state}</option><option selected value="{other}">{other}</option></select>
    <input name="gone" disabled value="1"><button name="press" value="it">{other}</button></form>"""
    return form + footer(f"feature flag: {state}")


RIGHT: dict[str, Footer] = {
    "buttons": _buttons,
    "links that submit forms": _links,
    "links with a script of their own": _script_links,
    "buttons with a script": _script_buttons,
    "links with listeners": _listeners,
    "forms in the footer": _forms,
    "one form, two buttons": _one_form,
    "labels": _labels,
    "a form with fields": _fields,
}


def _both_plain(state: str, _: str) -> str:
    return _buttons(state, "").replace(f"flag: {state}", "flag: set | clear")


def _both_controls(_: str, __: str) -> str:
    link = '<a href="#" onclick="document.{}.submit()">{}</a>'
    return FORMS + footer(f"feature flag: {link.format('flagon', 'set')} | {link.format('flagoff', 'clear')}")


def _swapped(right: Footer) -> Footer:
    return lambda *words: right(*words).replace(ON, "/x").replace(OFF, ON).replace("/x", OFF)


def _action_is_plain(state: str, other: str) -> str:
    # The word that the page offers as a state is what pressing it would do.
    return _links(other, state)


WRONG: dict[str, Footer] = {
    "both words are plain": _both_plain,
    "both words are controls": _both_controls,
    "no control": lambda state, _: footer(f"feature flag: {state}"),
    "a disabled control": lambda state, _: _buttons(state, "").replace("<button", "<button disabled"),
    "a hidden control": lambda state, _: _buttons(state, "").replace("<form", "<form hidden"),
    "a link without a script": lambda state, other: footer(
        f'feature flag: {state} | <a href="#">{other}</a>'
    ),
    "a form that leads home": lambda state, _: _forms(state, "").replace(ON, "/").replace(OFF, "/"),
    "a link that is opened": lambda state, _: footer(
        either(state, f'<a href="{ON}">set</a>', f'<a href="{OFF}">clear</a>')
    ),
    "links that were swapped": _swapped(_links),
    "buttons that were swapped": _swapped(_buttons),
    "the action instead of the state": _action_is_plain,
}


class FlagSite(Site):
    """A page that shows Redis, or MySQL to whoever sends the flag, with controls to set and clear it."""

    def __init__(self, shown: Footer = _buttons) -> None:
        super().__init__()
        self.shown = shown

    def answer(self, request: SeenRequest) -> tuple[int, str, dict[str, str]]:
        if request.method == "POST" and request.path == "/flag":
            word = "set" if "to=set" in request.body else "clear"
            return super().answer(SeenRequest("POST", f"/featureflag/{word}", "", request.headers))
        if self.status != 200 or request.method == "POST":
            return super().answer(request)
        if request.path.startswith("/featureflag/"):
            return 405, "Method Not Allowed", {}
        flagged = "featureflag=on" in (request.cookie or "")
        store, state, other = ("mysql", "set", "clear") if flagged else ("redis", "clear", "set")
        shown = self.shown(state, other).replace("STORE", f"store: {store}")
        body = f'<!doctype html><form action="/" method="post"><button>Cats</button></form>{shown}'
        return 200, f'{body}<div id="results"> Cats: 0 | Dogs: 0 </div>', {"Content-Type": "text/html"}
