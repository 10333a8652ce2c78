from canary_conformance.scenario.observations import Transition
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.traffic.voter import Voter
from canary_conformance.verdicts import every, expect, shows
from canary_conformance.voting.locked_traffic import expect_mutual_tls_on_every_leg, expect_refused_plaintext
from canary_conformance.voting.page_results import DIFFERENT_VOTES
from canary_conformance.voting.undeclared_ports import expect_refused_plaintext_at_undeclared_ports
from fixtures.marks import requirement


@requirement("R5.4")
def test_the_votes_of_2_0_are_still_there(transition: Transition, voter: Voter) -> None:
    expect(transition.votes, every(shows(DIFFERENT_VOTES["2.0"])))
    expect(voter.open_page(times=20), every(shows(DIFFERENT_VOTES["2.0"])))


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
