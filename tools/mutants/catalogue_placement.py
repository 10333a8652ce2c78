"""Mistakes in what pods ask of the cluster, the mesh and the namespace: nodes, identity, names, probes."""

from __future__ import annotations

from tools.mutants.mistake import Catalogue, after, becomes, breaks, to
from tools.mutants.pod_steps import annotated, env, env_key, pod_field

_POD = "spec.template.spec"
_C = f"{_POD}.containers[0]"
_INJECTION = "namespace.labels.istio-injection"


PLACEMENT: Catalogue = {
    "kubernetes/step-1 Deployment/voting-app-1-0": {
        "the pods have a priority class that no cluster has": breaks(
            "R1.2", pod_field("priorityClassName: voting-critical")
        ),
        "the pods have a runtime class that no cluster has": breaks(
            "R1.2", pod_field("runtimeClassName: gvisor")
        ),
        "the pods want nodes of Windows": breaks(
            "R1.2", pod_field("nodeSelector:\n  kubernetes.io/os: windows")
        ),
        "each pod of the app wants a node of its own": breaks(
            "R1.2",
            pod_field(
                "affinity:\n  podAntiAffinity:\n    requiredDuringSchedulingIgnoredDuringExecution:\n"
                "      - topologyKey: kubernetes.io/hostname\n        labelSelector:\n"
                "          matchLabels:\n            app: voting-app"
            ),
        ),
        "each pod of the app has the same port of the node": breaks(
            "R1.2", after(f"{_C}.ports[0].containerPort", "hostPort: 8080")
        ),
        "the app's pods share a hostname": breaks("R1.6", pod_field("hostname: voting-app")),
        "the app resolves names by its node": breaks("R1.2", pod_field("dnsPolicy: Default")),
        "the pods have a priority and no class for it": breaks("R1.2", pod_field("priority: 1000")),
        "the pods mount a projected ConfigMap that does not exist": breaks(
            "R1.2",
            pod_field(
                "volumes:\n  - name: settings\n    projected:\n      sources:\n"
                "        - configMap:\n            name: gone"
            ),
        ),
        "the app runs as the sidecar's user": breaks(
            "R3.1 R3.4 R3.7", to(f"{_C}.securityContext.runAsUser", "1337")
        ),
        "the app's probes are not rewritten": breaks(
            "R3.1 R3.7", annotated('sidecar.istio.io/rewriteAppHTTPProbers: "false"')
        ),
        "the app's proxy is pinned to another release": breaks(
            "R1.3", annotated("sidecar.istio.io/proxyImage: docker.io/istio/proxyv2:1.22.0")
        ),
        "the app brings a proxy of another release": breaks(
            "R1.3",
            pod_field(
                "initContainers:\n  - name: istio-proxy\n    image: docker.io/istio/proxyv2:1.22.0\n"
                "    restartPolicy: Always"
            ),
        ),
        "the page is probed by HTTPS": breaks(
            "R1.2", after(f"{_C}.readinessProbe.httpGet.port", "scheme: HTTPS")
        ),
        "the page is probed at a path that it doesn't serve": breaks(
            "R1.2", to(f"{_C}.readinessProbe.httpGet.path", "/status")
        ),
        "the port of the store is not a number": breaks(
            "R1.2", after(f"{_C}.env[0]", "- name: REDIS_PORT\n  value: tcp://voting-storage:6379")
        ),
    },
    "kubernetes/step-3 Deployment/voting-app-2-0": {
        "nothing lifts the pods' scheduling gate": breaks(
            "R4.2", pod_field("schedulingGates:\n  - name: example.com/quota")
        ),
        "nothing sets the condition of the pods' readiness gate": breaks(
            "R4.2", pod_field("readinessGates:\n  - conditionType: example.com/approved")
        ),
        "the app of 2.0 resolves names by its node": breaks("R4.2", pod_field("dnsPolicy: Default")),
        "the probes of 2.0 are not rewritten": breaks(
            "R4.2", annotated('sidecar.istio.io/rewriteAppHTTPProbers: "false"')
        ),
        "the proxy of 2.0 is pinned to another release": breaks(
            "R1.3", annotated("sidecar.istio.io/proxyImage: docker.io/istio/proxyv2:1.22.0")
        ),
        "the app's password is an optional key that is misspelt": breaks(
            "R4.2",
            env_key(2, "MYSQL_PASSWRD"),
            after(f"{_C}.env[2].valueFrom.secretKeyRef.name", "optional: true"),
        ),
    },
    "kubernetes/step-1 Deployment/voting-storage-1-0": {
        "Redis is open at a port of the node": breaks(
            "R1.4", after(f"{_C}.ports[0].containerPort", "hostPort: 6379")
        ),
        "Redis is probed by HTTP": breaks(
            "R1.2", becomes(f"{_C}.readinessProbe.tcpSocket", "httpGet:\n  port: redis")
        ),
    },
    "kubernetes/step-1 Deployment/voting-analytics-1-0": {
        "analytics 1.0 asks a host that is no Service for its store": breaks(
            "R1.7", env(0, "voting-storage.default")
        ),
        "nothing lifts the finalizer of an old Deployment": breaks(
            "R5.3 R6.1", after("metadata.name", "finalizers:\n  - example.com/audit")
        ),
        "analytics is probed by gRPC": breaks(
            "R1.2", becomes(f"{_C}.readinessProbe.httpGet", "grpc:\n  port: 8080")
        ),
    },
    "kubernetes/step-2 Deployment/voting-analytics-1-1": {
        "analytics 1.1 runs as the sidecar's group": breaks(
            "R3.1 R3.4 R3.7", to(f"{_C}.securityContext.runAsGroup", "1337")
        )
    },
    "scenario": {
        "the namespace asks for a revision that no control plane has": breaks(
            "R1.1", becomes(_INJECTION, "istio.io/rev: canary")
        ),
        "the namespace lets no pod add capabilities": breaks(
            "R1.2", after(_INJECTION, "pod-security.kubernetes.io/enforce: baseline")
        ),
        "the namespace takes restricted pods only": breaks(
            "R1.2", after(_INJECTION, "pod-security.kubernetes.io/enforce: restricted")
        ),
    },
    "kubernetes/step-3 Secret/voting-storage-secret": {
        "MySQL is set up with root as a regular user": breaks("R4.2", to("stringData.MYSQL_USER", "root")),
        "the Secret names the owner that it had on another cluster": breaks(
            "R4.2",
            after(
                "metadata.labels",
                "ownerReferences:\n  - apiVersion: apps/v1\n    kind: Deployment\n    name: operator\n"
                "    uid: 5a1c6f0e-9d0b-4c0e-8d53-2f4f3f1c7a10",
            ),
        ),
    },
    "kubernetes/step-3 Deployment/voting-storage-2-0": {
        "the claim's volume is read-only": breaks(
            "R4.2", after(f"{_POD}.volumes[0].persistentVolumeClaim.claimName", "readOnly: true")
        )
    },
    "kubernetes/step-3 PersistentVolumeClaim/mysql-pv-claim": {
        "the claim wants a volume that many nodes write to": breaks(
            "R4.2", to("spec.accessModes[0]", "ReadWriteMany")
        )
    },
}
