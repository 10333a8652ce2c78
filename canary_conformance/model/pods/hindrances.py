"""What may keep the containers of a workload from running, beside the mesh and what they call.

None of it can mend anything, and no answer hangs on it: a requirement that fails without it stays failed, and
one that holds without it is not judged.

Sources: Kubernetes, "Configure a Security Context for a Pod or Container", "Volumes", "Configure Liveness,
Readiness and Startup Probes" (the defaults; a startup probe holds the others back; a container is killed when
its liveness or startup probe failed so many times in a row), "Resource Management for Pods and Containers" (a
limit without a request is one, too; a container above its limit of memory is killed). An ordinary cluster is
what the suite itself requires of a machine: 2 cores and 4 GiB, of which the mesh and the other pods have
their part. What a component needs: images/voting/README.md and the official images of Redis and MySQL.
Variables of the loader, the resolver, the language's runtime or libraries: ld.so(8), resolv.conf(5), Go's
packages runtime and net/http, MySQL and its official image, "Environment Variables".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import PurePosixPath

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.quantities import amount
from canary_conformance.model.objects.questions import Rule
from canary_conformance.model.pods.container_environment import EnvVar
from canary_conformance.model.pods.container_images import check_image, check_others
from canary_conformance.model.pods.injection import own_proxy_image
from canary_conformance.model.pods.pod_template import PodTemplate
from canary_conformance.scenario.application import ContainerFacts

# The seconds within which a container beside a component is believed to start.
_STARTS_IN = 5.0
# The seconds that a store's pod takes to be replaced, at most (timeouts.pod_replaced).
_LONGEST_REPLACEMENT = 120


def hindrances(pods: PodTemplate, replicas: int) -> tuple[Rule, ...]:
    """Return what may keep pods from running, each with its line."""
    facts, version = pods.facts, pods.labels.get("version", "")
    # A reading of its own: the answers hang on the problems of the other one.
    whole = Part.whole(pods.maker.manifest)
    spec = whole.at("spec", "template", "spec")
    containers = (*spec["containers"].items(), *spec["initContainers"].items())
    own = next((one for one in containers if one.path == pods.own.path), spec["none"])
    check_runtime_variables(own, pods.env)
    check_others(pods.application, spec, own)
    if (proxy := own_proxy_image(whole.at("spec", "template"))).text():
        proxy.problem("whether the nodes get this image of the proxy is not in the manifests")
    for container in containers:
        of_component = facts if container is own else None
        check_times(container, of_component.starts_in if of_component else _STARTS_IN)
        check_amounts(container, replicas, of_component.least_memory if of_component else "")
    if facts is not None:
        check_image(pods.application, own, pods.component, version)
        check_files(own, spec, facts)
        check_variables(pods.env, own, facts, version)
        if facts.outlives:
            _check_life(pods, own)
    return tuple(whole.problems)


def _check_life(pods: PodTemplate, own: Part) -> None:
    """Note a liveness probe that ends a component while what it calls is replaced."""
    alive, path = own["livenessProbe"], own["livenessProbe"]["httpGet"]["path"]
    asks = alive["httpGet"] and path.text("/") != pods.application.alive_path
    if asks and patience(alive) < _LONGEST_REPLACEMENT:
        path.problem("it ends the container while what it calls is replaced, which it may not outlive")


_READ_BY_RUNTIMES = re.compile(
    r"PATH|HOSTNAME|LD_[A-Z_]+|RES_OPTIONS|LOCALDOMAIN|HOSTALIASES|(?i:https?_proxy|all_proxy)"
    r"|GODEBUG|GOGC|GOMEMLIMIT|GOMAXPROCS|GOTRACEBACK"
    r"|[A-Z_]*JAVA_(?:TOOL_)?OPTIONS|CLASSPATH|NODE_(?:OPTIONS|PATH|ENV)|PYTHON[A-Z]+|DOTNET_[A-Za-z_]+|ASPNETCORE_[A-Z_]+"
    r"|MYSQL_(?:TCP_PORT|UNIX_PORT|HOME|PWD|ROOT_HOST|[A-Z_]*_FILE|RANDOM_ROOT_PASSWORD|ONETIME_PASSWORD)"
)


def check_runtime_variables(container: Part, env: Mapping[str, EnvVar]) -> None:
    """Note each variable of a container that changes its program's runtime as a problem of the pods."""
    own = {part["name"].text(): part for part in container["env"].items()}
    for name in env:
        if _READ_BY_RUNTIMES.fullmatch(name):
            part = own.get(name, container["envFrom"])
            part.problem(f"what {name} changes in the container's program is not in the manifests")


# What all pods of a workload may request together.
_ROOM = {"cpu": Fraction(1), "memory": Fraction(1024**3), "ephemeral-storage": Fraction(4 * 1024**3)}
# Less CPU lets probes and requests time out; less disk gets a pod evicted for its log.
_LEAST_CPU, _LEAST_DISK = Fraction(1, 20), Fraction(64 * 1024**2)


def check_amounts(container: Part, replicas: int, least_memory: str) -> None:
    """Note amounts of a container that may be too large or too small; least_memory: "" for an unknown one."""
    resources = container["resources"]
    for name, room in _ROOM.items():
        asked = resources["requests"][name] or resources["limits"][name]
        number = amount(asked.value)
        if number is not None and number * replicas > room:
            asked.problem(
                f"whether the nodes have room for {replicas} times {asked.value} is not in the manifests"
            )
    least = {"cpu": _LEAST_CPU, "memory": amount(least_memory), "ephemeral-storage": _LEAST_DISK}
    for name, enough in least.items():
        limit = resources["limits"][name]
        number = amount(limit.value)
        if number is not None and enough is not None and number < enough:
            limit.problem(f"whether it runs with so little {name} is not in the manifests")


_STARTUP, _READINESS, _LIVENESS = "startupProbe", "readinessProbe", "livenessProbe"
_PERIOD, _FAILURES = 10, 3
# Pods of a stage are waited for some time longer (timeouts.pods_ready).
_LONGEST_WAIT = 90


def check_times(container: Part, starts_in: float) -> None:
    """Note probes that may let nobody see a container ready, as problems."""
    delays = [
        (_number(container[probe], "initialDelaySeconds", 0), container[probe]["initialDelaySeconds"])
        for probe in (_STARTUP, _READINESS)
    ]
    for probe in (_STARTUP, _READINESS):
        period = container[probe]["periodSeconds"]
        times = _number(container[probe], "successThreshold", 1)
        # The first look comes too early, the next one after a period.
        seconds = max(1, times) * _number(container[probe], "periodSeconds", _PERIOD)
        if container[probe]:
            delays.append((seconds, period if times < 2 else container[probe]["successThreshold"]))
    longest, part = max(delays, key=lambda one: one[0])
    if sum(seconds for seconds, _ in delays) > _LONGEST_WAIT and longest > 0:
        (part or container[_READINESS]).problem("whether pods count as ready so late is not in the manifests")
    killing = container[_STARTUP] or container[_LIVENESS]
    if killing and patience(killing) < starts_in:
        failures, period = killing["failureThreshold"], killing["periodSeconds"]
        what = (
            f"this kills the container after {patience(killing)} s, and it may take {starts_in:g} s to start"
        )
        (failures or period or killing).problem(what)


def patience(probe: Part) -> int:
    """Return the seconds after which a container whose probe never passed is killed."""
    failures = max(1, _number(probe, "failureThreshold", _FAILURES))
    period = max(1, _number(probe, "periodSeconds", _PERIOD))
    return _number(probe, "initialDelaySeconds", 0) + failures * period


def _number(probe: Part, key: str, default: int) -> int:
    number = probe[key].number(default)
    return default if number is None else number


# No program of the images lies there, nor what it is configured by.
_OPEN_FOLDERS = tuple(
    map(
        PurePosixPath,
        (
            "/cache",
            "/certs",
            "/config",
            "/data",
            "/dev/shm",  # noqa: S108  (folders of a container)
            "/etc/certs",
            "/etc/config",
            "/etc/podinfo",
            "/etc/secrets",
            "/etc/tls",
            "/mnt",
            "/run",
            "/secrets",
            "/tmp",  # noqa: S108
            "/var/cache",
            "/var/lib/mysql",
            "/var/log",
            "/var/run",
            "/var/tmp",  # noqa: S108
        ),
    )
)
_VERSION = "VERSION"
_NOT_KNOWN = "what the image has there is not in the manifests"


def check_files(container: Part, spec: Part, facts: ContainerFacts) -> None:
    """Note where the component's container may not find or write its files."""
    context = container["securityContext"]
    read_only = context["readOnlyRootFilesystem"]
    written = _written_folders(container, spec)
    lacking = [one for one in facts.own_folders if not any(map(PurePosixPath(one).is_relative_to, written))]
    if read_only.value is True and lacking:
        folders = ", ".join(lacking)
        read_only.problem(f"whether it starts when it can't write to {folders} is not in the manifests")
    user = context["runAsUser"] or spec["securityContext"]["runAsUser"]
    if facts.user is not None and user and user.value != facts.user:
        user.problem(f"whether it can read its files is not known; they are user {facts.user}'s")
    for mount in container["volumeMounts"].items():
        path = mount["mountPath"]
        # A folder that is there already is hidden by the volume.
        if not any(PurePosixPath(path.text()).is_relative_to(one) for one in _OPEN_FOLDERS):
            path.problem(_NOT_KNOWN)


def _written_folders(container: Part, spec: Part) -> list[PurePosixPath]:
    """Return where a container has an empty folder of its own; /var/run is a link to /run in every image."""
    empty = {one["name"].text() for one in spec["volumes"].items() if one["emptyDir"].value is not None}
    return [
        PurePosixPath(mount["mountPath"].text().replace("/var/run", "/run", 1))
        for mount in container["volumeMounts"].items()
        if mount["name"].text() in empty and not mount["readOnly"].flag()
    ]


def check_variables(env: Mapping[str, EnvVar], container: Part, facts: ContainerFacts, version: str) -> None:
    """Note variables outside of the contract that change what a component does."""
    for name, words in facts.words.items():
        variable = env.get(name)
        if variable is not None and variable.value is not None and variable.value.lower() not in words:
            told = f"{name} ({variable.place}) is {variable.value!r}"
            container["env"].problem(f"{told}, and it may start with {', '.join(sorted(words))} only")
    for name, variable in env.items():
        if name not in facts.unclear or (name == _VERSION and variable.value == version):
            continue
        shown = f"{variable.name} ({variable.place})"
        container["env"].problem(f"the model does not follow what variable {shown} changes")
