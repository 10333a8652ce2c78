"""MySQL refuses a component whose account isn't the one that it is set up with, in whatever namespace."""

import shutil
from pathlib import Path

import pytest

from canary_conformance.model.stage_plan import plan_of
from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.manifests import ManifestFolder, load_manifests
from canary_conformance.scenario.namespace_names import Renaming, rename_manifests, rename_scenario
from canary_conformance.scenario.places import Finding
from canary_conformance.scenario.scenario_folder import load_scenario
from canary_conformance.scenario.stages import Scenario
from canary_conformance.voting.contract import CANARY, STAGES
from canary_conformance.voting.static.app_settings import other_account
from canary_conformance.voting.voting_app import VOTING_APP
from tests.selftest.manifest_files import LAST

COMPONENTS = [
    (app, version)
    for app in ("voting-app", "voting-analytics", "voting-storage")
    for version in ("1.0", "1.1", "2.0")
]
RENAMING = Renaming("voting", "voting-gw1", {"istio": "ingressgateway"}, {"istio.io/rev": "default"}, "gw1")


def refused(scenario: Scenario, manifests: ManifestFolder, stage: int) -> list[Finding]:
    model = plan_of(scenario, manifests, VOTING_APP).after(stage)
    return [finding for app, version in COMPONENTS for finding in other_account(model, app, version)]


@pytest.mark.parametrize("renamed", [False, True], ids=["as written", "of a worker"])
def test_our_own_manifests_have_one_account(renamed: bool) -> None:
    scenario = load_scenario(MANIFESTS)
    manifests = load_manifests(MANIFESTS, scenario)
    if renamed:
        manifests, scenario = rename_manifests(manifests, RENAMING), rename_scenario(scenario, RENAMING)
    assert [finding for stage in STAGES for finding in refused(scenario, manifests, stage)] == []


def test_another_password_is_told_with_its_place(tmp_path: Path) -> None:
    folder = tmp_path / "manifests"
    shutil.copytree(MANIFESTS, folder)
    text = (folder / LAST).read_text()
    own = "valueFrom:\n                secretKeyRef:\n                  name: voting-storage-secret\n"
    before, found, after = text.rpartition(f"name: MYSQL_PASSWORD\n              {own}")
    assert found, "the app of 2.0 reads its password from the Secret"
    _, _, rest = after.partition("\n")
    (folder / LAST).write_text(f"{before}name: MYSQL_PASSWORD\n              value: another\n{rest}")
    scenario = load_scenario(folder)
    (finding,) = refused(scenario, load_manifests(folder, scenario), CANARY)
    assert finding.place.file == LAST
    assert "MYSQL_PASSWORD of voting-app 2.0 differs from that of voting-storage 2.0" in finding.sentence


@pytest.mark.parametrize(("password", "refusals"), [("sample-password-of-root", 0), ("another", 2)])
def test_root_is_let_in_by_its_own_password(tmp_path: Path, password: str, refusals: int) -> None:
    folder = tmp_path / "manifests"
    shutil.copytree(MANIFESTS, folder)
    before, found, after = (folder / LAST).read_text().rpartition("            - name: MYSQL_USER\n")
    _, database, rest = after.partition("            - name: MYSQL_DATABASE\n")
    assert all((found, database)), "the app of 2.0 has an account"
    account = "            - name: MYSQL_USER\n              value: root\n"
    account += f"            - name: MYSQL_PASSWORD\n              value: {password}\n"
    (folder / LAST).write_text(f"{before}{account}{database}{rest}")
    scenario = load_scenario(folder)
    assert len(refused(scenario, load_manifests(folder, scenario), CANARY)) == refusals
