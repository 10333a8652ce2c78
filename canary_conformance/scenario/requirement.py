"""A requirement as a value, and what is true of requirements that the engine has to know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum, auto


class Trait(Enum):
    """What the engine has to know of a requirement, whatever its text is."""

    BREAKS_WHEN_REFUSED = auto()
    """The API server refuses an object of the stage."""
    BREAKS_WHEN_PODS_FAIL = auto()
    """The pods of the stage do not get ready."""
    BREAKS_WHEN_ROUTES_FAIL = auto()
    """Proxies reject the routes of the stage, so that its pages are not served."""
    BREAKS_WHEN_NOT_DELETED = auto()
    """What the stage deletes is not gone in time."""
    BREAKS_WHEN_VOTERS_STALL = auto()
    """Voters come to hardly any page once the stage has propagated."""
    HOLDS_BY_REFUSAL = auto()
    """It holds where calls fail, so that a disturbed cluster would fulfil it."""
    ON_A_CLUSTER_ONLY = auto()
    """The manifests alone can't show it: no test of the static tier judges it."""
    JUDGED_IN_TRANSITION = auto()
    """Its sample is taken while the last old pods go, and only where this run judges it."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """A requirement: its id, its stage (0: all of them), its sentence, and the lines that it depends on.

    `concerns` are written "Kind/name" or "Kind/name:path.to[0].field", the most likely culprit first.
    """

    id: str
    stage: int
    sentence: str
    concerns: tuple[str, ...]
    traits: frozenset[Trait] = frozenset()


class BrokenRequirements:
    """Which requirement of a scenario breaks by what goes wrong in a stage."""

    def __init__(self, requirements: Iterable[Requirement]) -> None:
        """requirements: those of the scenario, in the order of the stages."""
        self._ids: Mapping[tuple[Trait, int], str] = {
            (trait, one.stage): one.id for one in requirements for trait in one.traits
        }

    def by(self, trait: Trait, stage: int) -> str:
        """Return the id of the stage's requirement with a trait, "" where the stage has none."""
        return self._ids.get((trait, stage), "")

    def by_pods(self, stage: int) -> str:
        """Return the requirement that breaks when a stage's pods fail; by default that of objects."""
        return self.by(Trait.BREAKS_WHEN_PODS_FAIL, stage) or self.refused

    def by_deletion(self, stage: int) -> str:
        """Return the requirement that breaks when what a stage deletes stays; by default that of objects."""
        return self.by(Trait.BREAKS_WHEN_NOT_DELETED, stage) or self.refused

    def by_pods_until(self, stage: int) -> str:
        """Return the requirement on pods of the last stage up to this one that has any."""
        found = [self.by(Trait.BREAKS_WHEN_PODS_FAIL, one) for one in range(stage, 0, -1)]
        return next(filter(None, found), self.refused)

    @property
    def refused(self) -> str:
        """The requirement of all stages that the API server accepts every object."""
        return self.by(Trait.BREAKS_WHEN_REFUSED, 0)
