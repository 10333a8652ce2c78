"""What the API server refuses about settings of pods that most manifests leave out, beyond their schema.

Sources: Kubernetes, "Taints and Tolerations", "Pod Topology Spread Constraints", "Configure a Security
Context", "Adding entries to Pod /etc/hosts with HostAliases", "Volumes" (subPath), "Container Lifecycle
Hooks", the API reference of PodSpec v1 and DeploymentSpec v1; compared with the dry runs of Kubernetes 1.34.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address

from canary_conformance.model.schemas.rules_names import selector
from canary_conformance.model.schemas.rules_reading import Node
from canary_conformance.model.schemas.schema_problems import Problem

_LARGEST_ID = 2**31 - 1
_DEFAULT_GRACE, _DEFAULT_DEADLINE = 30, 600
_PERCENT = re.compile(r"[0-9]+%", re.ASCII)
# Absent they have a default; an empty word is no default of theirs.
_NEVER_EMPTY = ("fsGroupChangePolicy", "supplementalGroupsPolicy", "seLinuxChangePolicy")


def workload_numbers(whole: Node) -> Iterator[Problem]:
    """Yield which numbers of a Deployment or another maker of pods are out of range."""
    spec = whole["spec"]
    for name in ("minReadySeconds", "revisionHistoryLimit", "replicas", "progressDeadlineSeconds"):
        if (spec[name].number or 0) < 0:
            yield spec[name].problem("must not be negative")
    if whole["kind"].text == "Deployment":
        deadline, least = spec["progressDeadlineSeconds"], spec["minReadySeconds"].number or 0
        number = _DEFAULT_DEADLINE if deadline.number is None else deadline.number
        if number <= least:
            place = deadline if deadline else spec["minReadySeconds"]
            yield place.problem(
                f"progressDeadlineSeconds ({number}) must be more than minReadySeconds ({least})"
            )
    for field in ("maxSurge", "maxUnavailable"):
        value = spec.at("strategy", "rollingUpdate")[field]
        if isinstance(value.value, str) and not _PERCENT.fullmatch(value.text):
            yield value.problem(f"{value.text!r} is neither a number nor a percentage like 25%")
        elif (value.number or 0) < 0:
            yield value.problem("must not be negative")
    yield from selector(spec["selector"])


def pod_settings(template: Node) -> Iterator[Problem]:
    """Yield what is wrong with a template of pods: placement, identities, hosts, hooks and mounts."""
    spec = template["spec"]
    yield from _hosts(spec["hostAliases"])
    yield from _names(spec)
    for one in spec["tolerations"].items():
        yield from _toleration(one)
    for one in spec["topologySpreadConstraints"].items():
        yield from _spread(one)
    yield from _identities(spec["securityContext"])
    for name in _NEVER_EMPTY:
        if spec["securityContext"][name].value == "":
            yield spec["securityContext"][name].problem("is empty")
    for name in ("preemptionPolicy", "runtimeClassName"):
        if spec[name].value == "":
            yield spec[name].problem("is empty")
    grace = spec["terminationGracePeriodSeconds"].number
    for container in (*spec["initContainers"].items(), *spec["containers"].items()):
        yield from _identities(container["securityContext"])
        yield from _hooks(container["lifecycle"], _DEFAULT_GRACE if grace is None else grace)
        for mount in container["volumeMounts"].items():
            yield from _mount(mount)
        if (
            container.at("securityContext", "procMount").text == "Unmasked"
            and spec["hostUsers"].value is not False
        ):
            yield container.at("securityContext", "procMount").problem("Unmasked needs hostUsers: false")


def _names(spec: Node) -> Iterator[Problem]:
    for option in spec["dnsConfig"]["options"].items():
        if option["name"].empty:
            yield option["name"].problem("missing: an option of the resolver has a name")
    for secret in spec["imagePullSecrets"].items():
        if secret["name"].empty:
            yield secret["name"].problem("the API server warns: invalid empty name")


def _hosts(aliases: Node) -> Iterator[Problem]:
    for alias in aliases.items():
        try:
            ip_address(alias["ip"].text)
        except ValueError:
            yield alias["ip"].problem(f"{alias['ip'].text!r} is not an IP address")


def _toleration(one: Node) -> Iterator[Problem]:
    exists = one["operator"].text == "Exists"
    if one["key"].empty and not exists:
        yield one["operator"].problem("must be Exists where there is no key")
    if exists and not one["value"].empty:
        yield one["value"].problem("must be left out with Exists")
    if one["tolerationSeconds"] and one["effect"].text != "NoExecute":
        yield one["effect"].problem("must be NoExecute where there are tolerationSeconds")


def _spread(one: Node) -> Iterator[Problem]:
    if (one["maxSkew"].number or 0) < 1:
        yield one["maxSkew"].problem("must be at least 1")
    if one["topologyKey"].empty:
        yield one["topologyKey"].problem("missing")
    if one["whenUnsatisfiable"].text not in {"DoNotSchedule", "ScheduleAnyway"}:
        yield one["whenUnsatisfiable"].problem("isn't one of DoNotSchedule, ScheduleAnyway")
    yield from selector(one["labelSelector"])


def _identities(context: Node) -> Iterator[Problem]:
    numbers = [context[name] for name in ("runAsUser", "runAsGroup", "fsGroup")]
    for one in (*numbers, *context["supplementalGroups"].items()):
        if one.number is not None and not 0 <= one.number <= _LARGEST_ID:
            yield one.problem(f"{one.number} isn't between 0 and {_LARGEST_ID}")
    profile = context["appArmorProfile"]
    if profile and profile["type"].empty:
        yield profile["type"].problem("missing: a profile has a type")


def _hooks(lifecycle: Node, grace: int) -> Iterator[Problem]:
    for hook in ("preStop", "postStart"):
        seconds = lifecycle[hook]["sleep"]["seconds"]
        if seconds.number is not None and not 0 <= seconds.number < max(grace, 1):
            limit = f"terminationGracePeriodSeconds ({grace})"
            yield seconds.problem(f"{seconds.number} must not be negative, and less than {limit}")


def _mount(mount: Node) -> Iterator[Problem]:
    if not mount["subPath"].empty and not mount["subPathExpr"].empty:
        yield mount["subPathExpr"].problem("subPath is there already, and only one of both may be")
    for name in ("subPath", "subPathExpr"):
        path = mount[name]
        if path.text.startswith("/"):
            yield path.problem("must be a relative path")
        elif ".." in path.text.split("/"):
            yield path.problem("must not contain '..'")
