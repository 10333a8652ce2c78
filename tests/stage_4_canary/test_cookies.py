import pytest

from fixtures.marks import requirement
from fixtures.scenario.cookies import NEAR_MISSES, OPENING, OTHER_HEADERS
from fixtures.verdicts import expect, matrix, routed_to
from fixtures.world.cookies import versions_by_cookie, versions_by_header
from fixtures.world.world import World

pytestmark = pytest.mark.routing


@requirement("R4.5")
def test_the_flag_opens_2_0_wherever_it_stands(world: World) -> None:
    seen = world.once("opening cookies", lambda: versions_by_cookie(world.voter, OPENING))
    expect(seen, matrix(dict.fromkeys(OPENING, routed_to("2.0")), "cookies"))


@requirement("R4.5")
@pytest.mark.usefixtures("mysql_restarts")
def test_near_misses_stay_on_1_0(world: World) -> None:
    seen = world.once("near misses", lambda: versions_by_cookie(world.voter, NEAR_MISSES))
    expect(seen, matrix(dict.fromkeys(NEAR_MISSES, routed_to("1.0")), "cookies"))


@requirement("R4.5")
@pytest.mark.usefixtures("mysql_restarts")
def test_the_flag_in_another_header_opens_nothing(world: World) -> None:
    seen = world.once("other headers", lambda: versions_by_header(world.voter, OTHER_HEADERS))
    expect(seen, matrix(dict.fromkeys(OTHER_HEADERS, routed_to("1.0")), "headers"))
