"""Which pods are ready at the end of a stage on one side only, and how the table of mutual TLS differs."""

from __future__ import annotations

from collections.abc import Iterator

from canary_conformance.differences.responsible_lines import lines_of
from canary_conformance.differences.stage_ends import StageEnds, decided_lines
from canary_conformance.differences.values import LegChange, PodChange
from canary_conformance.model.model import Leg, Model
from canary_conformance.model.routing.answer_causes import not_ready
from canary_conformance.scenario.places import Place

_MODES = {"mTLS": "mutual TLS", "HTTP": "plaintext", "TLS": "one-way TLS", "-": "nothing"}


def pod_changes(ends: StageEnds) -> Iterator[PodChange]:
    """Yield each workload that has another number of ready pods."""
    counted = [model.counted_pods() for model in ends.models]
    for name in dict.fromkeys((*counted[0], *counted[1])):
        before, after = (one.get(name, 0) for one in counted)
        if before != after:
            yield PodChange(
                stages=(ends.stage,),
                workload=name,
                before=before,
                after=after,
                lines=ends.lines(
                    lambda model, name=name: model.counted_pods().get(name, 0),  # type: ignore[misc]
                    lines_of(*([_place(model, name)] for model in ends.models)),
                ),
                reason=_why(ends.after if after < before else ends.before, name),
            )


def _place(model: Model, name: str) -> Place | None:
    return next((one.place for one in model.pods() if str(one) == name), None)


def _why(model: Model, name: str) -> str:
    """Return what keeps pods from being ready, "" where nothing does."""
    found = (finding.sentence for one in model.pods() if str(one) == name for finding in not_ready(one))
    return next(found, "")


def leg_changes(ends: StageEnds) -> Iterator[LegChange]:
    """Yield the legs of which one end sends or accepts something else; those alike are one change."""
    rows = [{_name(leg): leg for leg in model.legs()} for model in ends.models]
    groups: dict[tuple[str, str], list[str]] = {}
    for name, leg in rows[0].items():
        other = rows[1].get(name)
        if other and _ends(leg) != _ends(other):
            groups.setdefault(_words(leg, other), []).append(name)
    for (before, after), names in groups.items():
        first = names[0]
        answers = rows[0][first].answer, rows[1][first].answer
        yield LegChange(
            stages=(ends.stage,),
            legs=tuple(names),
            before=before,
            after=after,
            lines=ends.lines(lambda model, first=first: _row(model, first), decided_lines(answers)),  # type: ignore[misc]
        )


def _name(leg: Leg) -> str:
    return f"{leg.source.name} -> {leg.host.partition('.')[0]}:{leg.port}"


def _ends(leg: Leg) -> tuple[str, str, str]:
    return leg.status, leg.server, leg.client


def _row(model: Model, name: str) -> tuple[str, str, str] | None:
    return next((_ends(leg) for leg in model.legs() if _name(leg) == name), None)


def _words(before: Leg, after: Leg) -> tuple[str, str]:
    """Return both rows in words, without an end that stays as it is."""
    ends = [
        ("the client sends", before.client, after.client),
        ("the server accepts", before.server, after.server),
    ]
    shown = [end for end in ends if end[1] != end[2]] or ends
    return (
        ", ".join(f"{who} {_modes(old)}" for who, old, _ in shown) + _fit(before),
        ", ".join(f"{who} {_modes(new)}" for who, _, new in shown) + _fit(after),
    )


def _fit(leg: Leg) -> str:
    return {
        "CONFLICT": ", which the other end refuses",
        "UNKNOWN": ", where a pod or a route is missing",
    }.get(leg.status, "")


def _modes(cell: str) -> str:
    return " and ".join(_MODES.get(mode, mode) for mode in cell.split("/"))
