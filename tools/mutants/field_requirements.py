"""What each field of the manifests is about: the requirements that name a mistake in it.

A table instead of a list of ids for each mutant: the first row whose pattern fits decides. `{ready}` stands
for the requirement that the stage's pods are ready, `{serves}` for those that the component's pods keep when
they serve. A field that no row fits is unknown, so that a new field in the manifests is noticed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from canary_conformance.report.run_record import Tier
from tools.mutants.edit_sites import Site
from tools.mutants.field_rows import ENUMERATED, ONE_OF_EACH, REQUIRED, ROWS, Row

ACCEPTED = "R0.1"
READY = {1: "R1.2", 2: "R2.1", 4: "R4.2"}
SERVES = {
    "Deployment/voting-app-1-0": "R1.5 R1.6 R1.7",
    "Deployment/voting-analytics-1-0": "R1.5 R1.7",
    "Deployment/voting-storage-1-0": "R1.5 R1.7",
    "Deployment/voting-analytics-1-1": "R2.1 R2.2 R2.3",
    "Deployment/voting-app-2-0": "R4.4 R4.8",
    "Deployment/voting-analytics-2-0": "R4.4 R4.8",
    "Deployment/voting-storage-2-0": "R4.4 R4.8",
}


@dataclass(frozen=True, slots=True)
class About:
    """What a field is about: the requirements that name a mistake in it, who decides it, and why these."""

    ids: frozenset[str]
    decided: Tier
    why: str


def about(site: Site) -> About:
    """Return what a field is about. Raises LookupError for a field that no row of the table fits."""
    row = _row(site.subject, site.source.stage)
    ids = row.ids.format(ready=READY.get(site.source.stage, ""), serves=SERVES.get(site.ref, ""))
    return About(frozenset(ids.split()), Tier.LIVE if row.live else Tier.STATIC, row.why)


def is_required(site: Site) -> bool:
    """Return whether the API server refuses an object without this field."""
    return _fits_any(site.subject, REQUIRED)


def is_enumerated(site: Site) -> bool:
    """Return whether the API server refuses a word here that isn't one of a few."""
    return _fits_any(site.subject, ENUMERATED)


def one_is_enough(site: Site) -> bool:
    """Return whether this field means the same in every object, so that one mistake in it stands for all."""
    return _fits_any(site.subject, ONE_OF_EACH)


@cache
def _row(subject: str, stage: int) -> Row:
    for row in ROWS:
        if row.stage in {None, stage} and _pattern(row.pattern).fullmatch(subject):
            return row
    raise LookupError(f"no row of the table of fields fits {subject} in stage {stage}")


def _fits_any(subject: str, patterns: Iterable[str]) -> bool:
    return any(_pattern(pattern).fullmatch(subject) for pattern in patterns)


@cache
def _pattern(glob: str) -> re.Pattern[str]:
    """Return a pattern in which * stands for anything, but [*] for one pair of brackets."""
    return re.compile(re.escape(glob).replace(r"\[\*\]", r"\[[^]]*\]").replace(r"\*", ".*"))
