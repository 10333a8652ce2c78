"""A key is of what is in a folder, and of nothing else."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from canary_conformance.images.content_keys import KEY_LENGTH, folder_key, key_of, lay_out


def fill(folder: Path) -> Path:
    (folder / "files/etc").mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "files/etc/conf").write_text("a = 1\n")
    (folder / "files/run").write_text("#!/bin/sh\n")
    (folder / "files/run").chmod(0o755)
    return folder


@given(st.lists(st.text()), st.lists(st.text()))
@settings(max_examples=50, deadline=None, database=None)
def test_keys_of_different_texts_differ(some: list[str], others: list[str]) -> None:
    assert (key_of(*some) == key_of(*others)) == (some == others)


def test_where_one_text_ends_and_the_next_begins_matters() -> None:
    assert len({key_of("ab", "c"), key_of("a", "bc"), key_of("abc"), key_of("abc", "")}) == 4


def test_a_key_can_be_part_of_an_image_tag() -> None:
    assert key_of("x").isalnum()
    assert len(key_of("x")) == KEY_LENGTH


def test_neither_path_nor_time_nor_owner_bits_of_others_change_the_key(tmp_path: Path) -> None:
    here, there = fill(tmp_path / "here"), fill(tmp_path / "elsewhere/deep")
    for path in there.rglob("*"):
        os.utime(path, (1, 1))
    (there / "Dockerfile").chmod(0o600)
    assert folder_key(here) == folder_key(there)


def test_what_python_leaves_behind_changes_no_key(tmp_path: Path) -> None:
    before = folder_key(fill(tmp_path / "images"))
    (tmp_path / "images/files/__pycache__").mkdir()
    (tmp_path / "images/files/__pycache__/x.pyc").write_bytes(b"\0")
    assert folder_key(tmp_path / "images") == before


def test_a_folder_below_python_s_own_has_a_key_all_the_same(tmp_path: Path) -> None:
    assert folder_key(fill(tmp_path / "__pycache__/images")) == folder_key(fill(tmp_path / "images"))


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "files/etc/conf").write_text("a = 2\n"),
        lambda folder: (folder / "files/etc/conf").rename(folder / "files/etc/conf.d"),
        lambda folder: (folder / "files/etc/conf").rename(folder / "conf"),
        lambda folder: (folder / "files/etc/conf").chmod(0o755),
        lambda folder: (folder / "files/etc/conf").unlink(),
        lambda folder: (folder / "new").touch(),
    ],
    ids=["content", "name", "place", "may be run", "deleted", "new"],
)
def test_each_change_of_a_file_changes_the_key(tmp_path: Path, change: Callable[[Path], object]) -> None:
    folder = fill(tmp_path / "images")
    before = folder_key(folder)
    change(folder)
    assert folder_key(folder) != before


def test_a_context_has_the_folder_s_files_and_the_extra_ones(tmp_path: Path) -> None:
    folder, context = fill(tmp_path / "images"), tmp_path / "context"
    (folder / "__pycache__").mkdir()
    context.mkdir()
    program = tmp_path / "program"
    program.write_text("built")
    program.chmod(0o755)
    lay_out(context, folder, {"bin/server": program, "files/etc/conf": program})
    laid = {str(path.relative_to(context)) for path in context.rglob("*") if path.is_file()}
    assert laid == {"Dockerfile", "files/etc/conf", "files/run", "bin/server"}
    assert (context / "files/etc/conf").read_text() == "built"
    assert os.access(context / "bin/server", os.X_OK)
    assert os.access(context / "files/run", os.X_OK)
    assert (folder / "files/etc/conf").read_text() == "a = 1\n"
