"""A verdict as the few lines that a person reads first, with its requirement and places."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from canary_conformance.scenario.requirement import Requirement
from canary_conformance.verdicts.statistics import POWER
from canary_conformance.verdicts.verdict import Verdict
from canary_conformance.verdicts.wording import percent

_WIDTH = 110
_LABEL = 10
_MOST_LINES = 12
_MOST_PLACES = 4


def render(
    verdict: Verdict, requirement: Requirement | None = None, places: Sequence[str] = (), model: str = ""
) -> str:
    """Return the verdict in lines that fit a screen, what is wrong first.

    No part has more than twelve lines, no line more than 110 characters; what is unknown is left out.

    Args:
        verdict: what was judged; its first cause follows the first line.
        requirement: what was to hold.
        places: where to look besides the causes ("istio/step-3...yaml:31").
        model: what the static tier finds out about the requirement.
    """
    causes = [str(cause) for cause in verdict.causes]
    parts = [_heading(verdict, requirement)]
    parts += [part("required", requirement.sentence)] if requirement and not verdict.held else []
    parts += [part("cause", "\n".join(_few(causes)))] if causes else []
    parts += [part("expected", verdict.expected)]
    said = ("\n".join(causes), verdict.evidence)
    parts += [part("seen", verdict.seen)] if verdict.held or verdict.seen not in said else []
    parts += [part("example", example) for example in verdict.examples]
    parts += [part("note", verdict.remark)] if verdict.remark else []
    parts += [part("model", model)] if model else []
    parts += places_part([*(str(cause.place) for cause in verdict.causes), *places])
    parts += [part("sample", bounds(verdict))] if verdict.false_alarm is not None else []
    return "\n".join(parts)


def bounds(verdict: Verdict) -> str:
    """Return how far the sample carries, in a line.

    Its size, the bound on a false alarm and the smallest leak found with 99.9 %, or "compared, not sampled"
    for a verdict that hangs on no sample.
    """
    if verdict.false_alarm is None or verdict.smallest_leak is None:
        return "compared, not sampled"
    luck = "no false alarm by chance"
    if verdict.false_alarm:
        luck = f"probability of a false alarm below {verdict.false_alarm:.1e}"
    found = f"a share of {percent(verdict.smallest_leak)} is found with a certainty of {percent(POWER)}"
    return f"{verdict.sample_size} observations; {luck}; {found}"


def title(requirement: Requirement) -> str:
    """Return a requirement's id and stage: "R1.5 stage 1"."""
    return f"{requirement.id} stage {requirement.stage}" if requirement.stage else requirement.id


def _heading(verdict: Verdict, requirement: Requirement | None) -> str:
    name = title(requirement) if requirement else "the verdict"
    ending = "holds" if verdict.held else "FAILED"
    text = f"{name} {ending}: {verdict.evidence}"
    return textwrap.fill(text, _WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def places_part(places: Sequence[str]) -> list[str]:
    """Return the lines that say where to look, none without places."""
    return [part("look at", "\n".join(_few(list(dict.fromkeys(places)))))] if places else []


def part(label: str, text: str) -> str:
    """Return a part of a red message, wrapped: its label, and what it says beside it."""
    lines = [
        part
        for line in text.splitlines() or [""]
        for part in textwrap.wrap(line, _WIDTH - _LABEL - 2, break_on_hyphens=False) or [""]
    ]
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], f"and {len(lines) - _MOST_LINES + 1} more lines"]
    first, *rest = lines
    return "\n".join([f"  {label:<{_LABEL}}{first}", *(f"  {'':<{_LABEL}}{line}" for line in rest)])


def _few(places: Sequence[str]) -> list[str]:
    rest = len(places) - _MOST_PLACES
    return list(places) if rest <= 0 else [*places[:_MOST_PLACES], f"and {rest} more"]
