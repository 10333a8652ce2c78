"""How observations are worded: a quotation of one, the complaints about many, numbers that a person reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from canary_conformance.scenario.observations import Ballot, Page, Reply, ReplyKind, Sent, with_cookie

_MOST_GROUPS = 4
_MOST_ROWS = 8
_MOST_NAMED = 5
_LONGEST_TEXT = 80
# Seconds. A page takes some 10 ms on idle pods: one without a result after so long ran into a limit of the
# app or of a proxy.
_SLOWLY = 1.0
_CONNECTED = frozenset({ReplyKind.ANSWERED, ReplyKind.RESET, ReplyKind.CLOSED})


def shorten(text: str, longest: int = _LONGEST_TEXT) -> str:
    """Return the text on one line and at most `longest` characters long, its middle left out if need be.

    It is cut between words, so that no name is torn apart, unless that would leave hardly anything.
    """
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    head = (longest - 3) * 2 // 3
    first, last = line[:head], line[len(line) - (longest - 3 - head) :]
    words = line[: head + 1].rpartition(" ")[0]
    rest = line[len(line) - len(last) - 1 :].partition(" ")[2]
    begin = words if len(words) > len(first) // 4 else first
    end = rest if len(rest) > len(last) // 4 else last
    return f"{begin} … {end}"


def percent(share: float) -> str:
    """Return a share as a percentage of three figures: 0.005 is "0.5 %"."""
    return f"{100 * share:.3g} %"


def noun(observations: Sequence[object]) -> str:
    """Return what the observations are called when counted: pages, votes, replies or observations."""
    first = observations[0] if observations else None
    if isinstance(first, Page):
        return "pages"
    if isinstance(first, Ballot):
        return "votes"
    return "replies" if isinstance(first, Reply) else "observations"


def failure_of(page: Page) -> str:
    """Return why a page is not whole, as a predicate ("answered 503"), or "" when it is.

    A 200 that lacks its host, its store or its result is a failed page too. Source: the scenario, what was
    seen.
    """
    if page.whole:
        return ""
    if page.status is None:
        return f"failed: {shorten(page.error, 60)}"
    if page.status != 200:
        return f"answered {page.status}"
    lacking = [name for name in ("host", "store", "results") if not getattr(page, name)]
    return f"lacked {' and '.join(lacking)}"


def conclusive(observation: object) -> bool:
    """Whether the observation could have shown anything: a whole page, a connection that came about.

    A page that failed shows no wrong version, and a call that timed out shows no wrong backend; neither is
    evidence that there is none.
    """
    if isinstance(observation, Page):
        return observation.whole
    if isinstance(observation, Reply):
        return bool(observation.received) or observation.kind in _CONNECTED
    return True


def late_times(offenders: Sequence[object]) -> tuple[tuple[float, float], ...]:
    """Return when each of these was waited for, if all ran into a limit; else nothing."""
    windows = [window for one in offenders if (window := _waited(one)) is not None]
    return tuple(windows) if len(windows) == len(offenders) else ()


def _waited(observation: object) -> tuple[float, float] | None:
    """Return when something was waited for that ran into a limit: this run's, or one on the page's way."""
    if isinstance(observation, Reply):
        return observation.late
    if not isinstance(observation, Page):
        return None
    without_result = observation.status is not None and not 300 <= observation.status < 500
    gave_up = without_result and not observation.whole and observation.took >= _SLOWLY
    return (observation.sent_at, observation.ended_at) if observation.timed_out or gave_up else None


def sent_by(offenders: Iterable[object]) -> tuple[Sent, ...]:
    """Return at most two different requests of these observations, of those that are known."""
    return tuple(dict.fromkeys(sent for one in offenders if (sent := _sent(one)) is not None))[:2]


def _sent(observation: object) -> Sent | None:
    if isinstance(observation, Ballot):
        return _sent(observation.answer)
    if isinstance(observation, Page):
        plain = with_cookie(observation.cookie) if observation.path == "/" else None
        return observation.sent or plain
    if isinstance(observation, Reply):
        return observation.sent
    return observation if isinstance(observation, Sent) else None


def quote(observation: object) -> str:
    """Return one observation in a line: a page's pod, raw cookie and text; how a connection ended."""
    if isinstance(observation, Page):
        return _quote_page(observation)
    if isinstance(observation, Reply):
        received = f"received {observation.received[:32]!r}"
        parts = [
            str(observation.kind),
            received,
            shorten(observation.detail),
            f"after {observation.took:.3f} s",
        ]
        return "; ".join(part for part in parts if part)
    return shorten(str(observation), 120)


def _quote_page(page: Page) -> str:
    parts = [page.host or "no pod"]
    if page.path != "/":
        parts.append(f"path {shorten(page.path)}")
    # Raw: a blank or a quote in the cookie may be the very cause.
    parts.append(f"cookie {_raw(page.cookie)}" if page.cookie else "no cookie")
    parts.append(f"results {_raw(page.results)}" if page.results else "no results")
    if not page.whole:
        parts.append(f"failed: {shorten(page.error)}" if page.status is None else f"status {page.status}")
        parts.append(f"body {_raw(page.excerpt)}" if page.excerpt else "no body")
    return "; ".join(parts)


def _raw(text: str) -> str:
    written = repr(text)
    return written if len(written) <= _LONGEST_TEXT else f"{written[: _LONGEST_TEXT - 1]}…"


def grouped(complaints: Sequence[str], total: int, counted: str) -> str:
    """Return the complaints with their counts, the most frequent first, a line each, the rest summed up."""
    groups = Counter(complaints).most_common()
    lines = [f"{count} of {total} {counted} {shorten(text, 160)}" for text, count in groups[:_MOST_GROUPS]]
    rest = groups[_MOST_GROUPS:]
    if rest:
        others = sum(count for _, count in rest)
        lines.append(f"{others} of {total} {counted} had {len(rest)} other complaints")
    return "\n".join(lines)


def examples_of(offenders: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Return at most two quotations from pairs of complaint and quotation.

    Of the two most frequent complaints one each. With one complaint only, its first two different quotations.
    """
    by_complaint: dict[str, list[str]] = {}
    for complaint, quotation in offenders:
        by_complaint.setdefault(complaint, []).append(quotation)
    groups = sorted(by_complaint.values(), key=len, reverse=True)
    firsts = [group[0] for group in groups]
    wanted = firsts if len(groups) > 1 else [quotation for group in groups for quotation in group]
    return tuple(dict.fromkeys(wanted))[:2]


def instead(complaint: str, requirement: str) -> str:
    """Return what was seen against what is required, without the words that both begin with.

    "were routed to voting-app 1.0", "routed to voting-app 2.0": "were routed to voting-app 1.0 instead of
    2.0".
    """
    seen, wanted = complaint.split(), requirement.split()
    rest = seen[1:] if seen[:1] == ["were"] else seen
    while len(wanted) > 1 and len(rest) > 1 and rest[0] == wanted[0]:
        rest, wanted = rest[1:], wanted[1:]
    return f"{complaint} instead of {' '.join(wanted)}"


def listed(names: Sequence[str]) -> str:
    """Return the names separated by commas, at most five and the number of the others."""
    shown = ", ".join(shorten(name) for name in names[:_MOST_NAMED])
    return shown if len(names) <= _MOST_NAMED else f"{shown} and {len(names) - _MOST_NAMED} more"


def tally(counts: Mapping[str, int]) -> str:
    """Return counts as "a 12, b 8", the largest first, at most five of them."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return listed([f"{shorten(key) or '(nothing)'} {count}" for key, count in ordered])


def cell_name(cell: object) -> str:
    """Return the name of an observation: a text, or its parts with arrows between."""
    if isinstance(cell, str):
        return cell or "(empty)"
    return " -> ".join(str(part) or "(empty)" for part in cell) if isinstance(cell, Iterable) else str(cell)


def first_rows(rows: list[str]) -> list[str]:
    """Return as many rows as a message shows, and how many more there are."""
    rest = len(rows) - _MOST_ROWS
    return rows if rest <= 0 else [*rows[:_MOST_ROWS], f"and {rest} more"]
