"""BASE and HEAD as they are given, each a folder or a commit, and read as manifests."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from canary_conformance.differences.git_trees import Repository
from canary_conformance.errors import BadInput
from canary_conformance.temporary_files import scratch
from canary_conformance.voting.static.static_runner import ReadFolder, read_folder

_BETWEEN, _SINCE_FORK = "..", "..."


@dataclass(frozen=True, slots=True)
class Given:
    """The two sides as the user gives them.

    Attributes:
        base: a folder, a commit, BASE..HEAD or BASE...HEAD (from where HEAD left BASE).
        head: a folder or a commit, "" for the working tree's folder.
        path: the folder of manifests in a commit, and in the working tree.
        repository: a folder of the repository.
        start: where the paths of folders begin.
        mesh: the name of a mesh profile, None for the one that each scenario names.
    """

    base: str
    head: str = ""
    path: str = "manifests"
    repository: Path = Path()
    start: Path = Path()
    mesh: str | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """One side as read, and what it is for people."""

    name: str
    manifests: ReadFolder


def read_sides(given: Given) -> tuple[Side, Side]:
    """Return BASE and HEAD. Raises BadInput for what is neither a folder of manifests nor a commit."""
    base, head = given.base, given.head
    if not base:
        raise BadInput("BASE is empty: give a folder, or a commit, branch or tag")
    if not head and not _folder(given, base) and _BETWEEN in base:
        base, dots, head = base.partition(_SINCE_FORK if _SINCE_FORK in base else _BETWEEN)
        base, head = base or "HEAD", head or "HEAD"
        if dots == _SINCE_FORK:
            fork = Repository.around(given.repository).fork(base, head)
            return _of_commit(given, f"{base}...", fork), _side(given, head)
    return _side(given, base), _side(given, head) if head else _working_tree(given)


def _folder(given: Given, name: str) -> Path | None:
    folder = given.start / name
    return folder.absolute() if name and folder.is_dir() else None


def _side(given: Given, name: str) -> Side:
    folder = _folder(given, name)
    if folder is None:
        if (given.start / name).exists():
            raise BadInput(f"{name} is a file: give the folder of manifests")
        repository = Repository.around(given.repository)
        return _of_commit(given, name, repository.commit(name))
    if "/" not in name and name not in {".", ".."} and _is_commit(given, name):
        raise BadInput(f"{name} is both a folder and a commit: write ./{name} or refs/heads/{name}")
    return Side(name, read_folder(folder, mesh=given.mesh))


def _is_commit(given: Given, name: str) -> bool:
    try:
        return Repository.around(given.repository).knows(name)
    except BadInput:
        # Two folders need no repository.
        return False


def _working_tree(given: Given) -> Side:
    folder = given.start / given.path
    if not folder.is_dir():
        raise BadInput(f"the working tree has no folder {given.path}: give its path by --path")
    return Side(f"{given.path} (working tree)", read_folder(folder.absolute(), mesh=given.mesh))


def _of_commit(given: Given, name: str, commit: str) -> Side:
    repository = Repository.around(given.repository)
    path = repository.path(given.path)
    shown = f"{path or '.'} of {name} ({commit[:10]})"
    with scratch() as own, tempfile.TemporaryDirectory(dir=own) as made:
        target = Path(made)
        repository.write(commit, path, target, name)
        try:
            return Side(shown, read_folder(target, mesh=given.mesh))
        except BadInput as bad:
            raise BadInput(str(bad).replace(str(target), shown)) from None
