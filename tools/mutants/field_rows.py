"""The table of fields: pattern, requirements, reason; read by field_requirements, the first row that fits.

In a pattern * stands for anything. A row that names a stage holds for the files of that stage only: the same
object stands in several files, and a mistake breaks the requirements of the stage that applies it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """Fields by a pattern, the ids of the requirements that name a mistake in them ("" none), and why these.

    live: an image, a volume or time has its part in the verdict, so the manifests alone don't decide it.
    """

    pattern: str
    ids: str
    why: str
    stage: int | None = None
    live: bool = False


_POD = "Deployment/*:spec.template.spec"
_CONTAINER = f"{_POD}.containers[*]"

ROWS = (
    # --- every object ---------------------------------------------------------------------------------
    Row("*:apiVersion", "R0.1", "the API server accepts the object"),
    Row("*:kind", "R0.1", "the API server accepts the object"),
    Row("*:metadata", "R0.1", "the object has a name, and it is the one that the source lists"),
    Row("*:metadata.name", "R0.1", "what is created is what the source lists"),
    Row("*:metadata.labels*", "", "nothing selects these objects by labels of their own"),
    # --- pods -----------------------------------------------------------------------------------------
    Row("Deployment/*:spec", "R0.1 {ready} {serves}", "the whole of the pods"),
    Row("Deployment/*:spec.replicas", "{ready}", "so many pods are ready"),
    Row("Deployment/*:spec.strategy*", "", "no stage rolls a Deployment", live=True),
    Row("Deployment/*:spec.selector*", "R0.1 {ready}", "it has to fit the pods' labels"),
    Row("Deployment/*:spec.template", "R0.1 {ready} {serves}", "the whole of the pods"),
    Row("Deployment/*:spec.template.metadata*", "R0.1 {ready}", "the pods carry app and version"),
    Row(_POD, "R0.1 {ready} {serves}", "the whole of the pods"),
    Row(f"{_POD}.terminationGracePeriodSeconds", "", "how long an end may take is no requirement", live=True),
    Row(f"{_CONTAINER}.lifecycle*", "", "how a pod ends matters to who replaces it", live=True),
    Row(f"{_POD}.securityContext*", "{ready}", "it may keep a pod from its volume", live=True),
    Row(f"{_POD}.volumes*", "R4.2 R4.9", "the votes lie on the claimed volume"),
    Row(f"{_POD}.containers", "R0.1", "the API server accepts the object"),
    Row(f"{_CONTAINER}.name", "R0.1 R1.3", "every pod runs its component"),
    Row("*/voting-analytics-*.image", "{ready} {serves} R2.2 R2.3", "it is the format", live=True),
    Row(f"{_CONTAINER}.image", "{ready} {serves}", "the image is the version", live=True),
    Row(f"{_CONTAINER}.imagePullPolicy", "{ready}", "the image is on the node", live=True),
    Row(f"{_CONTAINER}.ports*.containerPort", "{ready} {serves}", "the port of the image", live=True),
    Row(f"{_CONTAINER}.ports*", "{ready} {serves}", "Services and probes name these ports"),
    Row(f"{_CONTAINER}.env[FEATUREFLAG]*", "{ready} R4.6", "the page's own buttons, or a bad value"),
    Row(f"{_CONTAINER}.env[MYSQL_HOST]*", "{ready} {serves}", "where 2.0's votes are"),
    Row(f"{_CONTAINER}.env[MYSQL_*", "{ready}", "without its account no pod of 2.0 gets ready"),
    Row(f"{_CONTAINER}.envFrom*", "{ready}", "the store has its accounts from the Secret"),
    Row(f"{_CONTAINER}.env*", "{ready} {serves}", "where the next one in the chain is"),
    Row(f"{_CONTAINER}.resources*", "{ready}", "the node has room, and the pod enough", live=True),
    Row(f"{_CONTAINER}.*Probe.*.port", "{ready}", "a probe of a port that isn't there never passes"),
    Row(f"{_CONTAINER}.readinessProbe", "{ready} {serves} R4.1", "pods join when they work", live=True),
    Row(f"{_CONTAINER}.*Probe*", "{ready}", "a probe that never passes", live=True),
    Row(f"{_CONTAINER}.securityContext*", "{ready}", "it may keep a pod from its start", live=True),
    Row(f"{_CONTAINER}.volumeMounts*.mountPath", "R4.2 R4.9", "the image's data folder", live=True),
    Row(f"{_CONTAINER}.volumeMounts*", "R4.2 R4.9", "MySQL's data lies on the claimed volume"),
    Row(_CONTAINER, "R0.1", "the API server accepts the object"),
    # --- Services, Secret and claim -------------------------------------------------------------------
    Row("Service/voting-analytics:*.name", "R1.2 R2.2 R3.1 R3.2 R5.2", "the name says that it is HTTP"),
    Row("Service/voting-app:*.name", "R1.5 R1.6 R5.2", "the name says that it is HTTP"),
    Row("Service/voting-app:*", "R1.5 R1.6", "the page comes from it"),
    Row("Service/voting-analytics:*", "R1.2 R1.5 R1.7 R2.1", "apps get ready and have results by it"),
    Row("Service/voting-storage:*", "R1.2 R1.5 R1.7", "apps and analytics get ready and count by it", 1),
    Row("Service/voting-storage:*.name", "R0.1 R4.1 R4.2 R4.8 R5.2", "of several ports each has a name", 4),
    Row("Service/voting-storage:*[mysql]*", "R4.2 R4.8", "the way to MySQL", 4),
    Row("Service/voting-storage:*", "R4.1 R4.2 R4.8", "the way to both stores", 4),
    Row("Secret/*:type", "", "nobody reads it; a type of one's own asks for no keys"),
    Row("Secret/*:stringData*", "R4.2", "store and clients have their account from it"),
    Row("PersistentVolumeClaim/*:spec*", "R0.1 R4.2", "the claim is bound", live=True),
    # --- the way in -----------------------------------------------------------------------------------
    Row("Gateway/*:spec*", "R1.5", "the ingress serves the page"),
    Row("VirtualService/voting-app:spec*", "R1.5 R1.6", "the ingress leads to the app", 1),
    Row("VirtualService/voting-app:*.subset", "R0.1 R3.1 R3.7", "the lock, else nothing changes", 3),
    Row("VirtualService/voting-app:spec*", "R3.1 R3.7", "pages go on while traffic is locked", 3),
    Row("VirtualService/voting-app:spec.http[0].match*", "R4.3 R4.4 R4.5", "who sees 2.0", 4),
    Row("VirtualService/voting-app:spec.http[0].route*", "R4.1 R4.4 R4.5", "what the flag opens", 4),
    Row("VirtualService/voting-app:spec.http[1]*", "R4.1 R4.3 R4.5", "what everyone else sees", 4),
    Row("VirtualService/voting-app:spec*", "R4.1 R4.3 R4.4", "both ways to the page", 4),
    Row("VirtualService/voting-app:spec*", "R5.1 R5.3", "everyone sees 2.0", 5),
    # --- the chain, analytics -------------------------------------------------------------------------
    Row("VirtualService/voting-analytics:spec*", "R3.1 R3.2 R3.7", "only 1.1 is asked", 3),
    Row("VirtualService/voting-analytics:spec.http[0]*", "R4.1 R4.8", "1.0 asks 1.1", 4),
    Row("VirtualService/voting-analytics:spec.http[1]*", "R4.2 R4.4 R4.8", "2.0 asks 2.0", 4),
    Row("VirtualService/voting-analytics:spec*", "R4.1 R4.2 R4.8", "two chains", 4),
    Row("VirtualService/voting-analytics:spec*", "R5.1 R5.2 R5.3", "2.0 asks 2.0", 5),
    # --- the chain, storage ---------------------------------------------------------------------------
    Row("VirtualService/voting-storage:spec.tcp[1]*", "R3.3", "who is not named is refused", 3),
    Row("VirtualService/voting-storage:spec*", "R3.3 R3.4 R3.7", "1.0 and 1.1 reach Redis", 3),
    Row("VirtualService/voting-storage:spec.tcp[0]*", "R4.1 R4.7 R4.8 R4.10", "1.x reaches Redis", 4),
    Row("VirtualService/voting-storage:spec.tcp[1]*", "R4.2 R4.7 R4.8 R4.10", "2.0 reaches MySQL", 4),
    Row("VirtualService/voting-storage:spec.tcp[2]*", "R4.8", "who is not named is refused", 4),
    Row("VirtualService/voting-storage:spec*", "R4.1 R4.2 R4.7 R4.8", "two chains", 4),
    Row("VirtualService/voting-storage:spec*", "R5.1 R5.2 R5.3 R5.4", "2.0 reaches MySQL", 5),
    # --- subsets --------------------------------------------------------------------------------------
    Row("DestinationRule/*:spec.trafficPolicy*", "R3.4 R3.6", "clients speak mutual TLS", 3),
    Row("DestinationRule/*:spec.trafficPolicy*", "R4.10", "clients speak mutual TLS", 4),
    Row("DestinationRule/*:spec.trafficPolicy*", "R5.4", "clients speak mutual TLS", 5),
    Row("DestinationRule/*:spec.host", "R3.1 R3.3 R3.4 R3.7", "no route without its subsets", 3),
    Row("DestinationRule/*:spec.host", "R4.1 R4.2 R4.4 R4.8 R4.10", "no route without its subsets", 4),
    Row("DestinationRule/*:spec.host", "R5.1 R5.2 R5.3 R5.4", "no route without its subsets", 5),
    Row("DestinationRule/voting-app:*", "R3.1 R3.7", "pages go on while traffic is locked", 3),
    Row("DestinationRule/voting-app:*[v1-0]*", "R4.1 R4.3", "who sees 1.0", 4),
    Row("DestinationRule/voting-app:*[v2-0]*", "R4.1 R4.4", "who sees 2.0", 4),
    Row("DestinationRule/voting-app:*", "R4.1 R4.3 R4.4", "which pods are which version", 4),
    Row("DestinationRule/voting-app:*", "R5.1 R5.2 R5.3", "everyone sees 2.0", 5),
    Row("DestinationRule/voting-analytics:*", "R3.1 R3.2 R3.7", "only 1.1 is asked", 3),
    Row("DestinationRule/voting-analytics:*[v1-1]*", "R4.1 R4.8", "1.0 asks 1.1", 4),
    Row("DestinationRule/voting-analytics:*", "R4.1 R4.2 R4.8", "two chains", 4),
    Row("DestinationRule/voting-storage:*[nobody].name", "R0.1 R3.3", "no other subset has it", 3),
    Row("DestinationRule/voting-storage:*[nobody]*", "R3.3", "a subset without pods refuses", 3),
    Row("DestinationRule/voting-storage:*", "R3.3 R3.4 R3.7", "1.0 and 1.1 reach Redis", 3),
    Row("DestinationRule/voting-storage:*[nobody].name", "R0.1 R4.8", "no other subset has it", 4),
    Row("DestinationRule/voting-storage:*[nobody]*", "R4.8", "a subset without pods refuses", 4),
    Row("DestinationRule/voting-storage:*", "R4.1 R4.2 R4.7 R4.8", "two chains", 4),
    Row("DestinationRule/*:*", "R5.1 R5.2 R5.3 R5.4", "2.0's own chain is left", 5),
    Row("PeerAuthentication/*:spec*", "R3.4 R3.5", "servers accept nothing but mutual TLS"),
)

REQUIRED = (
    "*:apiVersion",
    "*:kind",
    "*:metadata",
    "*:metadata.name",
    "*:spec",
    "Deployment/*:spec.selector*",
    "Deployment/*:spec.template",
    "Deployment/*:spec.template.metadata*",
    _POD,
    f"{_POD}.containers*].name",
    f"{_POD}.containers*].image",
    f"{_POD}.containers*].containerPort",
    f"{_POD}.containers*.key",
    f"{_POD}.containers*.port",
    f"{_POD}.containers*.mountPath",
    f"{_POD}.containers*Probe.httpGet",
    f"{_POD}.containers*Probe.tcpSocket",
    f"{_POD}.containers*.envFrom[*].secretRef*",
    f"{_POD}.volumes*",
    "Service/*:spec.ports",
    "Service/*:spec.ports[*]",
    "Service/*.port",
    "PersistentVolumeClaim/*:spec*",
    # A VirtualService of the mesh with HTTP rules and no hosts is one that others delegate to.
    "VirtualService/voting-app:spec.hosts*",
    "VirtualService/voting-storage:spec.hosts*",
    "VirtualService/*:spec.http",
    "VirtualService/*:spec.tcp",
    "VirtualService/*.route",
    "VirtualService/*.route[0]",
    "VirtualService/*.destination",
    "VirtualService/*.host",
    "VirtualService/voting-app:spec.gateways*",
    "DestinationRule/*:spec.host",
    "DestinationRule/*].name",
    "Gateway/*:spec",
    "Gateway/*:spec.servers*",
    # Without the only field of a map null is left, which no object of Istio's takes.
    "VirtualService/*.port.number",
    "DestinationRule/*.labels.version",
    "DestinationRule/*.tls",
    "DestinationRule/*.tls.mode",
    "Gateway/*:spec.selector.istio",
)
"""Fields without which the API server, or Istio's webhook behind it, refuses the object."""

ENUMERATED = (
    "*:apiVersion",
    "*:kind",
    "*.mode",
    "*.protocol",
    "*.imagePullPolicy",
    "*.strategy.type",
    "*.seccompProfile.type",
    "*.accessModes*",
    "*.cpu",
    "*.memory",
    "*.storage",
)
"""Fields that take one of a few words, or a number with a unit, and no other."""

ONE_OF_EACH = (
    "*:apiVersion",
    "*:kind",
    "*:metadata",
    "*:metadata.labels*",
    "*:spec",
    "Deployment/*:spec.strategy*",
    "Deployment/*:spec.selector*",
    "Deployment/*:spec.template",
    "Deployment/*:spec.template.metadata*",
    _POD,
    f"{_POD}.terminationGracePeriodSeconds",
    f"{_CONTAINER}.lifecycle*",
    f"{_POD}.securityContext*",
    f"{_POD}.containers",
    _CONTAINER,
    f"{_CONTAINER}.name",
    f"{_CONTAINER}.imagePullPolicy",
    f"{_CONTAINER}.env[MYSQL_*].valueFrom*",
    f"{_CONTAINER}.resources*",
    f"{_CONTAINER}.*Probe*",
    f"{_CONTAINER}.securityContext*",
)
"""Fields in which a mistake means the same in every object that has them."""
