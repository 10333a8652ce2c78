"""The rows of containers in a template of pods.

Source: the Kubernetes API reference of Container (1.34).
"""

from __future__ import annotations

from canary_conformance.voting.static.field_classes import Row, harmless, modelled, unknown
from canary_conformance.voting.static.fine_values import a_sleep, only
from canary_conformance.voting.static.requirement_sets import CLAIMS, ENDS, RUNS, WAYS_IN

_C = "spec.{containers,initContainers}.*"
_PROBE = f"{_C}.{{readinessProbe,livenessProbe,startupProbe}}"

CONTAINERS: tuple[Row, ...] = (
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
"""The rows of containers, of init containers too."""
