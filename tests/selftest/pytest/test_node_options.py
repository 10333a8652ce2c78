"""A file for the node that can't be one is bad input, before anything is made; one that is absent is not."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from fixtures.node_options import LOAD, SAVE, check_node_options, node_file

pytestmark = pytest.mark.selftest


def config(started_in: Path, **given: str) -> pytest.Config:
    options = {f"--{name}-node": Path(file) for name, file in given.items()}
    invocation = SimpleNamespace(dir=started_in)
    return cast(pytest.Config, SimpleNamespace(getoption=options.get, invocation_params=invocation))


def test_no_file_is_read_or_written_unless_one_is_named(tmp_path: Path) -> None:
    check_node_options(config(tmp_path))
    assert node_file(config(tmp_path), LOAD) is None


def test_a_file_is_seen_from_where_pytest_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    given = config(tmp_path, load="cache/node.zip", save="~/node.zip")
    assert node_file(given, LOAD) == tmp_path / "cache/node.zip"
    assert node_file(given, SAVE) == tmp_path / "home/node.zip"


def test_a_first_run_names_files_that_are_not_there_yet(tmp_path: Path) -> None:
    check_node_options(config(tmp_path, load="not/there/yet.zip", save="node.zip"))


@pytest.mark.parametrize("name", ["load", "save"])
def test_a_folder_is_no_archive(tmp_path: Path, name: str) -> None:
    with pytest.raises(pytest.UsageError, match=f"--{name}-node .* is a folder; expected: a file"):
        check_node_options(config(tmp_path, **{name: "."}))


def test_an_archive_is_not_written_into_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(pytest.UsageError, match=r"there is no folder .*/cache; make it first"):
        check_node_options(config(tmp_path, save="cache/node.zip"))
