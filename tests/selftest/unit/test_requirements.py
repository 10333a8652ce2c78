"""Every promise has its id, stage and sentence, and points at places that can exist."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from canary_conformance.scenario.kinds import API_VERSIONS
from canary_conformance.scenario.manifests import Concern
from canary_conformance.voting.requirements import REQUIREMENTS, UnknownRequirement, requirement

pytestmark = pytest.mark.selftest


def test_every_promise_of_every_stage_is_there() -> None:
    promised = {0: 1, 1: 7, 2: 3, 3: 7, 4: 10, 5: 4, 6: 2}
    assert Counter(promise.stage for promise in REQUIREMENTS.values()) == promised
    expected = [f"R{stage}.{number}" for stage, count in promised.items() for number in range(1, count + 1)]
    assert list(REQUIREMENTS) == expected


def test_ids_and_stages_agree() -> None:
    for id_, promise in REQUIREMENTS.items():
        assert promise.id == id_
        assert id_.startswith(f"R{promise.stage}.")


def test_each_sentence_is_one_and_its_own() -> None:
    sentences = [promise.sentence for promise in REQUIREMENTS.values()]
    assert len(set(sentences)) == len(sentences)
    for sentence in sentences:
        assert re.fullmatch(r"[A-Z].{20,200}\.", sentence), sentence


def test_concerns_are_places_in_kinds_that_the_scenario_can_have() -> None:
    for promise in REQUIREMENTS.values():
        assert len(set(promise.concerns)) == len(promise.concerns), promise.id
        for text in promise.concerns:
            concern = Concern.parse(text)
            assert str(concern) == text
            assert concern.ref.kind in API_VERSIONS


def test_only_promises_that_no_manifest_decides_concern_none() -> None:
    bare = {promise.id for promise in REQUIREMENTS.values() if not promise.concerns}
    assert bare == {"R0.1", "R1.1", "R6.2"}


def test_a_promise_is_found_by_its_id() -> None:
    assert requirement("R4.4").stage == 4
    assert requirement("R4.4").concerns[0] == "VirtualService/voting-app:spec.http[0].match"


def test_unknown_id_names_near_misses() -> None:
    with pytest.raises(UnknownRequirement, match=r"unknown requirement 'r4\.4'; did you mean R4\.4"):
        requirement("r4.4")
    with pytest.raises(UnknownRequirement, match=r"ids run from R0\.1 to R6\.2"):
        requirement("everything")
