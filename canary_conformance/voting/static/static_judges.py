"""Judges of what the model answers and finds: a wrong answer has its cause and quotes its rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from canary_conformance.model.model import Model, Workload
from canary_conformance.model.objects.questions import Answer, Ending, explain
from canary_conformance.model.objects.state import POD_MAKERS, held_back
from canary_conformance.model.pods.scaling import changed_numbers
from canary_conformance.scenario.observations import Sent
from canary_conformance.scenario.places import Finding
from canary_conformance.verdicts import Saying, counted, matrix, same
from canary_conformance.verdicts.exact_judges import compared
from canary_conformance.verdicts.verdict import MOST_EXAMPLES, Verdict
from canary_conformance.verdicts.wording import listed
from canary_conformance.voting.chains import REFUSED
from canary_conformance.voting.stage_contract import PODS_AT, legs_at
from canary_conformance.voting.static.manifest_causes import (
    by_line,
    of_answers,
    of_replicas,
    of_workloads,
    without_proxies,
)
from canary_conformance.voting.static.model_questions import OR, who
from canary_conformance.voting.static.static_chains import WHOLE, PageSeen
from canary_conformance.voting.static.static_legs import (
    causes_of_legs,
    not_mutual,
    plain_calls,
    required_table,
    table,
)
from canary_conformance.voting.static.static_objects import without_keys
from canary_conformance.voting.static.static_pods import claims_mounted, other_claims, read_only_claims
from canary_conformance.voting.voting_app import VOTING_APP

Cell = TypeVar("Cell")
Seen = TypeVar("Seen")

MYSQL, MYSQL_CLAIM = "voting-storage 2.0", "mysql-pv-claim"
# A screen full of them helps nobody.
_MOST_FINDINGS = 8


def answered_by(
    expected: Mapping[Cell, str] | str,
    noun: str,
    model: Model | None = None,
    words_of: Callable[[Answer | None], str] = who,
    sent: Callable[[Cell], Sent | None] = lambda _: None,
) -> Callable[[Mapping[Cell, Answer | None]], Verdict]:
    """Judge that each answer is given by the workload expected ("voting-app 1.0", "refused").

    Where nothing can be asked, as no pod gets ready, the requirement fails.

    Args:
        expected: who is to answer, by what is asked; one name where the same is to answer all.
        noun: what is asked ("pages", "connections").
        model: what the answers are of; with it a route that should have matched is found, and where nothing
            can be asked, what keeps the pods from being ready.
        words_of: how an answer becomes a text, see canary_conformance.voting.static.model_questions.who.
        sent: the request of what is asked, by which a reader sees the same on a cluster.
    """

    def judge(answers: Mapping[Cell, Answer | None]) -> Verdict:
        right = dict.fromkeys(answers, expected) if isinstance(expected, str) else expected
        if not right:
            nothing = compared(f"{noun} to judge", [f"no {noun}: no pod is ready"], "", 0)
            return replace(nothing, causes=of_workloads(model, map(str, model.pods()))) if model else nothing
        outcomes = {cell: words_of(answer) for cell, answer in answers.items()}
        unrefused = {outcomes.get(cell, REFUSED) for cell, text in right.items() if text == REFUSED}
        several = len(unrefused - {REFUSED}) > 1
        checks = {cell: _answered(text, answers.get(cell), several) for cell, text in right.items()}
        verdict = matrix(checks, noun, sent=sent)(outcomes)
        wrong = [(answers[cell], text) for cell, text in right.items() if outcomes.get(cell, text) != text]
        return replace(verdict, examples=_quoted(wrong), causes=of_answers(wrong, model))

    return judge


def because(
    judge: Callable[[Seen], Verdict], causes: Callable[[], Iterable[Finding]]
) -> Callable[[Seen], Verdict]:
    """Return the judge with causes for what does not hold; they are looked for only then."""

    def judged(seen: Seen) -> Verdict:
        verdict = judge(seen)
        return verdict if verdict.held else replace(verdict, causes=by_line(causes()))

    return judged


def _why_there(model: Model, workload: Workload) -> Finding:
    for key, one in model.state.objects.items():
        held = (
            held_back(one.manifest) if (key.kind in POD_MAKERS and key.name == workload.deployment) else None
        )
        if held is not None:
            return held
    return Finding(workload.place, f"the pods of {workload} are not expected here")


def pods_ready(
    expected: Mapping[str, int], noun: str, model: Model
) -> Callable[[Mapping[str, int]], Verdict]:
    """Judge how many pods of each workload there are, by the noun; what keeps others back is the cause."""

    def judge(seen: Mapping[str, int]) -> Verdict:
        strange = [one for one in model.pods() if str(one) in seen and str(one) not in expected]
        found = [_why_there(model, one) for one in strange]
        return because(
            counted(expected, noun),
            lambda: (
                *of_workloads(model, expected),
                *found,
                *changed_numbers(model.state),
                *of_replicas(model, expected),
            ),
        )(seen)

    return judge


def proxied(expected: Iterable[str], model: Model) -> Callable[[Mapping[str, bool]], Verdict]:
    """Judge that the pods of each workload get a proxy; what keeps pods from being made is the cause."""
    names = tuple(expected)

    def causes(without: Sequence[str]) -> Iterator[Finding]:
        yield from of_workloads(model, names)
        yield from without_proxies(model) if without else ()
        for one in model.pods():
            if str(one) in without:
                yield Finding(one.place, f"the pods of {one} get no proxy")

    def judge(seen: Mapping[str, bool]) -> Verdict:
        without = [name for name in names if seen.get(name) is False]
        rows = [f"the pods of {name} get no proxy" for name in without]
        rows += [f"{name} has no ready pod" for name in names if name not in seen]
        rows += [f"unexpected pods: {name.strip()}" for name in seen if name not in names]
        fine = f"{len(names)} of {len(names)} workloads get a proxy"
        verdict = compared(f"{len(names)} workloads whose pods get a proxy", rows, fine, len(seen))
        return because(lambda _: verdict, lambda: causes(without))(seen)

    return judge


def whole_pages(noun: str, model: Model) -> Callable[[Mapping[Cell, PageSeen]], Verdict]:
    """Judge that each page of a model is whole for certain; noun: what is judged ("pages")."""

    def judge(seen: Mapping[Cell, PageSeen]) -> Verdict:
        if not seen:
            return compared(f"{noun} with whole pages", [f"no {noun} to judge"], "", 0)
        check: Saying[str] = Saying(
            WHOLE, lambda endings: "" if endings == WHOLE else f"were broken ({endings})"
        )
        endings = {cell: str(page) for cell, page in seen.items()}
        wrong = [pair for page in seen.values() for pair in page.wrong]
        verdict = because(matrix(dict.fromkeys(endings, check), noun), lambda: of_answers(wrong, model))(
            endings
        )
        return verdict if verdict.held else replace(verdict, examples=_quoted(wrong))

    return judge


def legs_are(expected: Mapping[str, str], columns: Callable[[str], str] = str) -> Callable[[Model], Verdict]:
    """Judge the table of mutual TLS: each leg with the rest of its row, or with some of its columns."""

    def judge(model: Model) -> Verdict:
        rows = {leg: columns(row) for leg, row in table(model).items()}
        total = len(expected)
        wrong = [leg for leg in dict.fromkeys((*expected, *rows)) if rows.get(leg) != expected.get(leg)]
        alike: dict[str, list[str]] = {}
        for leg, words in not_mutual(model, {leg: expected.get(leg, "") for leg in wrong}).items():
            alike.setdefault(words, []).append(leg)
        most_first = sorted(alike.items(), key=lambda group: -len(group[1]))
        of_all = f"of {max(total, len(wrong))} legs"
        briefs = [
            f"{len(legs)} {of_all} {'is' if len(legs) == 1 else 'are'} not mutual TLS as required: {words}"
            for words, legs in most_first
        ]
        return because(
            lambda _: compared(
                f"{total} legs of mutual TLS: {listed(list(expected))}",
                [f"{brief}: {listed(legs)}" for brief, (_, legs) in zip(briefs, most_first, strict=True)],
                f"{total} of {total} legs are mutual TLS",
                len(rows),
                next(iter(briefs), ""),
            ),
            lambda: causes_of_legs(model, wrong, expected),
        )(rows)

    return judge


def mutual_tls_on_every_leg(stage: int) -> Callable[[Model], Verdict]:
    """Judge that the model has every leg of the stage, mutual by the policy and a rule of its host."""
    return lambda model: legs_are(required_table(model, legs_at(stage)))(model)


def plaintext_refused(stage: int) -> Callable[[Model], Verdict]:
    """Judge that plaintext from outside the mesh is refused at each port of each workload of the stage."""
    return partial(_plaintext, workloads=PODS_AT[stage], right=lambda _: REFUSED, listening=False)


def plaintext_answered(stage: int) -> Callable[[Model], Verdict]:
    """Judge that each workload of the stage answers plaintext where it listens by the contract."""
    return partial(_plaintext, workloads=PODS_AT[stage], right=str, listening=True)


def _plaintext(
    model: Model, *, workloads: Iterable[str], right: Callable[[str], str], listening: bool
) -> Verdict:
    """Judge what becomes of plaintext; a workload without a port that can be called was not observed."""
    seen = plain_calls(model, listening=listening)
    expected = {port: right(port.rpartition(":")[0]) for port in seen}
    called = {port.rpartition(":")[0] for port in seen}
    uncalled = [workload for workload in workloads if workload not in called]
    expected |= {workload: right(workload) for workload in uncalled}
    verdict = answered_by(expected, "plaintext connections", model)(seen)
    return because(lambda _: verdict, lambda: (*verdict.causes, *of_workloads(model, uncalled)))(seen)


def keys_are_there(secret: str, keys: Sequence[str], model: Model) -> Callable[[Sequence[str]], Verdict]:
    """Judge that a Secret has these keys; seen: those of them that it has."""
    missing = (one for one in of_workloads(model, PODS_AT[4]) if one.sentence.startswith(f"Secret/{secret} "))
    return because(same(keys, "keys of the Secret"), lambda: (*without_keys(model, secret, keys), *missing))


def votes_on_a_claim(model: Model) -> Verdict:
    """Judge that MySQL keeps its data on the claim, and may write there."""
    right = same([MYSQL_CLAIM], "mounted claims")
    causes = (*read_only_claims(model, MYSQL), *other_claims(model, MYSQL, MYSQL_CLAIM))
    missing = (
        one for one in of_workloads(model, [MYSQL]) if one.sentence.startswith("PersistentVolumeClaim/")
    )
    return because(right, lambda: (*missing, *causes))(claims_mounted(model, MYSQL))


def nothing_found(
    called: str = "schema findings", requests: tuple[Sent, ...] = ()
) -> Callable[[Sequence[Finding]], Verdict]:
    """Judge that nothing was found; what was is shown whole, one "file:line: sentence" a line, at most eight.

    `called` names them in the messages ("ways past the Gateway"); `requests` show it on a cluster.
    """

    def judge(found: Sequence[Finding]) -> Verdict:
        rest = len(found) - _MOST_FINDINGS
        rows = [*map(str, found[:_MOST_FINDINGS]), *([f"and {rest} more"] if rest > 0 else [])]
        brief = found[0].sentence if found else ""
        verdict = compared(f"no {called}", rows, f"no {called}", len(found), brief)
        return replace(verdict, causes=by_line(found), of_nothing=True, requests=requests if rows else ())

    return judge


def _quoted(wrong: Iterable[tuple[Answer | None, str]]) -> tuple[str, ...]:
    quoted = dict.fromkeys(explain(answer) for answer, _ in wrong if answer is not None)
    return tuple(quoted)[:MOST_EXAMPLES]


def _answered(right: str, answer: Answer | None, several: bool) -> Saying[str]:
    """Return the check of an answer; several: whether many answer what is to be refused, so none is named."""

    def check(outcome: str) -> str:
        if outcome == right:
            return ""
        served = several and right == REFUSED and answer is not None and answer.endings == {Ending.SERVED}
        return "were answered" if served else _seen(outcome, answer)

    if right == REFUSED:
        return Saying("refused", check)
    return Saying(f"answered by {right}" if _is_workload(right) else f"ended with {right}", check)


def _seen(outcome: str, answer: Answer | None) -> str:
    if outcome == REFUSED and answer is not None:
        return f"were refused ({', '.join(sorted(map(str, answer.endings)))})"
    if outcome == str(Ending.NOT_SENT):
        return "were not sent"
    ways = outcome.split(OR)
    if all(map(_is_workload, ways)):
        return f"were answered by {outcome}"
    return f"ended {OR.join(f'at {way}' if _is_workload(way) else f'with {way}' for way in ways)}"


def _is_workload(text: str) -> bool:
    """Return whether a text begins with the name of a component: "voting-app 1.0"."""
    return text.startswith(tuple(VOTING_APP.components))
