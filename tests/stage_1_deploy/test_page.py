from canary_conformance.scenario.observations import Transition
from canary_conformance.stages.closed_ingress import INGRESS, ways_in
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.traffic.voter import Voter
from canary_conformance.verdicts import (
    all_seen,
    both,
    busiest_share,
    closed,
    every,
    expect,
    expect_all,
    from_pods,
    matrix,
    offers,
    pod,
    served_by,
    shows,
    times_to_see_all,
    whole_page,
)
from canary_conformance.voting.scenario_objects import replicas
from canary_conformance.voting.source_objects import check_pods_before_gateway
from fixtures.marks import requirement

REPLICAS = 3
TO_SEE_ALL = times_to_see_all(REPLICAS, busiest_share(REPLICAS))


@requirement("R1.4")
def test_nothing_is_reachable_before_gateway_and_virtual_service_exist(transition: Transition) -> None:
    """Neither at the ingress nor at a port that a Service or a pod opens on the node."""
    check_pods_before_gateway(one.ref for step in transition.steps for one in step.applied)
    seen = ways_in(transition.knocks)
    expect(seen, matrix(dict.fromkeys([INGRESS, *seen], closed), "ways in before the Gateway exists"))


@requirement("R1.5")
def test_ingress_serves_the_page_with_both_votes_reset_and_no_votes_yet(voter: Voter) -> None:
    expect_all(
        voter.open_page(),
        every(both(whole_page, offers("Cats", "Dogs", "Reset"))),
        every(shows("Cats: 0 | Dogs: 0")),
    )


@requirement("R1.6")
def test_footer_names_app_1_0_and_redis(namespace: NamespaceUnderTest, voter: Voter) -> None:
    pages = voter.open_page(times=times_to_see_all(REPLICAS))
    names = replicas(namespace, "voting-app 1.0")
    expect_all(pages, every(both(whole_page, served_by("1.0"))), every(from_pods(names)))


@requirement("R1.6")
def test_every_replica_serves(namespace: NamespaceUnderTest, voter: Voter) -> None:
    names = replicas(namespace, "voting-app 1.0")
    every_one = all_seen(pod, names, smallest_share=busiest_share(REPLICAS))
    expect(voter.open_page_one_by_one(TO_SEE_ALL), every_one)


@requirement("R1.7")
def test_votes_are_counted_and_shared_by_all_replicas(namespace: NamespaceUnderTest, voter: Voter) -> None:
    voter.vote("Cats", times=2)
    voter.vote("Dogs", times=4)
    pages = voter.open_page_one_by_one(TO_SEE_ALL)
    every_one = all_seen(pod, replicas(namespace, "voting-app 1.0"), smallest_share=busiest_share(REPLICAS))
    expect_all(pages, every(shows("Cats: 2 | Dogs: 4")), every_one)


@requirement("R1.7")
def test_reset_clears_the_votes(voter: Voter) -> None:
    voter.vote("Cats")
    expect(voter.reset(), every(shows("Cats: 0 | Dogs: 0")))
    expect(voter.open_page_one_by_one(times_to_see_all(REPLICAS)), every(shows("Cats: 0 | Dogs: 0")))
