"""What the variables of the containers make of the application: what its pages say, and who may read MySQL.

Source: the application's contract (images/voting/README.md): the variables, their defaults and their words. A
variable whose value no manifest shows is believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from canary_conformance.errors import NotSpoken
from canary_conformance.model.model import EnvVar, Model, Workload
from canary_conformance.scenario.places import Finding
from canary_conformance.voting.contract import ANALYTICS, APP, NEW, STORAGE

# These settings decide what a page offers, and voters expect the defaults.
WORDS = {"VOTE1VALUE": "Cats", "VOTE2VALUE": "Dogs"}
TELLING = (APP, ANALYTICS)
ON = frozenset({"on", "true", "yes", "1"})
ACCOUNT = {"MYSQL_USER": "voting", "MYSQL_PASSWORD": "", "MYSQL_DATABASE": "voting"}
"""MySQL's account by the variables that have it, with what a client takes where one isn't set."""
ROOT = "MYSQL_ROOT_PASSWORD"
"""Without it the store's first start fails."""
_PLAIN = re.compile(r"[^\s\x00-\x1f'\"`\\](?:[^\x00-\x1f'\"`\\]*[^\s\x00-\x1f'\"`\\])?")
_LONGEST = {"MYSQL_USER": 32, "MYSQL_DATABASE": 64}
_OF_MYSQL = frozenset({"mysql", "sys", "information_schema", "performance_schema"})


def strange_words(model: Model, version: str) -> list[Finding]:
    """Return the settings of app and analytics by which a page says what no voter expects (R1.5)."""
    found = []
    for workload in model.pods():
        if workload.app not in TELLING or workload.version.partition(".")[0] != version.partition(".")[0]:
            continue
        for name, variable in workload.env.items():
            value = variable.value
            if value is None:
                continue
            off = name == "SHOWDETAILS" and value.lower() not in ON
            if off or value != WORDS.get(name, value):
                found.append(Finding(variable.place, f"{name} of {workload} is {value!r}"))
    return found


def without_flag_buttons(model: Model) -> list[Finding]:
    """Return the settings by which a page has no buttons for the feature flag, or never comes (R4.6)."""
    return [
        Finding(variable.place, f"FEATUREFLAG of {workload} is {variable.value!r}")
        for workload in model.pods()
        if workload.app == APP
        and (variable := workload.env.get("FEATUREFLAG"))
        and variable.value is not None
        and variable.value.lower() not in ON
    ]


def other_accounts(model: Model) -> list[Finding]:
    """Return the settings of 2.0 by which MySQL isn't set up, or refuses app or analytics (R4.2).

    Raises NotSpoken where nothing is wrong, but what the image makes of a value is unknown.
    """
    accounts = [finding for app in TELLING for finding in other_account(model, app, NEW.storage)]
    found = without_root(model) + accounts
    store = model.workload(STORAGE, NEW.storage)
    if not found and store is not None:
        _check_values(store)
    return found


def _check_values(store: Workload) -> None:
    """Raise NotSpoken for an account that images set up in ways of their own.

    Sources: MySQL, "Identifier Length Limits" and "Account User Names and Passwords"; the official image puts
    the values into statements and a shell, which strip the ends of lines and trip over quotes.
    """
    for name in (*ACCOUNT, ROOT):
        variable = store.env.get(name)
        value = variable.value if variable else None
        if variable is None or value is None:
            continue
        if not _PLAIN.fullmatch(value):
            mistake = "has spaces at an end, quotes or control characters"
        elif len(value) > _LONGEST.get(name, len(value)):
            mistake = f"is longer than the {_LONGEST[name]} characters that MySQL takes"
        elif name == "MYSQL_DATABASE" and value.lower() in _OF_MYSQL:
            mistake = f"is {value}, a database of MySQL's own"
        else:
            continue
        raise NotSpoken(
            f"{variable.place}: {name} of {store} {mistake}, and what its image makes of it is unknown"
        )


def without_root(model: Model) -> list[Finding]:
    """Return that MySQL has no password of root to be set up with, without which it does not start."""
    store = model.workload(STORAGE, NEW.storage)
    root = store.env.get(ROOT) if store else None
    # What keeps its pods from starting at all is reported by itself.
    if store is None or store.blocked or (root and root.value != ""):
        return []
    return [Finding(store.place, f"{store} has no {ROOT}, without which MySQL does not start")]


def other_account(model: Model, app: str, version: str) -> list[Finding]:
    """Return the settings by which MySQL refuses a component."""
    client, store = model.workload(app, version), model.workload(STORAGE, NEW.storage)
    if client is None or store is None or app not in TELLING or version != store.version:
        return []
    return list(_refused(client, store))


def _refused(client: Workload, store: Workload) -> Iterator[Finding]:
    user, password = client.env.get("MYSQL_USER"), client.env.get("MYSQL_PASSWORD")
    # MySQL sets up root beside the account, for clients from anywhere (mysql's image: MYSQL_ROOT_HOST).
    as_root = user is not None and user.value == "root" and _equal(password, store.env.get(ROOT), "")
    for name in ["MYSQL_DATABASE"] if as_root else ACCOUNT:
        asked, set_up = client.env.get(name), store.env.get(name)
        if set_up is None or set_up.value == "":
            # The image sets up no account without a user and a password, and no database without a name.
            place = set_up.place if set_up else store.place
            yield Finding(place, f"{store} has no {name}, so that MySQL has no such account for {client}")
        elif not _equal(asked, set_up, ACCOUNT[name]):
            places = [one.place for one in (asked, set_up) if one] or [client.place]
            other = f" ({places[1]})" if len(places) > 1 else ""
            differs = f"{name} of {client} differs from that of {store}{other}"
            unset = client.unset.get(name)
            if unset and unset.place:
                yield Finding(unset.place, f"{unset.sentence}; so {differs}")
            else:
                yield Finding(places[0], differs)


def _equal(asked: EnvVar | None, set_up: EnvVar | None, otherwise: str) -> bool:
    if asked and set_up and asked.origin and asked.origin == set_up.origin:
        return True
    values = [otherwise if one is None else one.value for one in (asked, set_up)]
    return None in values or values[0] == values[1]
