"""Pods that the namespace's Pod Security Standard refuses, as they are after Istio's injection.

Sources: Kubernetes, "Pod Security Standards" (the controls of `baseline` and `restricted`), "Pod Security
Admission" (the namespace's labels; a namespace with an invalid label is refused at creation); Istio,
"Platform Requirements": istio-init needs NET_ADMIN and NET_RAW where the CNI plugin is not installed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.state import State
from canary_conformance.scenario.places import Finding

ENFORCE, WARN = "pod-security.kubernetes.io/enforce", "pod-security.kubernetes.io/warn"
_VERSION = f"{ENFORCE}-version"
_LEVELS = ("privileged", "baseline", "restricted")
_A_VERSION = re.compile(r"latest|v1\.\d+")

_INIT_NEEDS = "istio-init adds NET_ADMIN and NET_RAW (the mesh has no CNI plugin)"
_MAY_ADD = frozenset(
    {
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    }
)
_BIND = frozenset({"NET_BIND_SERVICE"})
_VOLUMES = frozenset(
    {
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
        "image",
        "name",
    }
)
_SYSCTLS = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem",
    }
)
Violation = tuple[Part, str]


def violates(spec: Part, level: str) -> bool:
    """Return whether a spec of pods, as it is written, is not of a standard."""
    found = _baseline(spec) if level in {"baseline", "restricted"} else iter(())
    return any(found) or (level == "restricted" and any(_restricted(spec)))


def refused_by_standard(spec: Part, state: State, *, sidecar: bool) -> Iterator[Finding]:
    """Yield why the namespace's Pod Security Standard lets no pod of this spec be made, at most once."""
    level, ref = state.namespace_labels.get(ENFORCE, ""), spec.manifest.ref
    version = state.namespace_labels.get(_VERSION, "latest")
    if level and (level not in _LEVELS or not _A_VERSION.fullmatch(version)):
        label, value = (ENFORCE, level) if level not in _LEVELS else (_VERSION, version)
        sentence = f"the API server refuses the namespace: {value} is not a valid value of {label}"
        yield Finding(state.label_place(label), sentence)
    elif level in {"baseline", "restricted"}:
        violations = list(_baseline(spec))
        violations += _restricted(spec) if level == "restricted" else []
        reasons = [f"{part.name} {what} ({part.place})" for part, what in violations]
        reasons += [_INIT_NEEDS] if sidecar and not state.mesh.cni else []
        if reasons:
            sentence = (
                f"the namespace enforces the Pod Security Standard {level}, which refuses the pods of {ref}"
            )
            yield Finding(state.label_place(ENFORCE), f"{sentence}: {'; '.join(reasons)}")
        elif sidecar and level == "restricted" and not _has_profile(spec["securityContext"]):
            what = "whether the mesh gives its proxy a seccomp profile is not in the manifests"
            spec["securityContext"].problem(what)


def _baseline(spec: Part) -> Iterator[Violation]:
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if spec[key].value is True:
            yield spec[key], "is true"
    for volume in spec["volumes"].items():
        if volume["hostPath"]:
            yield volume["hostPath"], "mounts the node's files"
    for sysctl in spec.at("securityContext", "sysctls").items():
        if sysctl["name"].text() not in _SYSCTLS:
            yield sysctl, "is not a safe sysctl"
    yield from _seccomp(spec["securityContext"])
    for container in _containers(spec):
        yield from _baseline_container(container)


def _baseline_container(container: Part) -> Iterator[Violation]:
    own = container["securityContext"]
    if own["privileged"].value is True:
        yield own["privileged"], "is true"
    if own["procMount"].text("Default") != "Default":
        yield own["procMount"], "is not Default"
    for added in own.at("capabilities", "add").items():
        if added.text() not in _MAY_ADD:
            yield added, f"adds {added.text()}"
    for port in container["ports"].items():
        if port["hostPort"].value:
            yield port["hostPort"], "is a port of the node"
    yield from _seccomp(own)


def _restricted(spec: Part) -> Iterator[Violation]:
    for volume in spec["volumes"].items():
        for kind, part in volume.entries().items():
            if kind not in _VOLUMES and kind != "hostPath" and part:
                yield part, "is a volume of a type that is not allowed"
    for container in _containers(spec):
        yield from _restricted_container(container["securityContext"], spec["securityContext"])


def _restricted_container(own: Part, whole: Part) -> Iterator[Violation]:
    if own["allowPrivilegeEscalation"].value is not False:
        yield own["allowPrivilegeEscalation"], "must be false"
    if (own["runAsNonRoot"] or whole["runAsNonRoot"]).value is not True:
        yield own["runAsNonRoot"], "must be true"
    if (own["runAsUser"] or whole["runAsUser"]).value == 0:
        yield own["runAsUser"] or whole["runAsUser"], "must not be 0"
    if not (_has_profile(own) or _has_profile(whole)):
        yield own["seccompProfile"], "must be RuntimeDefault or Localhost"
    capabilities = own["capabilities"]
    if "ALL" not in capabilities["drop"].texts():
        yield capabilities["drop"], "must have ALL"
    for added in capabilities["add"].items():
        if added.text() in _MAY_ADD - _BIND:
            yield added, f"adds {added.text()}"


def _containers(spec: Part) -> list[Part]:
    return [*spec["initContainers"].items(), *spec["containers"].items()]


def _seccomp(context: Part) -> Iterator[Violation]:
    kind = context["seccompProfile"]["type"]
    if kind.value == "Unconfined":
        yield kind, "is Unconfined"


def _has_profile(context: Part) -> bool:
    return context["seccompProfile"]["type"].value in {"RuntimeDefault", "Localhost"}
