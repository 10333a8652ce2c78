"""What pods ask of the node that they run on, as far as manifests do not show whether it has that.

Sources: Kubernetes, "Resource Management for Pods and Containers" (extended resources), "Restrict a
Container's Syscalls with seccomp", "Restrict a Container's Access to Resources with AppArmor", and "Using
sysctls in a Kubernetes Cluster".
"""

from __future__ import annotations

from canary_conformance.model.objects.object_parts import Part

# Every node has them; others, like nvidia.com/gpu, come with a device plugin or a setting of the node.
_OF_EVERY_NODE = frozenset({"cpu", "memory", "ephemeral-storage"})
# A node allows the other ones only where its kubelet is configured to.
_SAFE_SYSCTLS = frozenset(
    {
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ping_group_range",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.tcp_wmem",
    }
)
_OF_THE_NODE = "Localhost"
# A container counts as started when its hook has ended.
_LONGEST_SLEEP = 30


def check_node_demands(spec: Part) -> None:
    """Note what only the nodes decide, as problems of the pods' spec."""
    containers = (*spec["initContainers"].items(), *spec["containers"].items())
    for one in (spec, *containers):
        _check_profiles(one["securityContext"])
    for sysctl in spec["securityContext"]["sysctls"].items():
        if sysctl["name"].text() not in _SAFE_SYSCTLS:
            sysctl["name"].problem(
                "whether the nodes allow this setting of the kernel is not in the manifests"
            )
    if spec["resources"]:
        spec["resources"].problem("the model does not support resources of a pod as a whole")
    for container in containers:
        for kind in ("requests", "limits"):
            for name, part in container["resources"][kind].entries().items():
                if name not in _OF_EVERY_NODE:
                    part.problem(f"whether the nodes have {name} is not in the manifests")
        hook = container["lifecycle"]["postStart"]
        if hook and not 0 < (hook["sleep"]["seconds"].number(0) or 0) <= _LONGEST_SLEEP:
            hook.problem(
                "whether this hook succeeds in time is not in the manifests, and its container ends if not"
            )


def _check_profiles(context: Part) -> None:
    for name in ("seccompProfile", "appArmorProfile"):
        if context[name]["type"].value == _OF_THE_NODE:
            context[name].problem("whether the nodes have this profile is not in the manifests")
