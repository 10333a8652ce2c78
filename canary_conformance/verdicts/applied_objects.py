"""The judge of what a stage did with its objects: what was created, configured and deleted is what is listed.

An object that is applied word for word as it is there already stays as it is: `kubectl apply` prints
"unchanged", nothing is created or configured, and nobody lists it (R0.1). It is reported, not judged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from canary_conformance.scenario.stages import Verb
from canary_conformance.verdicts.exact_judges import same
from canary_conformance.verdicts.verdict import Verdict

_UNCHANGED = f" {Verb.UNCHANGED}"


def is_unchanged(text: str) -> bool:
    """Return whether "Service/voting-app unchanged" or the like is about an object that stays as it is."""
    return text.endswith(_UNCHANGED)


def listed_objects(listed: Sequence[str]) -> Callable[[Sequence[str]], Verdict]:
    """Judge that objects ("Service/voting-app created") are those listed, unchanged ones left out."""

    def judge(seen: Sequence[str]) -> Verdict:
        unchanged = [text for text in seen if is_unchanged(text)]
        verdict = same(listed, "objects")([text for text in seen if not is_unchanged(text)])
        if not unchanged:
            return verdict
        remark = f"{', '.join(unchanged)} (applied again word for word)"
        return replace(verdict, remark=remark)

    return judge
