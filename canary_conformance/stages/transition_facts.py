"""A transition as an event of the run: its steps, and each voter's answers in a form that takes few bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from canary_conformance.scenario.observations import Ballot, Page, StepRecord, Transition
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest


def write_transition(namespace: NamespaceUnderTest, number: int) -> None:
    """Write what was seen while a stage was entered as an event; nothing where nobody watched."""
    transition = namespace.reached.transitions.get(number)
    if transition is not None:
        progress = namespace.progress
        address = namespace.mesh.gateway.url if transition.pages else ""
        progress.event("transition_seen", address=address, **transition_facts(transition, progress.began))


def transition_facts(transition: Transition, began: float) -> dict[str, object]:
    """Return a transition as JSON can hold it, all times in seconds since the run began.

    Args:
        transition: What was seen.
        began: When the run began, on the clock of the transition.
    """
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
