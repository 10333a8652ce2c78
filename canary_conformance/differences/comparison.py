"""Two sets of manifests compared by the model, stage by stage."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from canary_conformance.differences.call_changes import call_changes
from canary_conformance.differences.ingress_changes import ingress_changes
from canary_conformance.differences.object_changes import object_changes
from canary_conformance.differences.pod_changes import leg_changes, pod_changes
from canary_conformance.differences.requirement_changes import page_changes, requirement_changes
from canary_conformance.differences.stage_ends import (
    StageEnds,
    as_it_is,
    legs_together,
    of_answers,
    of_objects,
    of_unknown,
    together,
)
from canary_conformance.differences.state_changes import same_moments, same_state
from canary_conformance.differences.unfollowed_changes import unfollowed_changes
from canary_conformance.differences.values import (
    AnswerChange,
    Difference,
    LegChange,
    Lines,
    NotUnderstood,
    ObjectChange,
    PageChange,
    PodChange,
)
from canary_conformance.model.stage_plan import Plan
from canary_conformance.voting.static.static_runner import ReadFolder

_IDENTICAL = "both sides apply the same objects in the same order"
_DECIDED = "every method, path, query, host and header, by the routes of both sides followed together"


@dataclass
class _Found:
    """What was found so far, by what it is."""

    requests: list[AnswerChange] = field(default_factory=list)
    calls: list[AnswerChange] = field(default_factory=list)
    pages: list[PageChange] = field(default_factory=list)
    legs: list[LegChange] = field(default_factory=list)
    pods: list[PodChange] = field(default_factory=list)
    objects: list[ObjectChange] = field(default_factory=list)
    unknown: list[NotUnderstood] = field(default_factory=list)
    of_pages: list[NotUnderstood] = field(default_factory=list)


def compared(before: ReadFolder, after: ReadFolder, names: tuple[str, str]) -> Difference:
    """Return all that changes from BASE to HEAD."""
    plans = before.plan, after.plan
    stages = [_stages(plan) for plan in plans]
    shared = tuple(one for one in stages[0] if one in stages[1])
    found = _Found()
    identical = stages[0] == stages[1]
    for stage in shared:
        identical = _stage(plans, stage, found) and identical
    requirements, judged = requirement_changes(before, after)
    unknown = _each_line_once(together((*found.unknown, *found.of_pages), of_unknown))
    return Difference(
        before=names[0],
        after=names[1],
        identical=identical,
        stages=shared,
        only_before=tuple(one for one in stages[0] if one not in stages[1]),
        only_after=tuple(one for one in stages[1] if one not in stages[0]),
        requirements=requirements,
        requests=together(found.requests, of_answers),
        calls=together(found.calls, of_answers),
        pages=tuple(found.pages),
        legs=legs_together(found.legs),
        pods=together(found.pods, as_it_is),
        objects=together(found.objects, of_objects),
        not_understood=unknown,
        judged=judged,
        decided="" if unknown else _IDENTICAL if identical else _DECIDED,
    )


def _each_line_once(found: Iterable[NotUnderstood]) -> tuple[NotUnderstood, ...]:
    """Return what is not understood, each line once; what has no line only where nothing else is."""
    kept: dict[object, NotUnderstood] = {}
    for one in found:
        known = {stage for other in kept.values() for stage in other.stages}
        if one.lines == Lines():
            if not known.issuperset(one.stages):
                kept[one.sentence] = one
        else:
            had = kept.get(one.lines, one)
            kept[one.lines] = replace(had, stages=tuple(sorted({*had.stages, *one.stages})))
    return tuple(kept.values())


def _stages(plan: Plan) -> tuple[int, ...]:
    every = (stage.number for stage in plan.scenario.stages)
    return tuple(number for number in every if not plan.scenario.why_not(number))


def _stage(plans: tuple[Plan, Plan], stage: int, found: _Found) -> bool:
    """Compare one stage; return whether both sides make the same of it."""
    moments = [plan.during(stage) for plan in plans]
    ends = StageEnds(stage, plans[0].after(stage), plans[1].after(stage))
    starts = same_state(plans[0].before(stage).state, plans[1].before(stage).state)
    if starts and same_moments(moments[0], moments[1]):
        return True
    if any(model.state.objects for model in ends.models):
        _put(found.pages, found.of_pages, page_changes(*plans, stage))
    if same_state(ends.before.state, ends.after.state):
        return False
    _put(found.requests, found.unknown, ingress_changes(ends))
    _put(found.calls, found.unknown, call_changes(ends))
    found.legs += leg_changes(ends)
    found.pods += pod_changes(ends)
    found.objects += object_changes(ends)
    found.unknown += unfollowed_changes(ends)
    return False


def _put(
    changes: list[AnswerChange] | list[PageChange], unknown: list[NotUnderstood], some: Iterable[object]
) -> None:
    for one in some:
        if isinstance(one, NotUnderstood):
            unknown.append(one)
        else:
            changes.append(one)  # type: ignore[arg-type]
