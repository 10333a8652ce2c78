"""Pages while a stage is applied: which fail, from which object until which, and by whose line.

An object is live before the next one of its file is applied (SCENARIO.md, "How a file is applied"), so that a
route that comes before what it names fails until that is there. One cause is one row, however many moments
and voters it meets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from canary_conformance.model.objects.questions import Answer, Ending, Lack, Outcome, Rule
from canary_conformance.model.routing.destination_rules import destination_rules
from canary_conformance.model.routing.services import services
from canary_conformance.model.stage_plan import Moment, Plan
from canary_conformance.scenario.observations import with_cookie
from canary_conformance.scenario.places import Finding
from canary_conformance.verdicts.verdict import Verdict
from canary_conformance.voting.contract import APP
from canary_conformance.voting.feature_flag import FLAG
from canary_conformance.voting.static.manifest_causes import NO_PROXY, by_line, without_proxies
from canary_conformance.voting.static.model_questions import page
from canary_conformance.voting.static.static_chains import ANALYTICS, led, store_of

_VOTERS = {"": "without the flag", FLAG: "with the flag"}
# What the ingress does by itself, where it doesn't answer with a status.
_AT_INGRESS = {
    Ending.NO_LISTENER: "the ingress gateway refuses the connection",
    Ending.RESET: "the ingress gateway resets the connection",
}
_MOST_ROWS = 6
_SERVES = "serves the page"


@dataclass(frozen=True, slots=True)
class Failure:
    """One way in which a page fails: what happens, and the line that is responsible."""

    what: str
    cause: Finding | None
    reason: str

    @property
    def why(self) -> str:
        """The cause in words, with its line."""
        if self.cause is None:
            return self.reason
        named = str(self.cause.place) in self.cause.sentence
        return self.cause.sentence if named else f"{self.cause.sentence} ({self.cause.place})"


@dataclass(frozen=True, slots=True)
class Interruption:
    """A failure that lasts: the first moment and the number of moments, the voters, what ends it.

    `cookies` are what the voters send that it meets; `until` is the change after which it is over, "" where
    no later one ends it.
    """

    failure: Failure
    since: str
    moments: int
    cookies: tuple[str, ...]
    until: str

    def row(self, number: int, cookies: tuple[str, ...]) -> str:
        """Return the interruption in a line. number: the stage's moments; cookies: what all voters send."""
        voters = "" if self.cookies == cookies else f" ({_voters(self.cookies)})"
        file, _, change = self.since.removeprefix("apply ").rpartition(": ")
        until = self.until.removeprefix("apply ").removeprefix(f"{file}: ")
        ends = f"until {until}" if until else "and no later change mends it"
        lasts = f"from {change}{f' ({file})' if file else ''} on, {ends}"
        share = f"{self.moments} of {number} moments"
        return f"{self.failure.what}{voters}: {self.failure.why}; {lasts}: {share}"


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of voters during a stage, and what interrupts them."""

    stage: int
    moments: int
    cookies: tuple[str, ...]
    interruptions: tuple[Interruption, ...]


def pages_during(
    plan: Plan, stage: int, cookies: Sequence[str] = ("", FLAG), *, served_by: str = "", since: int = 0
) -> Pages:
    """Return what interrupts the pages of voters while a stage is applied. Raises NotSpoken.

    Args:
        plan: the scenario with its manifests.
        stage: the stage's number.
        cookies: what the voters send.
        served_by: the version of the app that has to serve ("voting-app 1.0"), "" for any.
        since: how many of the first moments are left out.
    """
    of_stage = [index for index, moment in enumerate(plan.moments) if moment.stage == stage][since:]
    met: dict[Failure, dict[int, list[str]]] = {}
    for index in of_stage:
        for cookie in cookies:
            for failure in dict.fromkeys(_failures(plan, index, cookie, served_by)):
                met.setdefault(failure, {}).setdefault(index, []).append(cookie)
    alike: dict[object, list[Failure]] = {}
    for failure, when in met.items():
        key = failure.cause or failure
        alike.setdefault((key, *((index, *sent) for index, sent in when.items())), []).append(failure)
    interruptions = []
    for failures in alike.values():
        when = met[failures[0]]
        whats = " and ".join(failure.what for failure in failures)
        interruptions.append(
            Interruption(
                failure=replace(failures[0], what=whats),
                since=plan.moments[min(when)].after,
                moments=len(when),
                cookies=tuple(one for one in cookies if any(one in sent for sent in when.values())),
                until=_mended(plan, failures[0], max(when) + 1, cookies, served_by),
            )
        )
    # Who leads voters to the wrong version is also why they get none, as long as it has no pods.
    interruptions.sort(key=lambda one: _SERVES not in one.failure.what)
    return Pages(stage, len(of_stage), tuple(cookies), tuple(interruptions))


def uninterrupted() -> Callable[[Pages], Verdict]:
    """Judge that every page was whole at every moment; one cause is one row."""

    def judge(pages: Pages) -> Verdict:
        rows = [one.row(pages.moments, pages.cookies) for one in pages.interruptions]
        rest = len(rows) - _MOST_ROWS
        shown = [*rows[:_MOST_ROWS], *([f"and {rest} more"] if rest > 0 else [])]
        voters = _voters(pages.cookies)
        number = pages.moments
        held = not rows and number > 0
        fine = f"every page whole at {number} of {number} moments of stage {pages.stage}"
        seen = shown or [fine if held else f"stage {pages.stage} applies nothing"]
        sent = dict.fromkeys(with_cookie(cookie) for one in pages.interruptions for cookie in one.cookies)
        return Verdict(
            held=held,
            expected=f"a whole page for {voters} at each of {number} moments of stage {pages.stage}",
            seen="\n".join(seen),
            evidence=fine if held else _brief(pages) or seen[0],
            examples=(),
            sample_size=number * len(pages.cookies),
            false_alarm=None,
            smallest_leak=None,
            causes=by_line(one.failure.cause for one in pages.interruptions if one.failure.cause),
            requests=tuple(sent),
        )

    return judge


def _brief(pages: Pages) -> str:
    if not pages.interruptions:
        return ""
    first = pages.interruptions[0]
    return f"{first.failure.what} at {first.moments} of {pages.moments} moments of stage {pages.stage}"


def _voters(cookies: Sequence[str]) -> str:
    return "all voters" if len(cookies) == len(_VOTERS) else f"voters {_VOTERS[cookies[0]]}"


def _mended(plan: Plan, failure: Failure, start: int, cookies: Iterable[str], served_by: str) -> str:
    """Return the first change from a moment on after which a failure is over, "" if it lasts to the end."""
    for index in range(start, len(plan.moments)):
        moment = plan.moments[index]
        if not moment.model.state.objects:
            break
        if all(failure not in _failures(plan, index, cookie, served_by) for cookie in cookies):
            return moment.after
    return ""


def _failures(plan: Plan, index: int, cookie: str, served_by: str) -> Iterator[Failure]:
    """Yield how a voter's page may fail at a moment: none where it is whole for certain."""
    moment = plan.moments[index]
    for failure in _failures_at(moment, plan.moments[index + 1 :], cookie, served_by):
        uninjected = without_proxies(moment.model) if NO_PROXY in failure.reason else ()
        yield replace(failure, cause=uninjected[0]) if uninjected else failure


def _failures_at(moment: Moment, later: Sequence[Moment], cookie: str, served_by: str) -> Iterator[Failure]:
    for outcome in page(moment.model, cookie).outcomes:
        served = list(dict.fromkeys(name for name, _ in outcome.by_pod()))
        if not served:
            yield _failure(_page_ended(outcome), outcome, later)
        for name in served:
            if not name.startswith(f"{APP} ") or (served_by and name != served_by):
                instead = f" instead of {served_by}" if served_by else ""
                yield _failure(f"{name} {_SERVES}{instead}", outcome, later)
            else:
                yield from _behind(moment, name, later)


def _behind(moment: Moment, app: str, later: Sequence[Moment]) -> Iterator[Failure]:
    """Yield how the page of an app's pod may fail: by analytics, or by a store."""
    answer = led(moment.model, app, ANALYTICS)
    yield from _unserved(answer, "voting-analytics ", f"{app} gets no answer from voting-analytics", later)
    yield from _without_store(moment, app, None, later)
    for outcome in answer.outcomes if answer else ():
        for name in dict.fromkeys(name for name, _ in outcome.by_pod()):
            yield from _without_store(moment, name, outcome.suspect, later)


def _without_store(
    moment: Moment, workload: str, suspect: Rule | None, later: Sequence[Moment]
) -> Iterator[Failure]:
    """Yield how a workload may miss its store. suspect: what led to this workload, if it is not to serve."""
    answer = led(moment.model, workload, store_of(workload))
    what = f"{workload} does not reach its store"
    for failure in _unserved(answer, "voting-storage ", what, later):
        if suspect and suspect.place:
            found = Finding(suspect.place, suspect.sentence)
            yield replace(
                failure, what=f"{workload} is called and {what.removeprefix(workload).strip()}", cause=found
            )
        else:
            yield failure


def _unserved(answer: Answer | None, wanted: str, what: str, later: Sequence[Moment]) -> Iterator[Failure]:
    if answer is None:
        yield Failure(what, None, "no such pod is ready")
        return
    for outcome in answer.outcomes:
        names = {name for name, _ in outcome.by_pod()}
        if not names or not all(name.startswith(wanted) for name in names):
            yield _failure(f"{what} ({outcome.ending}){_part(outcome)}", outcome, later)


def _page_ended(outcome: Outcome) -> str:
    ended = _AT_INGRESS.get(outcome.ending, f"voting-app answers {outcome.ending}")
    return ended + _part(outcome)


def _part(outcome: Outcome) -> str:
    return "" if outcome.probability == 1 else f" in {outcome.probability} of requests"


def _failure(what: str, outcome: Outcome, later: Sequence[Moment]) -> Failure:
    if outcome.lack and (coming := _defined_later(outcome.lack, later)):
        return Failure(what, coming, outcome.reason)
    cause = outcome.cause
    found = Finding(cause.place, cause.sentence) if cause and cause.place else None
    return Failure(what, found, outcome.reason)


def _defined_later(lack: Lack, later: Sequence[Moment]) -> Finding | None:
    """Return that a route names what only a later object defines, with both lines; None for never."""
    for moment in later:
        state = moment.model.state
        if not lack.subset:
            if service := services(state).get(lack.host):
                sentence = f"{lack.named} before Service/{service.name} ({service.place}) exists"
                return Finding(lack.place, sentence)
            continue
        for rule in destination_rules(state):
            if rule.host == lack.host and (subset := rule.subsets.get(lack.subset)):
                sentence = f"{lack.named} before {rule} ({subset.place}) defines it"
                return Finding(lack.place, sentence)
    return None
