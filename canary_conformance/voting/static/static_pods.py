"""What the manifests make of the scenario's pods: how many get ready, why others don't, what runs in them.

A question about what the model does not know raises NotSpoken: that test comes to no verdict.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePosixPath

from canary_conformance.errors import NotSpoken
from canary_conformance.model.model import Model, Workload
from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.state import POD_MAKERS, InForce
from canary_conformance.model.pods.injection import pinned_proxy
from canary_conformance.model.pods.pod_needs import COLLECTED
from canary_conformance.model.pods.probes import is_own_image
from canary_conformance.scenario.places import Finding
from canary_conformance.voting.contract import STORAGE
from canary_conformance.voting.voting_app import VOTING_APP

_NODE_TYPES = frozenset({"NodePort", "LoadBalancer"})
_STATEFUL = "StatefulSet"
# Where the image of voting-storage 2.0 keeps its tables.
_DATA = PurePosixPath("/var/lib/mysql")


def ready_pods(model: Model) -> Mapping[str, int]:
    """Return how many ready pods each workload has, by its name ("voting-app 1.0").

    Raises:
        NotSpoken: What decides whether some of them get ready is not in the manifests.
    """
    check_known(model.pods())
    return model.counted_pods()


def why_not_ready(model: Model, names: Collection[str]) -> list[Finding]:
    """Return why pods of workloads of these names never get ready, each cause once.

    Raises:
        NotSpoken: What decides whether some of them get ready is not in the manifests.
    """
    wanted = [one for one in model.pods() if str(one) in names]
    found = list(dict.fromkeys(finding for one in wanted for finding in one.blocked))
    if not found:
        check_known(wanted)
    return found


def check_known(workloads: Collection[Workload]) -> None:
    """Raise NotSpoken where it is not known whether pods of these workloads get ready."""
    for one in workloads:
        if one.doubts and not one.blocked:
            doubt = one.doubts[0]
            raise NotSpoken(str(doubt), doubt.place)


def other_proxies(model: Model) -> list[Finding]:
    """Return why proxies are not those that the running control plane injects (R1.3).

    Raises:
        NotSpoken: A proxy's image may be the control plane's or not.
    """
    found = []
    for template in _templates(model):
        rule = pinned_proxy(template, model.state.mesh)
        if rule is not None and rule.place is not None:
            found.append(Finding(rule.place, rule.sentence))
        elif template.problems:
            problem = template.problems[0]
            raise NotSpoken(str(problem), problem.place)
    return found


def ways_past_the_gateway(model: Model) -> list[Finding]:
    """Return each Service and pod that is a way in from outside past the Gateway (R1.4)."""
    found = []
    for body in _objects(model, "Service"):
        kind, addresses, ref = body["spec"]["type"], body["spec"]["externalIPs"], body.manifest.ref
        if kind.text() in _NODE_TYPES:
            found.append(Finding(kind.place, f"{ref} is of type {kind.text()}, open past the Gateway"))
        if addresses.items():
            found.append(Finding(addresses.place, f"{ref} has external addresses, open past the Gateway"))
    for template in _templates(model):
        found += _ports_of_the_node(template["spec"])
    return found


def foreign_hostnames(model: Model, app: str, version: str) -> list[Finding]:
    """Return the settings by which pods call themselves by another name than their own (R1.6).

    Source: Kubernetes, "DNS for Services and Pods" (hostname, setHostnameAsFQDN); pods on the node's network
    have the node's name.
    """
    found = []
    for template in _templates(model):
        labels, spec, ref = template["metadata"]["labels"].labels(), template["spec"], template.manifest.ref
        if (labels.get("app"), labels.get("version")) != (app, version):
            continue
        name, full, network = spec["hostname"], spec["setHostnameAsFQDN"], spec["hostNetwork"]
        # A StatefulSet gives each pod its own name as its hostname.
        if name.text() and ref.kind != _STATEFUL:
            what = f"all pods of {ref} have the hostname {name.text()}, which is no pod's name"
            found.append(Finding(name.place, what))
        if full.value is True and spec["subdomain"].text():
            found.append(Finding(full.place, f"the pods of {ref} have their full DNS name as hostname"))
        if network.value is True:
            found.append(Finding(network.place, f"the pods of {ref} have their node's hostname"))
    return found


def claims_mounted(model: Model, workload: str) -> list[str]:
    """Return the claims that are there and that a workload's containers mount, and may write to."""
    makers = {one.deployment: one for one in model.pods() if str(one) == workload}
    claims: set[str] = set()
    for body in _objects(model, *sorted(POD_MAKERS)):
        name = body.manifest.ref.name
        if name not in makers:
            continue
        written = set(_written(body.at("spec", "template", "spec")))
        for volume in body.at("spec", "template", "spec", "volumes").items():
            claim = volume["persistentVolumeClaim"]
            found = model.state.has("PersistentVolumeClaim", claim["claimName"].text())
            if found and volume["name"].text() in written and not claim["readOnly"].flag():
                claims.add(claim["claimName"].text())
        for template in body.at("spec", "volumeClaimTemplates").items():
            called = template.at("metadata", "name").text()
            if called in written:
                claims |= {f"{called}-{name}-{number}" for number in range(makers[name].replicas)}
    return sorted(claims)


def other_claims(model: Model, workload: str, claim: str) -> list[Finding]:
    """Return where a workload mounts other claims than this one, or that it mounts none."""
    makers = {one.deployment for one in model.pods() if str(one) == workload}
    found = []
    for body in _objects(model, *sorted(POD_MAKERS)):
        ref = body.manifest.ref
        if ref.name not in makers:
            continue
        volumes = body.at("spec", "template", "spec", "volumes")
        names = [one["persistentVolumeClaim"]["claimName"] for one in volumes.items()]
        named = [name for name in names if name]
        found += [
            Finding(name.place, f"{ref} has the claim {name.text()} as its volume, {claim} required")
            for name in named
            if name.text() != claim
        ]
        if not named:
            found.append(
                Finding((volumes or body).place, f"{ref} has no claim as its volume, {claim} required")
            )
    return found


def read_only_claims(model: Model, workload: str) -> list[Finding]:
    """Return where a workload's claims are mounted so that it can't write to them."""
    makers = {one.deployment for one in model.pods() if str(one) == workload}
    found = []
    for body in _objects(model, *sorted(POD_MAKERS)):
        if body.manifest.ref.name not in makers:
            continue
        spec = body.at("spec", "template", "spec")
        claimed = {one["name"].text() for one in spec["volumes"].items() if one["persistentVolumeClaim"]}
        claimed |= {
            one.at("metadata", "name").text() for one in body.at("spec", "volumeClaimTemplates").items()
        }
        parts = [one["persistentVolumeClaim"]["readOnly"] for one in spec["volumes"].items()]
        parts += [
            mount["readOnly"]
            for container in spec["containers"].items()
            for mount in container["volumeMounts"].items()
            if mount["name"].text() in claimed
        ]
        sentence = f"{body.manifest.ref} may not write to its claim (readOnly: true)"
        found += [Finding(one.place, sentence) for one in parts if one.flag()]
    return found


def overlaid_data(model: Model, workload: str) -> list[Finding]:
    """Return each volume that a workload of ours has below its data: their folder is never empty then.

    MySQL makes its tables in an empty folder only, and what lies on the other volume goes its own way
    (MySQL Reference Manual, "Initializing the Data Directory").
    """
    makers = {one.deployment for one in model.pods() if str(one) == workload}
    return [
        Finding(path.place, f"{body.manifest.ref} has another volume at {path.text()}, below its data")
        for body in _objects(model, *sorted(POD_MAKERS))
        if body.manifest.ref.name in makers
        for container in body.at("spec", "template", "spec", "containers").items()
        if is_own_image(VOTING_APP, container, STORAGE)
        for path in (mount["mountPath"] for mount in container["volumeMounts"].items())
        if _DATA in PurePosixPath(path.text()).parents
    ]


def replaced_stores(before: Model, after: Model) -> list[Finding]:
    """Return each store whose pods a stage replaces though they keep the votes to themselves.

    The votes that were counted until then are lost, and those of voters in that moment.
    """
    found = []
    for store in (one for one in after.pods() if one.app == STORAGE):
        for key, one in after.state.objects.items():
            old = before.state.objects.get(key)
            if old is None or key.kind not in POD_MAKERS or key.name != store.deployment:
                continue
            replaced = _template(old).value != _template(one).value
            if replaced and not claims_mounted(after, str(store)):
                sentence = f"{key}: its pods are replaced, and the votes in them are on no claim"
                found.append(Finding(one.manifest.place, sentence))
    return found


def collected(model: Model) -> list[Finding]:
    """Return the objects that are collected as garbage, as the owners that they name do not exist."""
    return [
        Finding(
            one.manifest.place_of("metadata", "ownerReferences"),
            COLLECTED.format(key),
        )
        for key, one in model.state.collected.items()
    ]


def _ports_of_the_node(spec: Part) -> Iterator[Finding]:
    network = spec["hostNetwork"]
    if network.value is True:
        yield Finding(network.place, f"the pods of {spec.manifest.ref} listen on the node's own network")
    for container in (*spec["initContainers"].items(), *spec["containers"].items()):
        for port in container["ports"].items():
            number = port["hostPort"]
            if number.value:
                sentence = f"{spec.manifest.ref} is open at the node's port {number.value} (hostPort)"
                yield Finding(number.place, sentence)


def _written(spec: Part) -> Iterator[str]:
    """Yield the volumes that a container may write to; our own MySQL writes to one folder only."""
    for container in spec["containers"].items():
        own = is_own_image(VOTING_APP, container, STORAGE)
        for mount in container["volumeMounts"].items():
            holds = not own or _DATA.is_relative_to(mount["mountPath"].text())
            if holds and not mount["readOnly"].flag():
                yield mount["name"].text()


def _template(one: InForce) -> Part:
    return Part.whole(one.manifest).at("spec", "template")


def _templates(model: Model) -> Iterator[Part]:
    for body in _objects(model, *sorted(POD_MAKERS)):
        yield body.at("spec", "template")


def _objects(model: Model, *kinds: str) -> Iterator[Part]:
    for kind in kinds:
        for one in model.state.of(kind):
            yield Part.whole(one.manifest)
