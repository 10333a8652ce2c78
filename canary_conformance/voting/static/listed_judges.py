"""Judges of what a stage creates, configures and deletes, by the scenario and the source (R0.1)."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import replace

from canary_conformance.model.stage_plan import Plan
from canary_conformance.scenario.places import Finding, Place
from canary_conformance.scenario.stages import Apply
from canary_conformance.verdicts.exact_judges import compared, is_unchanged, listed_objects
from canary_conformance.verdicts.verdict import Verdict
from canary_conformance.verdicts.wording import listed
from canary_conformance.voting.source_objects import lacking, strange
from canary_conformance.voting.static.static_judges import because


def as_listed(plan: Plan, stage: int) -> Callable[[Sequence[str]], Verdict]:
    """Judge that a stage creates, configures and deletes what the scenario lists (R0.1).

    Objects that the source does not know are a remark.
    """
    listed = plan.scenario.stage(stage).required()

    def judge(seen: Sequence[str]) -> Verdict:
        changed = (text for text in seen if not is_unchanged(text))
        wrong = {text.rpartition(" ")[0]: _unlisted(text, listed) for text in changed if text not in listed}
        for ref in (text.rpartition(" ")[0] for text in seen if is_unchanged(text)):
            required = [text for text in listed if text.rpartition(" ")[0] == ref]
            if required:
                wrong[ref] = f"{ref} stays as it was before the stage; the scenario lists {required[0]!r}"
        files = plan.scenario.stage(stage).files()
        found = [one for file in files for one in plan.manifests.files.get(file, ())]
        causes = [Finding(one.place, wrong[str(one.ref)]) for one in found if str(one.ref) in wrong]
        causes += _never_applied(plan, stage, {text.rpartition(" ")[0] for text in seen})
        verdict = because(listed_objects(listed), lambda: causes)(seen)
        remarks = [verdict.remark, *(f"{one.sentence} ({one.place})" for one in strange(plan, stage))]
        return replace(verdict, remark="; ".join(filter(None, remarks)))

    return judge


def _unlisted(text: str, listed: Container[str]) -> str:
    ref, _, verb = text.rpartition(" ")
    if verb == "created" and f"{ref} configured" in listed:
        return f"{ref} does not exist before this file, which creates it; the scenario lists it as configured"
    return f"{text}, which the scenario does not list"


def _never_applied(plan: Plan, stage: int, changed: Container[str]) -> Iterator[Finding]:
    """Yield each object that a step of a stage lists and its file does not hold, at the file's beginning."""
    for step in plan.scenario.stage(stage).steps:
        if not isinstance(step, Apply):
            continue
        for ref in map(str, (*step.created, *step.configured)):
            if ref not in changed:
                yield Finding(
                    Place(step.file, 1), f"{ref} does not exist in this file, and the scenario lists it"
                )


def as_in_the_source(stage: int) -> Callable[[Plan], Verdict]:
    """Judge that after a stage all objects of the source are there, whatever scenario.yaml lists (R0.1)."""

    def judge(plan: Plan) -> Verdict:
        missing = lacking(plan, stage)
        row = f"stage {stage} leaves out {listed(missing)}, which the source has by then"
        fine = f"no object of the source is missing after stage {stage}"
        return compared(fine, [row] if missing else [], fine, len(plan.scenario.stage(stage).steps))

    return judge
