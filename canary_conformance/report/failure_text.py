"""The text of a failed test: what is wrong, its cause, what was expected and seen, and where to look."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from canary_conformance.errors import RequirementFailed, StageFailed
from canary_conformance.report.failure_causes import evidence_of
from canary_conformance.report.run_record import Outcome, TestRecord, Tier
from canary_conformance.scenario.places import Finding, Place
from canary_conformance.scenario.requirement import Requirement
from canary_conformance.settings import Source
from canary_conformance.verdicts import ExpectationFailed, part, places_part, render
from canary_conformance.verdicts.model_disagreement import Disagreement
from canary_conformance.verdicts.verdict_text import title
from canary_conformance.voting.requirements import requirement_of
from canary_conformance.voting.voting_app import VOTING_APP

if TYPE_CHECKING:  # a run in which nothing fails needs no model
    from canary_conformance.voting.static.static_runner import ModelView


@dataclass(frozen=True, slots=True)
class FailedTest:
    """The test that failed: the ids of its requirements, its stage (0: none), its tier.

    after: the seconds since its stage had propagated; None where it judges manifests alone, or no stage had.
    """

    requirements: Sequence[str]
    stage: int
    tier: Tier
    after: float | None = None


@dataclass(slots=True)
class FailureTexts:
    """Writes what failed, with the places in the manifests; without a source it names none."""

    source: Source | None = None
    _views: dict[str, ModelView] = field(default_factory=dict)

    def failed_requirement(self, test: FailedTest, error: ExpectationFailed) -> str:
        """Return the text of a failed requirement: what is wrong, its cause, expected, seen, where to look.

        One of the live tier also has what the model of the static tier finds out about the requirement, and
        how long after its stage had propagated it failed.
        """
        failed = requirement_of(test.requirements[0])
        places = self._places(failed.concerns, test.stage)
        causes, words = self._model(test.tier, failed)
        texts = [
            render(replace(verdict, causes=verdict.causes or causes), failed, places, words)
            for verdict in error.verdicts
        ]
        when = [part("when", _after(test.after, test.stage))] if test.after is not None else []
        return "\n".join([*texts, *when])

    def causes(self, test: FailedTest, error: BaseException | None, failed_stage: int) -> tuple[Finding, ...]:
        """Return the lines of the manifests that a test failed because of; none where nothing is known.

        They are those of its verdicts, or what the model holds responsible for the same requirement, or the
        places that a stage can't get ready because of.

        Args:
            test: The test.
            error: What it raised.
            failed_stage: The number of the stage that can't get ready, where one can't.
        """
        if isinstance(error, ExpectationFailed):
            own = tuple(cause for verdict in error.verdicts for cause in verdict.causes)
            return own or self._model(test.tier, requirement_of(test.requirements[0]))[0]
        if not isinstance(error, RequirementFailed):
            return ()
        if not isinstance(error, StageFailed) and not error.concerns:
            return self._model_on(test, error)
        stage = failed_stage if isinstance(error, StageFailed) else test.stage
        return tuple(Finding(place, error.reason) for place in self._found(error.concerns, stage))

    def stage_not_ready(self, failed: StageFailed, stage: int) -> str:
        """Return the text of a stage that can't get ready: the reason, the last log lines, where to look."""
        when = [part("when", _since_the_last_change(failed))] if failed.since else []
        heading = f"{failed.breaks} stage {stage} FAILED: {failed}"
        return "\n".join([heading, *places_part(self._places_of(failed, stage)), *when])

    def requirement_failed(self, test: FailedTest, failed: RequirementFailed, about: str) -> str:
        """Return the text of what failed outside of a verdict: the reason, last log lines, where to look."""
        causes = [] if failed.concerns else [part("cause", str(one)) for one in self._model_on(test, failed)]
        places = places_part(self._places_of(failed, test.stage))
        return "\n".join([f"{about} FAILED: {failed}", *causes, *places])

    def _model_on(self, test: FailedTest, failed: RequirementFailed) -> tuple[Finding, ...]:
        """Return the lines that the model holds responsible for what failed outside of a verdict."""
        about = failed.breaks or next(iter(test.requirements), "")
        return self._model(test.tier, requirement_of(about))[0] if about else ()

    def _places_of(self, failed: RequirementFailed, stage: int) -> list[str]:
        concerns = requirement_of(failed.breaks).concerns if failed.breaks else ()
        return self._places(failed.concerns, stage) or self._places(concerns, stage)

    def _places(self, concerns: Iterable[str], stage: int) -> list[str]:
        return [str(place) for place in self._found(concerns, stage)]

    def _found(self, concerns: Iterable[str], stage: int) -> list[Place]:
        if self.source is None:
            return []
        files = self.source.scenario.files_up_to(stage)
        found = [self.source.manifests.place_of(concern, files) for concern in concerns]
        return list(dict.fromkeys(place for place in found if place is not None))

    def _model(self, tier: Tier, failed: Requirement) -> tuple[tuple[Finding, ...], str]:
        """Return the causes and the words of the model on a requirement of the live tier."""
        if tier is Tier.STATIC or self.source is None:
            return (), ""
        if failed.id not in self._views:
            # A run in which nothing fails needs no model.
            from canary_conformance.model.stage_plan import plan_of  # noqa: PLC0415
            from canary_conformance.voting.static.static_runner import what_the_model_says  # noqa: PLC0415

            plan = plan_of(self.source.scenario, self.source.manifests, VOTING_APP, self.source.mesh)
            self._views[failed.id] = what_the_model_says(plan, failed.id)
        view = self._views[failed.id]
        return view.causes, view.words


def same_reason(record: TestRecord, cause: Finding) -> str:
    """Return the text of a test that failed because of a cause that an earlier failure has."""
    names = " and ".join(title(requirement_of(id_)) for id_ in record.requirements)
    first = f"{names} FAILED for the same reason: {cause.sentence} ({cause.place})"
    return f"{first}\n{part('seen', evidence_of(record))}"


def disagreement_text(
    found: Disagreement, tests: Iterable[TestRecord], stage: int, near: Sequence[str]
) -> str:
    """Return the report of a test that found the model and the mesh to differ.

    It is short where a requirement FAILED in the live tier for the same reason before.
    """
    failed = [
        test.requirements
        for test in tests
        if test.tier is Tier.LIVE and test.outcome is Outcome.FAILED and _is_same(test, near, found)
        if test.requirements
    ]
    where = [f"stage {stage}", *(f"beside {id_}" for id_ in near)]
    return found.text(", ".join(where), " and ".join(failed[0]) if failed else "")


def _is_same(test: TestRecord, near: Sequence[str], found: Disagreement) -> bool:
    """Return whether a test is of the same sample, or FAILED because of the same line of the manifests."""
    same_line = test.causes and found.causes and test.causes[0].place == found.causes[0].place
    return bool(same_line or set(near).intersection(test.requirements))


def headline(record: TestRecord) -> str:
    """Return a failed requirement in a line, while the run goes on.

    For example "FAILED: R4.3, 3.1 s after stage 4 was propagated: 60 of 600 pages came from 2.0".
    """
    after = "" if record.after_live is None else f", {_after(record.after_live, record.stage)}"
    by = " by the manifests alone" if record.tier is Tier.STATIC else ""
    return f"FAILED: {' and '.join(record.requirements)}{by}{after}: {evidence_of(record)}"


def stage_headline(failed: StageFailed, stage: int) -> str:
    """Return a stage that can't get ready in a line, while the run goes on."""
    after = f", {_since_the_last_change(failed)}" if failed.since else ""
    return f"FAILED: {failed.breaks}{after}: stage {stage} can't get ready: {failed.reason}"


def _after(seconds: float, stage: int) -> str:
    return f"{seconds:.1f} s after {f'stage {stage}' if stage else 'the stage'} was propagated"


def _since_the_last_change(failed: StageFailed) -> str:
    return f"{time.monotonic() - (failed.since or 0.0):.1f} s after all pods ran and nothing changed any more"
