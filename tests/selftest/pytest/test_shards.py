"""--shard: every test is in one share, the same wherever it is computed."""

from dataclasses import replace
from pathlib import Path

import pytest

from canary_conformance.errors import BadInput
from canary_conformance.exit_codes import ExitStatus
from canary_conformance.settings import Settings
from canary_conformance.shard import Shard, read_shard
from tests.selftest.suite_commands import BAD_INPUT, Suite, bare, suite

__all__ = ["bare", "suite"]


def test_every_test_is_in_one_shard(bare: Suite) -> None:
    shares = [bare.lists(f"--shard={index}/3") for index in range(3)]
    assert all(shares)
    assert sum(map(len, shares)) == len(set().union(*shares))
    assert set().union(*shares) == bare.lists()


def test_a_shard_shares_what_is_selected(bare: Suite) -> None:
    selected = bare.lists("-k", "canary")
    shares = [bare.lists("-k", "canary", f"--shard={index}/2") for index in (0, 1)]
    assert shares[0] | shares[1] == selected
    assert not shares[0] & shares[1]


def test_what_another_shard_judges_is_not_missing_in_this_one(bare: Suite) -> None:
    words = ("-m", "static", "-q", "--requirements", "R4.4,R6.2")
    alone, shared = bare(*words), bare(*words, "--shard=0/2")
    assert alone.code == ExitStatus.NOT_JUDGED, alone.output
    assert shared.code == 0, shared.output


def test_a_shard_without_tests_is_bad_input(bare: Suite) -> None:
    ended = bare("--shard=8/9")
    assert ended.code == BAD_INPUT
    assert "nothing is selected: no test of tests fits --shard '8/9'" in ended.output


def test_a_shard_has_no_workers(bare: Suite) -> None:
    ended = bare("-m", "static", "--shard=0/2", "-n", "2")
    assert ended.code == BAD_INPUT
    assert "--shard can't be combined with -n" in ended.output


def test_a_shard_is_named_from_0() -> None:
    assert read_shard(None) is None
    assert read_shard("1/2") == Shard(1, 2)


@pytest.mark.parametrize("text", ["", "2/2", "1", "-1/2", "0/0", "a/b", "0/10"])
def test_what_is_no_shard_is_bad_input(text: str) -> None:
    with pytest.raises(BadInput, match=r"--shard must be INDEX/COUNT .*, not"):
        read_shard(text)


def test_namespaces_of_shards_and_of_workers_have_names_of_their_own() -> None:
    alone = Settings(Path(), Path())
    assert alone.part == ""
    assert replace(alone, shard=Shard(1, 2)).part == "shard-1"
    assert replace(alone, worker="gw1", workers=("gw0", "gw1")).part == "gw1"
