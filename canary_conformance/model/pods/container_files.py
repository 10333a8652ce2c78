"""What a component needs of its file system, its user and its variables beside its contract.

Sources: Kubernetes, "Configure a Security Context for a Pod or Container", "Volumes"; images/voting/README.md
and the official images of Redis and MySQL. What is not known to be right is noted as a problem.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.pods.container_environment import EnvVar
from canary_conformance.scenario.application import ContainerFacts

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
    """Note where the component's container may not find or write its files.

    Args:
        container: The component's container.
        spec: The spec of its pods.
        facts: What it needs.
    """
    context = container["securityContext"]
    read_only = context["readOnlyRootFilesystem"]
    if read_only.value is True and facts.own_folders:
        folders = ", ".join(facts.own_folders)
        read_only.problem(f"whether it starts when it can't write to {folders} is not in the manifests")
    user = context["runAsUser"] or spec["securityContext"]["runAsUser"]
    if facts.user is not None and user and user.value != facts.user:
        user.problem(f"whether it can read its files is not known; they are user {facts.user}'s")
    for mount in container["volumeMounts"].items():
        path = mount["mountPath"]
        # A folder that is there already is hidden by the volume.
        if not any(PurePosixPath(path.text()).is_relative_to(one) for one in _OPEN_FOLDERS):
            path.problem(_NOT_KNOWN)


def check_variables(env: Mapping[str, EnvVar], container: Part, facts: ContainerFacts, version: str) -> None:
    """Note variables outside of the contract that change what a component does.

    Args:
        env: The component's variables.
        container: Its container.
        facts: What it reads.
        version: The version by the pods' labels.
    """
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
