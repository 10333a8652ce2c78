"""The rows of a template of pods: its spec, containers and volumes.

Sources: the Kubernetes API reference of PodSpec, Container and Volume (1.34).
"""

from __future__ import annotations

from typing import Any

from canary_conformance.voting.static.field_classes import (
    Row,
    harmless,
    modelled,
    tree_of,
    unknown,
)
from canary_conformance.voting.static.field_rows_metadata import POD_METADATA
from canary_conformance.voting.static.fine_values import a_sleep, between, only, quantity, readable_mode
from canary_conformance.voting.static.requirement_sets import ACCEPTED, CLAIMS, ENDS, RUNS, WAYS_IN

_C = "spec.{containers,initContainers}.*"
_PROBE = f"{_C}.{{readinessProbe,livenessProbe,startupProbe}}"
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
_CONTAINERS: tuple[Row, ...] = (
    modelled("model.pods.component", f"{_C}.name"),
    modelled("model.pods.container_images", f"{_C}.{{image,imagePullPolicy}}"),
    modelled("model.pods.readiness", f"{_C}.{{command,args}}.**"),
    modelled("model.pods.container_environment", f"{_C}.env.*.{{name,value}}"),
    modelled(
        "model.pods.container_environment",
        f"{_C}.env.*.valueFrom.{{secretKeyRef,configMapKeyRef}}.{{name,key,optional}}",
        f"{_C}.envFrom.*.{{secretRef,configMapRef}}.name",
        "spec.containers.*.envFrom.*.prefix",
    ),
    modelled("model.pods.pod_needs", f"{_C}.envFrom.*.{{secretRef,configMapRef}}.optional"),
    harmless(
        "its value counts as unknown, whatever it is of",
        f"{_C}.env.*.valueFrom.{{fieldRef,resourceFieldRef}}.**",
    ),
    unknown(RUNS, "the model reads no file for a variable", f"{_C}.env.*.valueFrom.fileKeyRef.**"),
    modelled("model.pods.component", f"{_C}.ports.*.containerPort"),
    modelled("model.pods.workloads", f"{_C}.ports.*.name"),
    modelled("voting.static.static_pods", f"{_C}.ports.*.hostPort"),
    unknown(
        WAYS_IN, "from where this address is reached is not known", f"{_C}.ports.*.hostIP", may_mend=True
    ),
    unknown(
        RUNS,
        "the model follows ports of TCP only",
        f"{_C}.ports.*.protocol",
        fine=only("TCP"),
    ),
    modelled("model.pods.component", f"{_PROBE}.{{httpGet,tcpSocket,grpc}}.port"),
    modelled("model.pods.probes", f"{_PROBE}.httpGet.{{path,scheme,host}}", f"{_PROBE}.tcpSocket.host"),
    modelled(
        "model.pods.probe_times",
        f"{_PROBE}.{{initialDelaySeconds,periodSeconds}}",
        f"{_C}.{{livenessProbe,startupProbe}}.failureThreshold",
        f"{_C}.{{readinessProbe,startupProbe}}.successThreshold",
    ),
    harmless(
        "a pod that is not ready is asked again, and one success is enough to be alive",
        f"{_C}.readinessProbe.failureThreshold",
        f"{_C}.livenessProbe.successThreshold",
    ),
    harmless(
        "a component answers within a second, and reads no header and no service of a probe",
        f"{_PROBE}.{{timeoutSeconds,terminationGracePeriodSeconds}}",
        f"{_PROBE}.httpGet.httpHeaders.**",
        f"{_PROBE}.grpc.service",
    ),
    unknown(RUNS, "whether this command succeeds is not in the manifests", f"{_PROBE}.exec.**"),
    modelled("model.pods.node_demands", f"{_C}.lifecycle.postStart.**"),
    unknown(
        ENDS | {"R6.1"},
        "what this hook leaves behind is not in the manifests",
        f"{_C}.lifecycle.preStop.{{exec,httpGet,tcpSocket,sleep}}.**",
        fine=a_sleep,
    ),
    unknown(
        ENDS | {"R6.1"},
        "the model does not follow how a container is told to end",
        f"{_C}.lifecycle.stopSignal",
    ),
    modelled("model.pods.node_demands", f"{_C}.resources.{{limits,requests}}.*"),
    unknown(RUNS, "which devices the nodes have is not in the manifests", f"{_C}.resources.claims.**"),
    harmless("nothing resizes a pod", f"{_C}.resizePolicy.**"),
    unknown(RUNS, "containers of replaced pods restart by other rules", f"{_C}.restartPolicyRules.**"),
    modelled("model.pods.pod_template", "spec.initContainers.*.restartPolicy"),
    unknown(
        RUNS,
        "containers of replaced pods restart by other rules",
        "spec.containers.*.restartPolicy",
        fine=only("Always"),
    ),
    modelled("model.pods.node_demands", f"{_C}.securityContext.{{seccompProfile,appArmorProfile}}.type"),
    modelled("model.pods.pod_needs", f"{_C}.securityContext.{{runAsUser,runAsNonRoot}}"),
    modelled("model.pods.injection", "spec.containers.*.securityContext.runAsGroup"),
    modelled("model.pods.container_files", "spec.containers.*.securityContext.readOnlyRootFilesystem"),
    harmless(
        "what a container beside the component sends matters to nobody, and one that may not run is noted",
        "spec.initContainers.*.securityContext.{runAsGroup,readOnlyRootFilesystem}",
        "spec.initContainers.*.envFrom.*.prefix",
        "spec.initContainers.*.volumeMounts.*.{mountPath,readOnly}",
    ),
    harmless(
        "the images need no more than their user has, and more does no harm; Pod Security is modelled",
        f"{_C}.securityContext.{{allowPrivilegeEscalation,privileged}}",
        f"{_C}.securityContext.capabilities.{{add,drop}}.*",
        f"{_C}.securityContext.{{seccompProfile,appArmorProfile}}.localhostProfile",
    ),
    unknown(
        RUNS,
        "whether the nodes have it is not in the manifests",
        f"{_C}.securityContext.{{seLinuxOptions,windowsOptions}}.**",
    ),
    unknown(
        RUNS,
        "it needs a user namespace, which is not followed",
        f"{_C}.securityContext.procMount",
        fine=only("Default"),
    ),
    harmless(
        "no component reads its input, and what it says at its end is for people",
        f"{_C}.{{stdin,stdinOnce,tty,terminationMessagePath,terminationMessagePolicy}}",
    ),
    unknown(RUNS, "what the image needs in its working folder is not known", f"{_C}.workingDir"),
    unknown(RUNS, "no component reads a raw device", f"{_C}.volumeDevices.**"),
    modelled("model.pods.pod_needs", f"{_C}.volumeMounts.*.name"),
    modelled("model.pods.container_files", "spec.containers.*.volumeMounts.*.mountPath"),
    modelled("voting.static.static_pods", "spec.containers.*.volumeMounts.*.readOnly"),
    harmless("a folder of the volume is as good as the volume", f"{_C}.volumeMounts.*.subPath"),
    unknown(
        RUNS | CLAIMS,
        "which folder a pod gets hangs on its own variables",
        f"{_C}.volumeMounts.*.subPathExpr",
    ),
    unknown(
        RUNS,
        "whether the nodes do this is not in the manifests",
        f"{_C}.volumeMounts.*.mountPropagation",
        fine=only("None", "HostToContainer"),
    ),
    unknown(
        RUNS,
        "whether the nodes do this is not in the manifests",
        f"{_C}.volumeMounts.*.recursiveReadOnly",
        fine=only("Disabled", "IfPossible"),
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

POD_TEMPLATE = tree_of((*POD_METADATA, *_PLACEMENT, *_POD, *_CONTAINERS, *_VOLUMES))
"""The rows of a template of pods."""
