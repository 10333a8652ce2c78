"""A folder as a commit of a git repository has it, written to another folder; nothing is checked out.

Files are read as objects (git cat-file), so that no attribute, filter or hook of the repository changes them.
"""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from canary_conformance.errors import BadInput
from canary_conformance.processes import CommandFailed, Completed, complete, find_program
from canary_conformance.scenario.yaml_files import LARGEST_FILE
from canary_conformance.timeouts import LIMITS

_QUIET = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
_TREE, _SUBMODULE, _LINK = "tree", "commit", "120000"
_MOST_FILES = 2000
_WHAT_INSTEAD = "or give two folders instead"


@dataclass(frozen=True, slots=True)
class Repository:
    """A git repository, as seen from a folder of it.

    Attributes:
        folder: the folder that it is seen from.
        prefix: its path in the repository, "" at the top and in a bare repository.
        shallow: whether old commits are missing (git clone --depth).
    """

    folder: Path
    prefix: str
    shallow: bool

    @classmethod
    def around(cls, folder: Path) -> Repository:
        """Return the repository that a folder lies in. Raises BadInput."""
        try:
            seen = _git(folder, "rev-parse", "--is-shallow-repository", "--show-prefix").output.split("\n")
        except CommandFailed as failed:
            where = "this folder" if folder == Path() else folder
            raise BadInput(
                f"{where} is not in a git repository that can be read: {_reason(failed)}"
            ) from None
        return cls(folder, (seen[1] if len(seen) > 1 else "").rstrip("/"), shallow=seen[0] == "true")

    def commit(self, name: str) -> str:
        """Return the id of a commit, branch or tag. Raises BadInput for an unknown one."""
        try:
            return self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        except CommandFailed:
            raise BadInput(self._unknown(name)) from None

    def knows(self, name: str) -> bool:
        """Return whether there is a commit, branch or tag of this name."""
        try:
            self.commit(name)
        except BadInput:
            return False
        return True

    def fork(self, base: str, head: str) -> str:
        """Return the last commit that two have in common. Raises BadInput."""
        ids = self.commit(base), self.commit(head)
        try:
            return self._git("merge-base", *ids)
        except CommandFailed:
            raise BadInput(f"{base} and {head} have no commit in common{self._shallow_hint()}") from None

    def _unknown(self, name: str) -> str:
        if self.shallow:
            return f"{name} is not a commit of this clone{self._shallow_hint()}"
        near = f"origin/{name}"
        hint = f"; did you mean {near}?" if "/" not in name and _is_there(self.folder, near) else ""
        return f"{name} is neither a folder nor a commit, branch or tag of the repository{hint}"

    def _shallow_hint(self) -> str:
        if not self.shallow:
            return ""
        return (
            ", which is shallow: fetch the whole history (actions/checkout with fetch-depth: 0, "
            "GitLab with GIT_DEPTH: 0, or git fetch --unshallow)"
        )

    def path(self, folder: str) -> str:
        """Return the path in the repository of a folder that is given as seen from here. Raises BadInput."""
        path = posixpath.normpath(posixpath.join(self.prefix, self._relative(folder)))
        if path.startswith(("/", "../")) or path == "..":
            raise BadInput(f"--path {folder} leads out of the repository: give it relative to this folder")
        return "" if path == "." else path

    def _relative(self, folder: str) -> str:
        """Return a path as seen from here, also where it is given from the root of the file system."""
        if not posixpath.isabs(folder):
            return folder
        top = Path(self._git("rev-parse", "--show-toplevel"), self.prefix).resolve()
        return os.path.relpath(Path(folder).resolve(), top)

    def write(self, commit: str, path: str, target: Path, name: str) -> None:
        """Write a folder of a commit to another folder, which exists and is empty.

        Args:
            commit: The commit's id.
            path: The folder's path in the repository, "" for all of it.
            target: Where to write it.
            name: What the commit was called, for messages.

        Raises:
            BadInput: The commit has no such folder, or one of another kind.
        """
        entries = list(self._entries(self._tree(commit, path, name)))
        if len(entries) > _MOST_FILES:
            shown = path or "the whole repository"
            raise BadInput(
                f"{shown} has {len(entries)} files in {name}: give the folder of manifests by --path"
            )
        small = [one for one in entries if one.size <= LARGEST_FILE]
        for one, content in zip(small, self._contents(small), strict=True):
            one.write(target, content)
        for one in entries:
            if one.size > LARGEST_FILE:
                one.write_large(target)

    def _tree(self, commit: str, path: str, name: str) -> str:
        """Return the id of the tree of a folder."""
        if not path:
            return self._git("rev-parse", f"{commit}^{{tree}}")
        listed = _git(self.folder, "ls-tree", "-z", "--full-tree", commit, "--", path).raw
        mode, _, rest = listed.decode(errors="surrogateescape").rstrip("\0").partition(" ")
        kind, _, rest = rest.partition(" ")
        if kind == _SUBMODULE:
            raise BadInput(
                f"{path} is a submodule in {name}, whose files are elsewhere: give two folders instead"
            )
        if kind != _TREE:
            what = "is a symbolic link" if mode == _LINK else "is a file" if kind else "does not exist"
            raise BadInput(f"the folder {path} {what} in {name}: give its path by --path, {_WHAT_INSTEAD}")
        return rest.partition("\t")[0]

    def _entries(self, tree: str) -> Iterator[_Entry]:
        listed = _git(self.folder, "ls-tree", "-r", "-l", "-z", "--full-tree", tree).raw
        for line in listed.decode(errors="surrogateescape").split("\0"):
            about, _, path = line.partition("\t")
            words = about.split()
            # A submodule within the folder has no files here; one that is applied is missed when it is read.
            if len(words) == 4 and words[1] == "blob":
                yield _Entry(path, words[2], int(words[3]), link=words[0] == _LINK)

    def _contents(self, entries: Sequence[_Entry]) -> Iterator[bytes]:
        feed = "".join(f"{one.id}\n" for one in entries).encode()
        raw = _git(self.folder, "cat-file", "--batch", feed=feed).raw
        at = 0
        for one in entries:
            head, _, _ = raw[at : at + 200].partition(b"\n")
            start = at + len(head) + 1
            if head != f"{one.id} blob {one.size}".encode():
                raise BadInput(
                    f"{one.path} can't be read from the repository: {head.decode(errors='replace')}"
                )
            yield raw[start : start + one.size]
            at = start + one.size + 1

    def _git(self, *words: str) -> str:
        return _git(self.folder, *words).output.strip()


@dataclass(frozen=True, slots=True)
class _Entry:
    """A file of a tree: its path, the id of its content, its size, and whether it is a symbolic link."""

    path: str
    id: str
    size: int
    link: bool

    def write(self, target: Path, content: bytes) -> None:
        """Write it below a folder. Raises BadInput for a path that leads out of it."""
        file = self._file(target)
        if self.link:
            file.symlink_to(os.fsdecode(content))
        else:
            with file.open("xb") as stream:
                stream.write(content)

    def write_large(self, target: Path) -> None:
        """Write a file of its size without its content: none so large is read."""
        with self._file(target).open("xb") as stream:
            stream.truncate(self.size)

    def _file(self, target: Path) -> Path:
        parts = self.path.split("/")
        file = target.joinpath(*parts)
        folder = target.resolve()
        if {"", ".", ".."} & set(parts):
            raise BadInput(f"the repository has a file {self.path!r}, which is not a valid path")
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.parent.resolve().is_relative_to(folder):
            raise BadInput(f"the repository has a file {self.path!r} below a symbolic link")
        return file


def _is_there(folder: Path, name: str) -> bool:
    try:
        _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    except CommandFailed:
        return False
    return True


def _git(folder: Path, *words: str, feed: bytes | None = None) -> Completed:
    program = find_program("git")
    if program is None:
        raise BadInput("git is not on PATH, by which commits are read: install it, or give two folders")
    command: list[str | Path] = [program, "-C", folder, *words]
    return complete(command, limit=LIMITS.command, environment=_QUIET, feed=feed)


def _reason(failed: CommandFailed) -> str:
    """Return git's own last line."""
    return str(failed).rpartition("\n")[2].removeprefix("fatal: ")
