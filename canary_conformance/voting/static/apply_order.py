"""In which order a stage makes its objects, whatever files and steps they are in: routing, then pods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from canary_conformance.model.objects.state import POD_MAKERS
from canary_conformance.model.stage_plan import Moment, Plan
from canary_conformance.scenario.manifests import Manifest
from canary_conformance.scenario.places import Finding
from canary_conformance.scenario.stages import Apply, WaitFor

ROUTING = frozenset({"VirtualService", "DestinationRule"})


def pods_before_routing(plan: Plan, stage: int) -> list[Finding]:
    """Return each maker of new pods that a stage applies before its routing is complete (R4.1).

    Routing for hosts of which the scenario has no Service is not the
    roll-out's.
    """
    applied = list(applied_in_order(plan, stage))
    services = {key.name for key in plan.after(stage).state.objects if key.kind == "Service"}
    last = max((at for at, one in enumerate(applied) if _routes_to(one, services)), default=-1)
    before = plan.before(stage).state
    return [
        Finding(one.place, f"{one.ref} comes before {applied[last].ref} ({applied[last].place})")
        for one in applied[: max(last, 0)]
        if one.ref.kind in POD_MAKERS and before.key_of(one) not in before.objects
    ]


def unawaited_pods(plan: Plan, stage: int) -> list[Finding]:
    """Return each maker of pods that a stage applies without waiting for them."""
    why = f"(scenario.yaml, stage {stage}), so that the stage begins before its pods are ready"
    return [
        Finding(step.waits_at or one.place, f"{one.ref} is applied with wait_for: {step.wait_for} {why}")
        for step in plan.scenario.stage(stage).steps
        if isinstance(step, Apply) and step.wait_for is not WaitFor.PODS
        for one in plan.manifests.files.get(step.file, ())
        if one.ref.kind in POD_MAKERS
    ]


def still_rolling(plan: Plan, stage: int) -> list[Finding]:
    """Return each maker of pods that a stage changes without waiting for it: it ends on the old pods."""
    state = plan.after(stage).state
    return [
        Finding(state.objects[key].manifest.place, f"{key}: the stage ends before its new pods are ready")
        for key, before in state.rolling.items()
        if key in state.objects
        and (before is None or _pods(before.manifest) != _pods(state.objects[key].manifest))
    ]


def _pods(maker: Manifest) -> tuple[Any, Any]:
    spec = maker.body.get("spec")
    return (spec.get("replicas"), spec.get("template")) if isinstance(spec, Mapping) else (None, None)


def once_routed(plan: Plan, stage: int) -> tuple[Moment, ...]:
    """Return the moments of a stage from the one on that its last routing object makes."""
    moments = plan.during(stage)
    routed = [
        at for at, moment in enumerate(moments) if moment.applied and moment.applied.ref.kind in ROUTING
    ]
    return moments[routed[-1] :] if routed else ()


def until_gateway(plan: Plan, stage: int) -> tuple[Moment, ...]:
    """Return the moments of a stage before there is any Gateway."""
    moments = plan.during(stage)
    return tuple(one for one in moments if not any(True for _ in one.model.state.of("Gateway")))


def applied_in_order(plan: Plan, stage: int) -> Iterator[Manifest]:
    """Yield the objects that a stage applies."""
    for step in plan.scenario.stage(stage).steps:
        if isinstance(step, Apply):
            yield from plan.manifests.files.get(step.file, ())


def _routes_to(manifest: Manifest, services: set[str]) -> bool:
    """Return whether an object routes to one of these Services, or by subsets of it."""
    return manifest.ref.kind in ROUTING and bool(
        services & {host.partition(".")[0] for host in _hosts(manifest.body)}
    )


def _hosts(part: Any) -> Iterator[str]:
    """Yield every host that an object names, wherever it stands."""
    if isinstance(part, Mapping):
        host = part.get("host")
        if isinstance(host, str):
            yield host
        for below in part.values():
            yield from _hosts(below)
    elif isinstance(part, list):
        for below in part:
            yield from _hosts(below)
