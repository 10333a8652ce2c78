"""The combinations of a matrix: each one of the versions asked for, and whether it is available."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from canary_conformance.errors import BadInput
from canary_conformance.images.image_options import AskedVersions
from canary_conformance.images.versions import Available, Versions

# The versions of one thing that were asked for; None: the image source's own.
Wanted = Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Combination:
    """One combination as it was asked for, and what that is; None, and why, where it is not available."""

    asked: AskedVersions
    versions: Versions | None
    why_not: str = ""

    @property
    def exactly(self) -> AskedVersions:
        """The combination as it is to be asked for, whatever the environment says."""
        assert self.versions is not None
        mesh = self.versions.mesh
        return AskedVersions(mesh.istio, mesh.envoy, self.versions.kubernetes)

    def __str__(self) -> str:
        if self.versions is None:
            return " ".join(self.asked.arguments())
        return f"{self.versions.mesh}, Kubernetes {self.versions.kubernetes}"


def all_combinations(offer: Available, istio: Wanted, envoy: Wanted, kubernetes: Wanted) -> list[Combination]:
    """Return every combination once, those of one Kubernetes and Istio one after the other."""
    every = product(dict.fromkeys(kubernetes), dict.fromkeys(istio), dict.fromkeys(envoy))
    return [
        _combination(offer, AskedVersions(one_istio, one_envoy, one)) for one, one_istio, one_envoy in every
    ]


def shard_of(combinations: Sequence[Combination], number: int, shards: int) -> list[Combination]:
    """Return what the machine of this number (from 1 on) of so many has to run."""
    return list(combinations[number - 1 :: shards])


def short_names(combinations: Sequence[Combination]) -> list[str]:
    """Return a name for each combination: what distinguishes it from the others, or its number."""
    parts = [
        (combination.asked.istio, combination.asked.envoy, combination.asked.kubernetes)
        for combination in combinations
    ]
    titles = ("istio", "envoy", "k8s")
    differing = [index for index in range(len(titles)) if len({part[index] for part in parts}) > 1]
    return [
        " ".join(f"{titles[index]} {part[index] or 'own'}" for index in differing) or f"combination {number}"
        for number, part in enumerate(parts, 1)
    ]


def _combination(offer: Available, asked: AskedVersions) -> Combination:
    try:
        return Combination(asked, offer.choose(asked))
    except BadInput as bad:
        return Combination(asked, None, str(bad))
