"""How many pods a HorizontalPodAutoscaler makes of the replicas that a Deployment or StatefulSet asks for.

Source: Kubernetes, "Horizontal Pod Autoscaling": a number below the minimum is raised to it and one above the
maximum lowered, whatever the metrics are and even where there are none; zero replicas turn autoscaling off.
Within the two the metrics decide, and where a cluster has them, idle pods are taken away down to the minimum.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from canary_conformance.model.objects.object_parts import Part
from canary_conformance.model.objects.state import InForce, Key, State
from canary_conformance.scenario.places import Finding, Place

KIND = "HorizontalPodAutoscaler"


@dataclass(frozen=True, slots=True)
class Autoscaler:
    """What one autoscaler asks of its target ("Deployment", "voting-app-1-0"), and where it says so."""

    target: tuple[str, str]
    least: int
    most: int
    place: Place

    def scaled(self, replicas: int) -> int:
        """Return the pods that there are without any load, where a cluster has no metrics."""
        return max(self.least, min(replicas, self.most)) if replicas else 0

    def may_take_away(self, replicas: int) -> bool:
        """Return whether idle pods are taken away where a cluster has metrics."""
        return self.least < self.scaled(replicas)


def scaled(replicas: int, key: Key, state: State) -> int:
    """Return how many pods there are of a maker that asks for so many replicas."""
    for one in map(autoscaler, state.of(KIND)):
        if one.target == (key.kind, key.name):
            replicas = one.scaled(replicas)
    return replicas


def changed_numbers(state: State) -> Iterator[Finding]:
    """Yield each autoscaler that makes another number of pods than its target asks for."""
    for scaler in map(autoscaler, state.of(KIND)):
        kind, name = scaler.target
        for one in state.of(kind):
            asked = Part.whole(one.manifest).at("spec", "replicas").number(1) or 0
            if one.key.name == name and scaler.scaled(asked) != asked:
                sentence = f"{KIND}: {scaler.scaled(asked)} pods of {one.key}, which asks for {asked}"
                yield Finding(scaler.place, sentence)


def autoscaler(one: InForce) -> Autoscaler:
    """Return what an autoscaler asks for."""
    spec = Part.whole(one.manifest)["spec"]
    target = spec["scaleTargetRef"]
    least = spec["minReplicas"].number(1)
    most = spec["maxReplicas"].number(0) or 0
    # One without a maximum is refused by the API server (R0.1), and scales nothing.
    return Autoscaler(
        target=(target["kind"].text(), target["name"].text()) if most else ("", ""),
        least=1 if least is None else least,
        most=most,
        place=(spec["minReplicas"] or spec).place,
    )
