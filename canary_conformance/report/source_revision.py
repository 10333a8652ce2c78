"""Which commit a manifests folder is of, and whether it was changed since, by git where git is there."""

from __future__ import annotations

from pathlib import Path

from canary_conformance.processes import CommandFailed, run

# Seconds: a repository so large that git takes longer is shown without its commit.
LIMIT = 2.0


def revision_of(folder: Path, repository: Path | None) -> dict[str, object]:
    """Return the commit ("" where there is none) and whether the folder has changes that are in no commit."""
    if repository is None:
        return {"commit": "", "changed": False}
    # `status` by itself would write the index of the repository anew (git-status, "Background refresh").
    git: list[str | Path] = ["git", "--no-optional-locks", "-C", folder]
    try:
        commit = run([*git, "rev-parse", "HEAD"], limit=LIMIT).strip()
        changed = run([*git, "status", "--porcelain", "--", "."], limit=LIMIT)
    except (CommandFailed, OSError):
        return {"commit": "", "changed": False}
    return {"commit": commit, "changed": bool(changed.strip())}
