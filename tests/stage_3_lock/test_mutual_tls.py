from canary_conformance.stages.namespace_under_test import World
from canary_conformance.verdicts import expect, same
from canary_conformance.verdicts.checks import exactly
from canary_conformance.verdicts.exact_judges import matrix
from canary_conformance.voting.chains import REDIS
from canary_conformance.voting.mutual_tls import expected_legs, handshakes, required_table, tls_view
from canary_conformance.voting.reachability import reach_often
from fixtures.marks import lasts_until, requirement


@requirement("R3.4")
@lasts_until(4)
def test_mutual_tls_on_every_leg_by_the_policy_and_the_services_rule(world: World) -> None:
    view = world.once("tls", lambda: tls_view(world))
    expect(view.table(), same(required_table(world, view), "legs"))


@requirement("R3.4")
@lasts_until(4)
def test_table_has_every_leg(world: World) -> None:
    expect(
        [str(row.leg) for row in world.once("tls", lambda: tls_view(world)).rows],
        same(expected_legs(world), "legs"),
    )


@requirement("R3.6")
@lasts_until(4)
def test_both_ends_of_every_leg_are_who_they_say(world: World) -> None:
    identities = world.once("tls", lambda: tls_view(world)).identities
    seen = {f"{one.leg} ({one.pod})": "; ".join(one.problems) or "proved" for one in identities}
    expect(seen, matrix(dict.fromkeys(seen or ["any leg"], exactly("proved")), "ends of legs"))


@requirement("R3.6")
@lasts_until(4)
def test_new_connections_are_handshakes(world: World) -> None:
    storage = world.workloads("voting-storage", "1.0")[0].pod
    before = handshakes(world)[storage]
    connections = reach_often(world, "voting-analytics 1.1", REDIS, times=20)
    after = handshakes(world)[storage]
    told = before is not None and after is not None
    expect(told, same(True, "handshakes are counted"))
    expect(
        (after or 0) - (before or 0) >= len(connections), same(True, "a handshake for each of 20 connections")
    )
