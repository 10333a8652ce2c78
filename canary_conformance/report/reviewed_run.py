"""A run as reviewers get to see it: how it ended, what it found out, and where its pages are on the web."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from canary_conformance.exit_codes import ExitStatus
from canary_conformance.paths import IS_A_CLONE, REPOSITORY
from canary_conformance.report.findings import Problem, RunFinding, problems_of
from canary_conformance.report.manifest_lines import ManifestLine
from canary_conformance.report.run_record import RunRecord, Tier, static_only

PAGE = "docs/requirements.md"


@dataclass(frozen=True, slots=True)
class WebPages:
    """Where files of the repository can be read on the web, as far as the CI system's variables say so.

    Attributes:
        files: The address of the judged commit's files, without the path; "" where it is not known.
        requirements: The address of the page of the requirements, "" where it is not known.
    """

    files: str = ""
    requirements: str = ""

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ, repository: Path | None = None) -> WebPages:
        """Return the pages of a job.

        Args:
            environment: The job's variables (GitHub Actions, GitLab CI).
            repository: The root of the repository that holds the judged manifests.
        """
        files = _files(environment)
        if environment.get("GITHUB_ACTION_REPOSITORY") and environment.get("GITHUB_ACTION_REF"):
            # The suite runs as an action: its own page is in the action's repository.
            action = _github(environment, "GITHUB_ACTION_REPOSITORY", "GITHUB_ACTION_REF")
            return cls(files, f"{action}/{PAGE}")
        ours = IS_A_CLONE and repository is not None and REPOSITORY.resolve() == repository
        return cls(files, f"{files}/{PAGE}" if ours and files else "")

    def of_line(self, line: ManifestLine) -> str:
        """Return the address of a line, "" where it is not known."""
        return f"{self.files}/{quote(line.path)}#L{line.line}" if self.files and line.path else ""


def _files(environment: Mapping[str, str]) -> str:
    if environment.get("GITHUB_REPOSITORY") and environment.get("GITHUB_SHA"):
        return _github(environment, "GITHUB_REPOSITORY", "GITHUB_SHA")
    project, commit = environment.get("CI_PROJECT_URL", ""), environment.get("CI_COMMIT_SHA", "")
    return f"{project}/-/blob/{quote(commit)}" if project.startswith("https://") and commit else ""


def _github(environment: Mapping[str, str], repository: str, commit: str) -> str:
    server = environment.get("GITHUB_SERVER_URL") or "https://github.com"
    return f"{server}/{quote(environment[repository])}/blob/{quote(environment[commit])}"


@dataclass(frozen=True, slots=True)
class ReviewedRun:
    """A run that is over.

    Attributes:
        run: Its record.
        status: Its exit code.
        meaning: What the code means, in one line.
        findings: What it found out, with what ended it early.
        report: The path of its report, "" where it left none.
        pages: Where its files are on the web.
        all_required: Whether what was not judged counts as FAILED.
        changes: Markdown on which requests change their answer, "" where two commits were not compared.
    """

    run: RunRecord
    status: ExitStatus
    meaning: str
    findings: tuple[RunFinding, ...] = ()
    report: str = ""
    pages: WebPages = field(default_factory=WebPages)
    all_required: bool = False
    changes: str = ""

    @property
    def tier(self) -> Tier:
        """Static where the run judged by the manifests alone."""
        return Tier.STATIC if static_only(self.run) else Tier.LIVE

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong, each cause and reason once."""
        return problems_of(self.findings)

    def is_error(self, problem: Problem) -> bool:
        """Return whether a problem counts as FAILED, or kept the run from a verdict."""
        finding = problem.finding
        return finding.failed or bool(finding.ended) or self.all_required
