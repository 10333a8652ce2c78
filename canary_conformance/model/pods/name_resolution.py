"""Whether a pod resolves the names of Services.

Source: Kubernetes, "DNS for Services and Pods" (a pod's DNS policy): Default is the node's own resolver, and
ClusterFirst behaves so in a pod on the node's network.
"""

from __future__ import annotations

from collections.abc import Collection

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.questions import Rule

_DEFAULT, _NONE = "Default", "None"
_CLUSTER_FIRST = "ClusterFirst"


def unresolved_names(spec: Part, services: Collection[str]) -> Rule | None:
    """Return why pods of this spec resolve no name of a Service; None where they do.

    Servers and addresses of the pods' own become a problem of the spec: no manifest shows what they answer.

    Args:
        spec: The pods' spec.
        services: The names of the Services that there are: an alias of one leads elsewhere.
    """
    policy, network = spec["dnsPolicy"], spec["hostNetwork"]
    chosen = policy.text(_CLUSTER_FIRST)
    by_node = chosen == _DEFAULT or (chosen == _CLUSTER_FIRST and network.value is True)
    if chosen == _NONE:
        policy.problem("what the pods' own name servers answer is not in the manifests")
    if not by_node:
        for alias in spec["hostAliases"].items():
            if any(name.partition(".")[0] in services for name in alias["hostnames"].texts()):
                alias.problem("the model does not support an alias that is the name of a Service")
        return None
    part = policy if policy else network
    if spec["hostAliases"].items():
        spec["hostAliases"].problem("the model does not support hostAliases")
        return None
    setting = f"dnsPolicy: {chosen}" + (" with hostNetwork: true" if network.value is True else "")
    sentence = (
        f"{spec.manifest.ref} has {setting}, so its pods use the node's resolver, which resolves no Service"
    )
    return part.rule(sentence)
