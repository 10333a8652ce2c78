"""The mesh that a run judges for is named on the command line or in scenario.yaml, and said in the header.

Each test is a pytest of its own, as in test_exit_codes.
"""

from pathlib import Path

import pytest

from tests.selftest.pytest.test_exit_codes import BAD_INPUT, Pytest, manifests, run_pytest

__all__ = ["manifests", "run_pytest"]

STATIC = "tests/static"
LIVE = "tests/stage_1_deploy/test_page.py"


def test_the_profile_stands_in_the_runs_header(run_pytest: Pytest) -> None:
    ended = run_pytest(tests=STATIC)
    assert ended.code == 0
    assert "mesh profile: default" in ended.output


def test_our_manifests_fail_in_a_mesh_of_aks(run_pytest: Pytest) -> None:
    ended = run_pytest("--mesh-profile", "aks", tests=STATIC)
    assert ended.code == 1
    assert "mesh profile: aks" in ended.output


def test_our_manifests_hold_there_when_they_are_rewritten_for_it(run_pytest: Pytest) -> None:
    ended = run_pytest("--mesh-profile", "aks", "--rewrite-for-mesh", tests=STATIC)
    assert ended.code == 0
    assert "The manifests were rewritten for this mesh:" in ended.output
    assert "+istio.io/rev: asm-1-30" in ended.output


def test_an_unknown_profile_is_bad_input(run_pytest: Pytest) -> None:
    ended = run_pytest("--mesh-profile=gke", tests=STATIC)
    assert ended.code == BAD_INPUT
    assert "unknown mesh profile 'gke'; the profiles are default, aks" in ended.output
    assert not ended.left_a_report


@pytest.mark.parametrize("by", ["option", "scenario"])
def test_a_cluster_has_no_mesh_of_another_profile(run_pytest: Pytest, manifests: Path, by: str) -> None:
    scenario = manifests / "scenario.yaml"
    scenario.write_text(
        f"{scenario.read_text()}\nmesh: {{profile: {'aks' if by == 'scenario' else 'default'}}}\n"
    )
    options = ["--mesh-profile=aks"] if by == "option" else []
    ended = run_pytest(f"--manifests={manifests}", *options, tests=LIVE)
    assert ended.code == BAD_INPUT
    assert "the mesh profile aks is for the static tier" in ended.output
    assert not ended.called
    assert run_pytest(f"--manifests={manifests}", *options, tests=STATIC).code == 1


def test_a_wrong_fact_is_bad_input_with_its_line(run_pytest: Pytest, manifests: Path) -> None:
    scenario = manifests / "scenario.yaml"
    lines = scenario.read_text()
    scenario.write_text(f"mesh:\n  revision: canary\n{lines}")
    ended = run_pytest(f"--manifests={manifests}", tests=STATIC)
    assert ended.code == BAD_INPUT
    assert "scenario.yaml:2: mesh.revision is unknown; did you mean revisions?" in ended.output
