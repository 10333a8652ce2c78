"""What the API server refuses about containers of a template and about Services, and right neighbours.

Every case was given to a server's dry run (Kubernetes 1.34), which refuses and takes the same.
"""

from __future__ import annotations

import pytest

from tests.selftest.schema_examples import findings

pytestmark = pytest.mark.selftest

PODS = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: page}
spec:
  selector: {matchLabels: {app: a}}
  template:
    metadata: {labels: {app: a}}
    spec: {%s}
"""
ONE = PODS % "containers: [{name: a, image: a, %s}]"
BESIDE = PODS % "containers: [{name: a, image: a}], %s"
SPREAD = BESIDE % (
    "topologySpreadConstraints: "
    "[{maxSkew: 1, topologyKey: z, labelSelector: {matchLabels: {app: a}}, whenUnsatisfiable: %s}]"
)
PREFERRED = BESIDE % (
    "affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: "
    "[{weight: %s, preference: {matchExpressions: [{key: a, operator: Exists}]}}]}}"
)
SERVICE = "{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {%s}}"
CONTEXT = ONE % "securityContext: {allowPrivilegeEscalation: false, %s}"
REFUSED = [
    (BESIDE % "initContainers: [{name: a, image: b}]", "another container is called a already"),
    (PODS % "containers: [{name: A_b, image: a}]", "'A_b' is not a valid name of a container"),
    (ONE % "env: [{name: a=b, value: c}]", "'a=b' is not a valid name of a variable"),
    (ONE % "env: [{name: '', value: c}]", "'' is not a valid name of a variable"),
    (CONTEXT % "privileged: true", "can't be false for a privileged container"),
    (CONTEXT % "capabilities: {add: [CAP_SYS_ADMIN]}", "can't be false for a privileged container"),
    (
        ONE % "livenessProbe: {httpGet: {port: 80, httpHeaders: [{name: a b, value: c}]}}",
        "'a b' is not a valid name of a header",
    ),
    (
        ONE % "readinessProbe: {tcpSocket: {port: 80}, terminationGracePeriodSeconds: 5}",
        "a readiness probe ends no container",
    ),
    (
        ONE % "lifecycle: {preStop: {sleep: {seconds: 1}, exec: {command: [a]}}}",
        "only one of exec, httpGet, tcpSocket, sleep can be here",
    ),
    (
        BESIDE % "initContainers: [{name: b, image: b, lifecycle: {postStart: {sleep: {seconds: 1}}}}]",
        "only init containers that always restart have hooks",
    ),
    (BESIDE % "shareProcessNamespace: true, hostPID: true", "can't stand beside hostPID"),
    (BESIDE % "nodeSelector: {a b: c}", "'a b' is not a valid key of a label"),
    (PREFERRED % 0, "0 isn't between 1 and 100"),
    (SPREAD % "DoNotSchedule, minDomains: 0", "must be at least 1"),
    (SPREAD % "ScheduleAnyway, minDomains: 2", "needs whenUnsatisfiable: DoNotSchedule"),
    (
        SERVICE % "ports: [{port: 80, appProtocol: a b}]",
        "'a b' is not a valid name of a protocol",
    ),
    (
        SERVICE % "ports: [{port: 80}], type: ExternalName",
        "missing: a Service of type ExternalName has it",
    ),
    (
        SERVICE % "ports: [{port: 80}], clusterIP: None, type: NodePort",
        "a Service of type NodePort has an address",
    ),
]
TAKEN = [
    CONTEXT % "capabilities: {add: [NET_ADMIN]}",
    ONE % "securityContext: {privileged: true}",
    BESIDE % "initContainers: [{name: b, image: b}], shareProcessNamespace: true",
    PREFERRED % 100,
    SERVICE % "ports: [{port: 80, appProtocol: kubernetes.io/h2c}], selector: {a: b.c}",
]


@pytest.mark.parametrize(("text", "told"), REFUSED)
def test_what_the_server_refuses(text: str, told: str) -> None:
    assert [finding.partition(": ")[2].partition(": ")[2] for finding in findings(text)] == [told]


@pytest.mark.parametrize("text", TAKEN)
def test_what_the_server_takes_is_no_finding(text: str) -> None:
    assert findings(text) == []
