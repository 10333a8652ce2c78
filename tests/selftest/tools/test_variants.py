"""Variants are right: every requirement holds by the manifests alone, and whatever does not is reported."""

from __future__ import annotations

import subprocess
import sys

import pytest

from canary_conformance.paths import MANIFESTS, REPOSITORY
from canary_conformance.report.run_record import Tier
from tools.mutants.correct_values import CORRECT_VALUES
from tools.mutants.edit_sites import sources_of
from tools.mutants.mistake import to
from tools.mutants.scoring import Judged, Kill
from tools.mutants.static_verdicts import judge
from tools.mutants.variants import VARIANTS, Change, Variant, table, wrong


@pytest.mark.parametrize("variant", [*VARIANTS, *CORRECT_VALUES], ids=lambda variant: variant.name)
def test_every_requirement_holds_for_a_variant_by_the_manifests_alone(variant: Variant) -> None:
    made = variant.made(sources_of(MANIFESTS))
    assert made.overlay
    assert all(content != (MANIFESTS / file).read_bytes() for file, content in made.overlay.items())
    assert wrong([judge(MANIFESTS, made)]) == []


def test_a_variant_that_is_wrong_is_reported_by_requirement() -> None:
    change = Change("istio/step-2", "PeerAuthentication/default", (to("spec.mtls.mode", "PERMISSIVE"),))
    made = Variant("no lock", (change,)).made(sources_of(MANIFESTS))
    (sentence,) = wrong([judge(MANIFESTS, made)])
    assert sentence.startswith("no lock: ")
    assert "R3.5" in sentence
    assert "FAILED" in sentence


def test_a_place_that_is_not_there_is_an_error() -> None:
    with pytest.raises(LookupError, match="there is no file istio/step-9"):
        Variant("x", (Change("istio/step-9", "", ()),)).made(sources_of(MANIFESTS))


def test_the_table_has_what_each_tier_found() -> None:
    kill = Kill("R4.6", Tier.LIVE, 1.0, "t", "2 pages failed")
    judged = [
        Judged("a", Tier.STATIC, 0.25),
        Judged("a", Tier.LIVE, 60.0, (kill,)),
        Judged("b", Tier.STATIC, 0.5, untold="x.yaml:3: an EnvoyFilter"),
        Judged("b", Tier.LIVE, 60.0, problem="exit code 5, see log"),
    ]
    assert table(["a", "b", "c"], judged).splitlines() == [
        "a",
        "  static: every requirement holds (0.2 s)",
        "  live: R4.6 FAILED: 2 pages failed",
        "b",
        "  static: not judged by the manifests alone: x.yaml:3: an EnvoyFilter",
        "  live: exit code 5, see log",
        "c",
        "  static: not judged",
        "  live: not judged",
    ]
    assert [sentence.partition(":")[0] for sentence in wrong(judged)] == ["a", "b", "b"]


def test_the_command_judges_the_variants_that_are_asked_for() -> None:
    words = [sys.executable, "-m", "tools.mutants", "--variants", "--jobs", "1", "-k", "no such variant"]
    told = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert told.returncode == 4
    assert "no variant's name contains 'no such variant'" in told.stderr
