"""A workload's pod as the source of requests."""

from __future__ import annotations

from canary_conformance.model.objects.questions import Source
from canary_conformance.model.pods.workloads import Workload


def source_of(workload: Workload) -> Source:
    """Return a pod of a workload as the source of requests."""
    return Source(
        str(workload),
        workload.labels,
        sidecar=workload.sidecar,
        namespace=workload.namespace,
        past=workload.past,
        account=workload.account,
        bypass=workload.bypass,
        no_dns=workload.no_dns,
    )
