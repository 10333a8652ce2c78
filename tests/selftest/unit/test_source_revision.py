"""The commit of a manifests folder, read without writing to its repository."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from canary_conformance.report.source_revision import revision_of

pytestmark = pytest.mark.selftest


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "one.yaml").write_text("kind: One\n")
    git = ("git", "-C", tmp_path, "-c", "user.name=a", "-c", "user.email=a@example.com")
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "one"]):
        subprocess.run([*git, *words], check=True)
    return tmp_path


def test_a_folder_has_a_commit_and_no_changes_until_it_is_edited(repository: Path) -> None:
    before = revision_of(repository, repository)
    assert len(str(before["commit"])) == 40
    assert before["changed"] is False
    (repository / "one.yaml").write_text("kind: Two\n")
    assert revision_of(repository, repository) == {**before, "changed": True}


def test_the_index_of_the_repository_stays_as_it_is(repository: Path) -> None:
    index = repository / ".git/index"
    # Git would note the new time of a file that is otherwise the same.
    os.utime(repository / "one.yaml", (1, 1))
    before = index.read_bytes()
    revision_of(repository, repository)
    assert index.read_bytes() == before
