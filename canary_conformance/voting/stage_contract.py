"""What the contract has at each stage: its pods, and the legs on which they call each other.

Judges compare what they saw with this, never with what the cluster lists: a pod that is missing in both would
be missed by nobody. Source: SCENARIO.md, R1.2, R2.1, R3.4, R4.2, R4.10, R5.3, R5.4.
"""

from __future__ import annotations

from collections.abc import Mapping

from canary_conformance.voting.contract import (
    ANALYTICS,
    APP,
    CANARY,
    DEPLOY,
    FINALIZE,
    FIRST_ANALYTICS,
    LOCK,
    NEW,
    OLD,
    UPDATE,
)
from canary_conformance.voting.voting_app import VOTING_APP

INGRESS = "ingress gateway"
REPLICAS = 3

_FIRST = {OLD.page: REPLICAS, f"{ANALYTICS} {FIRST_ANALYTICS}": 1, OLD.store: 1}
_OLD = {**_FIRST, OLD.counter: 1}
_NEW = {NEW.page: REPLICAS, NEW.counter: 1, NEW.store: 1}

PODS_AT: Mapping[int, Mapping[str, int]] = {
    DEPLOY: _FIRST,
    UPDATE: _OLD,
    LOCK: _OLD,
    CANARY: {**_OLD, **_NEW},
    FINALIZE: _NEW,
}
"""How many pods of each workload ("voting-app 1.0") a stage has."""

# The chains in use; analytics 1.0 is locked out and has no leg.
_CHAINS = {LOCK: (OLD,), CANARY: (OLD, NEW), FINALIZE: (NEW,)}


def legs_at(stage: int) -> tuple[str, ...]:
    """Return every leg that a stage has: "voting-app 1.0 -> voting-storage:6379"."""
    entry = VOTING_APP.entry
    return (
        f"{INGRESS} -> {entry.service}:{entry.port}",
        *(
            f"{component} {version} -> {callee.service}:{callee.port}"
            for chain in _CHAINS[stage]
            for component, version in ((APP, chain.app), (ANALYTICS, chain.analytics))
            for callee in VOTING_APP.callees(component, version)
        ),
    )
