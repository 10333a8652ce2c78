"""What a burst loses is counted by stage; a round that comes to no end is named and not counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from canary_conformance.errors import BadInput
from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.manifests import load_manifests
from canary_conformance.scenario.observations import Ballot, Transition
from canary_conformance.scenario.scenario_folder import load_scenario
from canary_conformance.stages import stage_propagation
from canary_conformance.stages.namespace_setting import Setting
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest, Reached
from canary_conformance.voting.contract import CANARY, FINALIZE, LOCK
from canary_conformance.voting.stage_rules import FLAGGED, ORDINARY, VOTING_RULES
from canary_conformance.voting.voting_app import VOTING_APP
from tests.selftest.support import FAILED_PAGE, OLD_PAGE
from tools.burst import Losses
from tools.soak import settings

VOTED = Ballot("Cats", replace(OLD_PAGE, status=302))
REFUSED = Ballot("Dogs", FAILED_PAGE)


def entered(stage: int, **pages: int) -> Transition:
    """A transition of ten pages of each voter, of which so many failed."""
    seen = {
        voter: (*[FAILED_PAGE] * pages.get(name, 0), *[OLD_PAGE] * (10 - pages.get(name, 0)))
        for name, voter in (("ordinary", ORDINARY), ("flagged", FLAGGED))
    }
    return Transition(stage, (), seen, ballots={ORDINARY: (VOTED,)})


def test_requests_are_counted_of_the_voters_who_may_lose_none() -> None:
    losses = Losses()
    losses.add({LOCK: entered(3, ordinary=1), CANARY: entered(4, flagged=9), FINALIZE: entered(5)})
    lost = replace(entered(5, flagged=2), ballots={FLAGGED: (VOTED, REFUSED)})
    losses.add({LOCK: entered(3), CANARY: entered(4), FINALIZE: lost})
    losses.failed.append("round 3: never ready")
    assert losses.table().splitlines() == [
        "2 rounds, each file sent at once",
        "stage 3: 1 of 42 requests lost, in 1 of 2 rounds",
        "stage 4: 0 of 22 requests lost, in 0 of 2 rounds",
        "stage 5: 3 of 43 requests lost, in 1 of 2 rounds",
        "not counted: round 3: never ready",
    ]


@pytest.mark.parametrize("burst", [True, False])
def test_only_a_burst_waits_for_nothing_between_objects(
    monkeypatch: pytest.MonkeyPatch, *, burst: bool
) -> None:
    monkeypatch.setattr(stage_propagation, "wait_until_live", lambda *_: 7.0)
    scenario = load_scenario(MANIFESTS)
    setting = Setting(scenario, load_manifests(MANIFESTS, scenario), cast(Any, None), VOTING_APP, burst=burst)
    reached = Reached(opened=True)
    namespace = NamespaceUnderTest(cast(Any, None), setting, VOTING_RULES, cast(Any, None), reached=reached)
    assert stage_propagation.settle(namespace) == (None if burst else 7.0)


def test_a_burst_judges_nothing() -> None:
    assert settings(["--burst", "--rounds", "2"]).burst
    assert not settings(["--rounds", "2"]).burst
    with pytest.raises(BadInput, match="judges nothing"):
        settings(["--burst", "--", "-k", "canary"])
