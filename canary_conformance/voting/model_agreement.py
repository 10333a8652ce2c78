"""Does the mesh do what the model says? Observations beside the outcomes that the model holds possible.

A difference fails no requirement: either the model reads the manifests wrongly, or the mesh does not do what
they say. An observation agrees with any outcome that has a chance; a sample's shares are compared too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import TypeVar

from canary_conformance.errors import NotJudged, NotSpoken
from canary_conformance.model.model import Model
from canary_conformance.model.objects.questions import Answer, explain
from canary_conformance.model.stage_plan import Plan
from canary_conformance.scenario.observations import Page, Sample
from canary_conformance.scenario.places import Finding
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.verdicts import LeastRequest, Policy, Unjudgeable, shares
from canary_conformance.verdicts.model_disagreement import Disagreement
from canary_conformance.verdicts.wording import percent, tally
from canary_conformance.voting.feature_flag import FLAG
from canary_conformance.voting.mutual_tls import TlsView, leg_of_workloads, names_of_pods
from canary_conformance.voting.observed_outcomes import Seen
from canary_conformance.voting.static.apply_order import still_rolling
from canary_conformance.voting.static.manifest_causes import by_line
from canary_conformance.voting.static.model_questions import who
from canary_conformance.voting.static.static_chains import WHOLE, page_seen

Cell = TypeVar("Cell")

_MOST_ROWS = 8
NO_PAGE = "(no whole page)"
"""The outcome of a page that shows nothing to identify a workload by."""


def settled(plan: Plan, stage: int) -> Model:
    """Return the model at the end of a stage, for a comparison with the mesh.

    Raises:
        NotSpoken: Nobody waits for some of the pods: in the mesh they get ready while the stage is observed.
    """
    for rolling in still_rolling(plan, stage):
        raise NotSpoken(f"{rolling.sentence}, so the mesh can't be compared with one moment", rolling.place)
    return plan.after(stage)


def agree(seen: Mapping[Cell, Sequence[Seen]], predicted: Mapping[Cell, Answer | None], noun: str) -> int:
    """Compare what the mesh did with what the model holds possible in the same cells; return how many agree.

    Args:
        seen: what was observed in each cell, once or several times.
        predicted: the model's answer for each cell, None where it says that nothing could be sent.
        noun: what the cells are ("connections").

    Raises:
        Disagreement: something was seen to which the model gives no chance.
        NotSpoken: nothing was seen that could show it, and by the model nothing has to be.
        NotJudged: there is nothing to compare.
    """
    if not seen:
        raise NotJudged("nothing was seen that the model could have predicted")
    if not any(seen.values()):
        raise NotSpoken(f"none of {len(seen)} {noun} shows who answered, and by the model none has to")
    answers = {cell: predicted.get(cell) for cell in seen}
    wrong = {
        cell: strange
        for cell, observed in seen.items()
        if (strange := [one for one in observed if not _is_possible(one, answers[cell])])
    }
    if wrong:
        raise _differ(
            f"{len(wrong)} of {len(seen)} {noun}",
            _rows({cell: who(answers[cell]) for cell in wrong}),
            _rows({cell: " and ".join(map(str, strange)) for cell, strange in wrong.items()}),
            [answers[cell] for cell in wrong],
        )
    return len(seen)


def agree_on_table(seen: Mapping[str, str], predicted: Mapping[str, str]) -> int:
    """Compare the table of mutual TLS that the proxies run with the model's.

    Raises:
        Disagreement: They differ.
        NotJudged: Neither has a leg.
    """
    legs = dict.fromkeys((*seen, *predicted))
    if not legs:
        raise NotJudged("no leg of mutual TLS was seen, and the model predicts none")
    wrong = [leg for leg in legs if seen.get(leg) != predicted.get(leg)]
    if wrong:
        raise Disagreement(
            f"{len(wrong)} of {len(legs)} legs of mutual TLS",
            _rows({leg: predicted.get(leg, "no such leg") for leg in wrong}),
            _rows({leg: seen.get(leg, "no such leg") for leg in wrong}),
        )
    return len(legs)


def agree_on_shares(
    seen: Sample[Page],
    key: Callable[[Page], str],
    predicted: Answer | None,
    shown_by: Mapping[str, str],
    *,
    whole: bool,
    policy: Policy | None = None,
) -> int:
    """Compare how often each outcome was seen with the share that the model gives to it.

    Args:
        seen: pages opened one by one, so that LEAST_REQUEST is a fair draw.
        key: a page's outcome.
        predicted: who answers behind the page.
        shown_by: which outcome each workload shows.
        whole: whether the model has every page whole; if not, those that show no outcome are left out.
        policy: how the outcomes are drawn, LEAST_REQUEST on idle pods unless given.

    Returns:
        How many pages were compared.

    Raises:
        Disagreement: an outcome without a chance was seen, or the shares differ by more than chance explains.
        NotSpoken: no page shows an outcome, and by the model none has to.
    """
    shown = Sample(tuple(page for page in seen if whole or key(page) in shown_by.values()), seen.describe)
    if not shown:
        raise NotSpoken(f"{seen.describe}: none shows who answered, and by the model none has to")
    likely = _shares(predicted, shown_by, whole=whole)
    known = {*shown_by.values()}
    misfit = _misfit(
        shown,
        lambda page: NO_PAGE if NO_PAGE in likely and key(page) not in known else key(page),
        likely,
        policy or LeastRequest(),
    )
    if misfit:
        expected = ", ".join(f"{outcome} {percent(share)}" for outcome, share in likely.items())
        raise _differ(f"the shares in {seen.describe}", expected or NO_PAGE, misfit, [predicted])
    return len(shown)


def _shares(predicted: Answer | None, shown_by: Mapping[str, str], *, whole: bool) -> dict[str, float]:
    """Return the outcomes that have a chance with their shares, which sum to 1."""
    named: dict[str, Fraction] = {}
    for workload, outcome in shown_by.items():
        named[outcome] = named.get(outcome, Fraction(0)) + (predicted.share_of(workload) if predicted else 0)
    shown = sum(named.values(), Fraction(0))
    if whole:
        named[NO_PAGE], shown = 1 - shown, Fraction(1)
    return {outcome: float(share / shown) for outcome, share in named.items() if share > 0}


def _misfit(
    seen: Sample[Page], key: Callable[[Page], str], likely: Mapping[str, float], policy: Policy
) -> str:
    """Return what was seen where it does not fit the shares, "" where it does."""
    counts = Counter(map(key, seen))
    if counts.keys() - likely:
        return f"{tally(counts)} of {len(seen)} pages"
    if len(likely) < 2:
        return ""
    try:
        verdict = shares(key, likely, policy)(seen)
    except Unjudgeable:
        # So small a share that this sample fits any: each outcome that was seen has a chance.
        return ""
    return "" if verdict.held else verdict.seen


def _is_possible(seen: Seen, answer: Answer | None) -> bool:
    return answer is not None and any(
        outcome.probability and seen.fits(outcome) for outcome in answer.outcomes
    )


def _rows(cells: Mapping[Cell, str]) -> str:
    rows = [f"{_named(cell)}: {text}" for cell, text in list(cells.items())[:_MOST_ROWS]]
    rest = len(cells) - _MOST_ROWS
    return "\n".join([*rows, *([f"and {rest} more"] if rest > 0 else [])])


def _named(cell: object) -> str:
    return " -> ".join(map(str, cell)) if isinstance(cell, tuple) else str(cell) or "no cookie"


def _differ(about: str, expected: str, seen: str, predicted: Iterable[Answer | None]) -> Disagreement:
    """Return the report of a difference; the first of the model's answers stands for the others."""
    answers = [answer for answer in predicted if answer is not None]
    outcomes = (outcome for answer in answers for outcome in answer.outcomes)
    rules = (rule for one in outcomes for rule in (one.cause, *one.rules) if rule)
    causes = by_line(Finding(rule.place, rule.sentence) for rule in rules if rule.place)
    return Disagreement(about, expected, seen, explain(answers[0]) if answers else "", causes)


def pages_are_whole(model: Model) -> bool:
    """Return whether every voter's page is whole by the model, with the flag and without."""
    return all(str(page_seen(model, cookie)) == WHOLE for cookie in ("", FLAG))


def table_by_workload(namespace: NamespaceUnderTest, view: TlsView) -> dict[str, str]:
    """Return the table's rows by workload instead of pod, with the namespace as the manifests have it.

    Where the pods of a workload differ, its row has each of theirs.
    """
    names = names_of_pods(namespace)
    rows: dict[str, set[str]] = {}
    for leg, cells in view.table().items():
        rows.setdefault(leg_of_workloads(leg, names), set()).add(namespace.setting.as_written(cells))
    return {leg: " / ".join(sorted(cells)) for leg, cells in rows.items()}
