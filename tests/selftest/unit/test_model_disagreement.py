"""Where model and mesh differ, the report says where; a requirement that FAILED by it has the cause."""

from dataclasses import replace

import pytest

from canary_conformance.report.failure_text import disagreement_text
from canary_conformance.report.run_record import Outcome, TestRecord, Tier
from canary_conformance.scenario.places import Finding, Place
from canary_conformance.verdicts.model_disagreement import Disagreement

FOUND = Disagreement(
    "1 of 6 plaintext calls",
    "voting-app 1.0:8080: refused",
    "voting-app 1.0:8080: answered",
    "100 %: reset: plaintext to a strict port",
    [Finding(Place("istio/step-2.yaml", 61), "PeerAuthentication/default demands mutual TLS")],
)
FAILED = TestRecord("tests/t.py::t", ("R3.5",), 3, Outcome.FAILED, (), "why", 1.0, Tier.LIVE)


def text_after(*tests: TestRecord) -> str:
    """Return the report of a test beside R3.5 in a run with these tests before it."""
    return disagreement_text(FOUND, tests, 3, ["R3.5"])


def test_the_report_says_where_it_was_met_and_what_the_model_goes_by() -> None:
    lines = text_after().splitlines()
    assert lines[0] == (
        "the model of the manifests and the mesh disagree on 1 of 6 plaintext calls (stage 3, beside R3.5)"
    )
    assert [line.split()[0] for line in lines[1:6]] == ["model", "mesh", "because", "look", "to"]
    assert lines[4] == "  look at   istio/step-2.yaml:61"


OF_THE_LINE = replace(FAILED, requirements=("R3.4", "R5.4"), causes=FOUND.causes)


@pytest.mark.parametrize(("test", "ids"), [(FAILED, "R3.5"), (OF_THE_LINE, "R3.4 and R5.4")])
def test_a_requirement_failed_by_the_same_sample_or_line_has_the_cause(test: TestRecord, ids: str) -> None:
    text = text_after(test)
    assert text.splitlines()[-1] == f"  cause     {ids} FAILED for the same reason: see there"
    assert "because" not in text


@pytest.mark.parametrize(
    "other",
    [
        replace(FAILED, tier=Tier.STATIC),
        replace(FAILED, outcome=Outcome.PASSED),
        replace(FAILED, requirements=("R3.4",)),
    ],
)
def test_a_requirement_that_held_or_is_another_has_not(other: TestRecord) -> None:
    assert "for the same reason" not in text_after(other)
