"""What may keep the containers of a workload from running, beside the mesh and what they call.

None of it can mend anything, and no answer hangs on it: a requirement that fails without it stays failed, and
one that holds without it is not judged.
"""

from __future__ import annotations

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.questions import Rule
from canary_conformance.model.pods.container_amounts import check_amounts
from canary_conformance.model.pods.container_files import check_files, check_variables
from canary_conformance.model.pods.container_images import check_image, check_others
from canary_conformance.model.pods.injection import own_proxy_image
from canary_conformance.model.pods.pod_template import PodTemplate
from canary_conformance.model.pods.probe_times import check_times, patience
from canary_conformance.model.pods.runtime_variables import check_runtime_variables

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
