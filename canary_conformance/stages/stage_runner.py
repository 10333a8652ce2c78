"""The runner: it advances the namespace under test, a stage at a time and never back."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from canary_conformance.stages.namespace_under_test import NamespaceUnderTest
from canary_conformance.stages.reuse import Changes
from canary_conformance.stages.transition import bring_up_to_date, enter_in_one_step, enter_under_traffic
from canary_conformance.stages.transition_facts import write_transition


@dataclass
class StageRunner:
    """Advances one namespace.

    Attributes:
        namespace: The namespace under test.
        watched: The stages whose transition is judged, and so made under continuous traffic; the others are
            made in one step.
        changes: What brings a namespace that the last run left up to the manifests, None for none.
    """

    namespace: NamespaceUnderTest
    watched: frozenset[int]
    changes: Changes | None = None

    def advance_to(self, number: int) -> None:
        """Enter each stage up to this one.

        Raises:
            StageFailed: A stage can't get ready.
            EnvironmentFailed: The environment failed.
        """
        namespace, reached, progress = self.namespace, self.namespace.reached, self.namespace.progress
        scenario = namespace.scenario
        numbers = [stage.number for stage in scenario.stages if reached.stage < stage.number <= number]
        ahead = [one for one in numbers if not scenario.why_not(one)]
        if self.changes is None and not ahead:
            return
        reached.settled = False
        namespace.taken.settle()
        if self.changes is not None:
            with progress.phase(f"reusing the namespace at stage {reached.stage}: {self.changes}"):
                changes, self.changes = self.changes, None
                bring_up_to_date(namespace, changes)
        for watched, stages in groupby(ahead, key=self.watched.__contains__):
            if watched:
                for one in stages:
                    progress.event("transition_begun", stages=[one], watched=True)
                    with progress.phase(f"stage {one} {scenario.stage(one).name}"):
                        try:
                            enter_under_traffic(namespace, one)
                        finally:
                            # Also of a stage that never got ready: what voters saw is what readers look at.
                            write_transition(namespace, one)
                    reached.stage = one
                    progress.event("stage_entered", stage=one)
            else:
                passed = list(stages)
                progress.event("transition_begun", stages=passed, watched=False)
                names = ", ".join(f"{one} {scenario.stage(one).name}" for one in passed)
                with progress.phase(f"in one step: stage {names}"):
                    enter_in_one_step(namespace, passed)
                progress.event("stage_entered", stage=passed[-1])
        reached.settled = True
