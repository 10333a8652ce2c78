"""Random requests through the routes of the page, compared with the model; run by `tools.mutants --fuzz`."""

import os
from pathlib import Path

import pytest

from canary_conformance.model.stage_plan import Plan
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from tools.mutants.fuzz.fuzz_plan import FILES, add_found, read_plan
from tools.mutants.fuzz.fuzzed_mesh import FuzzedMesh


@pytest.mark.model_of("R4.5")
def test_the_mesh_answers_random_requests_as_the_model_does(
    namespace: NamespaceUnderTest, plan: Plan
) -> None:
    """Only what the model does not support, and what no proxy takes, is left out."""
    folder = Path(os.environ[FILES])
    mesh = FuzzedMesh(namespace, plan.after(4).state)
    found = []
    for table in read_plan(folder):
        found.append(mesh.try_table(table))
        add_found(folder, found[-1])
    differences = [text for one in found for text in one.differences]
    assert not differences, "\n".join(differences)
    assert any(one.compared for one in found)
