"""A static failure has the line that is responsible, once for all that fails because of it."""

import shutil
from pathlib import Path

import pytest

from canary_conformance.model.stage_plan import plan_of
from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.manifests import load_manifests
from canary_conformance.scenario.places import Finding, Place
from canary_conformance.scenario.scenario_folder import load_scenario
from canary_conformance.verdicts import ExpectationFailed
from canary_conformance.voting.static.static_runner import static_tests
from canary_conformance.voting.voting_app import VOTING_APP
from tests.selftest.manifest_files import FIRST, LOCK, ROUTING
from tests.selftest.repository_copy import linked_repository, run_pytest

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


def place(folder: Path, file: str, text: str) -> Place:
    return Place(file, line_of(folder, file, text))


def test_a_missing_service_account_is_the_one_cause_of_all_that_fails(tmp_path: Path) -> None:
    folder = mistaken(tmp_path / "m", FIRST, IMAGE, ACCOUNT)
    found = causes(folder)
    assert len(found) > 10
    assert {str(first.place) for first, *_ in found.values()} == {
        f"{FIRST}:{line_of(folder, FIRST, 'nobody-made-it')}"
    }
    assert all("ServiceAccount/nobody-made-it" in first.sentence for first, *_ in found.values())


def test_too_few_replicas_are_due_to_their_deployment(tmp_path: Path) -> None:
    folder = mistaken(tmp_path / "m", FIRST, "  replicas: 3\n", "  replicas: 0\n")
    assert all(found and found[0].place.file == FIRST for found in causes(folder).values())


def test_a_route_to_the_wrong_version_is_due_to_the_route(tmp_path: Path) -> None:
    found = causes(mistaken(tmp_path / "m", LOCK, "subset: v1-1", "subset: v1-0"))
    assert found
    assert all(first.place.file == LOCK for first, *_ in found.values())


def test_one_mistake_fits_a_screen(tmp_path: Path) -> None:
    folder = mistaken(tmp_path / "m", FIRST, IMAGE, ACCOUNT)
    done = run_pytest(linked_repository(tmp_path / "repository"), "tests/static", f"--manifests={folder}")
    told = done.stdout.partition(" FAILURES ")[2].splitlines()
    assert len(told) <= 60
    assert "FAILED because of 1 cause:" in told
    blocks = [line for line in told if line.startswith("  cause ")]
    assert len(blocks) == 1, "the cause is printed in full once"
    assert sum("more tests FAILED for the causes above" in line for line in told) == 1


OF_ANALYTICS = "  name: voting-analytics\nspec:\n  hosts:\n    - voting-analytics\n"


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "sentence", "least"),
    [
        (LOCK, "mode: STRICT", "mode: PERMISSIVE", "mode: PERMISSIVE",
         "PeerAuthentication/default: voting-app:8080 accepts mutual TLS and plaintext", 7),
        (
            "scenario.yaml",
            "istio-injection: enabled",
            "team: voting",
            "labels:",
            "the namespace has no label, and the control plane of mesh profile default injects by "
            "istio-injection: enabled or istio.io/rev: default",
            25,
        ),
        (FIRST, "replicas: 3", "replicas: 2", "replicas: 2",
         "Deployment/voting-app-1-0 makes 2 pods of voting-app 1.0, 3 required", 2),
        (
            ROUTING,
            OF_ANALYTICS,
            OF_ANALYTICS.replace("    - voting-analytics\n", "    - voting-results\n"),
            "- voting-results",
            "VirtualService/voting-analytics routes to voting-analytics, but is written for the hosts "
            "voting-results",
            1,
        ),
    ],
)  # fmt: skip
def test_one_mistake_is_the_first_cause_of_what_fails(
    tmp_path: Path, file: str, old: str, new: str, line: str, sentence: str, least: int
) -> None:
    folder = mistaken(tmp_path / "m", file, old, new)
    found = [first for first, *_ in causes(folder).values() if first.sentence == sentence]
    by_line = [first for first, *_ in causes(folder).values() if first.place == place(folder, file, line)]
    assert found
    assert len(by_line) >= least


def test_an_object_that_stays_as_it_was_is_the_cause_where_the_scenario_lists_a_change(
    tmp_path: Path,
) -> None:
    subset = '    - name: v2-0\n      labels:\n        version: "2.0"\n'
    found = causes(mistaken(tmp_path / "m", ROUTING, subset, ""))
    listed = "test_stages.py::test_a_stage_creates_configures_and_deletes_what_the_source_lists[stage 4]"
    assert found[listed][0].sentence == (
        "DestinationRule/voting-app stays as it was before the stage; "
        "the scenario lists 'DestinationRule/voting-app configured'"
    )
    # The leg that only the flag takes has the cause of the pages that fail.
    legs = "test_stages.py::test_every_leg_has_mutual_tls_by_the_policy_and_the_services_rule[stage 4]"
    assert found[legs][0] == found["test_stage_4_canary.py::test_voter_with_the_flag_always_sees_2_0"][0]
