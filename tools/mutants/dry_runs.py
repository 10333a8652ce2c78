"""What a running API server says of changed objects: a strict server-side apply that changes nothing.

Source: Kubernetes, "Dry-run", "Field validation". Istio's webhook and every other admission plugin judge a
dry run, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from canary_conformance.cluster.api import Api
from canary_conformance.cluster.apply_answers import Refused
from canary_conformance.errors import EnvironmentFailed

# A dry run needs a namespace that is there; the scenario's own comes and goes.
NAMESPACE = "default"
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class DryRun:
    """The server's answer: why it refuses the object ("" where it accepts it), and its warnings.

    undecided: why the server could neither take nor refuse it.
    """

    refused: str = ""
    warnings: tuple[str, ...] = ()
    undecided: str = ""

    @property
    def accepted(self) -> bool:
        """Return whether the object was accepted without a warning, as R0.1 requires."""
        return not (self.refused or self.warnings or self.undecided)

    @property
    def words(self) -> str:
        """Return the answer in words."""
        return self.refused or self.undecided or "; ".join(self.warnings) or "accepted"


def dry_runs(api: Api, bodies: Sequence[Mapping[str, Any]]) -> Iterator[DryRun]:
    """Yield the server's answer on each object, in their order."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(partial(_dry_run, api), bodies)


def _dry_run(api: Api, body: Mapping[str, Any]) -> DryRun:
    try:
        applied = api.apply(body, NAMESPACE, dry_run=True)
    except Refused as refused:
        return DryRun(refused=refused.message)
    except EnvironmentFailed as failed:
        return DryRun(undecided=str(failed))
    return DryRun(warnings=applied.warnings)
