from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.verdicts import expect, same
from canary_conformance.verdicts.checks import exactly
from canary_conformance.verdicts.exact_judges import matrix
from canary_conformance.voting.chains import REDIS
from canary_conformance.voting.mutual_tls import expected_legs, handshakes, required_table, tls_view
from canary_conformance.voting.reachability import reach_often
from fixtures.marks import lasts_until, requirement


@requirement("R3.4")
@lasts_until(4)
def test_mutual_tls_on_every_leg_by_the_policy_and_the_services_rule(namespace: NamespaceUnderTest) -> None:
    view = namespace.once("tls", lambda: tls_view(namespace))
    expect(view.table(), same(required_table(namespace, view), "legs"))


@requirement("R3.4")
@lasts_until(4)
def test_table_has_every_leg(namespace: NamespaceUnderTest) -> None:
    expect(
        [str(row.leg) for row in namespace.once("tls", lambda: tls_view(namespace)).rows],
        same(expected_legs(namespace), "legs"),
    )


@requirement("R3.6")
@lasts_until(4)
def test_both_ends_of_every_leg_are_who_they_say(namespace: NamespaceUnderTest) -> None:
    identities = namespace.once("tls", lambda: tls_view(namespace)).identities
    seen = {f"{one.leg} ({one.pod})": "; ".join(one.problems) or "proved" for one in identities}
    expect(seen, matrix(dict.fromkeys(seen or ["any leg"], exactly("proved")), "ends of legs"))


@requirement("R3.6")
@lasts_until(4)
def test_new_connections_are_handshakes(namespace: NamespaceUnderTest) -> None:
    storage = namespace.workloads("voting-storage", "1.0")[0].pod
    before = handshakes(namespace)[storage]
    connections = reach_often(namespace, "voting-analytics 1.1", REDIS, times=20)
    after = handshakes(namespace)[storage]
    told = before is not None and after is not None
    expect(told, same(True, "handshakes are counted"))
    expect(
        (after or 0) - (before or 0) >= len(connections), same(True, "a handshake for each of 20 connections")
    )
