"""The repository's own manifests are a scenario: every file there, read, and where the requirements point."""

import pytest

from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.manifests import ManifestFolder, load_manifests
from canary_conformance.scenario.scenario_folder import load_scenario
from canary_conformance.scenario.stages import Apply, Delete, ObjectRef, Scenario
from canary_conformance.voting import contract
from canary_conformance.voting.contract import STAGES
from canary_conformance.voting.requirements import REQUIREMENTS


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario(MANIFESTS)


@pytest.fixture(scope="module")
def folder(scenario: Scenario) -> ManifestFolder:
    return load_manifests(MANIFESTS, scenario)


def test_every_file_of_the_scenario_exists(scenario: Scenario) -> None:
    assert len(scenario.files()) >= 7
    for file in scenario.files():
        assert (MANIFESTS / file).is_file()


def test_every_manifest_has_a_stage(scenario: Scenario) -> None:
    held = {str(path.relative_to(MANIFESTS)) for path in MANIFESTS.glob("*/*.yaml")}
    assert held - {"istio/kustomization.yaml"} == set(scenario.files())


def test_all_stages_with_files_are_told(scenario: Scenario) -> None:
    assert [stage.number for stage in scenario.stages] == list(STAGES)
    assert all(scenario.why_not(number) == "" for number in STAGES)


def test_the_suite_calls_stages_as_the_scenario_does(scenario: Scenario) -> None:
    names = {stage.name.replace(" ", "_").upper(): stage.number for stage in scenario.stages}
    assert names == {name: number for name, number in vars(contract).items() if number in STAGES}


def test_each_file_holds_exactly_what_its_step_says(scenario: Scenario, folder: ManifestFolder) -> None:
    for stage in scenario.stages:
        for step in stage.steps:
            if isinstance(step, Apply):
                held = {manifest.ref for manifest in folder.files[step.file]}
                assert held == {*step.created, *step.configured}, step.file


def test_what_is_created_is_new_and_what_is_configured_or_deleted_is_not(scenario: Scenario) -> None:
    there: set[ObjectRef] = {ObjectRef("Namespace", scenario.namespace)}
    for stage in scenario.stages:
        for step in stage.steps:
            if isinstance(step, Delete):
                assert set(step.objects) <= there, step
                there -= set(step.objects)
            else:
                assert not set(step.created) & there, step.file
                assert set(step.configured) <= there, step.file
                there |= set(step.created)


def test_every_concern_of_a_requirement_is_an_object_of_its_stage(
    scenario: Scenario, folder: ManifestFolder
) -> None:
    for requirement in REQUIREMENTS.values():
        for concern in requirement.concerns:
            place = folder.place_of(concern, scenario.files_up_to(requirement.stage or 6))
            assert place is not None, f"{requirement.id}: {concern}"
