"""Calls from inside: raw connections made in a pod's own network, or by a pod that has no sidecar.

In a pod of the application an ephemeral container makes them: it shares the pod's network, so its packets
take the pod's own way through the sidecar, and it needs nothing of the pod's image (Kubernetes: "Ephemeral
Containers"). Each call is a new connection, since a kept one outlives a change of routes or of TLS.
"""

from __future__ import annotations

import base64
import json
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kubernetes.client.exceptions import ApiException

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.pod_access import RESTRICTED, PodName, run_in_pod
from canary_conformance.cluster.pod_state import is_ready
from canary_conformance.errors import NotJudged
from canary_conformance.scenario.observations import Call, Opening, Reply, ReplyKind, Sample, Sent
from canary_conformance.timeouts import LIMITS
from canary_conformance.waiting import NotInTime, wait_until

CONTAINER = "voting-conformance-caller"
PROGRAM = "/usr/local/bin/caller"


class Callers:
    """Makes calls from pods, starting a caller in each when it is first needed."""

    def __init__(self, api: Api, image: str, pull_secrets: Sequence[Mapping[str, str]] = ()) -> None:
        """image: the caller's image. pull_secrets: how a pod without sidecar pulls it, as pods name these."""
        self._api = api
        self._image = image
        self._pull_secrets = pull_secrets

    def make_outside_pod(self, name: PodName) -> None:
        """Make a pod without sidecar whose only purpose is to call; ready_outside() waits for it."""
        container = self._container() | {"resources": {"requests": {"cpu": "5m", "memory": "16Mi"}}}
        labels = {"sidecar.istio.io/inject": "false"}
        metadata = {"name": name.name, "namespace": name.namespace, "labels": labels}
        spec = {
            "containers": [container],
            "terminationGracePeriodSeconds": 1,
            "imagePullSecrets": [*self._pull_secrets],
        }
        self._api.apply(
            {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}, name.namespace
        )

    def ready_outside(self, name: PodName) -> None:
        """Wait until the pod without sidecar can call. Raises NotJudged."""
        self._wait(name, is_ready, "is ready")

    def start(self, pods: Sequence[PodName]) -> None:
        """Start a caller in each pod that has none, without waiting for it. Raises NotJudged."""
        for pod in pods:
            found = self._api.get("v1", "Pod", pod.name, pod.namespace)
            if found is None:
                raise NotJudged(f"pod {pod} is gone, no call can be made from it")
            if not found["spec"].get("ephemeralContainers"):
                try:
                    self._api.add_ephemeral_container(pod.name, pod.namespace, self._container())
                except ApiException as error:
                    raise NotJudged(f"no caller can be started in pod {pod}: {error.reason}") from error

    def prepare(self, pods: Sequence[PodName]) -> None:
        """Start a caller in each pod that has none, and wait for them. Raises NotJudged."""
        self.start(pods)
        for pod in pods:
            self._wait(pod, _caller_runs, "runs a caller")

    def runs_in(self, pod: PodName) -> bool:
        """Return whether a caller runs by now in a pod that is to stay; start() starts it."""
        found = self._api.get("v1", "Pod", pod.name, pod.namespace) or {"metadata": {}}
        return "deletionTimestamp" not in found["metadata"] and _caller_runs(found)

    def call(self, source: PodName, calls: Sequence[tuple[Call, Opening]]) -> Mapping[Call, Reply]:
        """Make calls from a pod, each once and all side by side, and return how each ended."""
        return dict(zip([call for call, _ in calls], self.each(source, calls), strict=True))

    def each(self, source: PodName, calls: Sequence[tuple[Call, Opening]]) -> Sequence[Reply]:
        """Make calls from a pod side by side, of which several may go to one place; return how each ended."""
        return self._replies(source, [(call, opening, 1) for call, opening in calls])

    def sample(self, source: PodName, call: Call, send: bytes, times: int) -> Sample[Reply]:
        """Make one call so many times, each time on a new connection, and return how each ended."""
        replies = tuple(self._replies(source, [(call, Opening(send, listens=False), times)]))
        return Sample(replies, f"{times} connections {call}")

    def _replies(self, source: PodName, calls: Sequence[tuple[Call, Opening, int]]) -> list[Reply]:
        asked = [_asked(*call) for call in calls]
        started = time.monotonic()
        output = run_in_pod(self._api, source, CONTAINER, [PROGRAM, "call", json.dumps(asked)])
        window = started, time.monotonic()
        again = [_sent(source, call, opening) for call, opening, times in calls for _ in range(times)]
        return [
            Reply(
                kind=(kind := ReplyKind(reply["kind"])),
                received=base64.b64decode(reply["received"] or ""),
                detail=reply["detail"],
                took=reply["took"],
                sent=sent,
                late=window if kind is ReplyKind.TIMED_OUT else None,
            )
            for reply, sent in zip(_parsed(output, source), again, strict=True)
        ]

    def _container(self) -> dict[str, Any]:
        return {
            "name": CONTAINER,
            "image": self._image,
            "imagePullPolicy": "IfNotPresent",
            "securityContext": RESTRICTED,
        }

    def _wait(self, name: PodName, until: Callable[[Mapping[str, Any]], bool], what: str) -> None:
        try:
            wait_until(
                lambda: self._api.get("v1", "Pod", name.name, name.namespace) or {},
                until=lambda pod: bool(pod) and until(pod),
                limit=LIMITS.pods_ready,
                what=f"pod {name} {what}",
            )
        except NotInTime as late:
            raise NotJudged(f"pod {name} {what}: not within {late.limit:.0f} s") from late


def _asked(call: Call, opening: Opening, times: int = 1) -> dict[str, Any]:
    """Return a call in the caller's words."""
    return {
        "host": call.host,
        "port": call.port,
        "send": base64.b64encode(opening.send).decode(),
        "limit": LIMITS.connection,
        "count": times,
        "listen": LIMITS.first_word if opening.listens else 0,
        "whole": opening.send.startswith(b"GET "),
    }


def _sent(source: PodName, call: Call, opening: Opening) -> Sent:
    """Return the command that makes a call again while the pod and its caller are there."""
    where = ["kubectl", "exec", "-n", source.namespace, source.name, "-c", CONTAINER]
    return Sent(command=shlex.join([*where, "--", PROGRAM, "call", json.dumps([_asked(call, opening)])]))


def _parsed(output: str, source: PodName) -> list[dict[str, Any]]:
    """Return the caller's answer. Raises NotJudged where it broke off.

    On a node with too little CPU a command's output was seen to end after 64 KiB, which a pipe holds.
    """
    try:
        return list(json.loads(output))
    except ValueError as broken:
        raise NotJudged(
            f"the answer of the caller in pod {source} broke off after {len(output)} characters"
        ) from broken


def _caller_runs(pod: Mapping[str, Any]) -> bool:
    statuses = pod.get("status", {}).get("ephemeralContainerStatuses", [])
    return any(status["name"] == CONTAINER and "running" in status["state"] for status in statuses)
