"""Which repository and commit a manifests folder is of, and how a file of it is called there.

What reviewers look at (annotations, code scanning, merge requests) names files by their path in the
repository. That is the folder with `.git` around the manifests or, where a job checks out without it, the
workspace that the CI system names.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from canary_conformance.processes import CommandFailed, run

# GitHub Actions, GitLab CI, Azure Pipelines: where each checks out the repository.
WORKSPACES = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR", "BUILD_SOURCESDIRECTORY")


def repository_of(folder: Path, environment: Mapping[str, str] = os.environ) -> Path | None:
    """Return the root of the repository that a folder lies in, None where it lies in none."""
    real = _real(folder)
    for parent in (real, *real.parents):
        if os.path.lexists(parent / ".git"):
            return parent
    named = [Path(environment[name]) for name in WORKSPACES if environment.get(name)]
    roots = [_real(path) for path in named if path.is_absolute()]
    return next((root for root in roots if real.is_relative_to(root)), None)


def repository_path(file: Path, root: Path | None) -> str:
    """Return a file's path in the repository, with slashes; "" where it lies outside of it.

    A link within the repository leads to the file that a change of it shows.
    """
    if root is None:
        return ""
    real = _real(file)
    return real.relative_to(root).as_posix() if real.is_relative_to(root) else ""


def _real(path: Path) -> Path:
    """Return a path without links, or as it stands where links can't be followed."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path.absolute()


# Seconds: a repository so large that git takes longer is shown without its commit.
LIMIT = 2.0


def revision_of(folder: Path, repository: Path | None) -> dict[str, object]:
    """Return the commit ("" where there is none) and whether the folder has changes that are in no commit."""
    if repository is None:
        return {"commit": "", "changed": False}
    # Nothing is written to the repository, and no program of its configuration is started.
    git: list[str | Path] = ["git", "--no-optional-locks", "-c", "core.fsmonitor=false", "-C", folder]
    try:
        commit = run([*git, "rev-parse", "HEAD"], limit=LIMIT).strip()
        changed = run([*git, "status", "--porcelain", "--", "."], limit=LIMIT)
    except (CommandFailed, OSError):
        return {"commit": "", "changed": False}
    return {"commit": commit, "changed": bool(changed.strip())}
