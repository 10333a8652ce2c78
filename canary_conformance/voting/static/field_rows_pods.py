"""The rows of a template of pods: its spec and its volumes, and those of its containers.

Sources: the Kubernetes API reference of PodSpec and Volume (1.34).
"""

from __future__ import annotations

from typing import Any

from canary_conformance.voting.static.field_classes import Row, harmless, modelled, tree_of, unknown
from canary_conformance.voting.static.field_rows_containers import CONTAINERS
from canary_conformance.voting.static.field_rows_metadata import POD_METADATA
from canary_conformance.voting.static.fine_values import between, only, quantity, readable_mode
from canary_conformance.voting.static.requirement_sets import ACCEPTED, CLAIMS, ENDS, RUNS

_A = "spec.affinity"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_V = "spec.volumes.*"
_RESOLVER_OPTIONS = frozenset(
    {"ndots", "timeout", "attempts", "rotate", "edns0", "single-request", "single-request-reopen", "use-vc"}
)


def _known_option(_key: str, value: Any) -> bool:
    return isinstance(value, dict) and value.get("name") in _RESOLVER_OPTIONS


_PLACEMENT: tuple[Row, ...] = (
    modelled(
        "model.pods.scheduling",
        "spec.{priorityClassName,runtimeClassName,priority,schedulerName,nodeName}",
        "spec.schedulingGates.*.name",
        "spec.readinessGates.*.conditionType",
        "spec.resourceClaims.**",
        "spec.os.name",
        "spec.nodeSelector.*",
        f"{_A}.nodeAffinity.{_REQUIRED}.nodeSelectorTerms.*.matchExpressions.*.{{key,operator}}",
        f"{_A}.nodeAffinity.{_REQUIRED}.nodeSelectorTerms.*.matchExpressions.*.values.**",
        f"{_A}.nodeAffinity.{_REQUIRED}.nodeSelectorTerms.*.matchFields.**",
        f"{_A}.podAffinity.{_REQUIRED}.**",
        f"{_A}.podAntiAffinity.{_REQUIRED}.*.topologyKey",
        f"{_A}.podAntiAffinity.{_REQUIRED}.*.{{namespaces,namespaceSelector}}.**",
        f"{_A}.podAntiAffinity.{_REQUIRED}.*.labelSelector.matchLabels.*",
        f"{_A}.podAntiAffinity.{_REQUIRED}.*.labelSelector.matchExpressions.**",
        "spec.topologySpreadConstraints.*.{topologyKey,whenUnsatisfiable}",
    ),
    harmless(
        "a preference keeps no pod from a node",
        f"{_A}.{{nodeAffinity,podAffinity,podAntiAffinity}}.{_PREFERRED}.**",
    ),
    unknown(
        RUNS,
        "the model does not follow which labels these keys stand for",
        f"{_A}.podAntiAffinity.{_REQUIRED}.*.{{matchLabelKeys,mismatchLabelKeys}}.**",
    ),
    harmless("it only lets pods onto more nodes", "spec.tolerations.**"),
    harmless(
        "on the nodes of one host name or zone the difference is none, and others are noted by their key",
        "spec.topologySpreadConstraints.*.{maxSkew,matchLabelKeys,labelSelector}.**",
        "spec.topologySpreadConstraints.*.nodeAffinityPolicy",
    ),
    unknown(
        RUNS,
        "how many nodes count for it is not in the manifests",
        "spec.topologySpreadConstraints.*.minDomains",
        fine=only(1),
    ),
    unknown(
        RUNS,
        "which taints the nodes have is not in the manifests",
        "spec.topologySpreadConstraints.*.nodeTaintsPolicy",
        fine=only("Ignore"),
    ),
    unknown(RUNS, "the runtime class gives it, and admission refuses another", "spec.overhead.**"),
    unknown(
        RUNS,
        "the priority class gives it, and admission refuses another",
        "spec.preemptionPolicy",
        fine=only("PreemptLowerPriority"),
    ),
)
_POD: tuple[Row, ...] = (
    modelled("model.pods.name_resolution", "spec.dnsPolicy", "spec.hostAliases.*.hostnames.*"),
    harmless("an alias counts by its names", "spec.hostAliases.*.ip"),
    harmless("names of Services are looked up in the pods' own domains first", "spec.dnsConfig.searches.**"),
    unknown(RUNS, "what these servers answer is not known", "spec.dnsConfig.nameservers.**", may_mend=True),
    unknown(
        RUNS,
        "the model does not follow this option of the resolver",
        "spec.dnsConfig.options.*.**",
        fine=_known_option,
        may_mend=True,
    ),
    modelled("model.pods.service_links", "spec.enableServiceLinks"),
    modelled("model.pods.injection", "spec.hostNetwork"),
    modelled("voting.static.static_pods", "spec.{hostname,subdomain,setHostnameAsFQDN}"),
    unknown(RUNS, "the model does not follow it", "spec.hostnameOverride", may_mend=True),
    harmless(
        "no component looks at other processes, and the ends of its own are its own",
        "spec.{hostIPC,hostPID,shareProcessNamespace}",
    ),
    unknown(RUNS, "whether the nodes have user namespaces is not known", "spec.hostUsers", fine=only(True)),
    harmless("no component calls the API server", "spec.automountServiceAccountToken"),
    harmless("the kubelet pulls without one that is not there", "spec.imagePullSecrets.*.name"),
    modelled("model.pods.pod_needs", "spec.{serviceAccount,serviceAccountName}"),
    unknown(
        ENDS | {"R6.1"},
        "the model does not follow how long pods take to end",
        "spec.terminationGracePeriodSeconds",
        fine=between(1, 120),
    ),
    harmless(
        "pods that are replaced have no deadline: the API server refuses it", "spec.activeDeadlineSeconds"
    ),
    unknown(RUNS, "pods that are replaced restart always", "spec.restartPolicy", fine=only("Always")),
    unknown(RUNS | ACCEPTED, "a template has none, by the API server's rules", "spec.ephemeralContainers.**"),
    modelled("model.pods.node_demands", "spec.resources.**", "spec.securityContext.sysctls.*.name"),
    harmless("a setting of the kernel counts by its name", "spec.securityContext.sysctls.*.value"),
    modelled(
        "model.pods.node_demands",
        "spec.securityContext.{seccompProfile,appArmorProfile}.type",
    ),
    harmless(
        "the type says whether a profile of the node is needed, which is noted",
        "spec.securityContext.{seccompProfile,appArmorProfile}.localhostProfile",
    ),
    modelled("model.pods.pod_needs", "spec.securityContext.{runAsUser,runAsNonRoot}"),
    modelled("model.pods.injection", "spec.securityContext.runAsGroup"),
    harmless(
        "volumes of the cluster's class are open to all users, and it only adds groups",
        "spec.securityContext.{fsGroup,fsGroupChangePolicy}",
        "spec.securityContext.supplementalGroups.*",
    ),
    unknown(
        RUNS,
        "whether the nodes' runtime has it is not known",
        "spec.securityContext.supplementalGroupsPolicy",
        fine=only("Merge"),
    ),
    unknown(
        RUNS,
        "whether the nodes have it is not in the manifests",
        "spec.securityContext.{seLinuxOptions,windowsOptions}.**",
        "spec.securityContext.seLinuxChangePolicy",
    ),
)
_VOLUMES: tuple[Row, ...] = (
    modelled(
        "model.pods.pod_needs",
        f"{_V}.name",
        f"{_V}.persistentVolumeClaim.claimName",
        f"{_V}.secret.{{secretName,optional}}",
        f"{_V}.configMap.{{name,optional}}",
        f"{_V}.{{secret,configMap}}.items.*.key",
        f"{_V}.projected.sources.*.{{secret,configMap}}.{{name,optional}}",
        f"{_V}.projected.sources.*.{{secret,configMap}}.items.*.key",
        f"{_V}.ephemeral.volumeClaimTemplate.spec.{{storageClassName,volumeName,volumeMode}}",
        f"{_V}.ephemeral.volumeClaimTemplate.spec.accessModes.*",
        f"{_V}.ephemeral.volumeClaimTemplate.spec.{{selector,dataSource,dataSourceRef}}.**",
        f"{_V}.hostPath.type",
    ),
    modelled("voting.static.static_pods", f"{_V}.persistentVolumeClaim.readOnly"),
    harmless(
        "no component reads these files but where they are mounted",
        f"{_V}.{{secret,configMap}}.items.*.path",
        f"{_V}.projected.sources.*.{{secret,configMap}}.items.*.path",
        f"{_V}.projected.sources.*.serviceAccountToken.**",
        f"{_V}.{{projected.sources.*.downwardAPI,downwardAPI}}.items.*.{{path,fieldRef,resourceFieldRef}}.**",
        f"{_V}.ephemeral.volumeClaimTemplate.metadata.**",
    ),
    unknown(
        RUNS,
        "who may read files of this mode is not followed",
        f"{_V}.{{secret,configMap,projected,downwardAPI}}.defaultMode",
        f"{_V}.{{secret,configMap,downwardAPI}}.items.*.mode",
        f"{_V}.projected.sources.*.{{secret,configMap,downwardAPI}}.items.*.mode",
        fine=readable_mode,
    ),
    unknown(
        RUNS,
        "whether the cluster makes such certificates is not in the manifests",
        f"{_V}.projected.sources.*.{{clusterTrustBundle,podCertificate}}.**",
    ),
    unknown(
        RUNS,
        "whether the nodes have huge pages is not in the manifests",
        f"{_V}.emptyDir.medium",
        fine=only("", "Memory"),
    ),
    unknown(
        RUNS,
        "a pod that writes more is evicted, and how much it writes is not known",
        f"{_V}.emptyDir.sizeLimit",
        fine=quantity("64Mi", "1Ei"),
    ),
    unknown(
        RUNS | CLAIMS,
        "whether the cluster has so much room is not in the manifests",
        f"{_V}.ephemeral.volumeClaimTemplate.spec.resources.{{requests,limits}}.*",
        fine=quantity("64Mi", "64Gi"),
    ),
    unknown(
        RUNS | CLAIMS,
        "whether the cluster has this class is not in the manifests",
        f"{_V}.ephemeral.volumeClaimTemplate.spec.volumeAttributesClassName",
    ),
    harmless(
        "that it is a folder of the node is what counts (R6.1), whichever it is",
        f"{_V}.hostPath.path",
    ),
    # Every other source of a volume.
    unknown(RUNS, "whether the nodes can mount this volume is not in the manifests", f"{_V}.*.**"),
)

POD_TEMPLATE = tree_of((*POD_METADATA, *_PLACEMENT, *_POD, *CONTAINERS, *_VOLUMES))
"""The rows of a template of pods."""
