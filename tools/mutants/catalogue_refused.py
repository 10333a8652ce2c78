"""Mistakes that the API server or Istio's webhook refuses by code, and no schema shows (R0.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tools.mutants.mistake import Breakage, Catalogue, Step, before, breaks, to

_POD = "spec.template.spec.containers"
_C = f"{_POD}[0]"

_SOURCES: Mapping[str, Mapping[tuple[Callable[[str, str], Step], str], Mapping[str, str]]] = {
    "kubernetes/step-1 Deployment/voting-app-1-0": {
        (before, "spec.replicas"): {
            "a pod may be ready for less than no time": "minReadySeconds: -1",
            "fewer than no old ReplicaSets are kept": "revisionHistoryLimit: -1",
            "the roll-out has no time": "progressDeadlineSeconds: 0",
            "the roll-out has less time than a pod takes": "minReadySeconds: 60\nprogressDeadlineSeconds: 30",
            "the roll-out has the default time and the pods take longer": "minReadySeconds: 3600",
            "the surge is a number in quotes": 'strategy:\n  rollingUpdate:\n    maxSurge: "1"',
            "the surge is a percentage without its sign": 'strategy:\n  rollingUpdate:\n    maxSurge: "25"',
            "no pod may be replaced": "strategy:\n  rollingUpdate:\n    maxSurge: 0\n    maxUnavailable: 0",
        },
        (before, "spec.selector.matchLabels"): {
            "a selector's operator is a sign": (
                "matchExpressions:\n  - key: app\n    operator: '='\n    values: [voting-app]"
            ),
            "a selector's operator has no values": "matchExpressions:\n  - key: app\n    operator: In",
            "a selector that asks for a key names values": (
                "matchExpressions:\n  - key: app\n    operator: Exists\n    values: [x]"
            ),
            "a selector's operator is in small letters": (
                "matchExpressions:\n  - key: app\n    operator: in\n    values: [voting-app]"
            ),
        },
        (before, f"{_C}.securityContext.runAsUser"): {
            "a container is privileged and may not become so": "privileged: true"
        },
        (before, f"{_C}.readinessProbe.httpGet"): {
            "a probe that ends nothing has a time to end": "terminationGracePeriodSeconds: 5"
        },
        (before, _POD): {
            "an alias's address is a name": "hostAliases:\n  - ip: localhost\n    hostnames: [cache]",
            "an alias's address has a port": "hostAliases:\n  - ip: 127.0.0.1:80\n    hostnames: [cache]",
            "a toleration has neither key nor operator": "tolerations:\n  - effect: NoSchedule",
            "a toleration of everything has a value": 'tolerations:\n  - operator: Exists\n    value: "x"',
            "a toleration ends without an effect": (
                "tolerations:\n  - key: spot\n    operator: Exists\n    tolerationSeconds: 60"
            ),
            "the pods may be spread by nothing": (
                "topologySpreadConstraints:\n  - maxSkew: 0\n    topologyKey: zone\n"
                "    whenUnsatisfiable: ScheduleAnyway\n"
                "    labelSelector: {matchLabels: {app: voting-app}}"
            ),
            "the pods are spread over no topology": (
                "topologySpreadConstraints:\n  - maxSkew: 1\n    whenUnsatisfiable: ScheduleAnyway\n"
                "    labelSelector: {matchLabels: {app: voting-app}}"
            ),
            "the pods are spread by a misspelt rule": (
                "topologySpreadConstraints:\n  - maxSkew: 1\n"
                "    topologyKey: zone\n    whenUnsatisfiable: Schedule\n"
                "    labelSelector: {matchLabels: {app: voting-app}}"
            ),
            "the pods' group is negative": "securityContext:\n  fsGroup: -1",
            "the pods' user is larger than any": "securityContext:\n  runAsUser: 4294967295",
            "a group more is negative": "securityContext:\n  supplementalGroups: [-5]",
            "a profile of AppArmor has no type": (
                "securityContext:\n  appArmorProfile:\n    localhostProfile: x"
            ),
            "how groups change is left open": 'securityContext:\n  fsGroupChangePolicy: ""',
            "the class of the runtime is left open": 'runtimeClassName: ""',
        },
        (before, f"{_C}.image"): {
            "the pod sleeps longer than it may take to end": (
                "lifecycle:\n  preStop:\n    sleep:\n      seconds: 30"
            ),
            "the pod sleeps for less than no time": "lifecycle:\n  preStop:\n    sleep:\n      seconds: -1",
            "the pod sleeps for a minute before it starts": (
                "lifecycle:\n  postStart:\n    sleep:\n      seconds: 60"
            ),
        },
        (to, "metadata.labels.version"): {
            "a label ends in a dot": '"1.0."',
            "a label has a space": '"1.0 beta"',
            "a label has a plus": '"1.0+build"',
            "a label begins with a hyphen": '"-1.0"',
            "a label is a sentence": '"the first version of the page, as it was in the beginning of it all"',
        },
        (before, "metadata.labels.app"): {
            "a label's key has a space": '"team name": voting',
            "a label's key has two slashes": "example.com/team/name: voting",
            "a label's key has a domain in capitals": "Example.com/team: voting",
            "a label's key has no name": "example.com/: voting",
        },
        (before, "metadata.labels"): {
            "an annotation's key has a space": 'annotations:\n  "built by": me',
            "an annotation's key ends in a slash": "annotations:\n  example.com/: me",
            "a finalizer has no domain": "finalizers: [protect]",
            "the object's owner has no name": (
                'ownerReferences:\n  - {apiVersion: v1, kind: ConfigMap, name: "", uid: x}'
            ),
        },
    },
    "kubernetes/step-1 Deployment/voting-storage-1-0": {
        (to, "spec.template.spec.terminationGracePeriodSeconds"): {
            "Redis may take no longer than its hook sleeps": "2",
            "Redis may take less than its hook sleeps": "1",
        }
    },
    "kubernetes/step-1 Service/voting-app": {
        (before, "spec.selector"): {
            "the Service's family is of no protocol": "ipFamilies: [IPv5]",
            "the Service's family is a number": "ipFamilies: ['4']",
            "the Service has a class of a load balancer": "loadBalancerClass: example.com/lb",
            "the Service lets ranges of a load balancer in": "loadBalancerSourceRanges: [10.0.0.0/8]",
            "the Service's port for health checks is of another type": "healthCheckNodePort: 30000",
        }
    },
    "kubernetes/step-3 Deployment/voting-storage-2-0": {
        (before, f"{_C}.volumeMounts[0].mountPath"): {
            "a mount's folder is given twice": "subPathExpr: $(VERSION)"
        }
    },
    "istio/step-2 PeerAuthentication/default": {
        (before, "spec.mtls"): {
            "the policy selects by no labels": "selector: {}",
            "the policy selects by an empty map of labels": "selector:\n  matchLabels: {}",
            "the policy has modes of ports and no selector": "portLevelMtls:\n  8080:\n    mode: DISABLE",
        }
    },
    "istio/step-3 DestinationRule/voting-app": {
        (before, "spec.trafficPolicy.tls"): {
            "the connections' limits are left empty": "connectionPool: {}",
            "ejections have no interval": "outlierDetection:\n  interval: 0s",
            "ejections count failures that nobody splits": (
                "outlierDetection:\n  consecutiveLocalOriginFailures: 3"
            ),
        },
        (before, "spec.trafficPolicy"): {
            "a rule is shown to everybody and to one more": "exportTo: ['*', istio-system]",
            "a rule is shown to nobody": "exportTo: ['~']",
        },
        (to, "spec.subsets[1].labels.version"): {
            "a subset's label has a space": '"2.0 beta"',
            "a subset's label ends in a dot": '"2.0."',
        },
    },
    "istio/step-3 VirtualService/voting-app": {
        (to, "spec.http[0].route[0].destination.port.number"): {
            "the canary's port is 0": "0",
            "the canary's port is none that a computer has": "65536",
        }
    },
    "istio/step-4 VirtualService/voting-app": {
        (before, "spec.http[0].route"): {
            "a header's value has a sign of percent": 'headers: {response: {set: {x-share: "100%"}}}',
            "a header's value ends in a line's end": 'headers: {response: {set: {x-note: "two\\n"}}}',
            "a route sets the path as a header": 'headers:\n  request:\n    set:\n      ":path": /',
            "the conditions of a retry have spaces": "retries:\n  attempts: 2\n  retryOn: 5xx, reset",
            "a try has a limit, and there is none": "retries:\n  attempts: 0\n  perTryTimeout: 2s",
            "the route's limit has no unit": 'timeout: "10"',
            "the route's limit is zero": "timeout: 0s",
            "a rewrite rewrites nothing": "rewrite: {}",
            "a fault has a share of more than all": (
                "fault:\n  delay:\n    fixedDelay: 1s\n    percentage:\n      value: 1000"
            ),
            "a copy goes to more than all": (
                "mirror:\n  host: voting-app\n  subset: v2-0\nmirrorPercentage:\n  value: 1000"
            ),
            "another site's methods are in small letters": "corsPolicy:\n  allowMethods: [get]",
        }
    },
}
"""What YAML stands at a place of an object, by the sentence for it."""


def _refused(
    places: Mapping[tuple[Callable[[str, str], Step], str], Mapping[str, str]],
) -> Mapping[str, Breakage]:
    return {
        name: breaks("R0.1", make(path, source))
        for (make, path), rows in places.items()
        for name, source in rows.items()
    }


REFUSED: Catalogue = {where: _refused(places) for where, places in _SOURCES.items()}
