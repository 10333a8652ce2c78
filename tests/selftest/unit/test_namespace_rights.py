"""A run has rights in the namespaces that it makes, by its own binding; one that is gone holds nothing."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException

from canary_conformance.cluster import namespace_rights
from canary_conformance.cluster.access_rights import OWN_ROLE
from canary_conformance.cluster.api import Api
from canary_conformance.cluster.namespace_rights import create_namespace
from canary_conformance.errors import BadInput, EnvironmentFailed
from canary_conformance.timeouts import Timeouts
from tests.selftest.api_server import ApiServer, Object
from tests.selftest.support import SeenRequest

DELETE = ("delete", "namespaces")


class Granting(ApiServer):
    """Takes namespaces and bindings; by a binding its user may delete the namespace, unless `deaf`."""

    def __init__(self, *objects: Object) -> None:
        super().__init__(*objects, user="runner")
        self.made: list[Mapping[str, Any]] = []
        self.deaf = False

    def _answer(self, request: SeenRequest) -> tuple[int, Object]:
        resource = request.path.partition("?")[0].rpartition("/")[2]
        if request.method != "POST" or "selfsubject" in resource:
            return super()._answer(request)
        if ("create", resource) in self.refused:
            return 403, {"message": f"{self.user} cannot create {resource}"}
        self.made.append(json.loads(request.body))
        if resource == "rolebindings" and not self.deaf:
            self.refused.discard(DELETE)
        return 201, self.made[-1]


@pytest.fixture
def server() -> Iterator[Granting]:
    with Granting() as running:
        yield running


@pytest.fixture
def api(server: Granting, tmp_path: Path) -> Api:
    return Api(server.kubeconfig(tmp_path), "theirs", tmp_path)


def namespace(name: str, **metadata: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, **metadata}}


def test_who_has_the_rights_already_binds_nothing(server: Granting, api: Api) -> None:
    create_namespace(api, "judge-voting", {"labels": {"made-by": "us"}})
    (made,) = server.made
    assert made["metadata"] == {"name": "judge-voting", "labels": {"made-by": "us"}}


def test_who_has_none_binds_the_runs_role_to_himself_in_this_namespace_alone(
    server: Granting, api: Api
) -> None:
    server.refused.add(DELETE)
    create_namespace(api, "judge-voting", {})
    made, bound = server.made
    assert (made["kind"], bound["kind"]) == ("Namespace", "RoleBinding")
    assert bound["metadata"] == {"name": OWN_ROLE, "namespace": "judge-voting"}
    assert bound["roleRef"]["name"] == OWN_ROLE
    assert [(one["kind"], one["name"]) for one in bound["subjects"]] == [("User", "runner")]


def test_a_namespace_that_is_there_is_not_made_again(server: Granting, api: Api) -> None:
    server.objects.append(namespace("judge-voting"))
    create_namespace(api, "judge-voting", {})
    assert server.made == []


def test_who_may_not_bind_the_role_is_named_with_the_page_that_has_it(server: Granting, api: Api) -> None:
    server.refused |= {DELETE, ("create", "rolebindings")}
    with pytest.raises(
        BadInput, match=f"runner has no rights in namespace judge-voting.*{OWN_ROLE}.*clusters.md"
    ):
        create_namespace(api, "judge-voting", {})


def test_a_role_without_rights_ends_the_run(
    server: Granting, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.refused.add(DELETE)
    server.deaf = True
    monkeypatch.setattr(namespace_rights, "LIMITS", Timeouts(api_call=0.2))
    with pytest.raises(EnvironmentFailed, match="hold in namespace judge-voting"):
        create_namespace(api, "judge-voting", {})


@pytest.mark.parametrize("there", [[], [namespace("gone", deletionTimestamp="2026-11-30T08:00:00Z")]])
def test_a_namespace_that_is_gone_or_going_holds_nothing_that_may_be_read(
    server: Granting, api: Api, there: list[Object]
) -> None:
    server.objects += there
    server.refused |= {("list", "pods"), ("get", "pods")}
    assert api.list("v1", "Pod", "gone") == []
    assert api.get("v1", "Pod", "p", "gone") is None


def test_a_refusal_in_a_namespace_that_is_there_stays_one(server: Granting, api: Api) -> None:
    server.objects.append(namespace("shop"))
    server.refused |= {("list", "pods"), ("get", "pods")}
    with pytest.raises(ApiException):
        api.list("v1", "Pod", "shop")
    with pytest.raises(ApiException):
        api.get("v1", "Pod", "p", "shop")
    with pytest.raises(ApiException):
        api.list("v1", "Pod")
