"""What the API server refuses about Services, claims and other objects without pods, beyond their schema.

Sources: Kubernetes, "Service" (multi-port Services, Services without selectors) and "Persistent Volumes"; the
API reference of Service v1 and PersistentVolumeClaim v1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from canary_conformance.model.objects.quantities import amount
from canary_conformance.model.schemas.rules_names import is_address, is_key, label_problem, port_name_problem
from canary_conformance.model.schemas.rules_reading import LARGEST_PORT, Node, is_port
from canary_conformance.model.schemas.schema_problems import Problem, value_text

_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_OUTSIDE = frozenset({"NodePort", "LoadBalancer"})
_NO_PORT_NEEDED = "ExternalName"
_HEADLESS = "None"
_KEYS_OF_SECRETS = {
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
}
_ACCOUNT_TOKEN, _OF_ACCOUNT = "kubernetes.io/service-account-token", "kubernetes.io/service-account.name"
_BASIC = "kubernetes.io/basic-auth"


def service(whole: Node) -> Iterator[Problem]:
    """Yield what is wrong with a Service: ports, and their names where there are several."""
    spec = whole["spec"]
    kind = spec["type"].text or "ClusterIP"
    ports = spec["ports"].items()
    addresses = (spec["clusterIP"], *spec["clusterIPs"].items())
    headless = any(address.text == _HEADLESS for address in addresses)
    if not ports and kind != _NO_PORT_NEEDED and not headless:
        yield spec["ports"].problem("a Service needs a port")
    names: set[str] = set()
    for port in ports:
        yield from _service_port(port, alone=len(ports) == 1)
        name = port["name"]
        if name.text and name.text in names:
            yield name.problem(f"another port is called {name.text} already")
        names.add(name.text)
        if port["nodePort"].number and kind not in _OUTSIDE:
            yield port["nodePort"].problem(f"a Service of type {kind} has no port of the nodes")
    yield from _settings(spec, kind)
    if headless and kind in _OUTSIDE:
        yield spec["clusterIP"].problem(f"a Service of type {kind} has an address")
    yield from _addresses(spec)
    yield from _of_another_type(spec, kind)


def _settings(spec: Node, kind: str) -> Iterator[Problem]:
    """Yield what is wrong with a Service's protocols, labels and name."""
    for protocol in (port["appProtocol"] for port in spec["ports"].items()):
        if protocol.text and not is_key(protocol.text):
            yield protocol.problem(f"{protocol.text!r} is not a valid name of a protocol")
    for key, value in spec["selector"].entries().items():
        if problem := label_problem(key, value):
            yield value.problem(problem)
    if kind == _NO_PORT_NEEDED and spec["externalName"].empty:
        yield spec["externalName"].problem("missing: a Service of type ExternalName has it")


def _addresses(spec: Node) -> Iterator[Problem]:
    """Yield what is wrong with a Service's addresses and their families."""
    for name in ("internalTrafficPolicy", "ipFamilyPolicy"):
        if spec[name].value == "":
            yield spec[name].problem("is empty")
    for address in (spec["clusterIP"], *spec["externalIPs"].items()):
        if (
            isinstance(address.value, str)
            and address.text not in {"", _HEADLESS}
            and not is_address(address.text)
        ):
            yield address.problem(f"{address.text!r} is not an IP address")
    for family in spec["ipFamilies"].items():
        if family.text not in {"IPv4", "IPv6"}:
            yield family.problem("isn't one of IPv4, IPv6")


def _of_another_type(spec: Node, kind: str) -> Iterator[Problem]:
    """Yield the fields that a Service of this type can't have (API reference of ServiceSpec v1)."""
    from_outside = kind in _OUTSIDE or (kind == "ClusterIP" and bool(spec["externalIPs"].items()))
    policy, balanced = spec["externalTrafficPolicy"], kind == "LoadBalancer"
    if policy.text and not from_outside:
        yield policy.problem(f"a Service of type {kind} has no traffic from outside")
    if spec["healthCheckNodePort"].number and not (balanced and policy.text == "Local"):
        reason = "only a Service of type LoadBalancer with externalTrafficPolicy Local has one"
        yield spec["healthCheckNodePort"].problem(reason)
    for field in ("allocateLoadBalancerNodePorts", "loadBalancerClass", "loadBalancerSourceRanges"):
        if not spec[field].empty and not balanced:
            yield spec[field].problem(f"a Service of type {kind} has no load balancer")


def claim(whole: Node) -> Iterator[Problem]:
    """Yield what is wrong with a PersistentVolumeClaim: who may mount it, and how much it asks for."""
    spec = whole["spec"]
    if spec["volumeMode"].value == "":
        yield spec["volumeMode"].problem("is empty")
    if spec["accessModes"].empty:
        yield spec["accessModes"].problem("missing: a claim needs its access modes")
    storage = spec.at("resources", "requests", "storage")
    asked = amount(storage.value)
    if not storage:
        yield storage.problem("missing: a claim needs a size")
    elif asked is not None and asked <= 0:
        yield storage.problem(f"must be more than 0, not {value_text(storage.value)}")


def secret(whole: Node) -> Iterator[Problem]:
    """Yield which keys a Secret lacks that its type requires (Kubernetes, "Secrets", "Types of Secret")."""
    kind = whole["type"]
    there = {**whole["data"].entries(), **whole["stringData"].entries()}
    for key in _KEYS_OF_SECRETS.get(kind.text, ()):
        if key not in there:
            yield kind.problem(f"a Secret of type {kind.text} needs the key {key}")
    if kind.text == _BASIC and not there.keys() & {"username", "password"}:
        yield kind.problem(f"a Secret of type {_BASIC} needs the key username or password")
    if kind.text == _ACCOUNT_TOKEN and whole["metadata"]["annotations"][_OF_ACCOUNT].empty:
        yield kind.problem(f"a Secret of type {_ACCOUNT_TOKEN} needs the annotation {_OF_ACCOUNT}")


def budget(whole: Node) -> Iterator[Problem]:
    """Yield what is wrong with a PodDisruptionBudget: it has one bound, not two."""
    spec = whole["spec"]
    if spec["minAvailable"] and spec["maxUnavailable"]:
        yield spec["maxUnavailable"].problem("minAvailable is there already, and only one of both may be")


def autoscaler(whole: Node) -> Iterator[Problem]:
    """Yield what is wrong with a HorizontalPodAutoscaler: its bounds, and what it scales."""
    spec = whole["spec"]
    target = spec["scaleTargetRef"]
    if target["kind"].text != "ReplicationController" and "/" not in target["apiVersion"].text:
        yield target["apiVersion"].problem("has to name the API group of what is scaled, like apps/v1")
    least, most = spec["minReplicas"].number, spec["maxReplicas"].number
    if least is not None and least < 1:
        yield spec["minReplicas"].problem(f"must be at least 1, not {least}")
    if most is not None and most < 1:
        yield spec["maxReplicas"].problem(f"must be at least 1, not {most}")
    elif most is not None and least is not None and most < least:
        yield spec["maxReplicas"].problem(f"is {most}, less than minReplicas, which is {least}")


def ingress(whole: Node) -> Iterator[Problem]:
    """Yield what is wrong with an Ingress: it leads nowhere."""
    spec = whole["spec"]
    if spec["rules"].empty and not spec["defaultBackend"]:
        yield spec.problem("either defaultBackend or rules must be there")


def cluster_role_binding(whole: Node) -> Iterator[Problem]:
    """Yield what is wrong with a ClusterRoleBinding: each account has to name its namespace."""
    for subject in whole["subjects"].items():
        if subject["kind"].text == "ServiceAccount" and not subject["namespace"].text:
            yield subject["namespace"].problem("missing: a ServiceAccount is in a namespace")


def _service_port(port: Node, *, alone: bool) -> Iterator[Problem]:
    name, number = port["name"], port["port"].number
    if not name.text:
        if not alone:
            yield name.problem("missing: of several ports each needs a name")
    elif not _LABEL.fullmatch(name.text):
        yield name.problem(f"{name.text!r} isn't a name of small letters, digits and hyphens")
    if number is not None and not is_port(number):
        yield port["port"].problem(f"{number} isn't between 1 and {LARGEST_PORT}")
    target = port["targetPort"]
    if target.number == 0 or target.value == "":
        # Both are read as nothing, and the port's own number counts.
        return
    problem = port_name_problem(target)
    if problem:
        yield target.problem(problem)
