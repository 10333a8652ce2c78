from canary_conformance.scenario.observations import Transition
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.voting.contract import CANARY
from canary_conformance.voting.stage_rules import ORDINARY
from canary_conformance.voting.transition_traffic import (
    VOTERS,
    expect_answered_all_along,
    expect_votes_kept,
)
from fixtures.marks import at_stages


def judged_voters(stage: int) -> tuple[str, ...]:
    """Those with the flag may see errors until the first pod of 2.0 is ready, by the source's order."""
    return (ORDINARY,) if stage == CANARY else VOTERS


@at_stages({2: "R2.1", 3: "R3.7", 4: "R4.1", 5: "R5.3"})
def test_no_vote_is_lost_on_the_way_into_a_stage(
    transition: Transition, namespace: NamespaceUnderTest, stage: int
) -> None:
    expect_votes_kept(namespace, transition, judged_voters(stage))


@at_stages({3: "R3.7", 4: "R4.1", 5: "R5.3"})
def test_voters_are_answered_all_along_on_the_way_into_a_stage(
    transition: Transition, namespace: NamespaceUnderTest, stage: int
) -> None:
    expect_answered_all_along(namespace, transition, judged_voters(stage))
