"""The rows of Kubernetes' kinds beside their pods: Deployments and their like, Services, claims, settings.

Source: the Kubernetes API reference (1.34).
"""

from __future__ import annotations

from canary_conformance.voting.static.field_classes import Row, Tree, harmless, modelled, tree_of, unknown
from canary_conformance.voting.static.field_rows_metadata import CLAIM_METADATA, METADATA
from canary_conformance.voting.static.field_rows_pods import POD_TEMPLATE
from canary_conformance.voting.static.fine_values import between, only, quantity
from canary_conformance.voting.static.requirement_sets import (
    ACCEPTED,
    CLAIMS,
    RUNS,
    SHARES,
    TRAFFIC,
)

_MAKERS: tuple[Row, ...] = (
    *METADATA,
    modelled("model.pods.pod_needs", "spec.selector.matchLabels.*"),
    modelled("model.pods.pod_needs", "spec.selector.matchExpressions.*.{key,operator}"),
    modelled("model.pods.pod_needs", "spec.selector.matchExpressions.*.values.*"),
    harmless("nothing is rolled back", "spec.revisionHistoryLimit"),
    unknown(
        RUNS,
        "the model does not follow how long pods wait before they count as available",
        "spec.minReadySeconds",
        fine=between(0, 10),
    ),
)
_REPLICAS = modelled("model.pods.workloads", "spec.replicas")
DEPLOYMENT = tree_of(
    (
        *_MAKERS,
        _REPLICAS,
        modelled("model.pods.pod_needs", "spec.paused"),
        modelled("model.pods.workloads", "spec.strategy.type", "spec.strategy.rollingUpdate.maxUnavailable"),
        harmless(
            "more pods than asked for serve as well as the others", "spec.strategy.rollingUpdate.maxSurge"
        ),
        unknown(
            RUNS,
            "whether pods get ready in so short a time is not in the manifests",
            "spec.progressDeadlineSeconds",
            fine=between(120, 2**31),
        ),
    ),
    {"spec.template": POD_TEMPLATE},
)
_CLAIM: tuple[Row, ...] = (
    modelled("model.pods.unbound_claims", "spec.accessModes.*"),
    modelled("model.pods.unbound_claims", "spec.{storageClassName,volumeName,volumeMode}"),
    modelled("model.pods.unbound_claims", "spec.{selector,dataSource,dataSourceRef}.**"),
    unknown(
        CLAIMS,
        "whether the cluster has so much room, and MySQL enough, is not in the manifests",
        "spec.resources.{requests,limits}.*",
        fine=quantity("256Mi", "64Gi"),
    ),
    unknown(
        CLAIMS,
        "whether the cluster has this class is not in the manifests",
        "spec.volumeAttributesClassName",
    ),
)
CLAIM = tree_of((*METADATA, *_CLAIM))
_ONE_BY_ONE = unknown(
    RUNS,
    "the model follows updates of one pod after the other",
    "spec.updateStrategy.type",
    fine=only("RollingUpdate"),
)
_WIDTHS = unknown(
    RUNS,
    "the model follows updates of one pod after the other",
    "spec.updateStrategy.rollingUpdate.maxUnavailable",
    fine=only(1),
)
STATEFUL_SET = tree_of(
    (
        *_MAKERS,
        _REPLICAS,
        _ONE_BY_ONE,
        _WIDTHS,
        unknown(
            RUNS,
            "the model follows updates of all pods",
            "spec.updateStrategy.rollingUpdate.partition",
            fine=only(0),
        ),
        unknown(
            RUNS | CLAIMS,
            "the model counts a StatefulSet's pods from 0",
            "spec.ordinals.start",
            fine=only(0),
        ),
        harmless("pods come one after the other or together, and all come", "spec.podManagementPolicy"),
        harmless("no component is called by a pod's own name", "spec.serviceName"),
        harmless(
            "no StatefulSet is scaled down, and one that is deleted is no longer needed",
            "spec.persistentVolumeClaimRetentionPolicy.{whenDeleted,whenScaled}",
        ),
    ),
    {"spec.template": POD_TEMPLATE, "spec.volumeClaimTemplates.*": tree_of((*CLAIM_METADATA, *_CLAIM))},
)
DAEMON_SET = tree_of(
    (
        *_MAKERS,
        _ONE_BY_ONE,
        _WIDTHS,
        harmless(
            "more pods than asked for serve as well as the others",
            "spec.updateStrategy.rollingUpdate.maxSurge",
        ),
    ),
    {"spec.template": POD_TEMPLATE},
)
_ONLY_OPEN = "it counts for a Service that is open past the Gateway, which fails by its type (R1.4)"
SERVICE = tree_of(
    (
        *METADATA,
        modelled("model.routing.services", "spec.selector.*"),
        modelled("model.routing.services", "spec.{type,clusterIP,publishNotReadyAddresses}"),
        modelled("model.routing.services", "spec.clusterIPs.*"),
        modelled("model.routing.services", "spec.ports.*.{name,port,protocol,appProtocol,targetPort}"),
        harmless(_ONLY_OPEN, "spec.ports.*.nodePort", "spec.{externalTrafficPolicy,healthCheckNodePort}"),
        harmless(_ONLY_OPEN, "spec.{allocateLoadBalancerNodePorts,loadBalancerIP,loadBalancerClass}"),
        harmless(_ONLY_OPEN, "spec.loadBalancerSourceRanges.*"),
        modelled("voting.static.static_pods", "spec.externalIPs.**"),
        harmless("it counts for type ExternalName, which is noted", "spec.externalName"),
        unknown(
            TRAFFIC,
            "which pods are on a client's node is not in the manifests",
            "spec.internalTrafficPolicy",
            fine=only("Cluster"),
        ),
        unknown(
            SHARES,
            "the model does not follow which pods are preferred",
            "spec.{sessionAffinity,trafficDistribution}",
            fine=only("None"),
        ),
        harmless("it counts where the affinity is on", "spec.sessionAffinityConfig.**"),
        unknown(
            ACCEPTED | TRAFFIC,
            "which families of addresses the cluster has is not in the manifests",
            "spec.ipFamilies.*",
            "spec.ipFamilyPolicy",
            fine=only("IPv4", "SingleStack", "PreferDualStack"),
        ),
    )
)
_READ = "model.pods.container_environment"
_FIXED = modelled("voting.static.immutable_data", "immutable")
SECRET = tree_of(
    (
        *METADATA,
        modelled(_READ, "{data,stringData}.*"),
        unknown(
            RUNS | ACCEPTED,
            "the model does not follow what a controller makes of this type",
            "type",
            # Types that only ask for keys (rules_objects) are read by nobody but their pods.
            fine=only(
                "Opaque",
                *(f"kubernetes.io/{name}" for name in ("basic-auth", "ssh-auth", "tls", "dockerconfigjson")),
            ),
        ),
        _FIXED,
    )
)
CONFIG_MAP = tree_of((*METADATA, modelled(_READ, "{data,binaryData}.*"), _FIXED))
SERVICE_ACCOUNT = tree_of(
    (
        *METADATA,
        harmless("no component calls the API server", "automountServiceAccountToken", "secrets.*.**"),
        harmless("the kubelet pulls without one that is not there", "imagePullSecrets.*.name"),
    )
)
OBJECTS: dict[str, Tree] = {
    "Deployment": DEPLOYMENT,
    "StatefulSet": STATEFUL_SET,
    "DaemonSet": DAEMON_SET,
    "Service": SERVICE,
    "PersistentVolumeClaim": CLAIM,
    "Secret": SECRET,
    "ConfigMap": CONFIG_MAP,
    "ServiceAccount": SERVICE_ACCOUNT,
}
"""The rows of each of Kubernetes' kinds that the model follows."""
