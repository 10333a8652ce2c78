"""A test's requirements and verdicts as JUnit properties, for tools that read only the XML.

The plugin gives them to pytest as the test's user properties. Names repeat, in order: the tier, three for
each requirement, four for each verdict, so that the nth values of a name belong together, then the causes.
"""

from __future__ import annotations

from canary_conformance.report.run_record import TestRecord
from canary_conformance.report.secret_masks import mask_secrets
from canary_conformance.verdicts.verdict import Verdict
from canary_conformance.voting.requirements import requirement_of

_NOT_SAMPLED = "not sampled"


def properties(record: TestRecord) -> tuple[tuple[str, str], ...]:
    """Return the names and values to put on the test case.

    First `tier` ("static" or "live"). For each requirement `requirement` (its id), `stage` (0: all) and
    `sentence`; for each verdict `evidence`, `sample_size`, `false_alarm` (a probability) and `smallest_leak`
    (a share), the last two "not sampled" where values were compared; for each cause of a failure `cause`
    ("file:line: sentence"), the responsible line first.
    """
    requirements = [pair for id_ in record.requirements for pair in _requirement(id_)]
    tier = ("tier", str(record.tier))
    verdicts = (pair for verdict in record.verdicts for pair in _verdict(verdict))
    causes = (("cause", mask_secrets(str(cause))) for cause in record.causes)
    return (tier, *requirements, *verdicts, *causes)


def _requirement(id_: str) -> tuple[tuple[str, str], ...]:
    requirement = requirement_of(id_)
    return (
        ("requirement", requirement.id),
        ("stage", str(requirement.stage)),
        ("sentence", requirement.sentence),
    )


def _verdict(verdict: Verdict) -> tuple[tuple[str, str], ...]:
    return (
        ("evidence", mask_secrets(verdict.evidence)),
        ("sample_size", str(verdict.sample_size)),
        ("false_alarm", _number(verdict.false_alarm)),
        ("smallest_leak", _number(verdict.smallest_leak)),
    )


def _number(value: float | None) -> str:
    return _NOT_SAMPLED if value is None else f"{value:.3g}"
