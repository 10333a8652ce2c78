"""What the API server refuses about containers of a template: names, variables, privileges, probes, hooks.

Sources: Kubernetes, the API reference of PodSpec and Container v1; compared with the dry runs of
Kubernetes 1.34.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from canary_conformance.model.schemas.rules_names import label_problem
from canary_conformance.model.schemas.rules_reading import Node
from canary_conformance.model.schemas.schema_problems import Problem

_NAME = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)
_VARIABLE = re.compile(r"[ -<>-~]+")
_HEADER = re.compile(r"[-A-Za-z0-9]+", re.ASCII)
_PROBES = ("readinessProbe", "livenessProbe", "startupProbe")
_MOST_WEIGHT = 100


def containers(template: Node) -> Iterator[Problem]:
    """Yield what is wrong with the containers of a template, and with what they share."""
    spec = template["spec"]
    names: set[str] = set()
    for kind in ("initContainers", "containers"):
        for container in spec[kind].items():
            name = container["name"]
            if name.text in names:
                yield name.problem(f"another container is called {name.text} already")
            elif name.text and not _NAME.fullmatch(name.text):
                yield name.problem(f"{name.text!r} is not a valid name of a container")
            names.add(name.text)
            yield from _container(container)
            ends = kind == "initContainers" and container["restartPolicy"].text != "Always"
            if ends and not container["lifecycle"].empty:
                yield container["lifecycle"].problem("only init containers that always restart have hooks")
    yield from _placement(spec)


def _container(container: Node) -> Iterator[Problem]:
    for variable in container["env"].items():
        if variable["name"] and not _VARIABLE.fullmatch(variable["name"].text):
            yield variable["name"].problem(f"{variable['name'].text!r} is not a valid name of a variable")
    context = container["securityContext"]
    added = [one.text for one in context["capabilities"]["add"].items()]
    if context["allowPrivilegeEscalation"].value is False and (
        context["privileged"].value is True or "CAP_SYS_ADMIN" in added
    ):
        yield context["allowPrivilegeEscalation"].problem("can't be false for a privileged container")
    for probe in (container[name] for name in _PROBES):
        for header in probe["httpGet"]["httpHeaders"].items():
            if not _HEADER.fullmatch(header["name"].text):
                yield header["name"].problem(f"{header['name'].text!r} is not a valid name of a header")
    grace = container["readinessProbe"]["terminationGracePeriodSeconds"]
    if grace:
        yield grace.problem("a readiness probe ends no container")
    for hook in (container["lifecycle"][name] for name in ("preStop", "postStart")):
        if len(hook.entries()) > 1:
            yield hook.problem("only one of exec, httpGet, tcpSocket, sleep can be here")


def _placement(spec: Node) -> Iterator[Problem]:
    if spec["shareProcessNamespace"].value is True and spec["hostPID"].value is True:
        yield spec["shareProcessNamespace"].problem("can't stand beside hostPID")
    for key, value in spec["nodeSelector"].entries().items():
        if problem := label_problem(key, value):
            yield value.problem(problem)
    preferred = spec.at("affinity", "nodeAffinity", "preferredDuringSchedulingIgnoredDuringExecution")
    for one in preferred.items():
        weight = one["weight"].number
        if weight is not None and not 1 <= weight <= _MOST_WEIGHT:
            yield one["weight"].problem(f"{weight} isn't between 1 and {_MOST_WEIGHT}")
    for one in spec["topologySpreadConstraints"].items():
        yield from _least_domains(one)


def _least_domains(one: Node) -> Iterator[Problem]:
    least = one["minDomains"]
    if least.number is not None and least.number < 1:
        yield least.problem("must be at least 1")
    elif least and one["whenUnsatisfiable"].text != "DoNotSchedule":
        yield least.problem("needs whenUnsatisfiable: DoNotSchedule")
