"""Which container of a pod is the component, whatever stands beside it."""

from typing import Any

import pytest

from canary_conformance.model.pods.component import component_index, component_name
from canary_conformance.voting.voting_app import VOTING_APP
from tests.selftest.changed_manifests import changed, failed, results_of, unjudged, words_of
from tests.selftest.manifest_files import FIRST

ANALYTICS = "        - name: voting-analytics\n          image: localhost/voting-analytics:1.0\n"


def container(name: str, image: str = "busybox", **more: Any) -> dict[str, Any]:
    return {"name": name, "image": image, **more}


PORT = {"ports": [{"containerPort": 8080}]}
PROBE = {"readinessProbe": {"httpGet": {"path": "/", "port": 8080}}}


@pytest.mark.parametrize(
    ("containers", "index"),
    [
        ([container("voting-app")], 0),
        ([container("exporter", "voting-app:1.0"), container("voting-app", "mine:1")], 1),
        ([container("voting-app-1-0"), container("logs", "voting-app:1.0")], 0),
        ([container("logs"), container("web", "registry:5000/team/voting-app:1.0@sha256:0")], 1),
        ([container("logs"), container("web", "mine", **PORT)], 1),
        ([container("logs"), container("web", "mine", **PROBE)], 1),
        ([container("istio-proxy", "proxyv2", **PORT), container("web")], 1),
        ([container("istio-proxy", "proxyv2"), container("logs"), container("web")], 1),
        ([container("istio-proxy", "proxyv2")], None),
        ([], None),
        (["nonsense", container("voting-app")], 1),
        ([{"name": 1, "ports": "http", "readinessProbe": []}], 0),
    ],
)
def test_the_first_rule_that_a_container_meets_decides(containers: list[Any], index: int | None) -> None:
    assert component_index(VOTING_APP, containers, "voting-app", "voting-app-1-0") == index


@pytest.mark.parametrize(
    ("owner", "labels", "component"),
    [
        ("voting-app-1-0", {}, "voting-app"),
        ("voting-storage-2-0", {"app": "voting-app"}, "voting-storage"),
        ("mysql", {"app": "voting-storage"}, "voting-storage"),
        ("toolbox", {"app": "toolbox"}, ""),
        ("toolbox", {"app": 1}, ""),
    ],
)
def test_a_workloads_name_tells_its_component_and_else_its_label(
    owner: str, labels: dict[str, object], component: str
) -> None:
    assert component_name(VOTING_APP, owner, labels) == component


HELPER = (
    "        - name: exporter\n          image: localhost/voting-analytics:1.0\n"
    "          env:\n            - name: PORT\n              value: '{port}'\n"
    "          ports:\n            - name: metrics\n              containerPort: {port}\n"
)


@pytest.mark.parametrize("place", ["before", "after", "native sidecar"])
def test_a_container_beside_the_component_breaks_nothing(place: str) -> None:
    results = results_of(with_helper(place, 9090))
    assert not failed(results)
    assert not unjudged(results)


def test_a_container_that_takes_the_components_port_keeps_the_pod_from_getting_ready() -> None:
    results = results_of(with_helper("before", 8080))
    assert "R1.2" in failed(results)
    assert "two containers that listen at port 8080" in words_of(results, "R1.2")


def test_the_components_own_port_is_still_judged_beside_a_helper() -> None:
    overlay = with_helper("before", 9090)
    text = overlay[FIRST].decode().replace(
        "            - name: REDIS_HOST\n", "            - name: PORT\n              value: '81'\n"
        "            - name: REDIS_HOST\n", 1,
    )  # fmt: skip
    assert "R1.2" in failed(results_of({FIRST: text.encode()}))


def test_a_pod_that_declares_no_port_is_called_at_its_ports_all_the_same() -> None:
    undeclared = changed(FIRST, DECLARED, "", at=0)[FIRST].decode()
    undeclared = undeclared.replace("port: http\n", "port: 8080\n", 2).replace(
        "targetPort: http", "targetPort: 8080", 1
    )
    assert not failed(results_of({FIRST: undeclared.encode()}))
    lock = "istio/step-2-update-and-add-routing-for-all-components.yaml"
    spared = changed(lock, "kind: PeerAuthentication\nmetadata:\n  name: default\n", SPARED)
    results = results_of({FIRST: undeclared.encode(), **spared})
    assert {"R3.5", "R4.10"} <= failed(results)
    assert "voting-analytics 1.0:8080" in words_of(results, "R3.5")


DECLARED = "          ports:\n            - name: http\n              containerPort: 8080\n"
SPARED = """kind: PeerAuthentication
metadata:
  name: legacy
spec:
  selector:
    matchLabels:
      app: voting-analytics
      version: "1.0"
  mtls:
    mode: PERMISSIVE
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata:
  name: default
"""


def with_helper(place: str, port: int) -> dict[str, bytes]:
    """Return the manifests with a second analytics in the pod of analytics 1.0, at another port."""
    helper = HELPER.format(port=port)
    if place == "before":
        return changed(FIRST, ANALYTICS, helper + ANALYTICS)
    if place == "after":
        following = "---\napiVersion: v1\nkind: Service\nmetadata:\n  name: voting-analytics\n"
        return changed(FIRST, following, helper + following)
    lines = helper.splitlines()
    native = "\n".join([*lines[:2], "          restartPolicy: Always", *lines[2:]])
    return changed(FIRST, f"      containers:\n{ANALYTICS}",
                   f"      initContainers:\n{native}\n      containers:\n{ANALYTICS}")  # fmt: skip
