"""Judges of decided requests: a wrong version is shown by a simple request and the route that takes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from canary_conformance.errors import NotSpoken
from canary_conformance.model.model import Model
from canary_conformance.model.objects.questions import Answer, Ending, explain
from canary_conformance.verdicts.exact_judges import compared
from canary_conformance.verdicts.verdict import MOST_EXAMPLES, Verdict
from canary_conformance.voting.contract import APP, NEW, OLD
from canary_conformance.voting.feature_flag import FLAG
from canary_conformance.voting.static.decided_requests import Decided, Requests, Voters, opens
from canary_conformance.voting.static.manifest_causes import of_answers
from canary_conformance.voting.static.model_questions import who

_MOST_ROWS = 6
_PAGES = frozenset({OLD.page, NEW.page})


def by_the_cookie(decided: Decided) -> str:
    """Return the version that is required by the cookie: 2.0 where the source's pattern matches it."""
    return NEW.page if opens(decided.cookie or "") else OLD.page


def to_2_0(_: Decided) -> str:
    """Return 2.0, which everyone has to see in the end."""
    return NEW.page


def all_reach(
    required: Callable[[Decided], str], voters: Voters, model: Model
) -> Callable[[Requests], Verdict]:
    """Judge that every request of some voters is answered by the version that it requires, for certain.

    What the application's contract does not have (other paths, methods and hosts) may end in any way but at
    another version of the app. The judge raises NotSpoken where a request that it does not see may be wrong,
    and none that it sees is.
    """

    def judge(requests: Requests) -> Verdict:
        seen = requests.decided
        wrong = [one for one in seen if _is_wrong(one, required(one))]
        shown: dict[object, Decided] = {}
        for one in sorted(wrong, key=lambda one: (len(one.asked.headers), len(str(one)))):
            shown.setdefault((one.place, who(one.answer), required(one)), one)
        rows = [_row(one, required(one)) for one in shown.values()]
        rest = len(rows) - _MOST_ROWS
        rows = [*rows[:_MOST_ROWS], *([f"and {rest} more"] if rest > 0 else [])]
        versions = sorted({required(one) for one in seen})
        what = f"{' or '.join(versions) or APP} for every request {voters}"
        if len(versions) > 1:
            what = f"{NEW.page} for every request with {FLAG} among its cookies, {OLD.page} for every other"
        if not seen:
            rows = ["no request to judge"]
        if not rows and requests.left:
            raise NotSpoken(requests.left)
        verdict = compared(what, rows, f"{what}, by all of {len(seen)} kinds of requests", len(seen))
        pairs: list[tuple[Answer | None, str]] = [(one.answer, required(one)) for one in shown.values()]
        examples = tuple(dict.fromkeys(explain(one.answer) for one in shown.values()))[:MOST_EXAMPLES]
        sent = tuple(one.asked.sent(one.cookie) for one in shown.values())[:MOST_EXAMPLES]
        return replace(verdict, examples=examples, causes=of_answers(pairs, model), requests=sent)

    return judge


def all_calls_reach(
    expected: Mapping[str, str], model: Model
) -> Callable[[Mapping[str, Sequence[tuple[str, Answer]]]], Verdict]:
    """Judge that a source's calls reach one workload, whatever headers they have.

    expected: by the source ("voting-app 1.0"), the workload that has to answer.
    """

    def judge(seen: Mapping[str, Sequence[tuple[str, Answer]]]) -> Verdict:
        wrong = [
            (source, sent, answer, right)
            for source, right in expected.items()
            for sent, answer in seen.get(source, ())
            if who(answer) != right
        ]
        rows = [
            f"a call of {source} with {sent} {_ends(answer)}; {right} is required"
            for source, sent, answer, right in wrong
        ]
        rows += [f"no call of {source} to judge" for source in expected if not seen.get(source)]
        what = ", ".join(f"{right} for every call of {source}" for source, right in expected.items())
        verdict = compared(what, rows[:_MOST_ROWS], what, sum(map(len, seen.values())))
        causes = of_answers([(answer, right) for _, _, answer, right in wrong], model)
        examples = tuple(dict.fromkeys(explain(answer) for _, _, answer, _ in wrong))[:MOST_EXAMPLES]
        return replace(verdict, examples=examples, causes=causes)

    return judge


def _is_wrong(one: Decided, right: str) -> bool:
    if who(one.answer) == right:
        return False
    # Where the path is another one, or the answer late, it is still that version that gets the request.
    reached = {name for outcome in one.answer.outcomes if outcome.probability for name in outcome.pods}
    return one.asked.of_contract or bool(reached & (_PAGES - {right}))


def _row(one: Decided, right: str) -> str:
    place = f" ({one.place})" if one.place else ""
    return f"{one} {_ends(one.answer)}; {right} is required{place}"


def _ends(answer: Answer) -> str:
    if Ending.SERVED in answer.endings:
        return f"reaches {who(answer)}"
    return f"ends with {who(answer)}: {answer.outcomes[0].reason}"
