"""The pages of the repository: every Markdown file at its top and in docs/."""

from pathlib import Path

from canary_conformance.paths import REPOSITORY

HISTORY = "CHANGELOG.md"
PAGES = sorted(page for folder in (REPOSITORY, REPOSITORY / "docs") for page in folder.glob("*.md"))
CURRENT = [page for page in PAGES if page.name != HISTORY]
"""Every page but the history."""


def text_of(path: Path | str) -> str:
    path = REPOSITORY / path
    assert path.is_file(), f"the repository has no {path.relative_to(REPOSITORY)}"
    return path.read_text(encoding="utf-8")


def all_text() -> str:
    return "\n".join(text_of(page) for page in CURRENT)


def name_of(page: Path) -> str:
    return page.relative_to(REPOSITORY).as_posix()
