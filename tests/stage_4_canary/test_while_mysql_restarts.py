"""MySQL restarts, and meanwhile chain 1.0 is asked, which has no part in it."""

import pytest

from fixtures.marks import requirement
from fixtures.scenario.chains import REDIS
from fixtures.traffic.voter import Voter
from fixtures.verdicts import answers_with, every, expect, same, shows, to_find_leak_of
from fixtures.world.reach import reach_often
from fixtures.world.restart import restart_of_mysql
from fixtures.world.votes import DIFFERENT_VOTES
from fixtures.world.world import World

ANY_LEAK = 0.01


@requirement("R4.8")
@pytest.mark.usefixtures("mysql_restarts")
@pytest.mark.parametrize(
    "source", ["voting-app 1.0", "voting-analytics 1.1"], ids=["app 1.0", "analytics 1.1"]
)
def test_not_one_connection_of_chain_1_0_leaves_redis(world: World, source: str) -> None:
    connections = reach_often(world, source, REDIS, to_find_leak_of(ANY_LEAK))
    expect(connections, every(answers_with(b"+PONG")))


@requirement("R4.9")
def test_votes_of_2_0_survive_a_restart_of_mysql(world: World, voter: Voter) -> None:
    restart = restart_of_mysql(world)
    both = sorted(map(str, restart.before & restart.after))
    expect(both, same((), "MySQL pods that were not replaced"))
    expect(voter.with_flag().open_page(times=20), every(shows(DIFFERENT_VOTES["2.0"])))
    expect(voter.open_page(times=20), every(shows(DIFFERENT_VOTES["1.0"])))
