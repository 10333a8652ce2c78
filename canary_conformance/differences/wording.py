"""Words that all views of a difference share: stages, lines, requests, and the conclusion."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from canary_conformance.differences.values import (
    AnswerChange,
    Change,
    Difference,
    FieldChange,
    Lines,
    ObjectChange,
    PageChange,
    PodChange,
    RequirementChange,
    Standing,
)
from canary_conformance.scenario.places import Place

ARROW = " -> "
_MOST_PLACES = 2


def stages_text(stages: Sequence[int]) -> str:
    """Return the numbers of stages: "stage 4", "stages 3-5", "stages 1, 3-5"."""
    runs: list[list[int]] = []
    for number in sorted(stages):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    texts = [f"{first}" if first == last else f"{first}-{last}" for first, last in runs]
    return f"{'stage' if len(stages) == 1 else 'stages'} {', '.join(texts)}"


def lines_text(lines: Lines) -> str:
    """Return the lines of both sides; what is on one side only says on which."""
    before, after = _places(lines.before), _places(lines.after)
    if before == after:
        return before
    if before and after:
        return f"{before} (BASE), {after} (HEAD)"
    return f"{before} (BASE)" if before else f"{after} (HEAD)"


def _places(places: Sequence[Place]) -> str:
    """Return places with their file named once, two at most."""
    shown: list[str] = []
    file = ""
    for place in places[:_MOST_PLACES]:
        shown.append(f"line {place.line}" if place.file == file else str(place))
        file = place.file
    left = len(places) - _MOST_PLACES
    return ", ".join(shown) + (f" and {plural(left, 'more line')}" if left > 0 else "")


def request_text(one: AnswerChange) -> str:
    """Return a request at the ingress ("GET / with cookie: a=1"), with its port if not that of voters."""
    port = "" if one.destinations == ("port 80",) else f" at {one.destinations[0]}"
    alike = f" (and {plural(one.alike, 'more kind')})" if one.alike else ""
    return f"{one.request}{port}{alike}"


def call_text(one: AnswerChange, most: int = 3) -> str:
    """Return who calls whom: "voting-app 1.0, voting-app 2.0 -> voting-storage:6379"."""
    request = f" ({one.request})" if one.request else ""
    return f"{few(one.clients, most)}{ARROW}{few(one.destinations, most)}{request}"


def calls_together(found: Iterable[AnswerChange]) -> list[AnswerChange]:
    """Return calls of the same clients that change by the same lines as one."""
    groups: dict[object, list[AnswerChange]] = {}
    for one in found:
        groups.setdefault(
            (one.clients, one.before, one.lines, one.same_version, str(one.request)), []
        ).append(one)
    return [_joined(group) for group in groups.values()]


def _joined(group: Sequence[AnswerChange]) -> AnswerChange:
    first = group[0]
    afters = tuple(dict.fromkeys(one.after for one in group))
    return replace(
        first,
        stages=tuple(sorted({stage for one in group for stage in one.stages})),
        destinations=tuple(dict.fromkeys(to for one in group for to in one.destinations)),
        after=few(afters, 2, "; "),
    )


def few(texts: Sequence[str], most: int, joint: str = ", ") -> str:
    """Return some texts, so many at most."""
    rest = len(texts) - most
    return joint.join(texts[:most]) + (f" and {rest} more" if rest > 0 else "")


def requirement_text(one: RequirementChange) -> str:
    """Return what became of a requirement: "R4.5 stage 4: holds -> FAILED"."""
    stage = f" stage {one.stage}" if one.stage else ""
    if one.before is one.after is Standing.FAILED:
        return f"{one.id}{stage}: still FAILED, for another reason"
    return f"{one.id}{stage}: {one.before}{ARROW}{one.after}"


def pod_text(one: PodChange) -> str:
    """Return how many pods are ready: "voting-app 1.0: 3 -> 2 ready pods"."""
    reason = f" ({one.reason})" if one.reason else ""
    return f"{one.workload}: {one.before}{ARROW}{plural(one.after, 'ready pod')}{reason}"


def object_text(one: ObjectChange) -> str:
    """Return what became of an object: "VirtualService/voting-app changed: spec.hosts[1]"."""
    if one.change is Change.RENAMED:
        return f"{one.name} is now {one.renamed_to}"
    return f"{one.name} {one.change}"


def field_text(one: FieldChange) -> str:
    """Return what became of a field: "spec.mtls.mode: STRICT -> PERMISSIVE"."""
    before = "(absent)" if one.before is None else one.before
    after = "(absent)" if one.after is None else one.after
    return f"{one.path}: {before}{ARROW}{after}"


def by_cause(found: Iterable[RequirementChange]) -> list[list[RequirementChange]]:
    """Return requirements in groups of one cause, the line that is responsible above all."""
    groups: dict[object, list[RequirementChange]] = {}
    for one in found:
        cause = one.causes[0].place if one.causes else one.seen
        groups.setdefault(cause, []).append(one)
    return list(groups.values())


def conclusion(one: Difference) -> str:
    """Return what changes for voters, in a sentence or two, with what it was decided over."""
    moved = sum(1 + change.alike for change in one.requests if not change.same_version)
    if not one.undecided:
        scope = "" if one.identical else " at the end of any stage"
        inside = "" if one.identical else _inside(one)
        settings = " who answers it" if one.requests else " its answer"
        rest = f"No {'other ' if moved else ''}request at the ingress changes{settings}{scope}{inside}"
        end = f"{rest}: {one.decided}." if one.identical else f"{rest}; decided over {one.decided}."
    else:
        end = (
            f"Whether {'other requests change their answers' if moved else 'any request changes its answer'} "
        )
        end += "is not decided: see what is not judged."
    if not moved:
        return end
    verb = "changes" if moved == 1 else "change"
    return f"{plural(moved, 'kind')} of request at the ingress {verb} who answers. {end}"


def _inside(one: Difference) -> str:
    """Return what changes although requests at the ingress are answered as before."""
    found = [
        *([f"calls in the mesh that change: {len(one.calls)}"] if one.calls else []),
        *([f"failures that change while a stage is applied: {len(one.pages)}"] if one.pages else []),
    ]
    return f" ({'; '.join(found)})" if found else ""


def others_text(first: RequirementChange, others: Sequence[RequirementChange]) -> str:
    """Return the requirements that change for the reason of another one, by their ids where they do alike."""
    alike = all((one.before, one.after) == (first.before, first.after) for one in others)
    return few([one.id if alike else requirement_text(one) for one in others], 12)


def untold_pages(one: Difference) -> list[PageChange]:
    """Return the pages whose line no requirement that breaks names as its cause.

    A failure that begins or ends at another moment, or for another reason, is not over.
    """
    told = {cause.place for change in one.breaks for cause in change.causes}
    fail = {(page.stage, page.what) for page in one.pages if page.fails}
    return [
        page
        for page in one.pages
        if page.place not in told and (page.fails or (page.stage, page.what) not in fail)
    ]


def plural(number: int, noun: str) -> str:
    """Return a number with its noun: "1 request", "2 requests"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
