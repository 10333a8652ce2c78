import pytest

from canary_conformance.scenario.observations import Transition
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.verdicts import every, expect, shows
from canary_conformance.voting.locked_traffic import expect_mutual_tls_on_every_leg, expect_refused_plaintext
from canary_conformance.voting.page_results import DIFFERENT_VOTES
from canary_conformance.voting.stage_rules import ORDINARY
from canary_conformance.voting.transition_traffic import expect_votes_kept
from canary_conformance.voting.undeclared_ports import expect_refused_plaintext_at_undeclared_ports
from canary_conformance.voting.vote_samples import (
    WITH_THE_FLAG,
    WITHOUT_THE_FLAG,
    expect_counted,
    kept_pages,
    votes_of,
)
from fixtures.marks import beside, requirement


@requirement("R5.4")
@beside("R5.1")
def test_the_votes_of_2_0_are_still_there(transition: Transition, namespace: NamespaceUnderTest) -> None:
    """Those cast before, and since then by the continuous voters: each is counted once."""
    expect(transition.votes, every(shows(DIFFERENT_VOTES["2.0"])))
    expect_votes_kept(namespace, transition)
    expect(kept_pages(namespace), every(shows(transition.after[ORDINARY].results)))


@requirement("R5.4")
@beside("R5.1")
@pytest.mark.parametrize("kind", [WITHOUT_THE_FLAG, WITH_THE_FLAG])
def test_every_vote_is_still_counted_once(namespace: NamespaceUnderTest, kind: str) -> None:
    expect_counted(votes_of(namespace, kind), "2.0")


@requirement("R5.4")
def test_mutual_tls_is_still_strict_on_every_leg(namespace: NamespaceUnderTest) -> None:
    expect_mutual_tls_on_every_leg(namespace)


@requirement("R5.4")
def test_plaintext_is_still_refused(namespace: NamespaceUnderTest) -> None:
    expect_refused_plaintext(namespace)


@requirement("R5.4")
def test_plaintext_is_still_refused_at_ports_that_no_container_declares(
    namespace: NamespaceUnderTest,
) -> None:
    expect_refused_plaintext_at_undeclared_ports(namespace)
