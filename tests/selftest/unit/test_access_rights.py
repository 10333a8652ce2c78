"""What a run needs of a cluster is one list; what the API server does not allow of it is named in a line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from canary_conformance.cluster.access_rights import (
    RIGHTS,
    Area,
    Right,
    in_lines,
    missing_rights,
    policy_rules,
    rights_of_manifests,
)
from canary_conformance.cluster.api import Api
from canary_conformance.cluster.apply_answers import Refused
from canary_conformance.paths import MANIFESTS
from canary_conformance.scenario.scenario_folder import SCENARIO_FILE
from canary_conformance.scenario.stages import ObjectRef
from canary_conformance.settings import read_source

WHERE = {Area.OURS: ("judge-voting", "judge-suite"), Area.MESH: ("istio-system",), Area.GATEWAY: ("edge",)}


@dataclass
class Authorizer:
    """An API server that allows all but some verbs on some resources, and has a role of these rules."""

    refused: tuple[tuple[str, str], ...] = ()
    role: Sequence[Mapping[str, Any]] = ()
    asked: list[Mapping[str, str]] = field(default_factory=list)

    def allows(self, attributes: Mapping[str, str]) -> bool:
        self.asked.append(attributes)
        resource = "/".join(filter(None, (attributes["resource"], attributes["subresource"])))
        return (attributes["verb"], resource) not in self.refused

    def get(self, *_: str) -> dict[str, Any]:
        return {"rules": self.role}


def missing(authorizer: Authorizer, *rights: Right) -> list[str]:
    return in_lines(missing_rights(cast(Api, authorizer), WHERE, rights or RIGHTS))


def test_nothing_is_missing_where_all_is_allowed_and_nothing_is_asked_twice() -> None:
    authorizer = Authorizer()
    assert missing(authorizer) == []
    asked = [tuple(sorted(one.items())) for one in authorizer.asked]
    assert len(asked) == len(set(asked))


def test_each_missing_right_is_a_line_with_its_namespace_and_purpose() -> None:
    lines = missing(Authorizer((("list", "nodes"), ("get", "pods/exec"), ("create", "deployments"))))
    assert "list nodes in the whole cluster: a restarted node is no verdict; versions, architectures" in lines
    assert "get pods/exec in the run's own namespaces: calls from inside" in lines
    assert "create deployments.apps in the run's own namespaces: the scenario's objects" in lines
    assert len(lines) == 3


def test_what_the_run_can_give_itself_is_not_missing() -> None:
    refused = (("create", "deployments"), ("list", "pods"))
    lines = missing(Authorizer(refused, policy_rules(Area.OURS)))
    assert {line.partition(":")[0] for line in lines} == {
        "list pods in the whole cluster",
        "list pods in namespace istio-system",
        "list pods in namespace edge",
    }
    others = [rule for rule in policy_rules(Area.OURS) if rule["resources"] != ["deployments"]]
    assert len(missing(Authorizer(refused[:1], others))) == 1


def test_a_role_that_may_not_be_bound_gives_nothing() -> None:
    refused = (("create", "deployments"), ("bind", "clusterroles"))
    assert len(missing(Authorizer(refused, policy_rules(Area.OURS)))) == 2


def test_a_right_that_a_run_can_do_without_says_what_is_lost() -> None:
    assert missing(Authorizer((("list", "gateways"),), policy_rules(Area.OURS)))[0].endswith(
        "; without it, it is not known which other Gateways open port 80 of the ingress"
    )


def test_a_namespace_of_the_run_is_asked_for_by_its_name() -> None:
    authorizer = Authorizer()
    missing(authorizer, Right(("delete",), "", "namespaces", Area.OURS, "clean-up"))
    assert [(one["namespace"], one["name"]) for one in authorizer.asked] == [
        (name, name) for name in WHERE[Area.OURS]
    ]


def test_secrets_are_never_listed() -> None:
    assert not any("secrets" in one.resource and {"list", "watch"} & {*one.verbs} for one in RIGHTS)
    assert all(one.area is Area.OURS for one in RIGHTS if one.resource == "secrets")


@pytest.mark.parametrize("area", [Area.MESH, Area.GATEWAY])
def test_nothing_of_others_is_written(area: Area) -> None:
    written = {
        verb for one in RIGHTS if one.area is area for verb in one.verbs if one.resource != "pods/portforward"
    }
    assert written <= {"get", "list"}


def test_the_rules_of_a_role_have_each_resource_once() -> None:
    rules = policy_rules(Area.OURS)
    resources = [(*one["apiGroups"], *one["resources"]) for one in rules]
    assert len(resources) == len(set(resources))
    assert {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]} in rules


class Discovery:
    """An API server that serves the kinds of the manifests by their plural in lower case, and some others."""

    def resource(self, _: str, kind: str) -> tuple[str, bool]:
        if kind == "Widget":
            raise Refused(ObjectRef(kind, "?"), "no matches")
        return kind.lower() + "s", kind != "PriorityClass"


def test_the_suites_own_manifests_need_nothing_beside_the_list() -> None:
    source = read_source(MANIFESTS, MANIFESTS / SCENARIO_FILE)
    deleted = source.scenario.deleted_kinds()
    assert deleted == {"Deployment", "Namespace"}
    assert rights_of_manifests(cast(Api, Discovery()), source.manifests, deleted) == []
    more = rights_of_manifests(cast(Api, Discovery()), source.manifests, deleted | {"Service"})
    assert [(one.resource, "delete" in one.verbs) for one in more] == [("services", True)]


def test_other_kinds_of_the_manifests_are_needed_where_they_belong() -> None:
    bodies = (("batch/v1", "Job"), ("scheduling.k8s.io/v1", "PriorityClass"), ("example.test/v1", "Widget"))
    objects = [
        SimpleNamespace(api_version=version, body={"kind": kind}, place="f.yaml:3")
        for version, kind in bodies
    ]
    rights = rights_of_manifests(cast(Api, Discovery()), cast(Any, SimpleNamespace(objects=objects)), ())
    assert [(one.group, one.resource, one.area) for one in rights] == [
        ("batch", "jobs", Area.OURS),
        ("scheduling.k8s.io", "priorityclasss", Area.CLUSTER),
    ]
    assert rights[0].purpose == "Job in f.yaml:3"
