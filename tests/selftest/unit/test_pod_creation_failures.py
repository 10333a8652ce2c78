"""Pods that are never made, or never start, are reported with what is absent or with the refusal."""

from collections.abc import Sequence
from typing import Any, cast

import pytest

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.pod_creation_failures import unmade_pods
from canary_conformance.cluster.pod_references import absent_references, references
from canary_conformance.scenario.stages import ObjectRef

APP, DB = ObjectRef("Deployment", "app"), ObjectRef("StatefulSet", "db")
FORBIDDEN = 'pods "app-x" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation'
NO_ACCOUNT = (
    'pods "app-" is forbidden: error looking up service account voting/default: '
    'serviceaccount "default" not found'
)
WEBHOOK = "Internal error occurred: failed calling webhook: context deadline exceeded"
SPEC: dict[str, Any] = {
    "serviceAccountName": "app",
    "priorityClassName": "urgent",
    "imagePullSecrets": [{"name": "registry"}],
    "volumes": [
        {"name": "a", "secret": {"secretName": "certificate"}},
        {"name": "b", "configMap": {"name": "settings", "optional": True}},
        {"name": "c", "persistentVolumeClaim": {"claimName": "data"}},
        {
            "name": "d",
            "projected": {
                "sources": [{"configMap": {"name": "kube-root-ca.crt"}}, {"secret": {"name": "token"}}]
            },
        },
        {"name": "e", "emptyDir": {}},
    ],
    "initContainers": [{"name": "i", "envFrom": [{"configMapRef": {"name": "settings"}}]}],
    "containers": [
        {
            "name": "app",
            "envFrom": [{"secretRef": {"name": "maybe", "optional": True}}],
            "env": [
                {"name": "A", "value": "1"},
                {"name": "B", "valueFrom": {"secretKeyRef": {"name": "password", "key": "k"}}},
                {"name": "C", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            ],
        }
    ],
}


class Server:
    """Has some objects, and events."""

    def __init__(self, *there: str, events: Sequence[dict[str, Any]] = ()) -> None:
        self.there, self.events = there, events

    def get(self, api_version: str, kind: str, name: str, namespace: str | None) -> dict[str, Any] | None:
        assert (namespace is None) == (kind in {"PriorityClass", "RuntimeClass"}), api_version
        return {} if f"{kind}/{name}" in self.there else None

    def list(self, _: str, kind: str, namespace: str) -> Sequence[dict[str, Any]]:
        assert (kind, namespace) == ("Event", "voting")
        return self.events


def troubles_of(ref: ObjectRef, item: dict[str, Any], server: Server | None = None) -> list[tuple[str, bool]]:
    found = unmade_pods(cast(Api, server or Server()), "voting", ref, item)
    return [(one.reason, one.hopeless) for one in found]


def item(spec: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": "x"}, "spec": {"template": {"spec": spec or {}}}, "status": status}


def failing(message: str) -> dict[str, Any]:
    return item(conditions=[{"type": "ReplicaFailure", "status": "True", "message": message}])


def test_each_object_that_a_template_can_not_do_without_is_named_with_its_field() -> None:
    found = {str(one.ref): one.field for one in references(SPEC)}
    assert found == {
        "ServiceAccount/app": "spec.template.spec.serviceAccountName",
        "PriorityClass/urgent": "spec.template.spec.priorityClassName",
        "Secret/certificate": "spec.template.spec.volumes[0].secret.secretName",
        "PersistentVolumeClaim/data": "spec.template.spec.volumes[2].persistentVolumeClaim.claimName",
        "ConfigMap/kube-root-ca.crt": "spec.template.spec.volumes[3].projected.sources[0].configMap.name",
        "Secret/token": "spec.template.spec.volumes[3].projected.sources[1].secret.name",
        "ConfigMap/settings": "spec.template.spec.initContainers[0].envFrom[0].configMapRef.name",
        "Secret/password": "spec.template.spec.containers[0].env[1].valueFrom.secretKeyRef.name",
    }


def test_only_what_is_absent_is_reported_and_nothing_that_controllers_make() -> None:
    there = [str(one.ref) for one in references(SPEC) if one.ref.name != "urgent"]
    there.remove("ConfigMap/kube-root-ca.crt")
    absent = absent_references(cast(Api, Server(*there)), "voting", SPEC)
    assert [str(one.ref) for one in absent] == ["PriorityClass/urgent"]


def test_an_absent_object_is_the_cause_whatever_the_server_reports() -> None:
    state = failing('pods "app-" is forbidden: error looking up service account voting/nobody-made-it')
    state["spec"]["template"]["spec"] = {"serviceAccountName": "nobody-made-it"}
    (trouble,) = unmade_pods(cast(Api, Server()), "voting", APP, state)
    assert trouble.reason == "ServiceAccount/nobody-made-it does not exist, which Deployment/app names"
    assert trouble.concerns == ("Deployment/app:spec.template.spec.serviceAccountName",)
    assert trouble.hopeless


def test_a_paused_deployment_is_reported_at_once() -> None:
    state = item()
    state["spec"]["paused"] = True
    (trouble,) = unmade_pods(cast(Api, Server()), "voting", APP, state)
    assert (trouble.hopeless, trouble.concerns) == (True, ("Deployment/app:spec.paused",))
    assert trouble.reason.startswith("Deployment/app is paused")


@pytest.mark.parametrize(
    ("message", "hopeless"),
    [
        (FORBIDDEN, True),
        ('Pod "app-x" is invalid: spec.containers[0].name: Duplicate value', True),
        ('admission webhook "policy.example.com" denied the request: no', True),
        ('pods "app-x" is forbidden: exceeded quota: q, requested: pods=1', False),
        (NO_ACCOUNT, False),
        ('pods "app-x" is forbidden: no PriorityClass with name urgent was found', False),
        (WEBHOOK, False),
        (f"{WEBHOOK}: the request is forbidden", False),
    ],
)
def test_a_refusal_stands_unless_the_server_could_not_decide_or_room_may_come(
    message: str, hopeless: bool
) -> None:
    assert troubles_of(APP, failing(message)) == [(f"Deployment/app can't make pods: {message}", hopeless)]


def event(message: str, time: str, kind: str = "StatefulSet", reason: str = "FailedCreate") -> dict[str, Any]:
    about = {"kind": kind, "name": "db"}
    return {"reason": reason, "message": message, "lastTimestamp": time, "involvedObject": about}


def test_a_stateful_set_reports_it_by_its_last_event() -> None:
    events = [
        event("new: is forbidden", "2"),
        event("old", "1"),
        event("x", "3", "Deployment"),
        event("y", "4", reason="Z"),
    ]
    server = Server(events=events)
    assert troubles_of(DB, item(), server) == [("StatefulSet/db can't make pods: new: is forbidden", True)]


def test_an_old_event_is_no_trouble_once_the_pod_is_there() -> None:
    server = Server(events=[event("is forbidden", "1")])
    assert troubles_of(DB, item(replicas=1), server) == []
    three = item(replicas=1)
    three["spec"]["replicas"] = 3
    assert troubles_of(DB, three, server) == [], "the second pod waits for the first"
    three["status"]["readyReplicas"] = 1
    assert troubles_of(DB, three, server) != []
