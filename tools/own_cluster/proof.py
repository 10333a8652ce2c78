"""What runs on a cluster of others prove: their ends, the audit log, the cluster before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from canary_conformance.cluster.access_rights import Area
from canary_conformance.exit_codes import ExitStatus
from tools.named_runs import NamedRun
from tools.own_cluster.audit_log import Request, namespaces_made, trespasses
from tools.own_cluster.mesh_layouts import Layout
from tools.own_cluster.rights_use import Use, use_of


@dataclass(frozen=True)
class Proof:
    """What came of a cluster.

    Attributes:
        cluster: Its name.
        layout: Its mesh's.
        runs: The runs, in their order.
        requests: What their account requested of the API server.
        differences: What is other in the cluster than it was before.
        allowed: Attempts in the account's name that should have been refused.
        whole: Whether the runs are all that are needed to use every right.
    """

    cluster: str
    layout: Layout
    runs: Sequence[NamedRun]
    requests: Sequence[Request]
    differences: Sequence[str]
    allowed: Sequence[str] = ()
    whole: bool = True

    @cached_property
    def use(self) -> Use:
        """The rights beside the requests."""
        areas = {
            Area.OURS: namespaces_made(self.requests),
            Area.MESH: (self.layout.root,),
            Area.GATEWAY: (self.layout.gateway_namespace,),
        }
        return use_of(self.requests, areas)

    @cached_property
    def wrong(self) -> list[str]:
        """What is wrong with the requests, the rights and the cluster, a line each."""
        mesh = (self.layout.root, self.layout.gateway_namespace)
        found = [str(one) for one in trespasses(self.requests, mesh)]
        found += [f"a right that no rule of the roles has: {one}" for one in self.use.unlisted]
        found += [f"a rule of the roles that no run needs: {one}" for one in self.use.unused if self.whole]
        found += [f"the cluster is not as it was: {one}" for one in self.differences]
        found += [f"the account may do what it must not: {one}" for one in self.allowed]
        counted = Counter(found)
        return [line if many == 1 else f"{line} ({many} times)" for line, many in counted.items()]

    @property
    def statuses(self) -> list[int]:
        """The exit codes of the runs that ended wrong, and that of a failure where anything else is."""
        return [*(one.status for one in self.runs), ExitStatus.FAILED if self.wrong else ExitStatus.HOLDS]

    def __str__(self) -> str:
        writes = [one for one in self.requests if one.writes and one.code < 300]
        return "\n".join(
            [
                f"{self.cluster}: Istio in {self.layout.root}, revision {self.layout.revision or 'default'}",
                *(f"  {one}" for one in self.runs),
                f"  {len(self.requests)} requests in the audit log, {len(writes)} of them writes, in "
                f"{len(namespaces_made(self.requests))} namespaces that the runs made",
                *(f"  WRONG {line}" for line in self.wrong),
                *([] if self.wrong else ["  nothing of others was written, no Secret of others was read"]),
            ]
        )
