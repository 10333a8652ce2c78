"""What the scenario requires of its stages beyond their steps, and why pods of a stage fail."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from canary_conformance.cluster.pod_access import PodName
from canary_conformance.cluster.pod_readiness import Diagnosis
from canary_conformance.cluster.rollouts import KINDS
from canary_conformance.errors import NotSpoken
from canary_conformance.scenario.observations import Page, Sample
from canary_conformance.scenario.requirement import Trait
from canary_conformance.scenario.stages import Delete, ObjectRef
from canary_conformance.stages.namespace_under_test import NamespaceUnderTest, StageRules
from canary_conformance.stages.running_workloads import Workload
from canary_conformance.stages.stage_propagation import settle
from canary_conformance.traffic.voter import Voter
from canary_conformance.verdicts import ANY_LEAK, to_find_leak_in_each
from canary_conformance.voting.contract import CANARY, FINALIZE, LOCK, NEW, STORAGE
from canary_conformance.voting.page_results import DEFAULT_VOTES, cast_different_votes
from canary_conformance.voting.requirements import BROKEN, ids_with
from canary_conformance.voting.unready_causes import Stuck
from canary_conformance.voting.voting_app import VOTING_APP

if TYPE_CHECKING:  # the namespace asks by this module
    from canary_conformance.model.model import Model
    from canary_conformance.stages.namespace_under_test import NamespaceUnderTest


ORDINARY, FLAGGED = "ordinary voter", "flagged voter"
EVERYONE = "everyone's pages"
"""The sample of R5.1: voters without the flag open their half while the old Deployments go.

Those with the flag open the other half when no old pod is left to answer.
"""
HALVES = 2  # without the flag, and with it
# Callers start in pods while other tests still open pages.
_RULES: Mapping[int, StageRules] = {
    LOCK: StageRules(calls_from_pods=True, refuses_plaintext=True, controls_plaintext=True),
    CANARY: StageRules(calls_from_pods=True, refuses_plaintext=True),
    FINALIZE: StageRules(refuses_plaintext=True),
}


class VotingRules:
    """The rules of the voting app's six stages."""

    broken = BROKEN
    # A choice of its own for each: the counts then show whose votes were lost.
    choices: Mapping[str, Sequence[str]] = {ORDINARY: DEFAULT_VOTES[:1], FLAGGED: DEFAULT_VOTES[1:]}

    def of_stage(self, number: int) -> StageRules:
        """Return the rules of a stage; those of most are empty."""
        return _RULES.get(number, StageRules())

    def callers(self, pods: Iterable[Workload]) -> Sequence[PodName]:
        """Return one pod of each component and version but for the stores, which call nobody."""
        callers = [workload for workload in pods if workload.app != STORAGE]
        first = {(workload.app, workload.version): workload.pod for workload in reversed(callers)}
        return list(first.values())

    def voters(self, voter: Voter) -> Mapping[str, Voter]:
        """Return a voter without the flag and one with it."""
        return {ORDINARY: voter, FLAGGED: voter.with_flag()}

    def pages_before(self, namespace: NamespaceUnderTest, number: int) -> Sample[Page]:
        """Cast different votes in both stores before the last old pods go, and return 2.0's pages (R5.4)."""
        if number != FINALIZE:
            return Sample((), "no pages")
        cast_different_votes(namespace.voter)
        return namespace.voter.with_flag().open_page(times=20)

    def sample_beside(self, namespace: NamespaceUnderTest, step: Delete, number: int) -> None:
        """Begin everyone's pages where a step deletes the last old pods, and nothing else: see EVERYONE.

        The routes of everyone have propagated by then.
        """
        last = number == FINALIZE and step is namespace.scenario.stage(number).steps[-1]
        judged = namespace.judged & ids_with(Trait.JUDGED_IN_TRANSITION)
        if last and judged and {ref.kind for ref in step.objects} <= set(KINDS):
            namespace.taken.begin(
                f"{number} {EVERYONE}", lambda: open_everyones_pages(namespace.voter.aside())
            )

    def diagnosis(self, namespace: NamespaceUnderTest, refs: Sequence[ObjectRef], number: int) -> Diagnosis:
        """Return the diagnosis by the pods, with the manifests beside them."""
        return diagnosis_of(namespace, refs, number)


def open_everyones_pages(voter: Voter) -> Sample[Page]:
    """Open the half of the sample that is this voter's."""
    return voter.open_page(to_find_leak_in_each(HALVES, ANY_LEAK))


VOTING_RULES = VotingRules()


def diagnosis_of(namespace: NamespaceUnderTest, refs: Sequence[ObjectRef], stage: int) -> Stuck:
    """Return the diagnosis of these objects' pods, with what the model says of them at a stage."""
    found: list[Model] = []

    def model() -> Model:
        if not found:
            # A stage that gets ready needs no model.
            from canary_conformance.model.stage_plan import plan_of  # noqa: PLC0415

            profile = namespace.setting.profile
            plan = plan_of(namespace.scenario, namespace.manifests, VOTING_APP, profile)
            found.append(plan.after(stage))
        return found[0]

    def refused(one: Workload) -> list[str]:
        from canary_conformance.voting.static.app_settings import other_account  # noqa: PLC0415

        try:
            return [str(finding) for finding in other_account(model(), one.app, one.version)]
        except NotSpoken:
            return []

    def blocked(one: Workload) -> list[str]:
        from canary_conformance.voting.static.app_settings import without_root  # noqa: PLC0415

        try:
            pods = [pods for pods in model().pods() if one.owner and pods.deployment == one.owner.name]
            found = [finding for workload in pods for finding in workload.blocked]
            found += without_root(model()) if str(one) == NEW.store else []
            return [str(finding) for finding in found]
        except NotSpoken:
            return []

    return Stuck(
        namespace.api,
        namespace.name,
        refs,
        namespace.callers,
        partial(settle, namespace),
        refused,
        blocked=blocked,
    )
