"""Mistakes in the pods: images, environment, sidecars, volumes, Services."""

from __future__ import annotations

from tools.mutants.mistake import Catalogue, after, becomes, before, breaks, breaks_live, renamed, to
from tools.mutants.pod_steps import annotated, env, env_key, pod_field

_POD = "spec.template.spec"
_C = f"{_POD}.containers[0]"
_LABELS = "spec.template.metadata.labels"

PODS: Catalogue = {
    "kubernetes/step-1 Deployment/voting-app-1-0": {
        "the sidecar is forbidden by an annotation": breaks(
            "R1.3", annotated('sidecar.istio.io/inject: "false"')
        ),
        "the flag of the page is a boolean": breaks("R0.1", env(2, "on")),
        "the page of 1.0 has no buttons for the flag": breaks("R4.6", env(2, '"off"')),
        "the request of CPU has lost its unit": breaks_live("R1.2", to(f"{_C}.resources.requests.cpu", "25")),
        "the pods want a node with a label that no node has": breaks_live(
            "R1.2", pod_field("nodeSelector:\n  disktype: ssd")
        ),
        "a probe knocks at a port where nobody listens": breaks(
            "R1.2", to(f"{_C}.readinessProbe.httpGet.port", "80")
        ),
        "the container is to be root and may not be": breaks_live(
            "R1.2", to(f"{_C}.securityContext.runAsUser", "0")
        ),
        "the app asks the analytics of another namespace": breaks(
            "R1.2 R1.5 R1.7", env(1, "voting-analytics.default")
        ),
        "a node is chosen by a label that was deprecated": breaks(
            "R0.1", pod_field("nodeSelector:\n  beta.kubernetes.io/os: linux")
        ),
    },
    "kubernetes/step-1 Deployment/voting-storage-1-0": {
        "the pods use the node's network, so they get no sidecar": breaks(
            "R1.3", pod_field("hostNetwork: true")
        )
    },
    "kubernetes/step-2 Deployment/voting-analytics-1-1": {
        "analytics 1.1 runs nowhere": breaks("R2.1", to("spec.replicas", "0")),
        "the container's command was left from a try": breaks_live(
            "R2.1", after(f"{_C}.image", 'command: ["sleep", "3600"]')
        ),
        "analytics listens on a port that its pod doesn't name": breaks(
            "R2.1 R2.2", after(f"{_C}.env[0]", '- name: PORT\n  value: "9090"')
        ),
        "the pods of analytics 1.1 carry a label too many": breaks(
            "", after(f"{_LABELS}.version", "tier: backend")
        ),
    },
    "kubernetes/step-3 Deployment/voting-app-2-0": {
        "the image has no tag": breaks_live("R4.2", to(f"{_C}.image", "localhost/voting-app")),
        "the app of 2.0 has the image of 1.0": breaks_live(
            "R4.2 R4.4", to(f"{_C}.image", "localhost/voting-app:1.0")
        ),
        "the page of 2.0 has no buttons for the flag": breaks("R4.6", env(5, '"off"')),
        "the limit of memory has lost its unit": breaks(
            "R0.1 R4.2", to(f"{_C}.resources.limits.memory", "192")
        ),
        "the app of 2.0 has a password of its own": breaks_live(
            "R4.2", becomes(f"{_C}.env[2].valueFrom", "value: sample-password")
        ),
        "the app of 2.0 has the password of root": breaks_live("R4.2", env_key(2, "MYSQL_ROOT_PASSWORD")),
        "user and database have changed places, and are called the same": breaks_live(
            "", env_key(1, "MYSQL_DATABASE"), env_key(3, "MYSQL_USER")
        ),
        "the app of 2.0 takes the Deployment's name of 1.0": breaks(
            "R0.1", to("metadata.name", "voting-app-1-0")
        ),
        "an annotation stands where a field took its place": breaks(
            "R0.1", annotated('scheduler.alpha.kubernetes.io/critical-pod: ""')
        ),
    },
    "kubernetes/step-3 Secret/voting-storage-secret": {
        "the Secret has plain text where base64 is wanted": breaks("R0.1 R4.2", renamed("stringData", "data"))
    },
    "kubernetes/step-3 PersistentVolumeClaim/mysql-pv-claim": {
        "the claim asks for a class of storage that isn't there": breaks(
            "R4.2", before("spec.accessModes", "storageClassName: fast")
        )
    },
    "kubernetes/step-3 Deployment/voting-storage-2-0": {
        "the volume can't be written": breaks(
            "R4.2", after(f"{_C}.volumeMounts[0].mountPath", "readOnly: true")
        ),
        "the volume lies beside MySQL's data": breaks_live(
            "R4.2 R4.9", to(f"{_C}.volumeMounts[0].mountPath", "/var/lib/mysql-files")
        ),
        "MySQL's data lie in memory": breaks(
            "R4.9", becomes(f"{_POD}.volumes[0].persistentVolumeClaim", "emptyDir:\n  medium: Memory")
        ),
        "MySQL's memory is asked for in thousandths of a byte": breaks(
            "R0.1", to(f"{_C}.resources.requests.memory", "100m")
        ),
        "how pods are rolled is left beside a type that rolls none": breaks(
            "R0.1", after("spec.strategy.type", "rollingUpdate:\n  maxUnavailable: 1")
        ),
    },
    "kubernetes/step-1 Service/voting-analytics": {
        "the Service of analytics knows one version only": breaks(
            "R2.1 R2.2", after("spec.selector.app", 'version: "1.0"')
        ),
        "the Service of analytics declares a protocol other than HTTP": breaks(
            "R3.1 R3.2", after("spec.ports[0].port", "appProtocol: tcp")
        ),
    },
    "kubernetes/step-1 Service/voting-app": {
        "the Service of the app knows one version only": breaks(
            "R4.4", after("spec.selector.app", 'version: "1.0"')
        ),
        "a Service inside of the cluster has a policy for traffic from outside": breaks(
            "R0.1", before("spec.selector", "externalTrafficPolicy: Local")
        ),
    },
    "kubernetes/step-3 Service/voting-storage": {
        "the Service of the stores forgets Redis": breaks(
            "R4.1 R4.7 R4.8", after("spec.selector.app", 'version: "2.0"')
        )
    },
}
