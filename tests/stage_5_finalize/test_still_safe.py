from canary_conformance.scenario.observations import Transition
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.traffic.voter import Voter
from canary_conformance.verdicts import every, expect, matrix, refused_by_reset, same, shows
from canary_conformance.voting.mutual_tls import expected_legs, required_table, tls_view
from canary_conformance.voting.votes import DIFFERENT_VOTES
from fixtures.marks import requirement


@requirement("R5.4")
def test_the_votes_of_2_0_are_still_there(transition: Transition, voter: Voter) -> None:
    expect(transition.votes, every(shows(DIFFERENT_VOTES["2.0"])))
    expect(voter.open_page(times=20), every(shows(DIFFERENT_VOTES["2.0"])))


@requirement("R5.4")
def test_mutual_tls_is_still_strict_on_every_leg(namespace: NamespaceUnderTest) -> None:
    view = namespace.once("tls", lambda: tls_view(namespace))
    expect([str(row.leg) for row in view.rows], same(expected_legs(namespace), "legs"))
    expect(view.table(), same(required_table(namespace, view), "legs"))


@requirement("R5.4")
def test_plaintext_is_still_refused(namespace: NamespaceUnderTest) -> None:
    expect(
        namespace.plaintext(),
        matrix({call: refused_by_reset for call, _ in namespace.plain_calls()}, "plaintext connections"),
    )
