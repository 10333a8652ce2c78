"""Options are checked before anything is made: the factor of the time limits, the node's archives."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from canary_conformance.command_line.settings_checks import check_node_files
from canary_conformance.errors import BadInput
from canary_conformance.settings import Settings
from canary_conformance.timeouts import LIMITS, stretch
from fixtures.option_definitions import FACTOR_VARIABLE
from fixtures.options import apply_factor, path_of


@pytest.fixture(autouse=True)
def _written_limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv(FACTOR_VARIABLE, raising=False)
    yield
    stretch(1)


def test_nothing_is_stretched_or_said_by_default() -> None:
    assert apply_factor(None) == []
    assert LIMITS.pods_ready == 120


def test_the_option_counts_before_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FACTOR_VARIABLE, "3")
    assert apply_factor(None) == ["time limits: 3 times the usual ones (VOTING_TIMEOUT_FACTOR)"]
    assert apply_factor("1.5") == ["time limits: 1.5 times the usual ones (--timeout-factor)"]
    assert (LIMITS.request, LIMITS.namespace_gone) == (7.5, 270)


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FACTOR_VARIABLE, "")
    assert apply_factor(None) == []


@pytest.mark.parametrize("text", ["", "0.5", "-2", "nan", "inf", "two", "1,5"])
def test_a_bad_factor_is_bad_input(text: str) -> None:
    with pytest.raises(pytest.UsageError, match="--timeout-factor must be a number of at least 1, not"):
        apply_factor(text)
    assert LIMITS.pods_ready == 120


def settings(folder: Path, **files: Path) -> Settings:
    return Settings(folder, folder, **cast(Any, files))


def test_a_file_is_seen_from_where_pytest_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    given = {"load_node": Path("cache/node.zip"), "save_node": Path("~/node.zip")}
    started = SimpleNamespace(getoption=given.get, invocation_params=SimpleNamespace(dir=tmp_path))
    config = cast(pytest.Config, started)
    assert path_of(config, "load_node") == tmp_path / "cache/node.zip"
    assert path_of(config, "save_node") == tmp_path / "home/node.zip"
    assert path_of(config, "report") is None


def test_no_archive_and_archives_of_a_first_run_are_fine(tmp_path: Path) -> None:
    check_node_files(settings(tmp_path))
    check_node_files(settings(tmp_path, load_node=tmp_path / "not/there.zip", save_node=tmp_path / "n.zip"))


@pytest.mark.parametrize("name", ["load", "save"])
def test_a_folder_is_no_archive(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match=f"--{name}-node .* is a folder; expected: a file"):
        check_node_files(settings(tmp_path, **{f"{name}_node": tmp_path}))


def test_an_archive_is_not_written_into_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"there is no folder .*/cache; make it first"):
        check_node_files(settings(tmp_path, save_node=tmp_path / "cache/node.zip"))
