"""Mistakes in what pods ask of the cluster, the mesh and the namespace: nodes, identity, names, probes."""

from __future__ import annotations

from tools.mutants.mistake import SCENARIO, Mistake, after, becomes, before, to

_POD = "spec.template.spec"
_CONTAINER = f"{_POD}.containers[0]"
_LABELS = "spec.template.metadata.labels"
_DEPLOY, _CANARY = "kubernetes/step-1", "kubernetes/step-3"
_APP, _APP_2 = "Deployment/voting-app-1-0", "Deployment/voting-app-2-0"
_ANALYTICS, _STORE = "Deployment/voting-analytics-1-0", "Deployment/voting-storage-1-0"
_MYSQL, _CLAIM = "Deployment/voting-storage-2-0", "PersistentVolumeClaim/mysql-pv-claim"
_INJECTION = "namespace.labels.istio-injection"


def _of_pod(name: str, source: str, ids: str, file: str = _DEPLOY, ref: str = _APP) -> Mistake:
    """Return a mistake that is one more field of the pods' spec."""
    return Mistake(name, file, ref, (before(f"{_POD}.containers", source),), ids)


def _annotated(name: str, annotation: str, ids: str, file: str = _DEPLOY, ref: str = _APP) -> Mistake:
    """Return a mistake that is an annotation of the pods."""
    return Mistake(name, file, ref, (after(_LABELS, f"annotations:\n  {annotation}"),), ids)


def _of_namespace(name: str, label: str, ids: str) -> Mistake:
    """Return a mistake that is one more label of the namespace."""
    return Mistake(name, "scenario", SCENARIO, (after(_INJECTION, label),), ids)


def _revision(name: str, label: str) -> Mistake:
    return Mistake(name, "scenario", SCENARIO, (becomes(_INJECTION, label),), "R1.1")


PLACEMENT = (
    _of_pod(
        "the pods have a priority class that no cluster has", "priorityClassName: voting-critical", "R1.2"
    ),
    _of_pod("the pods have a runtime class that no cluster has", "runtimeClassName: gvisor", "R1.2"),
    _of_pod("the pods want nodes of Windows", "nodeSelector:\n  kubernetes.io/os: windows", "R1.2"),
    _of_pod(
        "nothing lifts the pods' scheduling gate",
        "schedulingGates:\n  - name: example.com/quota",
        "R4.2",
        _CANARY,
        _APP_2,
    ),
    _of_pod(
        "nothing sets the condition of the pods' readiness gate",
        "readinessGates:\n  - conditionType: example.com/approved",
        "R4.2",
        _CANARY,
        _APP_2,
    ),
    _of_pod(
        "each pod of the app wants a node of its own",
        "affinity:\n  podAntiAffinity:\n    requiredDuringSchedulingIgnoredDuringExecution:\n"
        "      - topologyKey: kubernetes.io/hostname\n        labelSelector:\n          matchLabels:\n"
        "            app: voting-app",
        "R1.2",
    ),
    Mistake(
        "each pod of the app has the same port of the node",
        _DEPLOY,
        _APP,
        (after(f"{_CONTAINER}.ports[0].containerPort", "hostPort: 8080"),),
        "R1.2",
    ),
    Mistake(
        "Redis is open at a port of the node",
        _DEPLOY,
        _STORE,
        (after(f"{_CONTAINER}.ports[0].containerPort", "hostPort: 6379"),),
        "R1.4",
    ),
    _of_pod("the app's pods share a hostname", "hostname: voting-app", "R1.6"),
    _of_pod("the app resolves names by its node", "dnsPolicy: Default", "R1.2"),
    _of_pod(
        "the app of 2.0 resolves names by its node", "dnsPolicy: Default", "R4.2", file=_CANARY, ref=_APP_2
    ),
    _of_pod("the pods have a priority and no class for it", "priority: 1000", "R1.2"),
    _of_pod(
        "the pods mount a projected ConfigMap that does not exist",
        "volumes:\n  - name: settings\n    projected:\n      sources:\n"
        "        - configMap:\n            name: gone",
        "R1.2",
    ),
    Mistake(
        "analytics 1.0 asks a host that is no Service for its store",
        _DEPLOY,
        _ANALYTICS,
        (to(f"{_CONTAINER}.env[0].value", "voting-storage.default"),),
        "R1.7",
    ),
    Mistake(
        "nothing lifts the finalizer of an old Deployment",
        _DEPLOY,
        _ANALYTICS,
        (after("metadata.name", "finalizers:\n  - example.com/audit"),),
        "R5.3 R6.1",
    ),
    # --- the mesh -------------------------------------------------------------------------------------
    Mistake(
        "the app runs as the sidecar's user",
        _DEPLOY,
        _APP,
        (to(f"{_CONTAINER}.securityContext.runAsUser", "1337"),),
        "R3.1 R3.4 R3.7",
    ),
    Mistake(
        "analytics 1.1 runs as the sidecar's group",
        "kubernetes/step-2",
        "Deployment/voting-analytics-1-1",
        (to(f"{_CONTAINER}.securityContext.runAsGroup", "1337"),),
        "R3.1 R3.4 R3.7",
    ),
    _annotated(
        "the app's probes are not rewritten", 'sidecar.istio.io/rewriteAppHTTPProbers: "false"', "R3.1 R3.7"
    ),
    _annotated(
        "the probes of 2.0 are not rewritten",
        'sidecar.istio.io/rewriteAppHTTPProbers: "false"',
        "R4.2",
        _CANARY,
        _APP_2,
    ),
    _annotated(
        "the app's proxy is pinned to another release",
        "sidecar.istio.io/proxyImage: docker.io/istio/proxyv2:1.22.0",
        "R1.3",
    ),
    _annotated(
        "the proxy of 2.0 is pinned to another release",
        "sidecar.istio.io/proxyImage: docker.io/istio/proxyv2:1.22.0",
        "R1.3",
        _CANARY,
        _APP_2,
    ),
    _of_pod(
        "the app brings a proxy of another release",
        "initContainers:\n  - name: istio-proxy\n    image: docker.io/istio/proxyv2:1.22.0\n"
        "    restartPolicy: Always",
        "R1.3",
    ),
    _revision("the namespace asks for a revision that no control plane has", "istio.io/rev: canary"),
    _of_namespace(
        "the namespace lets no pod add capabilities", "pod-security.kubernetes.io/enforce: baseline", "R1.2"
    ),
    _of_namespace(
        "the namespace takes restricted pods only", "pod-security.kubernetes.io/enforce: restricted", "R1.2"
    ),
    # --- probes ---------------------------------------------------------------------------------------
    Mistake(
        "the page is probed by HTTPS",
        _DEPLOY,
        _APP,
        (after(f"{_CONTAINER}.readinessProbe.httpGet.port", "scheme: HTTPS"),),
        "R1.2",
    ),
    Mistake(
        "the page is probed at a path that it doesn't serve",
        _DEPLOY,
        _APP,
        (to(f"{_CONTAINER}.readinessProbe.httpGet.path", "/status"),),
        "R1.2",
    ),
    Mistake(
        "analytics is probed by gRPC",
        _DEPLOY,
        _ANALYTICS,
        (becomes(f"{_CONTAINER}.readinessProbe.httpGet", "grpc:\n  port: 8080"),),
        "R1.2",
    ),
    Mistake(
        "Redis is probed by HTTP",
        _DEPLOY,
        _STORE,
        (becomes(f"{_CONTAINER}.readinessProbe.tcpSocket", "httpGet:\n  port: redis"),),
        "R1.2",
    ),
    Mistake(
        "the port of the store is not a number",
        _DEPLOY,
        _APP,
        (after(f"{_CONTAINER}.env[0]", "- name: REDIS_PORT\n  value: tcp://voting-storage:6379"),),
        "R1.2",
    ),
    # --- MySQL ----------------------------------------------------------------------------------------
    Mistake(
        "MySQL is set up with root as a regular user",
        _CANARY,
        "Secret/voting-storage-secret",
        (to("stringData.MYSQL_USER", "root"),),
        "R4.2",
    ),
    Mistake(
        "the app's password is an optional key that is misspelt",
        _CANARY,
        _APP_2,
        (
            to(f"{_CONTAINER}.env[2].valueFrom.secretKeyRef.key", "MYSQL_PASSWRD"),
            after(f"{_CONTAINER}.env[2].valueFrom.secretKeyRef.name", "optional: true"),
        ),
        "R4.2",
    ),
    Mistake(
        "the claim's volume is read-only",
        _CANARY,
        _MYSQL,
        (after(f"{_POD}.volumes[0].persistentVolumeClaim.claimName", "readOnly: true"),),
        "R4.2",
    ),
    Mistake(
        "the claim wants a volume that many nodes write to",
        _CANARY,
        _CLAIM,
        (to("spec.accessModes[0]", "ReadWriteMany"),),
        "R4.2",
    ),
    Mistake(
        "the Secret names the owner that it had on another cluster",
        _CANARY,
        "Secret/voting-storage-secret",
        (
            after(
                "metadata.labels",
                "ownerReferences:\n  - apiVersion: apps/v1\n    kind: Deployment\n    name: operator\n"
                "    uid: 5a1c6f0e-9d0b-4c0e-8d53-2f4f3f1c7a10",
            ),
        ),
        "R4.2",
    ),
)
