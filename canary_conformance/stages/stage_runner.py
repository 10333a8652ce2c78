"""The runner: it advances the namespace under test a stage at a time, never back, and notes transitions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from canary_conformance.scenario.observations import Ballot, Page, StepRecord, Transition
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.stages.reuse import Changes
from canary_conformance.stages.transition import bring_up_to_date, enter_in_one_step, enter_under_traffic


@dataclass
class StageRunner:
    """Advances one namespace.

    Attributes:
        namespace: The namespace under test.
        watched: The stages whose transition is judged, and so made under continuous traffic; the others are
            made in one step.
        changes: What brings a namespace that the last run left up to the manifests, None for none.
    """

    namespace: NamespaceUnderTest
    watched: frozenset[int]
    changes: Changes | None = None

    def advance_to(self, number: int) -> None:
        """Enter each stage up to this one.

        Raises:
            StageFailed: A stage can't get ready.
            EnvironmentFailed: The environment failed.
        """
        namespace, reached, progress = self.namespace, self.namespace.reached, self.namespace.progress
        scenario = namespace.scenario
        numbers = [stage.number for stage in scenario.stages if reached.stage < stage.number <= number]
        ahead = [one for one in numbers if not scenario.why_not(one)]
        if self.changes is None and not ahead:
            return
        reached.settled = False
        namespace.taken.settle()
        if self.changes is not None:
            with progress.phase(f"reusing the namespace at stage {reached.stage}: {self.changes}"):
                changes, self.changes = self.changes, None
                bring_up_to_date(namespace, changes)
        for watched, stages in groupby(ahead, key=self.watched.__contains__):
            if watched:
                for one in stages:
                    progress.event("transition_begun", stages=[one], watched=True)
                    with progress.phase(f"stage {one} {scenario.stage(one).name}"):
                        try:
                            enter_under_traffic(namespace, one)
                        finally:
                            # Also of a stage that never got ready: what voters saw is what readers look at.
                            write_transition(namespace, one)
                    reached.stage = one
                    progress.event("stage_entered", stage=one)
            else:
                passed = list(stages)
                progress.event("transition_begun", stages=passed, watched=False)
                names = ", ".join(f"{one} {scenario.stage(one).name}" for one in passed)
                with progress.phase(f"in one step: stage {names}"):
                    enter_in_one_step(namespace, passed)
                progress.event("stage_entered", stage=passed[-1])
        reached.settled = True


def write_transition(namespace: NamespaceUnderTest, number: int) -> None:
    """Write what was seen while a stage was entered as an event; nothing where nobody watched."""
    transition = namespace.reached.transitions.get(number)
    if transition is not None:
        progress = namespace.progress
        address = namespace.mesh.gateway.url if transition.pages else ""
        progress.event("transition_seen", address=address, **transition_facts(transition, progress.began))


def transition_facts(transition: Transition, began: float) -> dict[str, object]:
    """Return a transition as JSON can hold it, all times in seconds since the run began."""
    pages = {
        name: _ticks(seen, [_shown(one) for one in seen], began) for name, seen in transition.pages.items()
    }
    votes = {
        name: _ticks([one.answer for one in cast], [_answer_to(one) for one in cast], began)
        for name, cast in transition.ballots.items()
    }
    return {
        "stage": transition.stage,
        "began": began,
        "steps": [_step(one, began) for one in transition.steps],
        "pages": pages,
        "votes": votes,
        "stalls": [[_since(begin, began), _since(end, began)] for begin, end in transition.stalls],
    }


def _step(step: StepRecord, began: float) -> dict[str, object]:
    return {
        "step": step.step,
        "started": _since(step.started_at, began),
        "applied": _since(step.applied_at, began),
        "propagated": _since(step.live_at, began),
        "objects": [
            [str(one), None if one.live_at is None else _since(one.live_at, began)] for one in step.applied
        ],
    }


def _ticks(seen: Sequence[Page], answers: Iterable[str], began: float) -> dict[str, object]:
    """Return when each request was sent, how many milliseconds it took, and the answers as runs of equals."""
    return {
        "sent": [_since(one.sent_at, began) for one in seen],
        "took": [round(one.took * 1000) for one in seen],
        "answers": [[answer, sum(1 for _ in same)] for answer, same in groupby(answers)],
    }


def _shown(page: Page) -> str:
    """Return the version that a page came from, or how it failed."""
    if page.whole:
        return page.version or "unknown version"
    return _failure(page)


def _answer_to(ballot: Ballot) -> str:
    return "counted" if ballot.counted else _failure(ballot.answer)


def _failure(page: Page) -> str:
    if page.status is None:
        return "timed out" if page.timed_out else "no answer"
    return "incomplete page" if page.status == 200 else f"status {page.status}"


def _since(moment: float, began: float) -> float:
    return round(moment - began, 3)
