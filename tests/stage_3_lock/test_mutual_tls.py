from fixtures.marks import requirement
from fixtures.traffic.voter import Voter
from fixtures.verdicts import every, expect, same, to_find_leak_of, whole_page
from fixtures.verdicts.checks import exactly
from fixtures.verdicts.exact import matrix
from fixtures.world.reach import REDIS, reach_often
from fixtures.world.tls import expected_legs, handshakes, inbound, promised_table, tls_view
from fixtures.world.world import World

ANY_LEAK = 0.01


@requirement("R3.4")
def test_mutual_tls_on_every_leg_by_the_policy_and_the_services_rule(world: World) -> None:
    view = tls_view(world)
    expect(view.table(), same(promised_table(world, view), "legs"))


@requirement("R3.4")
def test_table_has_every_leg(world: World) -> None:
    expect([str(row.leg) for row in tls_view(world).rows], same(expected_legs(world), "legs"))


@requirement("R3.6")
def test_both_ends_of_every_leg_are_who_they_say(world: World) -> None:
    identities = tls_view(world).identities
    seen = {f"{one.leg} ({one.pod})": "; ".join(one.problems) or "proved" for one in identities}
    expect(seen, matrix(dict.fromkeys(seen or ["any leg"], exactly("proved"))))


@requirement("R3.6")
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


@requirement("R3.2")
def test_analytics_1_0_gets_no_request_while_pages_are_served(world: World, voter: Voter) -> None:
    locked_out = world.workloads("voting-analytics", "1.0")[0]
    in_use = world.workloads("voting-analytics", "1.1")[0]
    before, used_before = inbound(world, locked_out), inbound(world, in_use)
    pages = voter.open_page(times=to_find_leak_of(ANY_LEAK))
    after, used_after = inbound(world, locked_out), inbound(world, in_use)
    expect(pages, every(whole_page))
    moved = sum(after[port].since(before[port]).requests for port in after)
    expect(moved, same(0, "requests to analytics 1.0"))
    used = sum(used_after[port].since(used_before[port]).requests for port in used_after)
    expect(used >= len(pages), same(True, f"{len(pages)} pages, at least as many requests to analytics 1.1"))
