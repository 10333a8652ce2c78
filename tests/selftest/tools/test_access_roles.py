"""What users apply to their own cluster, in examples/cluster: roles, policy and Job."""

from __future__ import annotations

import yaml

from canary_conformance.cluster.access_rights import OWN_ROLE, RIGHTS, Area
from canary_conformance.stages.owned_namespaces import MADE_BY
from tools import access_roles
from tools.own_cluster.mesh_layouts import AKS, DEFAULTS
from tools.own_cluster.runner_account import USER
from tools.own_cluster.suite_job import job_objects


def test_the_roles_that_users_apply_are_the_list() -> None:
    for name, text in access_roles.files().items():
        assert (access_roles.FOLDER / name).read_text() == text, "run python -m tools.access_roles"
    page = access_roles.PAGE.read_text()
    assert access_roles.page(page) == page, "run python -m tools.access_roles"
    assert all(access_roles.files()[name] in page for name in access_roles.SHOWN)


def test_the_roles_grant_each_right_of_the_list_and_nothing_else() -> None:
    documents = list(yaml.safe_load_all((access_roles.FOLDER / "roles.yaml").read_text()))
    rules = {one["metadata"]["name"]: one["rules"] for one in documents if one["kind"] == "ClusterRole"}
    for area, (role, _) in access_roles.ROLES.items():
        granted = {
            (rule["apiGroups"][0], rule["resources"][0], verb)
            for rule in rules[role]
            for verb in rule["verbs"]
        }
        assert granted == {
            (one.group, one.resource, v) for one in RIGHTS if one.area is area for v in one.verbs
        }


def test_only_the_role_of_the_cluster_is_bound_everywhere() -> None:
    bound = [
        document
        for name in access_roles.files()
        for document in yaml.safe_load_all((access_roles.FOLDER / name).read_text())
        if document["kind"].endswith("Binding")
    ]
    everywhere = [one["roleRef"]["name"] for one in bound if one["kind"] == "ClusterRoleBinding"]
    assert everywhere == [access_roles.ROLES[Area.CLUSTER][0]]
    assert OWN_ROLE not in {one["roleRef"]["name"] for one in bound}


def test_the_policy_is_for_the_account_that_the_roles_are_for() -> None:
    policy = (access_roles.FOLDER / "confinement.yaml").read_text()
    assert f'"{USER}"' in policy
    assert MADE_BY in policy


def test_the_job_is_that_of_users_with_the_options_that_its_mesh_needs() -> None:
    given = list(yaml.safe_load_all((access_roles.FOLDER / "job.yaml").read_text()))
    for layout, gateway in ((DEFAULTS, []), (AKS, [f"--gateway={AKS.gateway_namespace}/{AKS.gateways[0]}"])):
        documents = job_objects(layout, ["--timeout-factor=3"])
        container = documents[0]["spec"]["template"]["spec"]["containers"][0]
        before = given[0]["spec"]["template"]["spec"]["containers"][0]
        words = ["--rewrite-for-mesh", *gateway, "--timeout-factor=3"]
        assert container == before | {"args": [*before["args"], *words]}
        assert documents[1:] == given[1:]
