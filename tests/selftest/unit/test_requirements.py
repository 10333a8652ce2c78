"""Every requirement has its id, stage and sentence, and points at places that can exist."""

import re
from collections import Counter

import pytest

from canary_conformance.scenario.kinds import API_VERSIONS
from canary_conformance.scenario.manifests import Concern
from canary_conformance.voting.requirements import REQUIREMENTS, UnknownRequirement, requirement_of


def test_every_requirement_of_every_stage_is_there() -> None:
    required = {0: 1, 1: 7, 2: 3, 3: 7, 4: 10, 5: 4, 6: 2}
    assert Counter(requirement.stage for requirement in REQUIREMENTS.values()) == required
    expected = [f"R{stage}.{number}" for stage, count in required.items() for number in range(1, count + 1)]
    assert list(REQUIREMENTS) == expected


def test_ids_and_stages_agree() -> None:
    for id_, requirement in REQUIREMENTS.items():
        assert requirement.id == id_
        assert id_.startswith(f"R{requirement.stage}.")


def test_each_sentence_is_one_and_its_own() -> None:
    sentences = [requirement.sentence for requirement in REQUIREMENTS.values()]
    assert len(set(sentences)) == len(sentences)
    for sentence in sentences:
        assert re.fullmatch(r"[A-Z].{20,200}\.", sentence), sentence


def test_concerns_are_places_in_kinds_that_the_scenario_can_have() -> None:
    for requirement in REQUIREMENTS.values():
        assert len(set(requirement.concerns)) == len(requirement.concerns), requirement.id
        for text in requirement.concerns:
            concern = Concern.parse(text)
            assert str(concern) == text
            assert concern.ref.kind in API_VERSIONS


def test_only_requirements_that_no_manifest_decides_concern_none() -> None:
    bare = {requirement.id for requirement in REQUIREMENTS.values() if not requirement.concerns}
    assert bare == {"R0.1", "R1.1", "R6.2"}


def test_a_requirement_is_found_by_its_id() -> None:
    assert requirement_of("R4.4").stage == 4
    assert requirement_of("R4.4").concerns[0] == "VirtualService/voting-app:spec.http[0].match"


def test_unknown_id_names_near_misses() -> None:
    with pytest.raises(UnknownRequirement, match=r"unknown requirement 'r4\.4'; did you mean R4\.4"):
        requirement_of("r4.4")
    with pytest.raises(UnknownRequirement, match=r"ids run from R0\.1 to R6\.2"):
        requirement_of("everything")
