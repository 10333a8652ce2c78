"""What makes a problem the same one in the next run, although unrelated lines have moved.

It is the requirement, the file, the object and the text of the line, and how many equal lines the object has
before it: no line number, and nothing of what was seen.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence

from canary_conformance.report.findings import Problem


def fingerprints(problems: Sequence[Problem]) -> list[str]:
    """Return a fingerprint for each problem; equal ones are numbered, since no two may share one."""
    seen: Counter[str] = Counter()
    found = []
    for problem in problems:
        digest = hashlib.sha256("\0".join(_parts(problem)).encode("utf-8", "backslashreplace")).hexdigest()
        seen[digest] += 1
        found.append(digest if seen[digest] == 1 else f"{digest}-{seen[digest]}")
    return found


def _parts(problem: Problem) -> tuple[str, ...]:
    finding, line = problem.finding, problem.finding.line
    about = (finding.requirement or finding.test, str(finding.outcome))
    if line is None:
        return (*about, finding.statement)
    # A line whose file is gone has no text: its sentence is all that is left.
    text = line.text.strip() or line.sentence
    return (*about, line.path or line.file, line.object, text, str(line.same_before))
