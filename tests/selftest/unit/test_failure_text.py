"""A red test names the requirement, what was seen, the manifest lines concerned, and how soon it failed."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from canary_conformance.errors import RequirementFailed, StageFailed
from canary_conformance.paths import MANIFESTS
from canary_conformance.report import failure_text
from canary_conformance.report.failure_text import FailedTest, FailureTexts, headline, stage_headline
from canary_conformance.report.run_record import Outcome, TestRecord, Tier
from canary_conformance.settings import read_source
from canary_conformance.verdicts import ExpectationFailed, Verdict
from tests.selftest.manifest_files import LAST, ROUTING

NOW = 1000.0  # seconds


@pytest.fixture(autouse=True)
def _no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failure_text, "time", SimpleNamespace(monotonic=lambda: NOW))


TEXTS = FailureTexts(read_source(MANIFESTS, MANIFESTS / "scenario.yaml"))
TEST = FailedTest(("R4.4",), 4, Tier.LIVE, 3.0)


def broken(*seen: str) -> ExpectationFailed:
    few = seen or ("60 of 600 pages came from 1.0",)
    expected, evidence = "every page is of 2.0", "60 of 600 from 1.0"
    return ExpectationFailed(*(Verdict(False, expected, one, evidence, (), 600, 0.0, 0.01) for one in few))


def lines_named(text: str, file: str) -> list[str]:
    """Return what stands in a manifest where a text says to look."""
    numbers = [int(word.rpartition(":")[2]) for word in text.split() if word.startswith(f"{file}:")]
    return [(MANIFESTS / file).read_text().splitlines()[number - 1].strip() for number in numbers]


def last_words(text: str) -> str:
    return " ".join(text.splitlines()[-1].split())


def test_a_failed_requirement_is_told_with_its_sentence_and_where_to_look() -> None:
    text = TEXTS.failed_requirement(TEST, broken())
    assert text.splitlines()[:2] == [
        "R4.4 stage 4 FAILED: 60 of 600 from 1.0",
        "  required  With the flag a user always sees 2.0, whatever else the request holds.",
    ]
    assert "60 of 600 pages came from 1.0" in text
    named = lines_named(text, ROUTING)
    assert named
    assert all(named)
    assert last_words(text) == "when 3.0 s after stage 4 was propagated"


FILTER = """
---
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata: {name: slow, namespace: voting}
spec: {workloadSelector: {labels: {app: voting-app}}}
"""


def test_the_one_object_that_the_model_does_not_follow_is_named_as_what_may_be_the_cause(
    tmp_path: Path,
) -> None:
    shutil.copytree(MANIFESTS, tmp_path, dirs_exist_ok=True)
    routing = tmp_path / ROUTING
    routing.write_text(routing.read_text().rstrip("\n") + FILTER)
    texts = FailureTexts(read_source(tmp_path, tmp_path / "scenario.yaml"))
    line = len((MANIFESTS / ROUTING).read_text().rstrip("\n").splitlines()) + 2
    silent = RequirementFailed("16 pages in a row had no answer")
    for error in (broken(), silent):
        (cause,) = texts.causes(TEST, error, 0)
        assert (cause.place.file, cause.place.line) == (ROUTING, line)
        assert cause.sentence.startswith("EnvoyFilter/slow may be the cause: ")
    text = texts.requirement_failed(TEST, silent, "R4.4")
    assert text.startswith("R4.4 FAILED: 16 pages in a row had no answer\n  cause")
    assert f"{ROUTING}:{line}: EnvoyFilter/slow may be the cause" in " ".join(text.split())


def test_where_the_model_follows_everything_nothing_is_named_as_what_may_be_the_cause() -> None:
    for error in (broken(), RequirementFailed("16 pages in a row had no answer")):
        assert TEXTS.causes(TEST, error, 0) == ()


def test_every_broken_verdict_is_told() -> None:
    assert TEXTS.failed_requirement(TEST, broken("one", "other")).count("R4.4 stage 4 FAILED") == 2


def test_where_no_manifests_were_read_no_line_is_named() -> None:
    assert ".yaml" not in FailureTexts().failed_requirement(TEST, broken())


def test_the_static_tier_has_nothing_that_propagates() -> None:
    static = FailedTest(("R4.4",), 4, Tier.STATIC)
    assert "was propagated" not in TEXTS.failed_requirement(static, broken())


def test_a_stage_that_can_not_get_ready_is_told_with_what_to_look_at() -> None:
    probe = "Deployment/voting-app-2-0:spec.template.spec.containers[0].readinessProbe"
    failed = StageFailed("no page", ["GET / 500"], breaks="R4.2", concerns=[probe], since=NOW - 6.5)
    text = TEXTS.stage_not_ready(failed, 4)
    assert text.splitlines()[:3] == ["R4.2 stage 4 FAILED: no page", "last log lines:", "  GET / 500"]
    assert lines_named(text, LAST) == ["readinessProbe:"]
    assert last_words(text) == "when 6.5 s after all pods ran and nothing changed any more"


def test_where_no_place_is_known_those_of_the_requirement_are_looked_at() -> None:
    missing = ["Service/voting-nothing:spec"]
    for failed in (StageFailed("refused", breaks="R4.2"), StageFailed("x", breaks="R4.2", concerns=missing)):
        text = TEXTS.stage_not_ready(failed, 4)
        assert lines_named(text, LAST)
        assert "when" not in text


@pytest.mark.parametrize(
    ("tier", "stage", "after", "words"),
    [
        (Tier.LIVE, 4, 3.14, ", 3.1 s after stage 4 was propagated: 60 of 600 from 1.0"),
        (Tier.LIVE, 0, 3.14, ", 3.1 s after the stage was propagated: 60 of 600 from 1.0"),
        (Tier.STATIC, 4, None, " by the manifests alone: 60 of 600 from 1.0"),
    ],
)
def test_a_headline_is_a_line(tier: Tier, stage: int, after: float | None, words: str) -> None:
    verdicts = broken().verdicts
    record = TestRecord("t", ("R4.3", "R4.4"), stage, Outcome.FAILED, verdicts, "why", 1.0, tier, after)
    assert headline(record) == f"FAILED: R4.3 and R4.4{words}"


def test_a_stage_that_can_not_get_ready_has_a_headline_of_its_own() -> None:
    failed = StageFailed("no page", ["GET / 500"], breaks="R4.2", since=NOW - 6.5)
    assert stage_headline(failed, 4) == (
        "FAILED: R4.2, 6.5 s after all pods ran and nothing changed any more: "
        "stage 4 can't get ready: no page"
    )
    assert stage_headline(StageFailed("x", breaks="R1.2"), 1) == "FAILED: R1.2: stage 1 can't get ready: x"
