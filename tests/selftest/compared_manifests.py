"""Our own manifests compared with a change of them."""

from canary_conformance.differences.comparison import compared
from canary_conformance.differences.values import AnswerChange, Difference
from canary_conformance.paths import MANIFESTS
from canary_conformance.voting.static.static_runner import ReadFolder, read_folder

Overlay = dict[str, bytes]


def side(overlay: Overlay | None = None) -> ReadFolder:
    return read_folder(MANIFESTS, overlay or {})


def difference(after: Overlay, before: Overlay | None = None) -> Difference:
    """Return what changes from our manifests, or a change of them, to another change of them."""
    return compared(side(before), side(after), ("BASE", "HEAD"))


def broken(found: Difference) -> set[str]:
    return {one.id for one in found.breaks}


def moved(found: Difference) -> list[tuple[str, str, str]]:
    """Return the requests that another version answers: (request, before, after)."""
    return [(str(one.request), one.before, one.after) for one in found.requests if not one.same_version]


def lines(one: AnswerChange) -> tuple[list[str], list[str]]:
    return [str(place) for place in one.lines.before], [str(place) for place in one.lines.after]


def nothing_changes(found: Difference) -> bool:
    changes = (found.requirements, found.requests, found.calls, found.pages, found.legs, found.pods)
    return not any(changes) and not found.not_understood and bool(found.decided)
