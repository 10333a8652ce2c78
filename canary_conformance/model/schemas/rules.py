"""What is refused or warned of beyond the schema, by the API server's own code and Istio's webhook.

Each rule is one that the two have (Kubernetes' API reference has most of them, Istio's reference and
`istioctl analyze` some), and was compared with a server's dry run: Kubernetes 1.34, Istio 1.31. They are not
all of theirs, but those that a manifest of the scenario can break by a mistake of a word or a line. What a
rule refuses would be refused on any cluster; what only a node or another object refuses is no rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from canary_conformance.model.schemas.rules_access import authorization_policy, sidecar
from canary_conformance.model.schemas.rules_containers import containers
from canary_conformance.model.schemas.rules_mesh import destination_rule, gateway, peer_authentication
from canary_conformance.model.schemas.rules_names import keepers, labels_and_annotations, metadata
from canary_conformance.model.schemas.rules_objects import (
    autoscaler,
    budget,
    claim,
    cluster_role_binding,
    ingress,
    secret,
    service,
)
from canary_conformance.model.schemas.rules_pod_settings import pod_settings, workload_numbers
from canary_conformance.model.schemas.rules_pods import job, pod, pod_maker
from canary_conformance.model.schemas.rules_reading import Node
from canary_conformance.model.schemas.rules_routes import virtual_service
from canary_conformance.model.schemas.rules_warnings import (
    account_warnings,
    claim_warnings,
    dotless_name,
    endpoints_warnings,
    ingress_warnings,
    name_warning,
    pod_warnings,
    service_warnings,
    volume_warnings,
)
from canary_conformance.model.schemas.schema_problems import Problem

Rule = Callable[[Node], Iterator[Problem]]
_JOB, _OF_CRON = ("spec",), ("spec", "jobTemplate", "spec")


def _at(rule: Rule, *path: str) -> Rule:
    return lambda whole: rule(whole.at(*path))


_TEMPLATE = _at(pod_warnings, "spec", "template")
_SETTINGS = _at(pod_settings, "spec", "template")
_CONTAINERS = _at(containers, "spec", "template")

_RULES: Mapping[str, tuple[Rule, ...]] = {
    "Pod": (pod, pod_warnings, name_warning),
    "Deployment": (pod_maker, workload_numbers, _TEMPLATE, _SETTINGS, _CONTAINERS, name_warning),
    "ReplicaSet": (pod_maker, workload_numbers, _TEMPLATE, _SETTINGS, _CONTAINERS, name_warning),
    "ReplicationController": (_TEMPLATE, name_warning),
    "StatefulSet": (pod_maker, workload_numbers, _TEMPLATE, _SETTINGS, _CONTAINERS, dotless_name),
    "DaemonSet": (pod_maker, workload_numbers, _TEMPLATE, _SETTINGS, _CONTAINERS),
    "Job": (_at(job, *_JOB), _at(pod_warnings, *_JOB, "template"), name_warning),
    "CronJob": (_at(job, *_OF_CRON), _at(pod_warnings, *_OF_CRON, "template"), name_warning),
    "Secret": (secret,),
    "Service": (service, service_warnings),
    "ServiceAccount": (account_warnings,),
    "PersistentVolumeClaim": (claim, claim_warnings),
    "PersistentVolume": (volume_warnings,),
    "Ingress": (ingress, ingress_warnings),
    "Endpoints": (endpoints_warnings,),
    "PodDisruptionBudget": (budget,),
    "HorizontalPodAutoscaler": (autoscaler,),
    "ClusterRoleBinding": (cluster_role_binding,),
    "VirtualService": (virtual_service,),
    "Gateway": (gateway,),
    "DestinationRule": (destination_rule,),
    "PeerAuthentication": (peer_authentication,),
    "AuthorizationPolicy": (authorization_policy,),
    "Sidecar": (sidecar,),
}


def rule_problems(kind: str, body: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what the rules for a kind refuse about an object. Never raises for what the object holds."""
    for rule in (metadata, labels_and_annotations, keepers, *_RULES.get(kind, ())):
        yield from rule(Node(body))
