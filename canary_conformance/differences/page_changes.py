"""Pages that fail while a stage is applied, on one side only: an object is live before the next one."""

from __future__ import annotations

from collections.abc import Iterator

from canary_conformance.differences.values import Lines, NotUnderstood, PageChange
from canary_conformance.errors import NotSpoken
from canary_conformance.model.stage_plan import Plan
from canary_conformance.scenario.places import Place
from canary_conformance.voting.feature_flag import FLAG
from canary_conformance.voting.static.stage_moments import Interruption, pages_during

_VOTERS = ("", FLAG)


def page_changes(before: Plan, after: Plan, stage: int) -> Iterator[PageChange | NotUnderstood]:
    """Yield each way in which voters' pages fail during a stage on one side only."""
    sides: list[dict[object, Interruption]] = []
    for plan in (before, after):
        try:
            found = pages_during(plan, stage, _VOTERS).interruptions
        except NotSpoken as unknown:
            yield NotUnderstood((stage,), f"pages while the stage is applied: {unknown}", Lines())
            return
        sides.append({_kind(one): one for one in found})
    for fails, here, there in ((True, sides[1], sides[0]), (False, sides[0], sides[1])):
        for kind, one in here.items():
            if kind not in there:
                number = len((after if fails else before).during(stage))
                yield PageChange(stage, fails, one.failure.what, one.row(number, _VOTERS), _place(one))


def _kind(one: Interruption) -> object:
    """Return what makes two interruptions the same, wherever the lines are."""
    return one.failure.what, one.failure.reason, one.since, one.until, one.cookies


def _place(one: Interruption) -> Place | None:
    return one.failure.cause.place if one.failure.cause else None
