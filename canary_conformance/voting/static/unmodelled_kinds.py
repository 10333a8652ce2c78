"""Kinds whose objects the model does not follow, and which requirements each of them could touch.

The one table for it: a requirement that such an object could touch is not judged by the manifests alone, all
others are judged as if the object were not there. What only hinders (a quota, a network policy) can't mend a
requirement that fails without it; what may add or rewrite objects can, so that its failure isn't judged
either. A kind that Kubernetes and Istio don't define could do anything. Sources: the Kubernetes and Istio
references of each kind, as its row says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.state import POD_MAKERS, InForce, State
from canary_conformance.model.pods.scaling import KIND as AUTOSCALER
from canary_conformance.model.pods.scaling import autoscaler
from canary_conformance.model.routing.services import services
from canary_conformance.model.unsupported_objects import Unsupported
from canary_conformance.scenario.kinds import is_known
from canary_conformance.voting.static.network_policies import lets_every_call_in
from canary_conformance.voting.static.requirement_sets import (
    ACCEPTED,
    CLAIMS,
    EVERYTHING,
    NOTHING,
    NUMBERS,
    PODS,
    RUNS,
    TRAFFIC,
    WAYS_IN,
    Effect,
)

_POD_OF = {"Pod": (), "CronJob": ("spec", "jobTemplate", "spec", "template")}
_TEMPLATE = ("spec", "template")


Rule = Callable[[InForce, State], Effect]


def _always(touches: frozenset[str], why: str, *, may_mend: bool = False) -> Rule:
    effect = Effect(touches, why, may_mend)
    return lambda _one, _state: effect


def _of_selected_pods(field: str, touches: frozenset[str], why: str, *, may_mend: bool = False) -> Rule:
    """Return the rule for a kind that is for the pods which a selector selects, an empty one all of them."""

    def rule(one: InForce, state: State) -> Effect:
        selector = Part.whole(one.manifest).at("spec", field)
        wanted = selector["matchLabels"].labels().items()
        if selector["matchExpressions"] or any(wanted <= labels.items() for labels in _labels_of_pods(state)):
            return Effect(touches, why, may_mend)
        return NOTHING

    return rule


def _network_policy(one: InForce, state: State) -> Effect:
    """Policies only add to what is allowed, so that one that allows all that is needed hinders nothing.

    Source: Kubernetes, "Network Policies" (an empty rule allows all; without policyTypes a policy is for
    Ingress, and for Egress where it has egress rules).
    """
    spec = Part.whole(one.manifest)["spec"]
    types = set(spec["policyTypes"].texts()) or {"Ingress", *(["Egress"] if spec["egress"].items() else [])}
    hindering = {kind for kind in types if not any(rule.value == {} for rule in spec[kind.lower()].items())}
    if not hindering or (hindering == {"Ingress"} and lets_every_call_in(state)):
        return NOTHING
    return _ENFORCED(one, state)


def _quota(one: InForce, _state: State) -> Effect:
    """A quota counts pods and what they ask for, or objects of any kind ("Resource Quotas")."""
    hard = Part.whole(one.manifest).at("spec", "hard").entries()
    of_pods = all(name == "pods" or name.rpartition(".")[2] in {"cpu", "memory"} for name in hard)
    why = "the pods that it leaves room for depend on what the injected proxies ask for"
    return Effect(PODS if of_pods else PODS | ACCEPTED, why)


def _other_pods(one: InForce, state: State) -> Effect:
    """Pods of a kind that the model doesn't make; where a Service selects them they answer its requests."""
    template = Part.whole(one.manifest).at(*_POD_OF.get(one.key.kind, _TEMPLATE))
    labels = template.at("metadata", "labels").labels()
    why = f"the model makes no pods of a {one.key.kind}"
    return Effect(PODS | TRAFFIC if _is_behind_a_service(labels, state) else PODS, why, may_mend=True)


def _ingress(one: InForce, state: State) -> Effect:
    """Istio's gateway serves an Ingress of its class ("Kubernetes Ingress"), other controllers theirs."""
    whole = Part.whole(one.manifest)
    name = whole.at("spec", "ingressClassName").text()
    name = name or whole.at("metadata", "annotations")["kubernetes.io/ingress.class"].text()
    controllers = {
        Part.whole(other.manifest).at("spec", "controller").text()
        for other in state.of("IngressClass")
        if other.key.name == name
    }
    of_istio = name in {"", "istio"} or "istio.io/ingress-controller" in controllers
    touches = WAYS_IN | TRAFFIC if of_istio else WAYS_IN
    return Effect(
        touches, "it is a way in other than the Gateway, where a controller serves it", may_mend=True
    )


def _storage_class(one: InForce, state: State) -> Effect:
    """Claims that name the class get volumes of it, and those that name none where it is the default."""
    annotations = Part.whole(one.manifest).at("metadata", "annotations")
    named = {
        Part.whole(claim.manifest).at("spec", "storageClassName").text()
        for claim in state.of("PersistentVolumeClaim")
    }
    default = annotations["storageclass.kubernetes.io/is-default-class"].text() == "true"
    if one.key.name in named or (default and "" in named):
        return Effect(CLAIMS, "its provisioner decides whether claims are bound", may_mend=True)
    return NOTHING


def _autoscaler(one: InForce, state: State) -> Effect:
    """See canary_conformance.model.pods.scaling: where a cluster has metrics, idle pods are taken away."""
    scaler = autoscaler(one)
    for maker in (found for kind in POD_MAKERS for found in state.of(kind)):
        asked = Part.whole(maker.manifest).at("spec", "replicas").number(1) or 0
        if scaler.target == (maker.key.kind, maker.key.name) and scaler.may_take_away(asked):
            why = f"where the cluster has metrics it takes idle pods away, down to {scaler.least}"
            return Effect(NUMBERS, why)
    return NOTHING


def _mesh_object(one: InForce, state: State) -> Effect:
    """See canary_conformance.model.unsupported_objects: it counts where it can touch traffic."""
    touching = Unsupported(replace(state, objects={one.key: one}), state.mesh.root_namespace)
    pods = [*_labels_of_pods(state)]
    places = [
        *(touching.of_client(state.namespace, labels) for labels in pods),
        *(touching.of_server(state.namespace, labels) for labels in pods),
        *(touching.of_gateway(one.namespace, one.labels) for one in state.mesh.gateways),
        *(
            touching.of_host(service.host, port.number)
            for service in services(state).values()
            for port in service.ports
        ),
    ]
    if not any(places):
        return NOTHING
    return Effect(RUNS, f"the model does not follow what this {one.key.kind} does to traffic", may_mend=True)


def _proxy_config(one: InForce, state: State) -> Effect:
    """How many threads a proxy has changes no answer ("ProxyConfig")."""
    spec = Part.whole(one.manifest)["spec"]
    return NOTHING if set(spec.entries()) <= {"selector", "concurrency"} else _STARTED(one, state)


def _grants(one: InForce, _state: State) -> Effect:
    """Rights count for the API server, which no component calls; those of the mesh and the cluster do."""
    if one.key.name.startswith(("istio", "system:")):
        return Effect(EVERYTHING, "it replaces rights of the mesh or of the cluster")
    return NOTHING


_ENFORCED = _of_selected_pods(
    "podSelector", TRAFFIC | PODS - {"R1.3"}, "the CNI plugin decides whether and how it is enforced"
)
_ADMISSION = _always(EVERYTHING, "it may refuse or rewrite every other object", may_mend=True)
_ADDRESSES = _always(TRAFFIC | {"R2.1"}, "it adds addresses to a Service", may_mend=True)
_INERT = _always(frozenset(), "nothing in the scenario reads it")
_STARTED = _of_selected_pods(
    "selector", PODS | TRAFFIC, "it changes how the injected proxies are started", may_mend=True
)
_PLUGIN = _of_selected_pods("selector", TRAFFIC, "it runs code of its own in the proxies", may_mend=True)

# Of what is not here the model follows the fields, see field_table.txt.
TABLE: Mapping[str, Rule] = {
    "PodDisruptionBudget": _always(frozenset(), "limits evictions, and the scenario evicts no pod"),
    **dict.fromkeys(("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"), _grants),
    **dict.fromkeys(
        ("PriorityClass", "RuntimeClass", "IngressClass", "CSIDriver", "CSIStorageCapacity"), _INERT
    ),
    **dict.fromkeys(("Lease", "ControllerRevision", "PodTemplate", "CertificateSigningRequest"), _INERT),
    **dict.fromkeys(("FlowSchema", "PriorityLevelConfiguration", "CustomResourceDefinition"), _INERT),
    "WorkloadGroup": _always(frozenset(), "describes machines outside of the cluster, and none joins"),
    "NetworkPolicy": _network_policy,
    **dict.fromkeys(("EnvoyFilter", "RequestAuthentication", "ServiceEntry"), _mesh_object),
    "ResourceQuota": _quota,
    "LimitRange": _always(PODS, "it gives limits to containers without any, the injected proxy's among them"),
    **dict.fromkeys(("Pod", "ReplicaSet", "ReplicationController", "Job", "CronJob"), _other_pods),
    AUTOSCALER: _autoscaler,
    "Ingress": _ingress,
    "StorageClass": _storage_class,
    "PersistentVolume": _always(CLAIMS, "the cluster decides which claim it is bound to", may_mend=True),
    **dict.fromkeys(("Endpoints", "EndpointSlice", "WorkloadEntry"), _ADDRESSES),
    **dict.fromkeys(
        ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration", "APIService"), _ADMISSION
    ),
    **dict.fromkeys(("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"), _ADMISSION),
    **dict.fromkeys(("WasmPlugin", "TrafficExtension"), _PLUGIN),
    "ProxyConfig": _proxy_config,
}
_GATEWAY_API = "gateway.networking.k8s.io/"
_ROUTES = _always(
    PODS | TRAFFIC | WAYS_IN, "Istio makes gateways and routes of the Gateway API's objects", may_mend=True
)
_UNKNOWN = _always(
    EVERYTHING - ACCEPTED,
    "the kind's definition is unknown without a cluster, and so is what its controller does",
    may_mend=True,
)


_WRITTEN = Effect(
    ACCEPTED | RUNS, "its owner makes it in every namespace, and writes it again", may_mend=True
)
_OF_EVERY_NAMESPACE: Mapping[str, Effect] = {
    "ServiceAccount/default": Effect(ACCEPTED, "the cluster makes it in every namespace", may_mend=True),
    "ConfigMap/kube-root-ca.crt": _WRITTEN,
    "ConfigMap/istio-ca-root-cert": _WRITTEN,
}


def effect_of(one: InForce, state: State) -> Effect:
    """Return what an object could do that the model doesn't follow."""
    rule = TABLE.get(one.key.kind)
    if rule is None and not _is_defined(one):
        rule = _ROUTES if one.manifest.api_version.startswith(_GATEWAY_API) else _UNKNOWN
    return rule(one, state) if rule else NOTHING


def also_made_elsewhere(one: InForce) -> Effect:
    """Return what follows from a name that the cluster and the mesh give to an object of every namespace.

    Which of them comes first decides what is created, and the ConfigMaps are written again by their owners
    (Kubernetes, "Service Accounts" and "Certificates"; Istio, "Plug in CA Certificates").
    """
    return _OF_EVERY_NAMESPACE.get(str(one.key), NOTHING)


def is_followed(one: InForce) -> bool:
    """Return whether an object's kind is modelled, so that its single fields count."""
    return one.key.kind not in TABLE and _is_defined(one)


def _is_defined(one: InForce) -> bool:
    return is_known(one.manifest.api_version, str(one.manifest.body["kind"]))


def _labels_of_pods(state: State) -> Iterable[Mapping[str, str]]:
    for kind in (*POD_MAKERS, *(kind for kind, rule in TABLE.items() if rule is _other_pods)):
        for one in state.of(kind):
            template = Part.whole(one.manifest).at(*_POD_OF.get(kind, _TEMPLATE))
            yield template.at("metadata", "labels").labels()


def _is_behind_a_service(labels: Mapping[str, str], state: State) -> bool:
    selectors = (Part.whole(one.manifest).at("spec", "selector").labels() for one in state.of("Service"))
    return any(selector and selector.items() <= labels.items() for selector in selectors)
