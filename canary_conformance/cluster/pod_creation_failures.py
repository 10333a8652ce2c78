"""Why an object makes no pods, or pods that can never start: what it names is absent, or pods are refused.

A refusal by the API server stands until an object is changed (Kubernetes: "Admission Control"), unless by its
message the server could not decide, or room may become free.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.pod_references import absent_references
from canary_conformance.cluster.pod_state import Trouble
from canary_conformance.cluster.rollouts import DAEMON_SET, DEPLOYMENT, existing_pods, wanted_pods
from canary_conformance.scenario.stages import ObjectRef

Object = Mapping[str, Any]

TEMPLATE = "spec.template.spec"
DECISIONS = ("is forbidden", "is invalid", "denied the request")
# istiod's webhook answers late right after its start; what was not found is there by now, or it would have
# been reported as absent; a quota is free again when old pods have ended; a namespace that ends is not the
# object's fault.
MAY_PASS = (
    "failed calling webhook",
    "not found",
    "no PriorityClass with name",
    "exceeded quota",
    "being terminated",
)


def unmade_pods(api: Api, namespace: str, ref: ObjectRef, item: Object) -> list[Trouble]:
    """Return why an object whose rollout isn't complete makes no pods, or none that can start."""
    if item["spec"].get("paused"):
        reason = f"{ref} is paused, so that no pod is made from its template"
        return [Trouble(reason, concerns=(f"{ref}:spec.paused",))]
    absent = absent_references(api, namespace, (item["spec"].get("template") or {}).get("spec") or {})
    if absent:
        return [
            Trouble(f"{one.ref} does not exist, which {ref} names", concerns=(f"{ref}:{one.field}",))
            for one in absent
        ]
    return [
        Trouble(
            f"{ref} can't make pods: {message}",
            hopeless=any(word in message for word in DECISIONS)
            and not any(word in message for word in MAY_PASS),
            concerns=(f"{ref}:{TEMPLATE}",),
        )
        for message in _refusals(api, namespace, ref, item)
    ]


def _refusals(api: Api, namespace: str, ref: ObjectRef, item: Object) -> Sequence[str]:
    """Return the message of the last refusal to make a pod, if pods are missing."""
    if ref.kind == DEPLOYMENT:
        return [
            str(condition.get("message", ""))
            for condition in (item.get("status") or {}).get("conditions") or []
            if condition["type"] == "ReplicaFailure" and condition["status"] == "True"
        ]
    # Other kinds report it by events only, which are kept long after it passed.
    ready = "numberReady" if ref.kind == DAEMON_SET else "readyReplicas"
    there = existing_pods(item, ref.kind)
    if there >= wanted_pods(item, ref.kind) or (item.get("status") or {}).get(ready, 0) < there:
        return []
    events = [
        event
        for event in api.list("v1", "Event", namespace)
        if event.get("reason") == "FailedCreate"
        and (event["involvedObject"].get("kind"), event["involvedObject"].get("name")) == (ref.kind, ref.name)
    ]
    events.sort(key=lambda event: str(event.get("lastTimestamp") or event.get("eventTime") or ""))
    return [str(event.get("message", "")) for event in events[-1:]]
