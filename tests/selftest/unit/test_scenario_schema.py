"""The schema that editors use finds the mistakes that the suite's own reading finds, and no others."""

import copy
import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from canary_conformance.errors import BadInput
from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.mesh_facts import MeshFacts
from canary_conformance.scenario.scenario_file import parse_scenario_file
from canary_conformance.scenario.stages import WaitFor
from canary_conformance.scenario.yaml_files import parse_yaml

SCHEMA = json.loads((MANIFESTS / "scenario.schema.json").read_text())
OWN = yaml.safe_load((MANIFESTS / "scenario.yaml").read_text())
Change = Callable[[dict[str, Any]], object]


def first_step(scenario: dict[str, Any]) -> dict[str, Any]:
    step: dict[str, Any] = scenario["stages"][0]["steps"][0]
    return step


def mesh(**facts: object) -> Change:
    return lambda one: one.update(mesh=facts)


def refused(scenario: object) -> tuple[bool, bool]:
    """Return whether the schema refuses a scenario, and whether the suite does."""
    source = parse_yaml(yaml.safe_dump(scenario).encode(), "scenario.yaml")
    try:
        parse_scenario_file(source, "scenario.yaml:")
        by_suite = False
    except BadInput:
        by_suite = True
    return not Draft202012Validator(SCHEMA).is_valid(scenario), by_suite


def test_the_schema_is_one_and_the_scenario_names_it() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    first = (MANIFESTS / "scenario.yaml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=scenario.schema.json"
    assert refused(OWN) == (False, False)


def test_the_schema_knows_the_mesh_facts_and_what_can_be_waited_for() -> None:
    assert SCHEMA["properties"]["mesh"]["properties"].keys() == {one.name for one in fields(MeshFacts)}
    assert SCHEMA["$defs"]["apply"]["properties"]["wait_for"]["enum"] == list(WaitFor)


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one.pop("name"),
        lambda one: one.update(name=""),
        lambda one: one.update(names="x"),
        lambda one: one["namespace"].update(name="Voting"),
        lambda one: one["namespace"].update(labels={"a b": "x"}),
        lambda one: one["namespace"].update(labels={"a": True}),
        lambda one: one.update(stages=[]),
        lambda one: one["stages"][0].update(number=0),
        lambda one: one["stages"][0].update(number=100),
        lambda one: one["stages"][0].update(number="1"),
        lambda one: one["stages"][0].pop("steps"),
        lambda one: one["stages"][0].update(steps=[]),
        lambda one: one["stages"][0].update(steps=[{}]),
        lambda one: one["stages"][5].update(steps=[{"delete": []}]),
        lambda one: one["stages"][5].update(steps=[{"delete": ["Namespace"]}]),
        lambda one: first_step(one).update(wait_for="votes"),
        lambda one: first_step(one).pop("wait_for"),
        lambda one: first_step(one).pop("created"),
        lambda one: first_step(one).update(created=["deployment/voting-app"]),
        lambda one: first_step(one).update(created=["Deployment/a", "Deployment/a"]),
        lambda one: first_step(one).update(apply="../a.yaml"),
        lambda one: first_step(one).update(apply="/a.yaml"),
        lambda one: first_step(one).update(applied="x"),
        mesh(profil="aks"),
        mesh(nodes=0),
        mesh(cni="yes"),
        mesh(revisions="asm-1-24"),
        mesh(gateway_labels={"istio": 1}),
    ],
)
def test_a_mistake_is_found_by_the_schema_and_by_the_suite(change: Change) -> None:
    scenario = copy.deepcopy(OWN)
    change(scenario)
    assert refused(scenario) == (True, True)


@pytest.mark.parametrize(
    "change",
    [
        mesh(profile="aks", nodes=3, cni=True, revisions=["asm-1-24"], gateway_labels={"istio": "ingress"}),
        mesh(),
        lambda one: one["namespace"].pop("labels"),
        lambda one: first_step(one).update(apply="a..b/c.yaml"),
        lambda one: one["stages"][0].update(number=1, name="Deploy 1.0"),
    ],
)
def test_what_the_suite_reads_the_schema_takes(change: Change) -> None:
    scenario = copy.deepcopy(OWN)
    change(scenario)
    assert refused(scenario) == (False, False)
