import pytest

from fixtures.marks import requirement
from fixtures.scenario.observed import Reply
from fixtures.verdicts import (
    answers_with,
    every,
    expect,
    greets_as_mysql,
    matrix,
    refused_by_reset,
    to_find_leak_of,
)
from fixtures.verdicts.checks import Check, contains
from fixtures.world.reach import DESTINATIONS, MYSQL, REDIS, Cell, reach, reach_often
from fixtures.world.votes import DIFFERENT_VOTES, cast_different_votes
from fixtures.world.world import World

ANY_LEAK = 0.01
PONG: Check[Reply] = answers_with(b"+PONG")
OLD, NEW = (contains(DIFFERENT_VOTES[version].encode()) for version in ("1.0", "2.0"))
ANALYTICS, TO_REDIS, TO_MYSQL = (f"{service}:{port}" for service, port in DESTINATIONS)

WHO_MAY_REACH_WHOM: dict[Cell, Check[Reply]] = {
    ("voting-app 1.0", ANALYTICS): OLD,
    ("voting-app 1.0", TO_REDIS): PONG,
    ("voting-app 1.0", TO_MYSQL): PONG,
    ("voting-app 2.0", ANALYTICS): NEW,
    ("voting-app 2.0", TO_REDIS): greets_as_mysql,
    ("voting-app 2.0", TO_MYSQL): greets_as_mysql,
    ("voting-analytics 1.0", TO_REDIS): refused_by_reset,
    ("voting-analytics 1.0", TO_MYSQL): refused_by_reset,
    ("voting-analytics 1.1", TO_REDIS): PONG,
    ("voting-analytics 1.1", TO_MYSQL): PONG,
    ("voting-analytics 2.0", TO_REDIS): greets_as_mysql,
    ("voting-analytics 2.0", TO_MYSQL): greets_as_mysql,
    ("outside", ANALYTICS): refused_by_reset,
    ("outside", TO_REDIS): refused_by_reset,
    ("outside", TO_MYSQL): refused_by_reset,
}


@requirement("R4.8")
def test_each_source_reaches_its_own_chain_and_no_other(world: World) -> None:
    cast_different_votes(world.voter)
    sources = list(dict.fromkeys(source for source, _ in WHO_MAY_REACH_WHOM))
    seen = {
        cell: reply
        for cell, reply in reach(world, sources, DESTINATIONS).items()
        if cell in WHO_MAY_REACH_WHOM
    }
    expect(seen, matrix(WHO_MAY_REACH_WHOM))


@requirement("R4.8")
@pytest.mark.parametrize(
    ("source", "destination", "check"),
    [
        ("voting-app 1.0", REDIS, PONG),
        ("voting-analytics 1.1", REDIS, PONG),
        ("voting-app 2.0", MYSQL, greets_as_mysql),
        ("voting-analytics 2.0", MYSQL, greets_as_mysql),
    ],
    ids=["app 1.0", "analytics 1.1", "app 2.0", "analytics 2.0"],
)
def test_not_one_connection_to_a_store_crosses_over(
    world: World, source: str, destination: tuple[str, int], check: Check[Reply]
) -> None:
    expect(reach_often(world, source, destination, to_find_leak_of(ANY_LEAK)), every(check))
