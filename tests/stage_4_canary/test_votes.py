from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.traffic.voter import Voter
from canary_conformance.verdicts import every, expect, nothing, shows
from canary_conformance.voting.mysql_restart import Restart
from canary_conformance.voting.page_results import DIFFERENT_VOTES
from canary_conformance.voting.vote_samples import pages_after_restart
from fixtures.marks import requirement


@requirement("R4.7")
def test_a_vote_in_one_version_never_moves_the_others_count(voter: Voter) -> None:
    canary = voter.with_flag()
    voter.reset()
    canary.reset()
    voter.vote("Cats", times=3)
    expect(canary.open_page(times=20), every(shows("Cats: 0/0 (0%) | Dogs: 0/0 (0%)")))
    canary.vote("Dogs", times=1)
    canary.vote("Cats", times=1)
    expect(voter.open_page(times=20), every(shows("Cats: 3/3 (100%) | Dogs: 0/3 (0%)")))
    expect(canary.open_page(times=20), every(shows("Cats: 1/2 (50%) | Dogs: 1/2 (50%)")))
    voter.reset()
    expect(canary.open_page(times=20), every(shows("Cats: 1/2 (50%) | Dogs: 1/2 (50%)")))


@requirement("R4.9")
def test_votes_of_2_0_survive_a_restart_of_mysql(
    mysql_restart: Restart, namespace: NamespaceUnderTest
) -> None:
    kept = sorted(map(str, mysql_restart.before & mysql_restart.after))
    expect(kept, nothing("MySQL pods that were not replaced", "the MySQL pod was replaced"))
    for version, pages in pages_after_restart(namespace).items():
        expect(pages, every(shows(DIFFERENT_VOTES[version])))
