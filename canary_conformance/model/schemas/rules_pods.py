"""What the API server refuses about the pods of a workload, beyond their schema.

Sources: Kubernetes, "Configure Liveness, Readiness and Startup Probes", "Resource Management for Pods and
Containers", "Volumes", "Restrict a Container's Syscalls with seccomp", and the API reference of Container v1
and Deployment v1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from canary_conformance.model.objects.quantities import amount
from canary_conformance.model.schemas.rules_names import port_name_problem
from canary_conformance.model.schemas.rules_reading import LARGEST_PORT, Node, is_port
from canary_conformance.model.schemas.schema_problems import Problem, value_text

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_ENV_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")
_ENV_FROM_SOURCES = ("configMapRef", "secretRef")
_RESOURCES = frozenset({"cpu", "memory", "ephemeral-storage"})
_HUGE_PAGES, _OWN_PREFIX = "hugepages-", "kubernetes.io/"
_LOCALHOST = "Localhost"
_ALWAYS, _ROLLING = "Always", "RollingUpdate"


def pod_maker(whole: Node) -> Iterator[Problem]:
    """Yield what is wrong with a Deployment, StatefulSet, DaemonSet or ReplicaSet."""
    template = whole.at("spec", "template")
    yield from _selector(whole.at("spec", "selector"), template.at("metadata", "labels"))
    yield from _strategy(whole["spec"])
    if template.at("spec", "restartPolicy").text not in {"", _ALWAYS}:
        yield template.at("spec", "restartPolicy").problem("pods of this kind always restart")
    claims = whole.at("spec", "volumeClaimTemplates").items()
    yield from _pod(template["spec"], {claim.at("metadata", "name").text for claim in claims})


def job(spec: Node) -> Iterator[Problem]:
    """Yield what is wrong with the spec of a Job: its pods end."""
    policy = spec.at("template", "spec", "restartPolicy")
    if policy.text not in {"Never", "OnFailure"}:
        yield policy.problem("must be Never or OnFailure in a Job")
    yield from _pod(spec.at("template", "spec"), set())


def pod(whole: Node) -> Iterator[Problem]:
    """Yield what is wrong with a Pod."""
    yield from _pod(whole["spec"], set())


def _pod(spec: Node, claims: set[str]) -> Iterator[Problem]:
    yield from pod_spec(spec)
    yield from _seccomp(spec.at("securityContext", "seccompProfile"))
    yield from _volumes(spec["volumes"])
    if spec["containers"].value == []:
        yield spec["containers"].problem("a pod needs a container")
    volumes = {volume["name"].text for volume in spec["volumes"].items()} | claims
    for container in spec["containers"].items():
        yield from _container(container, volumes)
        yield from _probes(container)
    for container in spec["initContainers"].items():
        yield from _container(container, volumes)
        if container["restartPolicy"].text == _ALWAYS:
            yield from _probes(container)
        else:
            for probe in _PROBES:
                if container[probe]:
                    yield container[probe].problem("a container that ends before the others start has none")


def _strategy(spec: Node) -> Iterator[Problem]:
    """Yield what is wrong with how pods are replaced: strategy of a Deployment, updateStrategy of others."""
    for field in ("strategy", "updateStrategy"):
        strategy = spec[field]
        rolling, kind = strategy["rollingUpdate"], strategy["type"].text
        if rolling and kind not in {"", _ROLLING}:
            yield rolling.problem(f"must be left out when the type is {kind}")
        elif field == "strategy" and _is_none(rolling["maxUnavailable"]) and _is_none(rolling["maxSurge"]):
            yield rolling["maxUnavailable"].problem(
                "may not be 0 when maxSurge is 0: no pod could be replaced"
            )


def _is_none(number: Node) -> bool:
    return number.value in (0, "0%")


def _selector(selector: Node, labels: Node) -> Iterator[Problem]:
    if not selector:
        return
    wanted = selector["matchLabels"].entries()
    if not wanted and selector["matchExpressions"].empty:
        yield selector.problem("selects nothing")
    carried = {name: label.value for name, label in labels.entries().items()}
    for name, value in wanted.items():
        if carried.get(name) != value.value:
            yield value.problem(f"the pods don't carry {name}={value.value}")


def _volumes(volumes: Node) -> Iterator[Problem]:
    for volume in volumes.items():
        sources = [name for name in volume.entries() if name != "name"]
        if len(sources) > 1:
            yield volume[sources[1]].problem(f"a volume is of one type, and this one has {sources[0]}")


def _container(container: Node, volumes: set[str]) -> Iterator[Problem]:
    if container["image"].empty:
        yield container["image"].problem("missing: a container runs an image")
    yield from _ports(container["ports"])
    for variable in container["env"].items():
        yield from _value_from(variable)
    for source in container["envFrom"].items():
        yield from _one_of(source, _ENV_FROM_SOURCES)
        for name in _ENV_FROM_SOURCES:
            if source[name] and source[name]["name"].empty:
                yield source[name]["name"].problem("missing")
    for mounted in (mount["name"] for mount in container["volumeMounts"].items()):
        if mounted.text and mounted.text not in volumes:
            yield mounted.problem(f"the pod has no volume {mounted.text!r}")
    yield from _resources(container["resources"])
    yield from _seccomp(container.at("securityContext", "seccompProfile"))


def _ports(ports: Node) -> Iterator[Problem]:
    names: set[str] = set()
    for port in ports.items():
        name, number = port["name"], port["containerPort"].number
        if name.text:
            problem = port_name_problem(name)
            if problem or name.text in names:
                yield name.problem(problem or f"another port is called {name.text} already")
            names.add(name.text)
        if number is not None and not is_port(number):
            yield port["containerPort"].problem(f"{number} isn't between 1 and {LARGEST_PORT}")


def _value_from(variable: Node) -> Iterator[Problem]:
    source = variable["valueFrom"]
    if not source:
        return
    yield from _one_of(source, _ENV_SOURCES)
    if source.entries() and variable["value"].text:
        yield source.problem("the variable has a value already")
    for kind in ("configMapKeyRef", "secretKeyRef"):
        for key in ("name", "key"):
            if source[kind] and source[kind][key].empty:
                yield source[kind][key].problem("missing")


def _one_of(holder: Node, names: tuple[str, ...]) -> Iterator[Problem]:
    there = [name for name in names if holder[name]]
    if not there:
        yield holder.problem(f"wants one of {', '.join(names)}")
    elif len(there) > 1:
        yield holder.problem(f"only one of {', '.join(there)} can be here")


def _probes(container: Node) -> Iterator[Problem]:
    for name in _PROBES:
        probe = container[name]
        if not probe:
            continue
        yield from _one_of(probe, _HANDLERS)
        if probe["exec"] and probe["exec"]["command"].empty:
            yield probe["exec"]["command"].problem("missing")
        for handler in ("httpGet", "tcpSocket", "grpc"):
            port = probe[handler]["port"]
            if probe[handler] and (problem := "missing" if not port else port_name_problem(port)):
                yield port.problem(problem)
        if name != "readinessProbe" and probe["successThreshold"].number not in {None, 0, 1}:
            yield probe["successThreshold"].problem("must be 1 here")


def _resources(resources: Node) -> Iterator[Problem]:
    limits = resources["limits"].entries()
    requests = resources["requests"].entries()
    for group in (limits, requests):
        for name, quantity in group.items():
            if not _is_resource(name):
                known = ", ".join(sorted(_RESOURCES))
                yield quantity.problem(f"no resource of containers: those are {known}, or have a slash")
            asked = amount(quantity.value)
            if asked is not None and asked < 0:
                yield quantity.problem(f"is less than nothing: {value_text(quantity.value)}")
    for name, quantity in requests.items():
        asked, limit = amount(quantity.value), amount(limits[name].value) if name in limits else None
        if name not in limits and not _may_exceed(name):
            yield quantity.problem("a request of this resource needs a limit")
        if asked is not None and limit is not None and asked > limit:
            reason = f"{quantity.value} is more than the limit of {limits[name].value}"
            yield quantity.problem(reason)


def _is_resource(name: str) -> bool:
    return name in _RESOURCES or name.startswith(_HUGE_PAGES) or "/" in name


def _may_exceed(name: str) -> bool:
    """Return whether a node gives more of a resource than it has: of its own, not of devices."""
    own = "/" not in name or _OWN_PREFIX in name
    return own and not name.startswith(_HUGE_PAGES)


def _seccomp(profile: Node) -> Iterator[Problem]:
    if not profile:
        return
    kind, file = profile["type"], profile["localhostProfile"]
    if kind.empty:
        yield kind.problem("missing: a profile has a type")
    elif kind.text == _LOCALHOST and not file:
        yield file.problem(f"missing: the type is {_LOCALHOST}")
    elif kind.text != _LOCALHOST and file:
        yield file.problem(f"only a profile of type {_LOCALHOST} has a file")


_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)


def pod_spec(spec: Node) -> Iterator[Problem]:
    """Yield what is wrong with a pod as a whole: its hostname, DNS, the node's ports, deadlines.

    Sources: Kubernetes, "DNS for Services and Pods" (DNS policy None wants a name server; hostname and
    subdomain are DNS labels), and the API reference of PodSpec v1 and ContainerPort v1 (hostPort of a pod on
    the node's network, no activeDeadlineSeconds where pods are replaced).
    """
    if spec["dnsPolicy"].text == "None" and not spec["dnsConfig"]["nameservers"].items():
        yield spec["dnsPolicy"].problem("DNS policy None needs a name server in dnsConfig")
    if spec["activeDeadlineSeconds"]:
        yield spec["activeDeadlineSeconds"].problem("pods of this kind have no deadline: they are replaced")
    for key in ("hostname", "subdomain"):
        if spec[key].text and not _LABEL.fullmatch(spec[key].text):
            yield spec[key].problem(f"{spec[key].text!r} isn't a DNS label")
    if spec["hostNetwork"].value is True:
        for container in (*spec["initContainers"].items(), *spec["containers"].items()):
            yield from _node_ports(container)


def _node_ports(container: Node) -> Iterator[Problem]:
    for port in container["ports"].items():
        host, own = port["hostPort"], port["containerPort"].number
        if host.number and host.number != own:
            yield host.problem(f"must be {own}, as the pod is on the node's network")
