"""Mistakes in what containers run, need and are given: most of them are for a cluster to decide."""

from __future__ import annotations

from tools.mutants.mistake import Catalogue, after, becomes, before, breaks, breaks_live, to
from tools.mutants.pod_steps import pod_field, variable

_POD = "spec.template.spec"
_C = f"{_POD}.containers[0]"
_APART = """\
affinity:
  podAntiAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            app: voting-analytics"""
_FIRST_POD = "- name: FOLDER\n  valueFrom:\n    fieldRef:\n      fieldPath: metadata.name"


CONTAINERS: Catalogue = {
    "kubernetes/step-1 Deployment/voting-app-1-0": {
        "the pods of 1.0 run the image of 2.0": breaks_live(
            "R1.2", to(f"{_C}.image", "localhost/voting-app:2.0")
        ),
        "the message at the end of the app lies where its program is": breaks_live(
            "R1.2", before(f"{_C}.image", "terminationMessagePath: /voting-app")
        ),
        "the proxy's drain has no unit": breaks_live(
            "R1.2",
            after(
                "spec.template.metadata.labels",
                "annotations:\n  proxy.istio.io/config: |\n    drainDuration: 45",
            ),
        ),
        "the image's program is told another version": breaks_live("R1.2", variable("VERSION", '"2.0"')),
        "the name of the image has a letter too many": breaks_live(
            "R1.2", to(f"{_C}.image", "localhost/voting-appp:1.0")
        ),
        "the image is always pulled anew, and no registry has it": breaks_live(
            "R1.2", to(f"{_C}.imagePullPolicy", "Always")
        ),
        "an init container goes on for ever": breaks_live(
            "R1.2", pod_field("initContainers:\n  - name: wait\n    image: localhost/voting-analytics:1.1")
        ),
        "the pods count as ready by a command that the image lacks": breaks_live(
            "R1.2", becomes(f"{_C}.readinessProbe.httpGet", "exec:\n  command:\n    - /bin/true")
        ),
        "the pods count as ready after an hour": breaks_live(
            "R1.2", before(f"{_C}.readinessProbe.periodSeconds", "initialDelaySeconds: 3600")
        ),
        "the pods are looked at every hour": breaks_live(
            "R1.2", to(f"{_C}.readinessProbe.periodSeconds", "3600")
        ),
        "the pods count as available after five minutes": breaks_live(
            "R1.2", before("spec.selector", "minReadySeconds: 300")
        ),
        "the pods request more CPU than there is": breaks_live(
            "R1.2", to(f"{_C}.resources.requests.cpu", '"64"')
        ),
        "the limit of memory is too small to start a program": breaks_live(
            "R1.2", to(f"{_C}.resources.limits.memory", "4Mi"), to(f"{_C}.resources.requests.memory", "4Mi")
        ),
        "a volume hides the program": breaks_live(
            "R1.2",
            after(f"{_C}.imagePullPolicy", "volumeMounts:\n  - name: local\n    mountPath: /usr/local/bin"),
            pod_field("volumes:\n  - name: local\n    emptyDir: {}"),
        ),
        "the app's port is one of UDP": breaks_live(
            "R1.5", after(f"{_C}.ports[0].containerPort", "protocol: UDP")
        ),
    },
    "kubernetes/step-3 Deployment/voting-app-2-0": {
        "the app of 2.0 is killed as soon as MySQL is gone": breaks_live(
            "R4.9",
            to(f"{_C}.livenessProbe.httpGet.path", "/"),
            to(f"{_C}.livenessProbe.periodSeconds", "1"),
            to(f"{_C}.livenessProbe.failureThreshold", "5"),
        )
    },
    "kubernetes/step-3 Deployment/voting-storage-2-0": {
        "MySQL is killed while it starts": breaks_live(
            "R4.2",
            to(f"{_C}.livenessProbe.periodSeconds", "1"),
            to(f"{_C}.livenessProbe.failureThreshold", "1"),
        ),
        "MySQL may not write beside its tables": breaks_live(
            "R4.2", before(f"{_C}.securityContext.runAsUser", "readOnlyRootFilesystem: true")
        ),
        "each pod of MySQL has a folder of its own": breaks_live(
            "R4.9",
            becomes(f"{_C}.volumeMounts[0].subPath", "subPathExpr: $(FOLDER)"),
            after(f"{_C}.envFrom", f"env:\n{_FIRST_POD}".replace("\n", "\n  ")),
        ),
        "MySQL's last act removes its system tables": breaks_live(
            "R4.9",
            becomes(
                f"{_C}.lifecycle.preStop.sleep",
                "exec:\n  command:\n    - rm\n    - -rf\n    - /var/lib/mysql/mysql",
            ),
        ),
    },
    "kubernetes/step-2 Deployment/voting-analytics-1-1": {
        "analytics 1.1 wants no other analytics on its node": breaks_live("R2.1", pod_field(_APART))
    },
    "kubernetes/step-3 PersistentVolumeClaim/mysql-pv-claim": {
        "the claim was bound on the cluster that it comes from": breaks_live(
            "R4.2", after("metadata.name", 'annotations:\n  pv.kubernetes.io/bind-completed: "yes"')
        ),
        "the claim of MySQL is for a raw device": breaks(
            "R4.2", before("spec.accessModes", "volumeMode: Block")
        ),
    },
    "istio/step-1 VirtualService/voting-app": {
        "a vote that was counted is sent again": breaks_live(
            "R1.7", before("spec.http[0].route", 'retries:\n  attempts: 2\n  retryOn: "302"')
        )
    },
}
