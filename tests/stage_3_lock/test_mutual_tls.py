from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.verdicts import expect, same, to_find_leak_of
from canary_conformance.voting.chains import REDIS
from canary_conformance.voting.locked_traffic import expect_mutual_tls_on_every_leg, expect_proved_identities
from canary_conformance.voting.mutual_tls import handshakes
from canary_conformance.voting.reachability import reach_often, ready_workload
from fixtures.marks import lasts_until, requirement


@requirement("R3.4")
@lasts_until(4)
def test_mutual_tls_on_every_leg_by_the_policy_and_the_services_rule(namespace: NamespaceUnderTest) -> None:
    expect_mutual_tls_on_every_leg(namespace)


@requirement("R3.6")
@lasts_until(4)
def test_both_ends_of_every_leg_are_who_they_say(namespace: NamespaceUnderTest) -> None:
    expect_proved_identities(namespace)


@requirement("R3.6")
@lasts_until(4)
def test_new_connections_are_handshakes(namespace: NamespaceUnderTest) -> None:
    storage = ready_workload(namespace, "voting-storage", "1.0").pod
    before = handshakes(namespace).get(storage)
    connections = reach_often(namespace, "voting-analytics 1.1", REDIS, times=to_find_leak_of(0.1))
    after = handshakes(namespace).get(storage)
    expect(before is not None and after is not None, same(True, "handshakes are counted"))
    enough = (after or 0) - (before or 0) >= len(connections)
    expect(enough, same(True, f"a handshake for each of {len(connections)} connections"))
