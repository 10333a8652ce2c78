"""Pods that never get ready for want of something, and their environment."""

from collections.abc import Callable

import pytest

from tests.selftest.routing_support import deployment, documents, model

SECRET = """\
apiVersion: v1
kind: Secret
metadata: {name: keys}
data: {encoded: aGVsbG8=, both: b2xk, broken: "!"}
stringData: {plain: text, both: new}
"""
CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {COLOUR: red}
"""
CLAIM = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: disk}
spec: {}
"""


def container(*lines: str) -> str:
    return deployment("web") + "".join(f"          {line}\n" for line in lines)


def pod(*lines: str) -> str:
    return deployment("web") + "".join(f"      {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("into", "line", "absent"),
    [
        (container, "env: [{name: A, valueFrom: {secretKeyRef: {name: keys, key: plain}}}]", ""),
        (container, "env: [{name: A, valueFrom: {secretKeyRef: {name: key, key: plain}}}]", "Secret/key"),
        (
            container,
            "env: [{name: A, valueFrom: {secretKeyRef: {name: keys, key: a}}}]",
            "Secret/keys has no key a",
        ),
        (container, "env: [{name: A, valueFrom: {secretKeyRef: {name: key, key: a, optional: true}}}]", ""),
        (container, "env: [{name: A, valueFrom: {configMapKeyRef: {name: settings, key: COLOUR}}}]", ""),
        (container, "env: [{name: A, valueFrom: {configMapKeyRef: {name: none, key: a}}}]", "ConfigMap/none"),
        (container, "envFrom: [{secretRef: {name: keys}}]", ""),
        (container, "envFrom: [{secretRef: {name: key}}]", "Secret/key"),
        (container, "envFrom: [{configMapRef: {name: none, optional: true}}]", ""),
        (container, "readinessProbe: {tcpSocket: {port: http}}", ""),
        (container, "readinessProbe: {tcpSocket: {port: page}}", "probes port page"),
        (container, "startupProbe: {httpGet: {path: /, port: 8080}}", ""),
        (container, "volumeMounts: [{name: data, mountPath: /data}]", "mounts volume 'data'"),
        (container, "securityContext: {runAsNonRoot: true, runAsUser: 0}", "runs as root"),
        (container, "securityContext: {runAsNonRoot: true, runAsUser: 999}", ""),
        (container, "securityContext: {runAsNonRoot: false, runAsUser: 0}", ""),
        (pod, "volumes: [{name: data, persistentVolumeClaim: {claimName: disk}}]", ""),
        (pod, "volumes: [{name: d, persistentVolumeClaim: {claimName: disc}}]", "PersistentVolumeClaim/disc"),
        (pod, "volumes: [{name: data, secret: {secretName: keys}}]", ""),
        (pod, "volumes: [{name: data, secret: {secretName: key}}]", "Secret/key"),
        (pod, "volumes: [{name: data, configMap: {name: none}}]", "ConfigMap/none"),
        (pod, "volumes: [{name: data, emptyDir: {}}]", ""),
        (pod, "serviceAccountName: robot", "ServiceAccount/robot"),
        (pod, "serviceAccountName: default", ""),
    ],
)
def test_a_pod_gets_what_is_there(into: Callable[[str], str], line: str, absent: str) -> None:
    found = model(documents(SECRET, CONFIG, CLAIM, into(line))).pods()[0]
    assert [absent in str(one) for one in found.blocked] == ([True] if absent else [])
    assert found.ready == (0 if absent else 1)


@pytest.mark.parametrize(
    ("of_the_pod", "own", "starts"),
    [
        ("{runAsUser: 0}", "{runAsNonRoot: true}", False),
        ("{runAsNonRoot: true}", "{runAsUser: 0}", False),
        ("{runAsUser: 0}", "{runAsNonRoot: true, runAsUser: 999}", True),
        ("{runAsNonRoot: true}", "{runAsNonRoot: false, runAsUser: 0}", True),
    ],
)
def test_what_a_container_says_of_its_user_counts_before_its_pod(
    of_the_pod: str, own: str, starts: bool
) -> None:
    text = container(f"securityContext: {own}") + f"      securityContext: {of_the_pod}\n"
    assert (model(text).pods()[0].blocked == ()) is starts


def test_the_place_of_what_is_missing_is_told() -> None:
    found = model(container("envFrom: [{secretRef: {name: key}}]")).pods()[0]
    assert [str(one) for one in found.blocked] == [
        "1.yaml:14: Secret/key does not exist, and Deployment/web needs it"
    ]


def test_a_deployment_has_to_select_its_own_pods() -> None:
    of = model(deployment("web").replace("matchLabels: {app: web}", "matchLabels: {app: web, version: '2'}"))
    assert of.counted_pods() == {}
    assert "selects pods by version=2, which its own pods don't carry" in str(of.pods()[0].blocked)


def test_environment_of_plain_values_secrets_and_config_maps() -> None:
    lines = (
        "envFrom: [{configMapRef: {name: settings}}, {secretRef: {name: keys}, prefix: K_}]",
        "env:",
        "- {name: A, value: one}",
        "- {name: B, value: '$(A)-$(COLOUR)-$$(A)-$(NONE)'}",
        "- {name: C, valueFrom: {secretKeyRef: {name: keys, key: encoded}}}",
        "- {name: D, valueFrom: {fieldRef: {fieldPath: metadata.name}}}",
        "- {name: E, value: '$(D)'}",
        "- {name: F, valueFrom: {secretKeyRef: {name: none, key: a}}}",
        "- {name: A2}",
    )
    env = model(documents(SECRET, CONFIG, container(*lines))).pods()[0].env
    assert {name: one.value for name, one in env.items()} == {
        "COLOUR": "red",
        "K_encoded": "hello",
        "K_broken": None,
        "K_both": "new",
        "K_plain": "text",
        "A": "one",
        "B": "one-red-$(A)-$(NONE)",
        "C": "hello",
        "D": None,
        "E": None,
        "F": None,
        "A2": "",
    }
    assert env["C"].origin == "Secret/keys:encoded"
    assert env["A"].origin == ""


def test_values_of_secrets_are_not_shown() -> None:
    env = model(documents(SECRET, container("envFrom: [{secretRef: {name: keys}}]"))).pods()[0].env
    assert env["plain"].value == "text"
    assert "text" not in repr(env["plain"])


def test_a_native_sidecars_ports_are_the_pods() -> None:
    init = "initContainers: [{name: helper, restartPolicy: Always, ports: [{name: a, containerPort: 1}]}]"
    assert model(pod(init)).pods()[0].port_called("a") == 1
    assert model(pod(init.replace("restartPolicy: Always, ", ""))).pods()[0].port_called("a") is None


@pytest.mark.parametrize(
    ("replicas", "pods"), [("", {"web 1": 1}), ("  paused: true\n", {})], ids=["absent: one", "paused: none"]
)
def test_how_many_pods_a_deployment_makes(replicas: str, pods: dict[str, int]) -> None:
    assert model(deployment("web").replace("  replicas: 1\n", replicas)).counted_pods() == pods


def test_the_source_of_a_workload_that_is_not_there() -> None:
    with pytest.raises(LookupError, match="app=web, version=2"):
        model(deployment("web")).source("web", "2")
