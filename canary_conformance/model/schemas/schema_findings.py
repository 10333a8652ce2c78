"""What the API server would refuse about an object by its schema or by a rule, each with its file and line.

No more than the API server refuses in a server-side apply with strict field validation, which is how the live
tier applies (R0.1): where the two disagree, this is wrong. Of what it and Istio's webhook refuse by code,
model.schemas.rules has what a mistake in a manifest can break; the rest is left to them. Removed APIs
never come this far: canary_conformance.scenario.kinds refuses them.
"""

from __future__ import annotations

from functools import lru_cache

from canary_conformance.model.schemas.declared_fields import declared_problems
from canary_conformance.model.schemas.rules import rule_problems
from canary_conformance.model.schemas.rules_names import metadata
from canary_conformance.model.schemas.rules_reading import Node
from canary_conformance.model.schemas.schema_problems import Problem
from canary_conformance.model.schemas.schema_store import kind_schema
from canary_conformance.model.schemas.schema_values import value_problems
from canary_conformance.scenario.manifests import Manifest
from canary_conformance.scenario.places import Finding


# Mutants of a folder share all files but one.
@lru_cache(maxsize=256)
def schema_findings(manifest: Manifest) -> tuple[Finding, ...]:
    """Return every unknown field, wrong type, missing field and value that isn't allowed, in order of lines.

    An unknown field is reported at its own line, a missing one at the line of what lacks it. Rules are
    asked of an object whose fields and types are right. Never raises for what the manifest holds.
    """
    known = kind_schema(manifest.api_version, manifest.ref.kind)
    if known is None:
        # What the metadata of an object may have is the same for every kind.
        return tuple(sorted({_finding(manifest, problem) for problem in metadata(Node(manifest.body))}))
    declared = list(declared_problems(known, known.root, manifest.body))
    reported = {problem.path for problem in declared}
    problems = declared + [
        problem for problem in value_problems(known, manifest.body) if problem.path not in reported
    ]
    reported |= {problem.path for problem in problems}
    rules = () if declared else rule_problems(manifest.ref.kind, manifest.body)
    problems += [problem for problem in rules if problem.path not in reported]
    return tuple(sorted({_finding(manifest, problem) for problem in problems}))


def _finding(manifest: Manifest, problem: Problem) -> Finding:
    return Finding(manifest.place_of(*problem.path), str(problem))
