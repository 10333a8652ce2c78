"""The work of other people in a cluster: objects that stay as they are, and some that come and go."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from canary_conformance.cluster.api import Api
from canary_conformance.repeating import repeating
from tools.own_cluster.mesh_layouts import Layout
from tools.own_cluster.plain_cluster import PlainCluster

OBJECTS = Path(__file__).with_name("other_teams.yaml")
# What comes and goes carries it, or is in a namespace that does.
CHURN = "own-cluster/comes-and-goes"
EVERY = 2.0
_ROUNDS_OF_A_NAMESPACE = 10


def put_to_work(cluster: PlainCluster, layout: Layout) -> None:
    """Make the objects that stay. Raises CommandFailed."""
    gateway = layout.gateways[0]
    selector = "ingressgateway" if gateway == "istio-ingressgateway" else gateway
    text = OBJECTS.read_text().replace("GATEWAY", selector)
    cluster.kubectl(
        "apply", "--filename", "-", feed=text.replace("IDLE_IMAGE", cluster.provisions.caller_image)
    )
    cluster.kubectl("rollout", "status", "deployment/shop", "--namespace", "shop")


@contextmanager
def churning(cluster: PlainCluster) -> Iterator[None]:
    """Have pods, settings and a namespace come, change and go until the end, in kube-system too."""
    api, numbers = cluster.api(), itertools.count()
    try:
        with repeating(
            lambda: _change(api, next(numbers), cluster.provisions.caller_image), EVERY, "other teams"
        ):
            yield
    finally:
        for namespace in ("kube-system", "shop"):
            for kind in ("Pod", "ConfigMap"):
                api.delete("v1", kind, "churn", namespace)
        api.delete("v1", "Namespace", "churn")


def _change(api: Api, number: int, image: str) -> None:
    """Make each pod or delete it, and change each ConfigMap; every tenth time a namespace."""
    for namespace in ("kube-system", "shop"):
        api.apply(_object("ConfigMap", data={"round": str(number)}), namespace)
        if number % 2:
            api.delete("v1", "Pod", "churn", namespace)
        elif api.get("v1", "Pod", "churn", namespace) is None:
            container = {"name": "idle", "image": image, "imagePullPolicy": "IfNotPresent"}
            spec = {"terminationGracePeriodSeconds": 0, "containers": [container]}
            api.apply(_object("Pod", spec=spec), namespace)
    if number % _ROUNDS_OF_A_NAMESPACE == 0 and api.get("v1", "Namespace", "churn") is None:
        api.apply(_object("Namespace"), None)
    elif number % _ROUNDS_OF_A_NAMESPACE == _ROUNDS_OF_A_NAMESPACE // 2:
        api.delete("v1", "Namespace", "churn")


def _object(kind: str, **parts: Any) -> dict[str, Any]:
    metadata = {"name": "churn", "labels": {CHURN: "true"}}
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata, **parts}
