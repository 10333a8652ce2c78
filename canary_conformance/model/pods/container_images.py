"""Images as far as their names state what runs in a container, and from where it comes.

Sources: Kubernetes, "Images" (pull policies; with the tag latest, or none, the policy is Always) and "Init
Containers". What an image really holds, only a cluster shows; so a contradiction is noted as a problem.
"""

from __future__ import annotations

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.pods.component import PROXY, image_name
from canary_conformance.model.pods.probes import PROBES, is_own_image
from canary_conformance.scenario.application import Application

_OF_THE_PROXY = frozenset({"image", "name", "restartPolicy"})
_ALWAYS, _NEVER, _LATEST = "Always", "Never", "latest"


def check_image(application: Application, container: Part, component: str, version: str) -> None:
    """Note an image of a component's container that may not be this version of it, or may not be there."""
    facts = application.container(component, version)
    image, name = container["image"], image_name(container.value)
    if facts is None or not image:
        return
    own, tag = is_own_image(application, container, component), tag_of(image.text())
    if name not in facts.images:
        # That it is another component's is reported by itself (workloads).
        if name not in application.components:
            image.problem(f"whether this image is {component} is not in the manifests")
        return
    version_of_tag = tag.removeprefix("v")
    if version_of_tag in facts.versions and version_of_tag != version:
        image.problem(
            f"this names version {version_of_tag}, and the pods are labelled {version or 'with no version'}"
        )
    elif own and version_of_tag not in facts.versions:
        image.problem(f"whether there is such an image of {component} is not in the manifests")
    _check_policy(container, tag, own=own)


def check_others(application: Application, spec: Part, own: Part) -> None:
    """Note the containers beside and before a component whose success is not in the manifests."""
    for container in spec["containers"].items():
        if container.path != own.path:
            _check_other(application, container, "whether this container runs on is not in the manifests")
    for container in spec["initContainers"].items():
        if container["restartPolicy"].value == _ALWAYS:
            _check_other(application, container, "whether this container runs on is not in the manifests")
        else:
            container.problem("whether this container succeeds is not in the manifests")


def tag_of(image: str) -> str:
    """Return the tag of an image, "" without one."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]


def _check_other(application: Application, container: Part, why: str) -> None:
    if container["name"].value == PROXY:
        # It is merged with the injected one (Istio, "Installing the Sidecar"), but for its image.
        for key, part in container.entries().items():
            if key not in _OF_THE_PROXY and part:
                part.problem("what this makes of the injected proxy is not in the manifests")
        return
    name = image_name(container.value)
    known = name in application.components and is_own_image(application, container, name)
    changed = (container[key].items() for key in ("command", "args", "envFrom", "volumeMounts"))
    if not known or any(changed) or not all(_passes(application, name, container[probe]) for probe in PROBES):
        container.problem(why)
    else:
        _check_policy(container, tag_of(container["image"].text()), own=True)


def _passes(application: Application, component: str, probe: Part) -> bool:
    """Return whether a component's own image passes a probe for certain, or there is none."""
    http, tcp = probe["httpGet"], probe["tcpSocket"]
    if http["host"] or tcp["host"] or http["scheme"].text("HTTP") != "HTTP":
        return False
    path = http["path"].text("/").partition("?")[0]
    return not http or path in (application.paths(component) or ())


def _check_policy(container: Part, tag: str, *, own: bool) -> None:
    policy = container["imagePullPolicy"]
    pinned = "@" in container["image"].text()
    chosen = policy.text(_ALWAYS if tag in {"", _LATEST} and not pinned else "")
    if own and chosen == _ALWAYS:
        (policy or container["image"]).problem("no registry has this image, which a node pulls anew (Always)")
    elif not own and chosen == _NEVER:
        policy.problem("whether the nodes have this image is not in the manifests")
