"""Sets of requirements that one object or field could touch, and the effect that names one of them."""

from __future__ import annotations

from dataclasses import dataclass

from canary_conformance.voting.requirements import REQUIREMENTS

EVERYTHING = frozenset(REQUIREMENTS)
ACCEPTED = frozenset({"R0.1"})
WAYS_IN = frozenset({"R1.4"})
NUMBERS = frozenset({"R1.2", "R1.6", "R2.1", "R2.2", "R4.2", "R5.3"})
PODS = frozenset({"R1.2", "R1.3", "R2.1", "R4.2", "R4.9", "R5.3"})
CLAIMS = frozenset({"R4.2", "R4.9", "R5.4"})
TRAFFIC = frozenset(
    {
        *(
            "R1.5",
            "R1.6",
            "R1.7",
            "R2.2",
            "R2.3",
            "R3.1",
            "R3.2",
            "R3.3",
            "R3.4",
            "R3.5",
            "R3.6",
            "R3.7",
            "R4.1",
        ),
        *("R4.3", "R4.4", "R4.5", "R4.6", "R4.7", "R4.8", "R4.9", "R4.10", "R5.1", "R5.3", "R5.4"),
    }
)
SHARES = frozenset({"R1.6", "R1.7", "R2.2", "R2.3"})
"""Those that hang on which of several pods answers."""
ENDS = frozenset({"R3.7", "R4.1", "R4.9", "R5.3", "R5.4"})
"""Those that hang on how pods end: in a restart, a replacement, or when old versions go."""
KEPT = frozenset({"R4.9", "R5.4"})
"""Those on votes that are kept, which by the manifests hang on claims; who serves them hangs on routes."""
LEFT = frozenset({"R6.1"})
"""Those that hang on what is left at the end."""
RUNS = PODS | TRAFFIC
"""Those that hang on pods that run."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What an object or a field could do that the model does not follow.

    Attributes:
        touches: the requirements that it could touch.
        why: why it is not followed.
        may_mend: whether it could make a requirement hold that fails without it.
    """

    touches: frozenset[str]
    why: str
    may_mend: bool = False


NOTHING = Effect(frozenset(), "")
