"""What the namespaces of a run are called: of the only one on its cluster, of a worker, or beside others'."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

SUITE_NAMESPACE = "voting-conformance"


@dataclass(frozen=True, slots=True)
class RunNames:
    """The names of one process' namespaces.

    Attributes:
        prefix: What they begin with in a cluster that others use, too.
        worker: The name of the worker of pytest-xdist or of the shard, "" where the run is one process.
    """

    prefix: str = ""
    worker: str = ""

    @property
    def suffix(self) -> str:
        """What distinguishes labels of this process from those of all others."""
        return "-".join(filter(None, (self.prefix.strip("-"), self.worker)))

    @property
    def suite(self) -> str:
        """The suite's own namespace."""
        return self.of(SUITE_NAMESPACE)

    @property
    def ingress(self) -> str:
        """The namespace of an ingress gateway of its own."""
        return self.of(f"{SUITE_NAMESPACE}-ingress")

    def of(self, written: str) -> str:
        """Return the name of the namespace that is written like this."""
        return f"{self.prefix}{written}" + (f"-{self.worker}" if self.worker else "")


def fresh_prefix() -> str:
    """Return a prefix that no other run has."""
    return f"run-{secrets.token_hex(3)}-"
