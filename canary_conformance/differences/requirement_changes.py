"""Which requirements break, heal, or are no longer judged, and which pages fail while a stage is applied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from canary_conformance.differences.values import (
    Lines,
    NotUnderstood,
    PageChange,
    RequirementChange,
    Standing,
)
from canary_conformance.errors import NotSpoken
from canary_conformance.model.stage_plan import Plan
from canary_conformance.report.secret_masks import mask_secrets
from canary_conformance.scenario.places import Finding, Place
from canary_conformance.voting.feature_flag import FLAG
from canary_conformance.voting.requirements import REQUIREMENTS
from canary_conformance.voting.static.stage_moments import Interruption, pages_during
from canary_conformance.voting.static.static_runner import ReadFolder, StaticResult


@dataclass(frozen=True, slots=True)
class _Judged:
    standing: Standing
    seen: str = ""
    causes: tuple[Finding, ...] = ()


def requirement_changes(before: ReadFolder, after: ReadFolder) -> tuple[tuple[RequirementChange, ...], int]:
    """Return the requirements whose standing changes, and how many are judged on both sides."""
    sides = [_standings(side.verdicts()) for side in (before, after)]
    found = [
        _change(id_, sides[0].get(id_, _Judged(Standing.NOT_JUDGED)), now)
        for id_, now in _paired(sides[0], sides[1])
    ]
    changed = tuple(one for one in found if one is not None)
    judged = [id_ for id_ in sides[0] if all(_is_judged(side, id_) for side in sides)]
    return changed, len(judged)


def _is_judged(side: Mapping[str, _Judged], id_: str) -> bool:
    return id_ in side and side[id_].standing is not Standing.NOT_JUDGED


def _paired(before: Mapping[str, _Judged], after: Mapping[str, _Judged]) -> Iterator[tuple[str, _Judged]]:
    for id_ in REQUIREMENTS:
        if id_ in before or id_ in after:
            yield id_, after.get(id_, _Judged(Standing.NOT_JUDGED, "its stage is not there"))


def _change(id_: str, before: _Judged, after: _Judged) -> RequirementChange | None:
    fails_otherwise = before.standing is after.standing is Standing.FAILED and _other(before, after)
    if before.standing is after.standing and not fails_otherwise:
        return None
    shown = before if after.standing is Standing.HOLDS else after
    requirement = REQUIREMENTS[id_]
    return RequirementChange(
        id=id_,
        stage=requirement.stage,
        sentence=requirement.sentence,
        before=before.standing,
        after=after.standing,
        seen=shown.seen,
        causes=shown.causes,
    )


def _other(before: _Judged, after: _Judged) -> bool:
    """Return whether a requirement fails by something else; its lines may have moved."""
    sentences = [[cause.sentence for cause in one.causes] for one in (before, after)]
    return sentences[0] != sentences[1] if all(sentences) else before.seen != after.seen


def _standings(results: Iterable[StaticResult]) -> dict[str, _Judged]:
    """Return what is known of each requirement: it FAILED where any of its tests did."""
    found: dict[str, _Judged] = {}
    for one in results:
        judged = _judged(one)
        for id_ in one.requirements:
            if id_ not in found or _GRAVEST.index(judged.standing) < _GRAVEST.index(found[id_].standing):
                found[id_] = judged
    return found


_GRAVEST = (Standing.FAILED, Standing.NOT_JUDGED, Standing.HOLDS)


def _judged(one: StaticResult) -> _Judged:
    if not one.held:
        return _Judged(Standing.FAILED, mask_secrets(one.seen), one.causes)
    words = mask_secrets(one.words.partition("\n")[0])
    return _Judged(Standing.NOT_JUDGED, words) if words else _Judged(Standing.HOLDS)


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
