"""What finds out why pods of a stage don't get ready: by the pods, with the manifests beside them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from canary_conformance.errors import NotSpoken
from canary_conformance.scenario.stages import ObjectRef
from canary_conformance.stages.running_workloads import Workload
from canary_conformance.stages.stage_propagation import settle
from canary_conformance.voting.contract import NEW
from canary_conformance.voting.unready_causes import Stuck
from canary_conformance.voting.voting_app import VOTING_APP

if TYPE_CHECKING:  # the namespace asks by this module
    from canary_conformance.model.model import Model
    from canary_conformance.stages.namespace_under_test import NamespaceUnderTest


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
