from canary_conformance.model.stage_plan import Plan
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.verdicts import expect, same, to_find_leak_of
from canary_conformance.voting.chains import REDIS
from canary_conformance.voting.locked_traffic import (
    expect_mutual_tls_on_every_leg,
    expect_proved_identities,
    tls_of,
)
from canary_conformance.voting.model_agreement import agree_on_table, settled, table_by_workload
from canary_conformance.voting.mutual_tls import handshakes
from canary_conformance.voting.reachability import reach_often, ready_workload
from canary_conformance.voting.static.static_legs import table
from fixtures.marks import at_stages, lasts_until


@at_stages({3: "R3.4", 4: "R4.10", 5: "R5.4"})
@lasts_until(4)
def test_every_leg_has_mutual_tls_by_the_policy_and_the_services_rule(namespace: NamespaceUnderTest) -> None:
    expect_mutual_tls_on_every_leg(namespace)


@at_stages({3: "R3.4", 4: "R4.10", 5: "R5.4"}, mark="model_of")
def test_model_and_mesh_agree_on_mutual_tls(namespace: NamespaceUnderTest, plan: Plan, stage: int) -> None:
    agree_on_table(table_by_workload(namespace, tls_of(namespace)), table(settled(plan, stage)))


@at_stages({3: "R3.6", 4: "R4.10"})
@lasts_until(4)
def test_both_ends_of_every_leg_are_who_they_say(namespace: NamespaceUnderTest) -> None:
    expect_proved_identities(namespace)


@at_stages({3: "R3.6"})
@lasts_until(4)
def test_new_connections_are_handshakes(namespace: NamespaceUnderTest) -> None:
    storage = ready_workload(namespace, "voting-storage", "1.0").pod
    before = handshakes(namespace).get(storage)
    connections = reach_often(namespace, "voting-analytics 1.1", REDIS, times=to_find_leak_of(0.1))
    after = handshakes(namespace).get(storage)
    expect(before is not None and after is not None, same(True, "handshakes are counted"))
    enough = (after or 0) - (before or 0) >= len(connections)
    expect(enough, same(True, f"a handshake for each of {len(connections)} connections"))
