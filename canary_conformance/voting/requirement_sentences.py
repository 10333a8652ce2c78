"""Every requirement of the scenario, with the manifest lines that a failed verdict should point at.

`concerns` are written "Kind/name" or "Kind/name:path.to[0].field", the most likely culprit first. They name
the objects of the source, so in someone else's folder one of them may not exist. They are empty where the
verdict itself names the object (R0.1) or where no manifest decides (the namespace's label, the cluster's
other parts).
"""

from __future__ import annotations

from collections.abc import Mapping

from canary_conformance.scenario.requirement import Requirement, Trait


def _requirement(id: str, sentence: str, *concerns: str) -> Requirement:  # noqa: A002
    stage, _, _ = id.removeprefix("R").partition(".")
    return Requirement(id, int(stage), sentence, concerns, _TRAITS.get(id, frozenset()))


_TRAITS: Mapping[str, frozenset[Trait]] = {
    "R0.1": frozenset({Trait.BREAKS_WHEN_REFUSED}),
    "R1.2": frozenset({Trait.BREAKS_WHEN_PODS_FAIL}),
    "R1.4": frozenset({Trait.HOLDS_BY_REFUSAL}),
    "R1.5": frozenset({Trait.BREAKS_WHEN_ROUTES_FAIL}),
    "R2.1": frozenset({Trait.BREAKS_WHEN_PODS_FAIL, Trait.BREAKS_WHEN_VOTERS_STALL}),
    "R2.2": frozenset({Trait.BREAKS_WHEN_ROUTES_FAIL}),
    "R3.1": frozenset({Trait.BREAKS_WHEN_ROUTES_FAIL}),
    "R3.2": frozenset({Trait.HOLDS_BY_REFUSAL}),
    "R3.3": frozenset({Trait.HOLDS_BY_REFUSAL}),
    "R3.5": frozenset({Trait.HOLDS_BY_REFUSAL}),
    "R3.7": frozenset({Trait.BREAKS_WHEN_VOTERS_STALL}),
    "R4.1": frozenset({Trait.BREAKS_WHEN_VOTERS_STALL}),
    "R4.2": frozenset({Trait.BREAKS_WHEN_PODS_FAIL}),
    "R4.4": frozenset({Trait.BREAKS_WHEN_ROUTES_FAIL}),
    "R4.8": frozenset({Trait.HOLDS_BY_REFUSAL}),
    "R4.10": frozenset({Trait.HOLDS_BY_REFUSAL}),
    "R5.1": frozenset({Trait.BREAKS_WHEN_ROUTES_FAIL, Trait.JUDGED_IN_TRANSITION}),
    "R5.3": frozenset({Trait.BREAKS_WHEN_NOT_DELETED, Trait.BREAKS_WHEN_VOTERS_STALL}),
    "R5.4": frozenset({Trait.HOLDS_BY_REFUSAL}),
    "R6.1": frozenset({Trait.BREAKS_WHEN_ROUTES_FAIL, Trait.BREAKS_WHEN_NOT_DELETED, Trait.HOLDS_BY_REFUSAL}),
    "R6.2": frozenset({Trait.ON_A_CLUSTER_ONLY}),
}


MTLS_RULES = (
    "PeerAuthentication/default:spec.mtls.mode",
    "PeerAuthentication/default:spec",
    "DestinationRule/voting-app:spec.trafficPolicy.tls.mode",
    "DestinationRule/voting-analytics:spec.trafficPolicy.tls.mode",
    "DestinationRule/voting-storage:spec.trafficPolicy.tls.mode",
)
_CHAIN_RULES = (
    "VirtualService/voting-analytics:spec.http",
    "VirtualService/voting-storage:spec.tcp",
    "DestinationRule/voting-analytics:spec.subsets",
    "DestinationRule/voting-storage:spec.subsets",
)
_CANARY_RULES = (
    "VirtualService/voting-app:spec.http[0].match",
    "VirtualService/voting-app:spec.http[0].route",
    "VirtualService/voting-app:spec.http",
    "DestinationRule/voting-app:spec.subsets",
)

SCENARIO = (
    _requirement(
        "R0.1",
        (
            "The API server accepts every object strictly, nothing is deprecated, and what is created "
            "and configured is what the source lists."
        ),
    ),
    _requirement("R1.1", "The namespace has a label by which the running control plane injects sidecars."),
    _requirement(
        "R1.2",
        "Three app pods, one analytics pod and one storage pod, labelled with app and version, are ready.",
        "Deployment/voting-app-1-0:spec.replicas",
        "Deployment/voting-app-1-0:spec.template.metadata.labels",
        "Deployment/voting-analytics-1-0:spec.template.metadata.labels",
        "Deployment/voting-storage-1-0:spec.template.metadata.labels",
    ),
    _requirement(
        "R1.3",
        "Every pod runs its component and an istio-proxy of the running control plane.",
        "Deployment/voting-app-1-0:spec.template.metadata",
        "Deployment/voting-analytics-1-0:spec.template.metadata",
        "Deployment/voting-storage-1-0:spec.template.metadata",
    ),
    _requirement(
        "R1.4",
        "Nothing is reachable from outside before the Gateway and the VirtualService exist.",
        "Service/voting-app:spec.type",
        "Service/voting-analytics:spec.type",
        "Service/voting-storage:spec.type",
        "VirtualService/voting-app:spec.gateways",
    ),
    _requirement(
        "R1.5",
        "The ingress address serves the page with Cats, Dogs, Reset and no votes yet.",
        "Gateway/voting-app-gateway:spec.servers[0]",
        "Gateway/voting-app-gateway:spec.selector",
        "VirtualService/voting-app:spec.http",
        "VirtualService/voting-app:spec.hosts",
        "VirtualService/voting-app:spec.gateways",
        "Service/voting-app:spec.ports",
    ),
    _requirement(
        "R1.6",
        "The footer names app 1.0 and Redis, and each of the three replicas serves.",
        "Deployment/voting-app-1-0:spec.template.spec.containers[0]",
        "Service/voting-app:spec.selector",
        "VirtualService/voting-app:spec.http",
    ),
    _requirement(
        "R1.7",
        "Votes are counted and shared by all replicas; reset clears them.",
        "Deployment/voting-app-1-0:spec.template.spec.containers[0].env",
        "Service/voting-storage:spec",
        "Deployment/voting-storage-1-0:spec.template.spec",
        "Deployment/voting-analytics-1-0:spec.template.spec.containers[0].env",
    ),
    _requirement(
        "R2.1",
        "Analytics 1.1 runs beside 1.0, and both are behind the Service.",
        "Deployment/voting-analytics-1-1:spec.template.metadata.labels",
        "Service/voting-analytics:spec.selector",
        "Deployment/voting-analytics-1-1:spec.replicas",
    ),
    _requirement(
        "R2.2",
        "The page switches between the two formats and shows no third one.",
        "Service/voting-analytics:spec.selector",
        "Deployment/voting-analytics-1-1:spec.template.spec.containers[0]",
        "Deployment/voting-analytics-1-0:spec.template.spec.containers[0]",
    ),
    _requirement(
        "R2.3",
        "Totals and percentages are right, also with 0 votes and when rounded.",
        "Deployment/voting-analytics-1-1:spec.template.spec.containers[0].image",
    ),
    _requirement(
        "R3.1",
        "The page shows only the format of analytics 1.1.",
        "VirtualService/voting-analytics:spec.http[0].route",
        "VirtualService/voting-analytics:spec.hosts",
        "DestinationRule/voting-analytics:spec.subsets",
    ),
    _requirement(
        "R3.2",
        "Analytics 1.0 still runs, is still behind the Service, and gets no traffic.",
        "VirtualService/voting-analytics:spec.http[0].route",
        "DestinationRule/voting-analytics:spec.subsets",
        "Deployment/voting-analytics-1-0:spec.template.metadata.labels",
        "Service/voting-analytics:spec.selector",
    ),
    _requirement(
        "R3.3",
        "Analytics 1.0 can send no traffic either: its connections to storage are refused.",
        "VirtualService/voting-storage:spec.tcp",
        "DestinationRule/voting-storage:spec.subsets",
    ),
    _requirement(
        "R3.4",
        (
            "Every leg is mutual TLS: ingress to app, each app pod to analytics and to storage, each "
            "analytics 1.1 pod to storage."
        ),
        *MTLS_RULES,
    ),
    _requirement(
        "R3.5",
        "Plaintext is refused at every workload port, HTTP and TCP.",
        "PeerAuthentication/default:spec.mtls.mode",
        "PeerAuthentication/default:spec",
        "Deployment/voting-app-1-0:spec.template.metadata",
        "Deployment/voting-analytics-1-1:spec.template.metadata",
        "Deployment/voting-storage-1-0:spec.template.metadata",
    ),
    _requirement(
        "R3.6",
        "Both ends of every leg are who they say: certificates and handshakes prove it.",
        *MTLS_RULES,
        "Deployment/voting-app-1-0:spec.template.spec.serviceAccountName",
    ),
    _requirement(
        "R3.7",
        "Locking the traffic down loses no request.",
        "VirtualService/voting-app:spec.http",
        "DestinationRule/voting-app:spec.subsets",
        *_CHAIN_RULES,
    ),
    _requirement(
        "R4.1",
        "Routing comes first and pods second: no ordinary user sees 2.0 or an error during the roll-out.",
        "VirtualService/voting-app:spec.http[1]",
        *_CANARY_RULES,
        *_CHAIN_RULES,
    ),
    _requirement(
        "R4.2",
        (
            "Three app pods, one analytics pod and one storage pod of 2.0 are ready; the Service has "
            "both storage ports; the Secret exists and the claim is bound."
        ),
        "Deployment/voting-app-2-0:spec.replicas",
        "Deployment/voting-app-2-0:spec.template.metadata.labels",
        "Deployment/voting-analytics-2-0:spec.template.metadata.labels",
        "Deployment/voting-storage-2-0:spec.template.metadata.labels",
        "Service/voting-storage:spec.ports",
        "Secret/voting-storage-secret",
        "PersistentVolumeClaim/mysql-pv-claim:spec",
    ),
    _requirement(
        "R4.3",
        "Without the flag a user always sees 1.0, whatever else the request holds.",
        "VirtualService/voting-app:spec.http[1].route",
        *_CANARY_RULES,
    ),
    _requirement(
        "R4.4", "With the flag a user always sees 2.0, whatever else the request holds.", *_CANARY_RULES
    ),
    _requirement(
        "R4.5",
        "Exactly the cookie featureflag=on opens 2.0, wherever it stands among other cookies.",
        *_CANARY_RULES,
    ),
    _requirement(
        "R4.6",
        "The page's own set and clear controls switch a real browser.",
        *_CANARY_RULES,
        "Deployment/voting-app-1-0:spec.template.spec.containers[0].env",
        "Deployment/voting-app-2-0:spec.template.spec.containers[0].env",
    ),
    _requirement(
        "R4.7",
        "There are two stores: a vote in one version never changes the count of the other.",
        "VirtualService/voting-storage:spec.tcp",
        "DestinationRule/voting-storage:spec.subsets",
        "VirtualService/voting-analytics:spec.http",
        "DestinationRule/voting-analytics:spec.subsets",
        "Deployment/voting-app-2-0:spec.template.spec.containers[0].env",
        "Deployment/voting-analytics-2-0:spec.template.spec.containers[0].env",
    ),
    _requirement(
        "R4.8",
        "There are two chains, 1.0 to 1.1 to Redis and 2.0 to 2.0 to MySQL, and nothing crosses.",
        *_CHAIN_RULES,
    ),
    _requirement(
        "R4.9",
        "The votes of 2.0 survive a restart of MySQL.",
        "Deployment/voting-storage-2-0:spec.template.spec.containers[0].volumeMounts",
        "Deployment/voting-storage-2-0:spec.template.spec.volumes",
        "PersistentVolumeClaim/mysql-pv-claim:spec",
    ),
    _requirement("R4.10", "Every new leg of 2.0 is mutual TLS too.", *MTLS_RULES),
    _requirement(
        "R5.1",
        "Everyone sees 2.0, with or without the flag.",
        "VirtualService/voting-app:spec.http",
        "DestinationRule/voting-app:spec.subsets",
    ),
    _requirement(
        "R5.2",
        "Rules and subsets of old versions are gone, and no rule refers to anything that does not exist.",
        "DestinationRule/voting-app:spec.subsets",
        "VirtualService/voting-app:spec.http",
        "DestinationRule/voting-analytics:spec.subsets",
        "VirtualService/voting-analytics:spec.http",
        "DestinationRule/voting-storage:spec.subsets",
        "VirtualService/voting-storage:spec.tcp",
    ),
    _requirement(
        "R5.3",
        "Old Deployments are deleted without one failed page, and only pods of 2.0 remain.",
        "VirtualService/voting-app:spec.http",
        "DestinationRule/voting-app:spec.subsets",
        *_CHAIN_RULES,
    ),
    _requirement(
        "R5.4",
        "The votes of 2.0 are still there, mutual TLS is still strict, and plaintext is still refused.",
        *MTLS_RULES,
        "VirtualService/voting-storage:spec.tcp",
        "PersistentVolumeClaim/mysql-pv-claim:spec",
    ),
    _requirement(
        "R6.1",
        "Deleting the namespace removes everything: no object, no volume, and nothing answers for the app.",
        "PersistentVolumeClaim/mysql-pv-claim:spec",
        "Gateway/voting-app-gateway",
    ),
    _requirement("R6.2", "The cluster is as it was before the scenario, the mesh's own namespace included."),
)
"""In the order of the stages."""
