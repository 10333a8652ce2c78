"""What became of an object depends on what its author decides; a dump is refused as by `kubectl apply`."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from kubernetes.client.exceptions import ApiException

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.apply_answers import FIELD_MANAGER, Refused, ref_of
from canary_conformance.scenario.stages import ObjectRef, Verb


def item(spec: object, *, version: str = "1", fields: object = None, status: object = None) -> dict[str, Any]:
    managed = [
        {"manager": FIELD_MANAGER, "fieldsV1": fields, "time": version},
        {"manager": "kubelet", "time": version},
    ]
    metadata = {"name": "app", "resourceVersion": version, "managedFields": managed}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec, "status": status}


class Server:
    """A dynamic client of one object, which is there or not; `after` is what an apply makes of it."""

    def __init__(self, before: dict[str, Any] | None, after: dict[str, Any]) -> None:
        self.before = before
        self.after = after
        self.created: list[list[tuple[str, str]]] = []
        self.resources = self
        self.namespaced = True

    def get(self, *, name: str = "", **_: Any) -> Any:
        if not name:
            return self
        if self.before is None:
            raise ApiException(status=404)
        return SimpleNamespace(data=json.dumps(self.before))

    def create(self, *, query_params: list[tuple[str, str]], **_: Any) -> None:
        self.created.append(query_params)
        raise _exception("resourceVersion should not be set on objects to be created")

    def server_side_apply(self, *_: Any, **__: Any) -> Any:
        headers = SimpleNamespace(getlist=lambda _: ['299 - "deprecated"'])
        return SimpleNamespace(data=json.dumps(self.after), headers=headers)


def _exception(message: str) -> ApiException:
    error = ApiException(status=409)
    error.body = json.dumps({"message": message})
    return error


def api_of(server: Server) -> Api:
    api = object.__new__(Api)
    api._dynamic = server
    return api


BODY = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "app"}}


@pytest.mark.parametrize(
    ("before", "after", "verb"),
    [
        (None, item({"a": 1}), Verb.CREATED),
        (item({"a": 1}), item({"a": 1}), Verb.UNCHANGED),
        (item({"a": 1}), item({"a": 1}, version="2", status={"ready": 1}), Verb.UNCHANGED),
        (item({"a": 1}), item({"a": 2}, version="2"), Verb.CONFIGURED),
        (item({"a": 1}), item({"a": 1}, version="2", fields={"f:spec": {}}), Verb.CONFIGURED),
    ],
)
def test_what_became_of_an_object(before: dict[str, Any] | None, after: dict[str, Any], verb: Verb) -> None:
    applied = api_of(Server(before, after)).apply(BODY, "voting")
    assert applied.object.verb is verb
    assert applied.object.ref == ObjectRef("Service", "app")
    assert applied.warnings == ("deprecated",)


def test_a_resource_version_is_refused_where_the_object_is_to_be_created() -> None:
    server = Server(None, item({}))
    dumped = {**BODY, "metadata": {"name": "app", "resourceVersion": "4711"}}
    with pytest.raises(Refused, match="should not be set"):
        api_of(server).apply(dumped, "voting")
    assert server.created == [[("fieldValidation", "Strict"), ("dryRun", "All")]]


def test_no_creation_is_tried_without_one() -> None:
    server = Server(None, item({}))
    api_of(server).apply(BODY, "voting")
    assert server.created == []


def test_an_object_of_another_groups_kind_carries_its_group() -> None:
    body = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"name": "g"}}
    assert str(ref_of(body)) == "Gateway.gateway.networking.k8s.io/g"
    assert str(ref_of(BODY)) == "Service/app"
