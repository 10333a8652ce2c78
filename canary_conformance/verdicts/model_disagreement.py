"""The model and the mesh differ: a failure of its own, which fails no requirement."""

from __future__ import annotations

from collections.abc import Sequence

from canary_conformance.errors import ModelDiffers
from canary_conformance.scenario.places import Finding
from canary_conformance.verdicts.verdict_text import part, places_part

_WHAT_TO_DO = (
    "Read these lines of the manifests. If they mean what the model says, the mesh does not do it; if they "
    "do not, that is a defect of the suite's model: report it."
)


class Disagreement(ModelDiffers):
    """What differs, what the model expects, what the mesh did, and why the model expects it.

    `causes` are the lines of the manifests that the model's answer follows from, the deciding one first.
    """

    def __init__(
        self, about: str, expected: str, seen: str, reason: str = "", causes: Sequence[Finding] = ()
    ) -> None:
        """Make the report.

        Args:
            about: what differs ("2 of 6 connections").
            expected: what the model holds possible, a line each.
            seen: what the mesh did, a line each.
            reason: how the model comes to its answer.
            causes: the lines of the manifests that it follows from.
        """
        super().__init__(about)
        self.about = about
        self.expected = expected
        self.seen = seen
        self.reason = reason
        self.causes = tuple(causes)

    def __str__(self) -> str:
        return self.text()

    def text(self, near: str = "", failed: str = "") -> str:
        """Return the report.

        Args:
            near: where it was met ("stage 3, beside R3.5").
            failed: the requirement that FAILED for the same reason, whose report has the cause.
        """
        where = f" ({near})" if near else ""
        lines = [
            f"the model of the manifests and the mesh disagree on {self.about}{where}",
            part("model", self.expected),
            part("mesh", self.seen),
        ]
        if failed:
            return "\n".join([*lines, part("cause", f"{failed} FAILED for the same reason: see there")])
        lines += [part("because", self.reason)] if self.reason else []
        lines += places_part(list(dict.fromkeys(str(cause.place) for cause in self.causes)))
        return "\n".join([*lines, part("to do", _WHAT_TO_DO)])
