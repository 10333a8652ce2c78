"""Variants by values: correct neighbours of catalogue_values, catalogue_stores and catalogue_refused.

Each is as near to a mistake as a correct value can be: one second less, the same name in full, the key beside
the type. Every requirement has to hold for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tools.mutants.mistake import Step, after, before, followed_by, to
from tools.mutants.pod_steps import annotated, env, env_key, pod_field, variable
from tools.mutants.variants import Change, Variant, changes_of

_POD = "spec.template.spec.containers"
_C = f"{_POD}[0]"
_FULL = "{}.voting.svc.cluster.local."


_STEPS: Mapping[str, Mapping[str, Sequence[Step]]] = {
    "kubernetes/step-1 Deployment/voting-app-1-0": {
        "the app names its Services in full, with the dot at the end that makes a name absolute": (
            env(0, _FULL.format("voting-storage")),
            env(1, _FULL.format("voting-analytics")),
        ),
        "the app names Redis in capitals, and analytics with its namespace": (
            env(0, "Voting-Storage"),
            env(1, "voting-analytics.voting"),
        ),
        "the app names Redis by a variable that is defined above": (
            env(0, "$(STORE)"),
            variable("STORE", "voting-storage"),
        ),
        "the app says its ports, which are the defaults": (
            before(
                f"{_C}.env[0]",
                '- name: PORT\n  value: "8080"\n- name: REDIS_PORT\n  value: "6379"\n'
                '- name: ANALYTICS_PORT\n  value: "8080"',
            ),
        ),
        "the flag's buttons are switched on by another word, and the page has a title": (
            env(2, '"true"'),
            variable("TITLE", "Cats or dogs"),
        ),
        "the app's roll-out has one second more than its pods take, and a surge in percent": (
            before(
                "spec.replicas",
                "minReadySeconds: 1\nprogressDeadlineSeconds: 600\nrevisionHistoryLimit: 0\n"
                "strategy:\n  rollingUpdate:\n    maxSurge: 25%\n    maxUnavailable: 0",
            ),
        ),
        "the app's selector has an expression more, which its pods fit": (
            before(
                "spec.selector.matchLabels",
                "matchExpressions:\n  - key: app\n    operator: In\n    values: [voting-app, other]\n"
                "  - key: track\n    operator: DoesNotExist",
            ),
        ),
        "the app's pods tolerate a taint, and are spread where that is possible": (
            pod_field(
                "tolerations:\n  - key: spot\n    operator: Exists\n    effect: NoExecute\n"
                "    tolerationSeconds: 60\n"
                "topologySpreadConstraints:\n  - maxSkew: 1\n    topologyKey: kubernetes.io/hostname\n"
                "    whenUnsatisfiable: ScheduleAnyway\n    labelSelector: {matchLabels: {app: voting-app}}"
            ),
        ),
        "the pods' full name is asked for without a subdomain, which changes nothing": (
            pod_field("setHostnameAsFQDN: true"),
        ),
        "labels and annotations of the team, with a domain and without": (
            before("metadata.labels.app", 'example.com/team: voting_1.0\ncost-center: "0815"'),
            before("metadata.labels", "annotations:\n  example.com/Built.By: me, at noon"),
        ),
        "the app's pods say the defaults of the mesh, and run on every kind of node that it has": (
            annotated(
                "sidecar.istio.io/interceptionMode: REDIRECT\n"
                '  traffic.sidecar.istio.io/includeOutboundIPRanges: "*"'
            ),
            pod_field(
                "affinity:\n  nodeAffinity:\n    requiredDuringSchedulingIgnoredDuringExecution:\n"
                "      nodeSelectorTerms:\n        - matchExpressions:\n"
                "            - {key: kubernetes.io/arch, operator: In, values: [amd64, arm64]}"
            ),
        ),
        "the app's proxy has requests and limits of its own, and a log of less": (
            annotated(
                "sidecar.istio.io/proxyCPU: 20m\n  sidecar.istio.io/proxyMemoryLimit: 256Mi\n"
                "  sidecar.istio.io/logLevel: warning"
            ),
        ),
    },
    "kubernetes/step-3 Secret/voting-storage-secret": {
        "the account of MySQL has a sentence for a password": (
            to("stringData.MYSQL_PASSWORD", '"correct horse, battery: staple!"'),
            to("stringData.MYSQL_DATABASE", "votes_2-0"),
        ),
        "the Secret is of the type for a login, with the keys of that": (
            to("type", "kubernetes.io/basic-auth"),
            before("stringData.MYSQL_USER", "username: voting"),
        ),
    },
    "kubernetes/step-3 Deployment/voting-app-2-0": {
        "the app of 2.0 logs in as root, with the password of root": (
            to(f"{_C}.env[1]", "{name: MYSQL_USER, value: root}"),
            env_key(2, "MYSQL_ROOT_PASSWORD"),
        )
    },
    "kubernetes/step-3 Deployment/voting-storage-2-0": {
        "MySQL's mount ends in a slash, and its folder of the volume is two levels deep": (
            to(f"{_C}.volumeMounts[0].mountPath", "/var/lib/mysql/"),
            to(f"{_C}.volumeMounts[0].subPath", "voting/mysql"),
        ),
        "MySQL can't write to its image's files, but to empty folders": (
            before(f"{_C}.securityContext.allowPrivilegeEscalation", "readOnlyRootFilesystem: true"),
            before(
                f"{_C}.volumeMounts[0]",
                "- {name: tmp, mountPath: /tmp}\n- {name: run, mountPath: /var/run/mysqld}",
            ),
            before(
                "spec.template.spec.volumes[0]", "- {name: tmp, emptyDir: {}}\n- {name: run, emptyDir: {}}"
            ),
        ),
    },
    "kubernetes/step-1 Deployment/voting-storage-1-0": {
        "Redis sleeps for one second less than it may take to end": (
            to("spec.template.spec.terminationGracePeriodSeconds", "3"),
        )
    },
    "kubernetes/step-2 Deployment/voting-analytics-1-1": {
        "objects name an empty namespace, which is that of the scenario": (
            before("metadata.name", 'namespace: ""'),
        )
    },
}
_BESIDE = """\
apiVersion: v1
kind: Service
metadata: {name: docs}
spec: {type: ExternalName, externalName: example.com}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: from-the-mesh}
spec:
  podSelector: {}
  ingress:
    - from:
        - podSelector: {}
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: istio-system}}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: outside}
spec:
  hosts: [example.com]
  ports: [{number: 443, name: tls, protocol: TLS}]
  resolution: DNS
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: outside}
spec: {host: example.com}"""
_LISTED = """\
- Service/docs
- NetworkPolicy/from-the-mesh
- ServiceEntry/outside
- DestinationRule/outside"""
CORRECT_VALUES = (
    *(
        Variant(name, changes_of({where: steps}))
        for where, rows in _STEPS.items()
        for name, steps in rows.items()
    ),
    Variant(
        "a policy that lets every call in, and names of hosts outside, stand beside the components",
        (
            Change("kubernetes/step-1", "Service/voting-app", (followed_by(_BESIDE),)),
            Change("scenario", "", (after("stages[0].steps[0].created[5]", _LISTED),)),
        ),
    ),
)
"""Every such variant."""
