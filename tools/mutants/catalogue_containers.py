"""Mistakes in what containers run, need and are given: most of them are for a cluster to decide."""

from __future__ import annotations

from tools.mutants.mistake import Mistake, Step, after, becomes, before, to

_POD = "spec.template.spec"
_CONTAINER = f"{_POD}.containers[0]"
_DEPLOY, _UPDATE, _CANARY = "kubernetes/step-1", "kubernetes/step-2", "kubernetes/step-3"
_APP = "Deployment/voting-app-1-0"
_ANALYTICS, _MYSQL = "Deployment/voting-analytics-1-1", "Deployment/voting-storage-2-0"
_ROUTE = "VirtualService/voting-app"
_APART = """\
affinity:
  podAntiAffinity:
    requiredDuringSchedulingIgnoredDuringExecution:
      - topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            app: voting-analytics"""
_FIRST_POD = "- name: FOLDER\n  valueFrom:\n    fieldRef:\n      fieldPath: metadata.name"


def _open(name: str, ids: str, *steps: Step, file: str = _DEPLOY, ref: str = _APP) -> Mistake:
    """Return a mistake that a cluster has to judge, of the app's pods by default."""
    return Mistake(name, file, ref, steps, ids, live=True)


CONTAINERS = (
    _open(
        "the pods of 1.0 run the image of 2.0", "R1.2", to(f"{_CONTAINER}.image", "localhost/voting-app:2.0")
    ),
    _open(
        "the image's program is told another version",
        "R1.2",
        before(f"{_CONTAINER}.env[0]", '- name: VERSION\n  value: "2.0"'),
    ),
    _open(
        "the name of the image has a letter too many",
        "R1.2",
        to(f"{_CONTAINER}.image", "localhost/voting-appp:1.0"),
    ),
    _open(
        "the image is always pulled anew, and no registry has it",
        "R1.2",
        to(f"{_CONTAINER}.imagePullPolicy", "Always"),
    ),
    _open(
        "an init container goes on for ever",
        "R1.2",
        before(
            f"{_POD}.containers", "initContainers:\n  - name: wait\n    image: localhost/voting-analytics:1.1"
        ),
    ),
    _open(
        "the pods count as ready by a command that the image lacks",
        "R1.2",
        becomes(f"{_CONTAINER}.readinessProbe.httpGet", "exec:\n  command:\n    - /bin/true"),
    ),
    _open(
        "the pods count as ready after an hour",
        "R1.2",
        before(f"{_CONTAINER}.readinessProbe.periodSeconds", "initialDelaySeconds: 3600"),
    ),
    _open(
        "the pods are looked at every hour", "R1.2", to(f"{_CONTAINER}.readinessProbe.periodSeconds", "3600")
    ),
    _open(
        "the pods count as available after five minutes",
        "R1.2",
        before("spec.selector", "minReadySeconds: 300"),
    ),
    _open(
        "the app of 2.0 is killed as soon as MySQL is gone",
        "R4.9",
        to(f"{_CONTAINER}.livenessProbe.httpGet.path", "/"),
        to(f"{_CONTAINER}.livenessProbe.periodSeconds", "1"),
        to(f"{_CONTAINER}.livenessProbe.failureThreshold", "5"),
        file=_CANARY,
        ref="Deployment/voting-app-2-0",
    ),
    _open(
        "MySQL is killed while it starts",
        "R4.2",
        to(f"{_CONTAINER}.livenessProbe.periodSeconds", "1"),
        to(f"{_CONTAINER}.livenessProbe.failureThreshold", "1"),
        file=_CANARY,
        ref=_MYSQL,
    ),
    _open(
        "the pods request more CPU than there is", "R1.2", to(f"{_CONTAINER}.resources.requests.cpu", '"64"')
    ),
    _open(
        "the limit of memory is too small to start a program",
        "R1.2",
        to(f"{_CONTAINER}.resources.limits.memory", "4Mi"),
        to(f"{_CONTAINER}.resources.requests.memory", "4Mi"),
    ),
    _open(
        "a volume hides the program",
        "R1.2",
        after(
            f"{_CONTAINER}.imagePullPolicy", "volumeMounts:\n  - name: local\n    mountPath: /usr/local/bin"
        ),
        before(f"{_POD}.containers", "volumes:\n  - name: local\n    emptyDir: {}"),
    ),
    _open(
        "MySQL may not write beside its tables",
        "R4.2",
        before(f"{_CONTAINER}.securityContext.runAsUser", "readOnlyRootFilesystem: true"),
        file=_CANARY,
        ref=_MYSQL,
    ),
    _open(
        "each pod of MySQL has a folder of its own",
        "R4.9",
        becomes(f"{_CONTAINER}.volumeMounts[0].subPath", "subPathExpr: $(FOLDER)"),
        after(f"{_CONTAINER}.envFrom", f"env:\n{_FIRST_POD}".replace("\n", "\n  ")),
        file=_CANARY,
        ref=_MYSQL,
    ),
    _open(
        "MySQL's last act removes its system tables",
        "R4.9",
        becomes(
            f"{_CONTAINER}.lifecycle.preStop.sleep",
            "exec:\n  command:\n    - rm\n    - -rf\n    - /var/lib/mysql/mysql",
        ),
        file=_CANARY,
        ref=_MYSQL,
    ),
    _open(
        "analytics 1.1 wants no other analytics on its node",
        "R2.1",
        before(f"{_POD}.containers", _APART),
        file=_UPDATE,
        ref=_ANALYTICS,
    ),
    _open(
        "the app's port is one of UDP", "R1.5", after(f"{_CONTAINER}.ports[0].containerPort", "protocol: UDP")
    ),
    _open(
        "the claim was bound on the cluster that it comes from",
        "R4.2",
        after("metadata.name", 'annotations:\n  pv.kubernetes.io/bind-completed: "yes"'),
        file=_CANARY,
        ref="PersistentVolumeClaim/mysql-pv-claim",
    ),
    _open(
        "a vote that was counted is sent again",
        "R1.7",
        before("spec.http[0].route", 'retries:\n  attempts: 2\n  retryOn: "302"'),
        file="istio/step-1",
        ref=_ROUTE,
    ),
    Mistake(
        "the claim of MySQL is for a raw device",
        _CANARY,
        "PersistentVolumeClaim/mysql-pv-claim",
        (before("spec.accessModes", "volumeMode: Block"),),
        "R4.2",
    ),
)
