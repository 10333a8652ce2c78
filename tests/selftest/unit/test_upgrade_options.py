"""The command line of an upgrade: what is bad input, what is warned of, which tests judge when."""

import pytest

from canary_conformance.errors import BadInput
from canary_conformance.upgrade.upgrade_moments import Moment, moment_of, moments_of
from canary_conformance.upgrade.upgrade_options import Asked, BadMove, Way
from tests.selftest.upgrade_support import SOURCE, TARGET
from tools.upgrade import CLUSTER, command, environment, main

ENDS = ("--from", str(SOURCE), "--to", str(TARGET), "--images", "build")


def test_the_command_is_one_run_of_the_stages_tests_and_of_those_of_the_move() -> None:
    words = command([*ENDS, "--stage", "3", "--", "-k", "plaintext"])
    folders = [word.rpartition("/tests/")[2] for word in words if "/tests/" in word]
    assert folders == ["stage_1_deploy", "stage_2_update", "stage_3_lock", "stages", "upgrade"]
    assert words[words.index("-p") + 1] == "fixtures.upgrade.upgrade_plugin"
    assert words[words.index("--cluster-name") + 1] == CLUSTER
    assert words[-2:] == ["-k", "plaintext"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--to", str(TARGET)), "--from"),
        (
            ("--from", str(SOURCE), "--to", str(SOURCE), "--images", "build"),
            "is 1.31.0\\+envoy1.38.3 already",
        ),
        (("--from", str(SOURCE), "--to", "no version"), "is not a mesh version"),
        (("--from", str(SOURCE), "--to", "1.31.0+envoy0.0.1", "--images", "build"), "is not available"),
        ((*ENDS, "--stage", "6"), "--stage"),
        ((*ENDS, "--way", "sideways"), "--way"),
        ((*ENDS, "--way", "in-place", "--tag", "prod"), "a tag leads to a revision"),
        ((*ENDS, "--tag", "Prod"), "--tag Prod is no label of DNS"),
        ((*ENDS, "--tag", "prod.blue"), "--tag prod.blue is no label of DNS"),
        ((*ENDS, "--tag", "p" * 64), "is no label of DNS"),
        ((*ENDS, "--tag", "default"), "--tag default is the name of a revision"),
        ((*ENDS, "--tag", "1-31-0-envoy1-40-0"), "is the name of a revision"),
        ((*ENDS, "--bad-move", "worse"), "--bad-move"),
    ],
)
def test_what_is_no_upgrade_is_bad_input(words: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        command(words)


def test_a_tag_is_a_name_of_its_own() -> None:
    assert "--tag=prod-1" in command([*ENDS, "--tag", "prod-1"])


def test_bad_input_ends_with_the_suites_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--from", str(SOURCE), "--to", str(SOURCE)]) == 4
    assert "bad input: the mesh is" in capsys.readouterr().err


def test_a_bad_move_without_a_kind_deletes_the_app() -> None:
    words = command([*ENDS, "--bad-move"])
    assert words[words.index("--bad-move") + 1] == str(BadMove.GONE)


@pytest.mark.parametrize(
    ("source", "target", "way", "warned"),
    [
        ("1.31.0", "1.30.1", Way.IN_PLACE, False),
        ("1.31.0", "1.29.0", Way.IN_PLACE, True),
        ("1.31.0", "1.29.0", Way.REVISION, False),
        ("1.28.4", "1.31.0", Way.REVISION, True),
    ],
)
def test_a_way_over_more_minors_than_istio_supports_is_warned_of(
    source: str, target: str, way: Way, warned: bool
) -> None:
    ends = {"source": f"{source}+envoy1.38.3", "target": target, "way": way, "stage": "4", "tag": ""}
    asked = Asked.read({**ends, "bad_move": "none"}.__getitem__)
    assert bool(asked.warnings()) is warned


ALWAYS = (Moment.BEFORE, Moment.AFTER, Moment.ROLLED_BACK)


def test_a_test_judges_again_where_its_requirement_is_about_the_stage_as_it_is() -> None:
    assert moments_of(4, 4, ["namespace", "voter"], asked=4) == ALWAYS
    assert moments_of(4, 4, ["namespace", "transition"], asked=4) == (Moment.BEFORE,)
    assert moments_of(1, 1, ["namespace"], asked=4) == (Moment.BEFORE,)
    assert moments_of(3, 4, ["namespace"], asked=4) == ALWAYS
    assert moments_of(5, 5, ["namespace"], asked=4) == ()
    assert moments_of(3, 4, ["namespace"], asked=5) == (Moment.BEFORE,)


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("tests/a.py::test_x[before]", Moment.BEFORE),
        ("tests/a.py::test_x[after-2.0]", Moment.AFTER),
        ("tests/a.py::test_x[rolled-back-app 1.0]", Moment.ROLLED_BACK),
        ("tests/a.py::test_x[rolling-back]", Moment.ROLLING_BACK),
        ("tests/a.py::test_x[1.0]", None),
        ("tests/a.py::test_x", None),
    ],
)
def test_a_tests_name_tells_its_moment(name: str, moment: Moment | None) -> None:
    assert moment_of(name) is moment


def test_versions_of_the_environment_are_those_of_from_and_to_here() -> None:
    outer = {
        "VOTING_ISTIO_VERSION": "9.9",
        "VOTING_ENVOY_VERSION": "1.0.0",
        "VOTING_KUBERNETES_VERSION": "1.34.4",
    }
    assert environment(outer | {"HOME": "here"}) == {"VOTING_KUBERNETES_VERSION": "1.34.4", "HOME": "here"}
