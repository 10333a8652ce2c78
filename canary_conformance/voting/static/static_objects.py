"""What the manifests make of the scenario's objects, as short texts to compare with what is required."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from canary_conformance.errors import NotSpoken
from canary_conformance.model.model import Model
from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.questions import Answer
from canary_conformance.model.objects.state import State, held_back
from canary_conformance.model.pods.injection import why_not_injecting
from canary_conformance.model.routing.destination_rules import destination_rules
from canary_conformance.model.routing.services import services
from canary_conformance.model.schemas.schema_findings import schema_findings
from canary_conformance.model.schemas.schema_store import kind_schema
from canary_conformance.model.stage_plan import Plan
from canary_conformance.scenario.manifests import Manifest
from canary_conformance.scenario.own_namespace import brought_by_file, is_own, with_labels
from canary_conformance.scenario.places import Finding
from canary_conformance.scenario.stages import Apply, Verb
from canary_conformance.voting.static.fixed_fields import refused_changes

# Methods by which nobody votes.
_READING = frozenset({"GET", "HEAD"})


def applied(plan: Plan, stage: int) -> list[str]:
    """Return what `kubectl` would print for a stage: "Service/voting-app created" (R0.1)."""
    state = plan.before(stage).state
    first = brought_by_file(plan.scenario, plan.manifests)
    operations: list[str] = []
    for step in plan.scenario.stage(stage).steps:
        if isinstance(step, Apply):
            for manifest in plan.manifests.files.get(step.file, ()):
                operations.append(f"{manifest.ref} {_verb(manifest, state, first)}")
                state = state.apply(manifest)
        else:
            for ref in step.objects:
                if ref.kind == "Namespace" or state.has(ref.kind, ref.name):
                    operations.append(f"{ref} {Verb.DELETED}")
                state = state.delete(ref)
    return operations


def _verb(manifest: Manifest, state: State, first: Manifest | None) -> Verb:
    before = state.objects.get(state.key_of(manifest))
    if before is not None:
        return Verb.UNCHANGED if before.manifest.body == manifest.body else Verb.CONFIGURED
    if not is_own(manifest, state.namespace) or manifest is first:
        return Verb.CREATED
    # The suite made it, with the labels of scenario.yaml: what else the file says is a change.
    plain = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": state.namespace}}
    bare = with_labels(plain, state.namespace_labels)
    return Verb.UNCHANGED if with_labels(manifest.body, state.namespace_labels) == bare else Verb.CONFIGURED


def findings(plan: Plan, stage: int) -> list[Finding]:
    """Return what the API server would refuse of a stage's files: by schema, or as changes.

    Raises NotSpoken where nothing is found, and the schema of a kind is not at hand.
    """
    files = plan.scenario.stage(stage).files()
    manifests = [manifest for file in files for manifest in plan.manifests.files.get(file, ())]
    found = [finding for manifest in manifests for finding in schema_findings(manifest)]
    found += refused_changes(plan, stage)
    unknown = [one for one in manifests if kind_schema(one.api_version, one.body["kind"]) is None]
    if unknown and not found:
        one = unknown[0]
        kind = f"{one.api_version} {one.body['kind']}"
        raise NotSpoken(f"{one.place}: the definition of {kind} is unknown without a cluster", one.place)
    return found


def sidecars(model: Model) -> dict[str, bool]:
    """Return whether the pods of each workload get Istio's proxy."""
    return {str(workload): workload.sidecar for workload in model.pods() if workload.ready}


def pods_of(answer: Answer) -> Counter[str]:
    """Return how many pods of each workload serve requests.

    Raises NotSpoken where it is uncertain which pods get any.
    """
    found: Counter[str] = Counter()
    for outcome in answer.outcomes:
        if outcome.hashed and not outcome.one_pod:
            raise NotSpoken(f"the model does not predict which pods serve: {outcome.hashed}")
        pods = [workload for workload, _ in outcome.by_pod()]
        found.update(pods[:1] if outcome.hashed else pods)
    return found


def has_ready_pods(model: Model, workload: str) -> bool:
    """Return whether a workload ("voting-app 2.0") has a ready pod."""
    return any(str(one) == workload and one.ready for one in model.pods())


def behind(model: Model, destination: tuple[str, int]) -> list[str]:
    """Return the ready pods behind a Service's port, each by its workload's name."""
    service, port = destination
    return sorted(endpoint.workload for endpoint in model.endpoints(service).get(port, ()))


def ports_of(model: Model, service: str) -> list[int]:
    """Return the ports of a Service at which a ready pod answers."""
    return sorted(port for port, endpoints in model.endpoints(service).items() if endpoints)


def keys_of(model: Model, secret: str) -> list[str]:
    """Return the keys of a Secret; none for one that isn't there."""
    return [
        key
        for body in _objects(model.state, "Secret")
        if _name(body) == secret
        for key in sorted({*body["data"].entries(), *body["stringData"].entries()})
    ]


def without_keys(model: Model, secret: str, keys: Iterable[str]) -> Iterator[Finding]:
    """Yield each of these keys that a Secret does not have, at the Secret's line."""
    found = keys_of(model, secret)
    for body in _objects(model.state, "Secret"):
        if _name(body) == secret:
            yield from (
                Finding(body.place, f"Secret/{secret} has no key {key}") for key in keys if key not in found
            )


def sources_of_nobody(model: Model) -> list[Finding]:
    """Return each rule for sources that no pod is: it dangles as a route to nowhere does (R5.2)."""
    found = []
    for body in _objects(model.state, "VirtualService"):
        for rule in (*body.at("spec", "http").items(), *body.at("spec", "tcp").items()):
            for source in (match["sourceLabels"] for match in rule["match"].items()):
                wanted = source.labels().items()
                if wanted and not any(wanted <= workload.labels.items() for workload in model.pods()):
                    sentence = f"VirtualService/{_name(body)}: no pod has these sourceLabels"
                    found.append(Finding(source.place, sentence))
    return found


def copied_requests(model: Model) -> list[Finding]:
    """Return each route that sends a copy of a vote elsewhere, where it is counted once more (R1.7, R4.7).

    Source: Istio, "Virtual Service" (mirror, mirrors): by default every request is copied.
    """
    found = []
    for body in _objects(model.state, "VirtualService"):
        for rule in body.at("spec", "http").items():
            methods = [match.at("method", "exact").text() for match in rule["match"].items()]
            if methods and all(method in _READING for method in methods):
                continue
            mirrors = [(rule["mirror"], rule.at("mirrorPercentage", "value"))]
            mirrors += [
                (one["destination"], one.at("percentage", "value")) for one in rule["mirrors"].items()
            ]
            found += [
                Finding(to.place, f"VirtualService/{_name(body)}: requests are copied to {to['host'].text()}")
                for to, share in mirrors
                if to and share.value != 0
            ]
    return found


def left(model: Model) -> list[str]:
    """Return the objects that are there, and why the namespace did not take one along."""
    return [
        str(key) if key.namespace else f"{key} belongs to the cluster: the last stage has to delete it"
        for key in model.state.objects
    ]


def held_objects(model: Model) -> list[Finding]:
    """Return why objects that were deleted are still there."""
    found = (held_back(one.manifest) for one in model.state.objects.values())
    return [finding for finding in found if finding is not None]


def old_references(model: Model, versions: Sequence[str], *, before: Model | None = None) -> list[Finding]:
    """Return each subset of these versions, and each rule for sources of one (R5.2).

    A subset is of a version by its label, or where before, as far as that is known, it selected pods of these
    versions alone.
    """
    found = [
        Finding(
            subset.place, f"DestinationRule/{name}: subset {subset['name'].text()} selects version {selected}"
        )
        for name, subset, selected in _subsets(model)
        if selected in versions
    ]
    found += _old_subsets(model, before, versions) if before else []
    for body in _objects(model.state, "VirtualService"):
        for rule in (*body.at("spec", "http").items(), *body.at("spec", "tcp").items()):
            for match in rule["match"].items():
                version = match["sourceLabels"]["version"]
                if version.text() in versions:
                    sentence = f"VirtualService/{_name(body)}: a rule for sources of version {version.text()}"
                    found.append(Finding(version.place, sentence))
    return found


def empty_subsets(model: Model) -> list[Finding]:
    """Return each subset that selects no pod of its Service (R5.2), as `istioctl analyze` does (IST0173)."""
    known = services(model.state)
    return [
        Finding(subset.place, f"{rule}: subset {subset.name} selects no pods")
        for rule in destination_rules(model.state)
        if (service := known.get(rule.host))
        for subset in rule.subsets.values()
        if not any(
            service.selects(one) and subset.labels.items() <= one.labels.items() for one in model.pods()
        )
    ]


def _old_subsets(model: Model, before: Model, versions: Sequence[str]) -> Iterator[Finding]:
    known = services(before.state)
    for rule in destination_rules(model.state):
        service = known.get(rule.host)
        for subset in rule.subsets.values() if service else ():
            selected = {
                one.version
                for one in before.pods()
                if service and service.selects(one) and subset.labels.items() <= one.labels.items()
            }
            if selected and selected <= set(versions) and subset.labels.get("version") not in versions:
                labels = ", ".join(f"{name}={value}" for name, value in subset.labels.items())
                of = " and ".join(sorted(selected))
                sentence = f"{rule}: subset {subset.name} ({labels}) selected pods of {of} only"
                yield Finding(subset.place, sentence)


def subsets_of(model: Model, version: str) -> list[str]:
    """Return the names of the DestinationRules that have a subset for a version."""
    return sorted({name for name, _, selected in _subsets(model) if selected == version})


def _subsets(model: Model) -> Iterator[tuple[str, Part, str]]:
    """Yield each DestinationRule's name with a subset and the version that it selects."""
    for body in _objects(model.state, "DestinationRule"):
        for subset in body.at("spec", "subsets").items():
            yield _name(body), subset, subset["labels"]["version"].text()


def _objects(state: State, *kinds: str) -> Iterator[Part]:
    for kind in kinds:
        for one in state.of(kind):
            yield Part.whole(one.manifest)


def _name(body: Part) -> str:
    return body["metadata"]["name"].text()


def without_injection(model: Model) -> list[Finding]:
    """Return why the namespace's pods get no sidecars by its labels (R1.1); nothing where they do."""
    state = model.state
    label, why = why_not_injecting(state.mesh, state.namespace_labels)
    return [Finding(state.label_place(label), why)] if why else []
