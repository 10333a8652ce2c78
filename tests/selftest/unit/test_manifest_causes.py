"""A static failure has the line that is responsible, once for all that fails because of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from canary_conformance.model.stage_plan import plan_of
from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.loading import load_scenario
from canary_conformance.scenario.manifests import load_manifests
from canary_conformance.scenario.places import Finding
from canary_conformance.verdicts import ExpectationFailed
from canary_conformance.voting.application import VOTING_APP
from canary_conformance.voting.static.static_runner import static_tests
from tests.selftest.repository_copy import linked_repository, run_pytest

pytestmark = pytest.mark.selftest

PODS = "kubernetes/step-1-create-voting-app.yaml"
LOCK = "istio/step-2-update-and-add-routing-for-all-components.yaml"
IMAGE = "      containers:\n        - name: voting-app\n"
ACCOUNT = f"      serviceAccountName: nobody-made-it\n{IMAGE}"


def mistaken(folder: Path, file: str, old: str, new: str) -> Path:
    shutil.copytree(MANIFESTS, folder)
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))
    return folder


def causes(folder: Path) -> dict[str, tuple[Finding, ...]]:
    """The causes of each static test that fails, by its name."""
    scenario = load_scenario(folder)
    plan = plan_of(scenario, load_manifests(folder, scenario), VOTING_APP)
    found = {}
    for test in static_tests():
        try:
            test.judge(plan)
        except ExpectationFailed as broken:
            found[test.node] = tuple(cause for verdict in broken.verdicts for cause in verdict.causes)
    return found


def line_of(folder: Path, file: str, text: str) -> int:
    return next(
        number for number, line in enumerate((folder / file).read_text().splitlines(), 1) if text in line
    )


def test_a_missing_service_account_is_the_one_cause_of_all_that_fails(tmp_path: Path) -> None:
    folder = mistaken(tmp_path / "m", PODS, IMAGE, ACCOUNT)
    found = causes(folder)
    assert len(found) > 10
    assert {str(first.place) for first, *_ in found.values()} == {
        f"{PODS}:{line_of(folder, PODS, 'nobody-made-it')}"
    }
    assert all("ServiceAccount/nobody-made-it" in first.sentence for first, *_ in found.values())


def test_too_few_replicas_are_due_to_their_deployment(tmp_path: Path) -> None:
    folder = mistaken(tmp_path / "m", PODS, "  replicas: 3\n", "  replicas: 0\n")
    assert all(found and found[0].place.file == PODS for found in causes(folder).values())


def test_a_route_to_the_wrong_version_is_due_to_the_route(tmp_path: Path) -> None:
    found = causes(mistaken(tmp_path / "m", LOCK, "subset: v1-1", "subset: v1-0"))
    assert found
    assert all(first.place.file == LOCK for first, *_ in found.values())


def test_one_mistake_fits_a_screen(tmp_path: Path) -> None:
    folder = mistaken(tmp_path / "m", PODS, IMAGE, ACCOUNT)
    done = run_pytest(linked_repository(tmp_path / "repository"), "tests/static", f"--manifests={folder}")
    told = done.stdout.partition(" FAILURES ")[2].splitlines()
    assert len(told) <= 60
    assert "FAILED because of 1 cause:" in told
    blocks = [line for line in told if line.startswith("  cause ")]
    assert len(blocks) == 1, "the cause is printed in full once"
    assert sum("more tests FAILED for the causes above" in line for line in told) == 1
