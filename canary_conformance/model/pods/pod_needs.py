"""What a pod needs and does not get, so that it is never made, never starts or never gets ready.

Sources: Kubernetes, "Secrets", "Configure a Pod to Use a ConfigMap", "Configure a Security Context for a Pod
or Container", the API reference of Deployment (selector) and SecurityContext (runAsNonRoot: the kubelet
starts no such container), "Persistent Volumes" and "Storage Classes": a class that does not exist provisions
nothing, "" asks for a volume that somebody made; local-path-provisioner (the class `standard` of kind)
provides volumes for one node, and no raw devices.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.state import Key, State
from canary_conformance.model.pods.container_environment import data_of
from canary_conformance.scenario.places import Finding

# Every namespace has it.
_DEFAULT_ACCOUNT = "default"
NEEDED = frozenset(
    {
        "ConfigMap",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "PriorityClass",
        "RuntimeClass",
        "Secret",
        "Service",
        "ServiceAccount",
        "StorageClass",
    }
)
"""The kinds of objects that pods depend on."""

COLLECTED = "{} is collected as garbage, as the owner that it names does not exist"
"""What becomes of an object with an owner."""

# What a volume is of that every node can mount, and the volume's own name.
_OF_THE_CLUSTER = frozenset(
    {
        "name",
        "configMap",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    }
)
_MADE_ON_THE_NODE = frozenset({"", "DirectoryOrCreate", "FileOrCreate"})
# Every namespace has it, too: the cluster's certificate.
_ROOT_CERTIFICATE = "kube-root-ca.crt"


def missing_needs(whole: Part, state: State, labels: Mapping[str, str]) -> Iterator[Finding]:
    """Yield why the pods of a workload can't get ready, for want of what manifests have or should have."""
    spec = whole.at("spec", "template", "spec")
    containers = spec["containers"].items()
    yield from _selector(whole, labels)
    yield from _account(spec, state)
    yield from _volumes(spec, state)
    yield from _templates(whole, state)
    for container in (*spec["initContainers"].items(), *containers):
        yield from _variables(container, state)
        yield from _mounts(container, whole)
        yield from _user(container["securityContext"], spec["securityContext"])
    if not containers:
        yield Finding(spec.place, f"{whole.manifest.ref} has no container")
    if whole.at("spec", "paused").value is True:
        yield Finding(whole.at("spec", "paused").place, f"{whole.manifest.ref} is paused")


def _selector(whole: Part, labels: Mapping[str, str]) -> Iterator[Finding]:
    selector = whole.at("spec", "selector")
    wanted = selector["matchLabels"].labels()
    if not wanted and not selector["matchExpressions"].items():
        yield Finding(selector.place, f"{whole.manifest.ref} selects no pods")
    for one in selector["matchExpressions"].items():
        if not _fits(one, labels):
            sentence = f"{whole.manifest.ref} selects pods by {one['key'].text()}, and its own don't fit"
            yield Finding(one.place, sentence)
    for name, value in wanted.items():
        if labels.get(name) != value:
            place = selector["matchLabels"][name].place
            sentence = f"{whole.manifest.ref} selects pods by {name}={value}, which its own pods don't carry"
            yield Finding(place, sentence)


def _fits(expression: Part, labels: Mapping[str, str]) -> bool:
    """Return whether labels fit an expression; an unknown operator is for the API server to refuse.

    Source: Kubernetes, "Labels and Selectors" (set-based requirements).
    """
    carried, values = labels.get(expression["key"].text()), expression["values"].texts()
    fits = {
        "In": carried in values,
        "NotIn": carried not in values,
        "Exists": carried is not None,
        "DoesNotExist": carried is None,
    }
    return fits.get(expression["operator"].text(), True)


def account_of(spec: Part) -> Part:
    """Return the part that names the pods' service account, which may be absent."""
    # The second is the old name of the same field.
    return spec["serviceAccountName"] or spec["serviceAccount"]


def _account(spec: Part, state: State) -> Iterator[Finding]:
    account = account_of(spec)
    name = account.text(_DEFAULT_ACCOUNT) or _DEFAULT_ACCOUNT
    if name != _DEFAULT_ACCOUNT and not state.has("ServiceAccount", name):
        yield _absent(account, "ServiceAccount", name, state)


def _volumes(spec: Part, state: State) -> Iterator[Finding]:
    for volume in spec["volumes"].items():
        claim = volume.at("persistentVolumeClaim", "claimName")
        key = Key("PersistentVolumeClaim", state.namespace, claim.text())
        if claim and key not in state.objects:
            yield _absent(claim, key.kind, key.name, state)
        elif claim:
            found = Part.whole(state.objects[key].manifest)
            yield from never_bound(found["spec"], state, str(spec.manifest.ref))
            # What the claim leaves open is open for its pods.
            spec.problems.extend(one for one in found.problems if one not in spec.problems)
        yield from _named(volume["secret"], "secretName", "Secret", state)
        yield from _named(volume["configMap"], "name", "ConfigMap", state)
        for source in volume["projected"]["sources"].items():
            yield from _named(source["secret"], "name", "Secret", state)
            yield from _named(source["configMap"], "name", "ConfigMap", state)
        own = volume.at("ephemeral", "volumeClaimTemplate", "spec")
        if own:
            yield from never_bound(own, state, str(spec.manifest.ref))
        _of_the_node(volume)


def _of_the_node(volume: Part) -> None:
    """Note a volume that a node, a driver or a server outside has to provide.

    Source: Kubernetes, "Volumes" (a hostPath of these types is made where it is absent).
    """
    for source, part in volume.entries().items():
        made = source == "hostPath" and part["type"].text() in _MADE_ON_THE_NODE
        if source not in _OF_THE_CLUSTER and not made and part:
            part.problem("whether the nodes can mount this volume is not in the manifests")


def _templates(whole: Part, state: State) -> Iterator[Finding]:
    for claim in whole.at("spec", "volumeClaimTemplates").items():
        yield from never_bound(claim["spec"], state, str(whole.manifest.ref))


def _named(part: Part, key: str, kind: str, state: State) -> Iterator[Finding]:
    if not part or part["optional"].value is True:
        return
    name = part[key].text()
    data = data_of(state, kind, name)
    if data is None and name != _ROOT_CERTIFICATE:
        yield _absent(part[key], kind, name, state)
    for item in part["items"].items():
        if data is not None and item["key"].text() not in data:
            yield _no_key(item["key"], kind, name)


def _variables(container: Part, state: State) -> Iterator[Finding]:
    for source in container["envFrom"].items():
        for field, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
            yield from _named(source[field], "name", kind, state)
    for variable in container["env"].items():
        for field, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
            reference = variable.at("valueFrom", field)
            if not reference or reference["optional"].value is True:
                continue
            name, key = reference["name"].text(), reference["key"].text()
            data = data_of(state, kind, name)
            if data is None:
                yield _absent(reference["name"], kind, name, state)
            elif key not in data:
                yield _no_key(reference["key"], kind, name)


def _mounts(container: Part, whole: Part) -> Iterator[Finding]:
    volumes = whole.at("spec", "template", "spec", "volumes").items()
    claims = whole.at("spec", "volumeClaimTemplates").items()
    names = {volume["name"].text() for volume in volumes}
    names |= {claim.at("metadata", "name").text() for claim in claims}
    for mount in container["volumeMounts"].items():
        name = mount["name"].text()
        if name not in names:
            yield Finding(
                mount["name"].place,
                f"{whole.manifest.ref} mounts volume {name!r}, which its pods don't have",
            )


def _user(own: Part, of_the_pod: Part) -> Iterator[Finding]:
    """Yield that a container is to be root and may not be; what it says itself counts before its pod's."""
    user = own["runAsUser"] or of_the_pod["runAsUser"]
    forbidden = own["runAsNonRoot"] or of_the_pod["runAsNonRoot"]
    if forbidden.value is True and user.number() == 0:
        yield Finding(user.place, f"{own.manifest.ref} runs as root (user 0), and forbids it (runAsNonRoot)")


def _absent(part: Part, kind: str, name: str, state: State) -> Finding:
    collected = state.collected.get(Key(kind, state.namespace, name))
    if collected is None:
        return Finding(part.place, f"{kind}/{name} does not exist, and {part.manifest.ref} needs it")
    owners = collected.manifest.place_of("metadata", "ownerReferences")
    what = COLLECTED.format(collected.key)
    return Finding(owners, f"{what}, and {part.manifest.ref} needs it ({part.place})")


def _no_key(part: Part, kind: str, name: str) -> Finding:
    sentence = f"{kind}/{name} has no key {part.text()}, and {part.manifest.ref} needs it"
    return Finding(part.place, sentence)


_FILES, _BLOCK = "Filesystem", "Block"


def never_bound(spec: Part, state: State, who: str) -> Iterator[Finding]:
    """Yield why a claim is never bound; doubts become problems of its spec."""
    _check_source(spec)
    cluster = state.mesh.cluster
    classes, name = cluster.storage_classes, spec["storageClassName"]
    if name and not (name.text() and state.has("StorageClass", name.text())):
        if classes is None:
            name.problem("which storage classes the cluster has is not in the manifests")
            return
        if not name.text():
            sentence = f"the claim of {who} names no storage class, and no volume of that kind exists"
            yield Finding(name.place, sentence)
        elif name.text() not in classes:
            yield Finding(name.place, f"StorageClass/{name.text()} does not exist, and {who} needs it")
    if spec["volumeName"] and not state.has("PersistentVolume", spec["volumeName"].text()):
        if classes is None:
            spec["volumeName"].problem("which volumes the cluster has is not in the manifests")
        else:
            what = f"PersistentVolume/{spec['volumeName'].text()} does not exist, and {who} needs it"
            yield Finding(spec["volumeName"].place, what)
    kind = spec["volumeMode"]
    if kind.text(_FILES) == _BLOCK:
        yield Finding(
            kind.place, f"the claim of {who} is for a raw device (Block), which it mounts as a folder"
        )
    for mode in spec["accessModes"].items():
        if cluster.claim_modes is not None and mode.text() not in cluster.claim_modes:
            sentence = f"the cluster's storage class does not provide {mode.text()}, and {who} needs it"
            yield Finding(mode.place, sentence)


def _check_source(spec: Part) -> None:
    """Note a claim that takes a certain volume, or the copy of one.

    Source: Kubernetes, "Persistent Volumes" (no volume is provisioned for a claim with a selector).
    """
    if spec["selector"] and not spec["volumeName"]:
        spec["selector"].problem("which volumes with these labels the cluster has is not in the manifests")
    for source in ("dataSource", "dataSourceRef"):
        if spec[source]:
            spec[source].problem("whether the cluster's storage class copies volumes is not in the manifests")
