"""By its settings a component asks elsewhere, or with an account that MySQL refuses."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fixtures.plugin.options import OWN_MANIFESTS
from fixtures.routing.plan import plan_of
from fixtures.scenario.loading import load_scenario
from fixtures.scenario.manifests import ManifestFolder, load_manifests
from fixtures.scenario.renaming import Renaming, rename_manifests, rename_scenario
from fixtures.scenario.stage_numbers import CANARY, STAGES
from fixtures.scenario.stages import Scenario
from fixtures.static.misled import misled

pytestmark = pytest.mark.selftest

PODS = "kubernetes/step-3-update-voting-app-with-new-storage.yaml"
COMPONENTS = [
    (app, version)
    for app in ("voting-app", "voting-analytics", "voting-storage")
    for version in ("1.0", "1.1", "2.0")
]
RENAMING = Renaming("voting", "voting-gw1", {"istio": "ingressgateway"}, {"istio.io/rev": "default"}, "gw1")


def of_all(scenario: Scenario, manifests: ManifestFolder, stage: int) -> list[str]:
    model = plan_of(scenario, manifests).after(stage)
    return [finding for app, version in COMPONENTS for finding in misled(model, app, version)]


@pytest.mark.parametrize("renamed", [False, True], ids=["as written", "of a worker"])
def test_our_own_manifests_mislead_nobody(renamed: bool) -> None:
    scenario = load_scenario(OWN_MANIFESTS)
    manifests = load_manifests(OWN_MANIFESTS, scenario)
    if renamed:
        manifests, scenario = rename_manifests(manifests, RENAMING), rename_scenario(scenario, RENAMING)
    assert [finding for stage in STAGES for finding in of_all(scenario, manifests, stage)] == []


def test_another_password_is_told_with_its_place(tmp_path: Path) -> None:
    folder = tmp_path / "manifests"
    shutil.copytree(OWN_MANIFESTS, folder)
    text = (folder / PODS).read_text()
    own = "valueFrom:\n                secretKeyRef:\n                  name: voting-storage-secret\n"
    before, found, after = text.rpartition(f"name: MYSQL_PASSWORD\n              {own}")
    assert found, "the app of 2.0 reads its password from the Secret"
    _, _, rest = after.partition("\n")
    (folder / PODS).write_text(f"{before}name: MYSQL_PASSWORD\n              value: another\n{rest}")
    scenario = load_scenario(folder)
    (finding,) = of_all(scenario, load_manifests(folder, scenario), CANARY)
    assert finding.startswith(f"{PODS}:")
    assert "MYSQL_PASSWORD of voting-app 2.0 isn't that of voting-storage 2.0" in finding


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("MYSQL_HOST", "voting-store", "2.0 asks voting-store:3306 and gets: connection refused no"),
        ("MYSQL_HOST", "voting-analytics", "asks voting-analytics:3306 and gets: connection refused"),
        ("ANALYTICS_HOST", "voting-app", "voting-app 2.0 asks voting-app:8080 and gets: 503"),
        ("MYSQL_HOST", "voting-storage.voting.svc.cluster.local", ""),
        ("ANALYTICS_HOST", "voting-analytics.voting", ""),
    ],
)
def test_a_host_where_no_peer_answers_is_told_with_its_place(
    tmp_path: Path, variable: str, value: str, told: str
) -> None:
    folder = tmp_path / "manifests"
    shutil.copytree(OWN_MANIFESTS, folder)
    before, found, after = (folder / PODS).read_text().rpartition(f"name: {variable}\n")
    assert found, "the app of 2.0 says where it looks for its peers"
    _, _, rest = after.partition("\n")
    (folder / PODS).write_text(f"{before}{found}              value: {value}\n{rest}")
    scenario = load_scenario(folder)
    findings = of_all(scenario, load_manifests(folder, scenario), CANARY)
    assert [told in finding and finding.startswith(f"{PODS}:") for finding in findings] == [True] * bool(told)


@pytest.mark.parametrize(
    ("port", "told"), [(8080, ""), (9090, "voting-app 2.0 listens at PORT 9090, which its pods don't have")]
)
def test_a_port_that_pods_do_not_have_is_told_with_its_place(tmp_path: Path, port: int, told: str) -> None:
    folder = tmp_path / "manifests"
    shutil.copytree(OWN_MANIFESTS, folder)
    before, found, after = (folder / PODS).read_text().rpartition("          env:\n")
    variable = f'            - name: PORT\n              value: "{port}"\n'
    (folder / PODS).write_text(f"{before}{found}{variable}{after}")
    scenario = load_scenario(folder)
    findings = of_all(scenario, load_manifests(folder, scenario), CANARY)
    assert [finding.partition(": ")[2] for finding in findings] == [told] * bool(told)
