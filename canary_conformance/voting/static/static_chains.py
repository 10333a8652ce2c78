"""The ways behind a page, as the components' own settings lead: page, analytics, stores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from canary_conformance.errors import NotSpoken
from canary_conformance.model.model import EnvVar, Model, Workload
from canary_conformance.model.objects.questions import Answer, Ending, Rule
from canary_conformance.model.routing.outcomes import blamed
from canary_conformance.voting import chains, contract
from canary_conformance.voting.static.model_questions import call, not_sent, page

# The application's contract ("Configuration by environment"): where a component finds its peers.
ANALYTICS = ("ANALYTICS", *chains.ANALYTICS)
STORES = {"1": ("REDIS", *chains.REDIS), "2": ("MYSQL", *chains.MYSQL)}
WHOLE = "whole"


def chain_of(model: Model, app: str, analytics: str) -> dict[str, Answer]:
    """Return who answers an app and an analytics ("voting-app 1.0") where their own settings lead them.

    The keys are "voting-app 1.0 -> analytics", "voting-app 1.0 -> store", "voting-analytics 1.1 -> store".
    """
    return {
        f"{app} -> analytics": led(model, app, ANALYTICS),
        f"{app} -> store": led(model, app, store_of(app)),
        f"{analytics} -> store": led(model, analytics, store_of(analytics)),
    }


@dataclass(frozen=True, slots=True)
class PageSeen:
    """What becomes of a page: WHOLE, or how it fails with which probability; str says it in a line.

    `wrong` are the answers that keep it from being whole, each with the right one.
    """

    shares: Mapping[str, Fraction]
    wrong: tuple[tuple[Answer, str], ...]

    def __str__(self) -> str:
        likely = {name: share for name, share in self.shares.items() if share}
        if len(likely) == 1:
            return next(iter(likely))
        return ", ".join(f"{part} of requests: {name}" for name, part in likely.items())


def page_seen(model: Model, cookie: str = "") -> PageSeen:
    """Return whether a voter's page is whole for certain, else with which probability it fails, and where.

    A page is whole when an app pod serves it, an analytics pod answers the app, and both reach their store.
    """
    shares: dict[str, Fraction] = {}
    wrong: list[tuple[Answer, str]] = []
    answer = page(model, cookie)
    for workload, share in _served(answer):
        for ending, part in _behind(model, workload, answer, wrong):
            shares[ending] = shares.get(ending, Fraction(0)) + share * part
    return PageSeen(shares, tuple(dict.fromkeys(wrong)))


def _behind(
    model: Model, app: str, served: Answer, wrong: list[tuple[Answer, str]]
) -> Iterator[tuple[str, Fraction]]:
    """Yield how a page of an app's pod ends; one that isn't served ends as its request did."""
    if not app.startswith(f"{contract.APP} "):
        wrong.append((served, contract.APP))
        yield f"the page: {app}", Fraction(1)
        return
    store = _reached(model, app, wrong)
    asked = led(model, app, ANALYTICS)
    for analytics, share in _served(asked):
        if not analytics.startswith(f"{contract.ANALYTICS} "):
            wrong.append((asked, contract.ANALYTICS))
            yield f"{app} -> analytics: {analytics}", share
        elif store or (ending := _reached(model, analytics, wrong)):
            if any(outcome.suspect for outcome in asked.outcomes):
                # A route that was to lead elsewhere does not count: that comes before where this one ends.
                wrong.insert(0, (asked, "another version"))
            yield store or ending, share
        else:
            yield WHOLE, share


def _reached(model: Model, workload: str, wrong: list[tuple[Answer, str]]) -> str:
    """Return "" when a workload reaches a store for certain, else what may happen instead."""
    answer = led(model, workload, store_of(workload))
    for ending, _ in _served(answer):
        if not ending.startswith(f"{contract.STORAGE} "):
            wrong.append((answer, contract.STORAGE))
            return f"{workload} -> store: {ending}"
    return ""


def _served(answer: Answer) -> Iterable[tuple[str, Fraction]]:
    """Return each workload that may serve a request, or the ending of what nobody serves, with its share."""
    shares: dict[str, Fraction] = {}
    for outcome in answer.outcomes:
        for name, share in outcome.by_pod() or [(str(outcome.ending), outcome.probability)]:
            shares[name] = shares.get(name, Fraction(0)) + share
    return shares.items()


def led(model: Model, source: str, peer: tuple[str, str, int]) -> Answer:
    """Return who answers a workload at the host and port that its settings name, or else the defaults.

    Raises:
        NotSpoken: The pod itself or the node gives the host's name.
    """
    prefix, host, port = peer
    found = [one for one in model.pods() if str(one) == source]
    workload = next((one for one in found if one.ready), None)
    if workload is None:
        return not_sent(found[0]) if found else call(model, source, (host, port))
    named_port = _setting(workload, f"{prefix}_PORT", str(port))
    number = int(named_port) if named_port.isdecimal() else 0
    named_host = workload.env.get(f"{prefix}_HOST")
    if named_host is not None and named_host.value is None:
        what = f"what {named_host.name} of {workload} is by {named_host.origin} is not in the manifests"
        raise NotSpoken(f"{named_host.place}: {what}", named_host.place)
    answer = call(model, source, (_setting(workload, f"{prefix}_HOST", host), number))
    return answer if named_host is None else _by_setting(answer, named_host, workload)


def _by_setting(answer: Answer, host: EnvVar, workload: Workload) -> Answer:
    """Return an answer with the variable that names the host as the cause, where no Service has that name."""
    cause = Rule(host.place, f"{host.name} of {workload} is {host.value}")
    outcomes = tuple(
        blamed(one, replace(cause, sentence=f"{cause.sentence}: {one.reason}"))
        if one.ending is Ending.NO_LISTENER and not one.rules
        else one
        for one in answer.outcomes
    )
    return replace(answer, outcomes=outcomes)


def _setting(workload: Workload, name: str, default: str) -> str:
    variable = workload.env.get(name)
    return default if variable is None or variable.value is None else variable.value


def store_of(workload: str) -> tuple[str, str, int]:
    """Return what names a workload's store: the prefix of its variables, and the default host and port."""
    version = workload.partition(" ")[2]
    return STORES.get(version.partition(".")[0], STORES["1"])
