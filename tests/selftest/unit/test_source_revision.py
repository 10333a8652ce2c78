"""The commit of a folder of manifests, and whether it was changed since."""

import os
import subprocess
from pathlib import Path

import pytest

from canary_conformance.processes import find_program
from canary_conformance.report.repository_paths import revision_of


def test_a_folder_in_no_repository_has_no_commit(tmp_path: Path) -> None:
    assert revision_of(tmp_path, None) == {"commit": "", "changed": False}
    assert revision_of(tmp_path, tmp_path) == {"commit": "", "changed": False}


@pytest.mark.skipif(find_program("git") is None, reason="this machine has no git")
def test_a_folder_has_its_commit_and_only_its_own_changes_count(tmp_path: Path) -> None:
    folder = tmp_path / "manifests"
    folder.mkdir()
    (folder / "a.yaml").write_text("a: 1\n")
    who = ("-c", "user.name=n", "-c", "user.email=e@example.org")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-q", "-m", "first")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    (tmp_path / "other").touch()
    clean = revision_of(folder, tmp_path)
    assert (len(str(clean["commit"])), clean["changed"]) == (40, False)
    (folder / "a.yaml").write_text("a: 2\n")
    assert revision_of(folder, tmp_path) == {**clean, "changed": True}


@pytest.mark.skipif(find_program("git") is None, reason="this machine has no git")
def test_the_index_of_the_repository_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("kind: One\n")
    who = ("-c", "user.name=n", "-c", "user.email=e@example.org")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-q", "-m", "first")):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    index = tmp_path / ".git/index"
    # Git would note the new time of a file that is otherwise the same.
    os.utime(tmp_path / "one.yaml", (1, 1))
    before = index.read_bytes()
    revision_of(tmp_path, tmp_path)
    assert index.read_bytes() == before
