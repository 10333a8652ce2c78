"""GitLab's Code Quality report: a list of what is wrong, which a merge request shows at its lines.

GitLab names the fields in "Code Quality", "Import Code Quality results from a CI/CD job".
"""

from __future__ import annotations

import json

from canary_conformance.report.findings import Problem
from canary_conformance.report.formats.fingerprints import fingerprints
from canary_conformance.report.formats.sentences import also_failing, cut, sentence_of
from canary_conformance.report.manifest_lines import ManifestLine
from canary_conformance.report.reviewed_run import ReviewedRun

FILE = "codequality.json"
_LONGEST = 1000


def code_quality(review: ReviewedRun) -> str:
    """Return the report as JSON; a run without a finding has an empty list.

    What has no line, such as an environment that failed, is no finding on the code: the exit code, JUnit and
    the summary report it.
    """
    problems = [one for one in review.problems if one.finding.line is not None]
    found = zip(problems, fingerprints(problems), strict=True)
    entries = [_entry(review, *one, line) for one in found if (line := one[0].finding.line)]
    return json.dumps(entries, indent=2, ensure_ascii=False) + "\n"


def _entry(review: ReviewedRun, problem: Problem, fingerprint: str, line: ManifestLine) -> dict[str, object]:
    finding = problem.finding
    also = f" ({text})" if (text := also_failing(problem)) else ""
    return {
        "description": cut(f"{finding.title}: {sentence_of(problem)}{also}", _LONGEST),
        "check_name": finding.requirement or finding.ended or "model-agreement",
        "fingerprint": fingerprint,
        "severity": "critical" if review.is_error(problem) else "minor",
        # A file outside of the repository is in no merge request; GitLab takes relative paths only.
        "location": {"path": line.path or line.file, "lines": {"begin": line.line}},
    }
