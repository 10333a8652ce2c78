"""A transition as an event: times since the run began, answers as runs of equal ones."""

import json
from dataclasses import replace

from canary_conformance.scenario.observations import Ballot, StepRecord, Transition
from canary_conformance.stages.stage_runner import transition_facts
from tests.selftest.support import FAILED_PAGE, NEW_PAGE, OLD_PAGE


def test_pages_and_votes_are_told_by_what_served_them_or_how_they_failed() -> None:
    broken = replace(OLD_PAGE, results="")
    late = replace(OLD_PAGE, status=None, error="late", timed_out=True)
    pages = [OLD_PAGE, OLD_PAGE, NEW_PAGE, FAILED_PAGE, broken, late]
    sent = tuple(replace(page, sent_at=100.0 + number, took=0.25) for number, page in enumerate(pages))
    votes = (Ballot("Cats", replace(OLD_PAGE, status=302)), Ballot("Dogs", FAILED_PAGE))
    step = StepRecord("apply a", (), 100.0, 101.5, 102.25)
    seen = Transition(4, (step,), {"v": sent}, ballots={"v": votes}, stalls=((101.0, 102.0),))
    facts = json.loads(json.dumps(transition_facts(seen, 90.0)))
    assert facts["pages"]["v"]["sent"] == [10.0, 11.0, 12.0, 13.0, 14.0, 15.0]
    assert facts["pages"]["v"]["took"] == [250] * 6
    assert facts["pages"]["v"]["answers"] == [
        ["1.0", 2],
        ["2.0", 1],
        [f"status {FAILED_PAGE.status}", 1],
        ["incomplete page", 1],
        ["timed out", 1],
    ]
    cast = [answer for answer, _ in facts["votes"]["v"]["answers"]]
    assert cast == ["counted", f"status {FAILED_PAGE.status}"]
    assert (facts["steps"][0]["started"], facts["steps"][0]["propagated"]) == (10.0, 12.25)
    assert facts["stalls"] == [[11.0, 12.0]]
