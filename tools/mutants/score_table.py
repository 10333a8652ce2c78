"""The score for people and programs: a table for the terminal, Markdown with every mutant, and JSON."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence

from canary_conformance.report.run_record import Tier
from tools.mutants.other_checkers import Peer
from tools.mutants.scoring import Kill, Line, Score, Standing
from tools.reports import markdown_table

# Lines of the terminal's list of what is left; the files have all of it.
MOST_SHOWN = 40
_BAD = (Standing.NO_VERDICT, Standing.WRONGLY_LISTED, Standing.UNRELATED, Standing.ALIVE)


def terminal_table(score: Score, peers: Sequence[Peer]) -> str:
    """Return counts by operator, what is left with its place, and the shares: some dozens of lines."""
    rows = [_row("", ("mutants", "static", "live", "listed", "left"))]
    for operator in dict.fromkeys(line.mutant.operator for line in score.lines):
        rows.append(_row(operator, _counts([one for one in score.lines if one.mutant.operator == operator])))
    rows.append(_row("all", _counts(score.lines)))
    left = [line for standing in _BAD for line in score.of(standing)]
    for line in left[:MOST_SHOWN]:
        rows.append(f"{line.standing}: {line.mutant.name} ({line.mutant.place}){_why(line)}")
    if len(left) > MOST_SHOWN:
        rows.append(f"and {len(left) - MOST_SHOWN} more, see the file")
    return "\n".join([*rows, *summary(score, peers)])


def summary(score: Score, peers: Sequence[Peer]) -> list[str]:
    """Return the closing lines: the shares, the time of a static verdict, the peers, what is wrong."""
    median, longest = score.static_seconds
    lines = [
        f"caught statically, of what manifests alone decide: {score.static_share}",
        f"caught {'by both tiers together' if score.live else 'without a cluster, of all'}: "
        f"{score.together_share}",
        f"a static verdict took {median * 1000:.0f} ms (median), {longest * 1000:.0f} ms at most",
    ]
    if named := score.named_live:
        seconds = [line.after_live or 0.0 for line in named]
        judged_live = sum(1 for line in score.lines for one in line.judged if one.tier is Tier.LIVE)
        lines.append(
            f"the live tier named {len(named)} of {judged_live} after their stage had propagated, "
            f"{statistics.median(seconds):.1f} s later (median), {seconds[0]:.1f} s at most "
            f"({named[0].mutant.name})"
        )
    lines += [f"{peer.name}: {_peer(peer)}" for peer in peers]
    if not score.live:
        lines.append(f"{len(score.of(Standing.ALIVE))} left for the live tier (--live)")
    return [*lines, *(f"NOT WELL: {failure}" for failure in score.failures)]


def markdown(score: Score, peers: Sequence[Peer]) -> str:
    """Return the whole table: mutant, diff, what became of it, who killed it, and what the peers say."""
    names = [peer.name for peer in peers if not peer.why_not]
    heads = ["mutant", "what became of it", "killed by", *names]
    parts = [
        "# Mutants",
        "\n".join(f"* {line}" for line in summary(score, peers)),
        markdown_table(
            heads,
            ([_name(line), _standing(line), _killers(line), *_peers(line, peers)] for line in score.lines),
        ),
        "## Diffs",
        *(f"### {line.mutant.name}\n\n```diff\n{line.mutant.diff}\n```" for line in score.lines),
    ]
    return "\n\n".join(parts) + "\n"


def as_json(score: Score, peers: Sequence[Peer]) -> str:
    """Return the score as JSON: shares, failures, and for each mutant all that is known of it."""
    values = {
        "static": _share(score.static_share.part, score.static_share.whole),
        "together": _share(score.together_share.part, score.together_share.whole),
        "live": score.live,
        "failures": list(score.failures),
        "peers": {peer.name: {"found": peer.found, "why_not": peer.why_not} for peer in peers},
        "mutants": [_mutant(line, peers) for line in score.lines],
    }
    return json.dumps(values, indent=2) + "\n"


def _mutant(line: Line, peers: Sequence[Peer]) -> Mapping[str, object]:
    mutant = line.mutant
    return {
        "name": mutant.name,
        "operator": mutant.operator,
        "place": str(mutant.place),
        "diff": mutant.diff,
        "expected": sorted(mutant.expected),
        "decided": str(mutant.decided),
        "standing": str(line.standing),
        "excuse": line.excuse,
        "kills": [
            {
                "requirement": kill.requirement,
                "tier": str(kill.tier),
                "seconds": round(kill.seconds, 4),
                "after_live": kill.after_live,
                "test": kill.test,
                "words": kill.words,
            }
            for kill in line.kills
        ],
        "untold": line.untold,
        "problems": [one.problem for one in line.judged if one.problem],
        "peers": {peer.name: peer.said[mutant.name] for peer in peers if mutant.name in peer.said},
    }


def _share(part: int, whole: int) -> Mapping[str, int]:
    return {"caught": part, "of": whole}


def _counts(lines: Sequence[Line]) -> tuple[int, ...]:
    static = sum(1 for line in lines if line.named_by(Tier.STATIC))
    live = sum(1 for line in lines if line.named_by(Tier.LIVE))
    listed = sum(1 for line in lines if line.standing is Standing.EXCUSED)
    return len(lines), static, live, listed, sum(1 for line in lines if line.standing in _BAD)


def _row(name: str, cells: Iterable[object]) -> str:
    return f"{name:<18}" + "".join(f"{cell or '-':>9}" for cell in cells)


def _why(line: Line) -> str:
    if line.standing is Standing.NO_VERDICT:
        return f": {next(one.problem for one in line.judged if one.problem)}"
    wanted = ", ".join(sorted(line.mutant.expected)) or "nobody"
    killed = ", ".join(dict.fromkeys(kill.requirement for kill in line.kills))
    untold = " ".join(line.untold.split())
    parts = [
        f"{killed} broke" if killed else "",
        f"the model does not support it: {untold}" if untold else "",
    ]
    return ", ".join([f": {wanted} should name it", *filter(None, parts)])


def _peer(peer: Peer) -> str:
    return f"not used, {peer.why_not}" if peer.why_not else f"found {peer.found} of {len(peer.said)}"


def _name(line: Line) -> str:
    return f"{line.mutant.name} ({line.mutant.place})"


def _standing(line: Line) -> str:
    return f"{line.standing}{f': {line.excuse}' if line.excuse else ''}{_why(line) if _is_bad(line) else ''}"


def _is_bad(line: Line) -> bool:
    return line.standing in _BAD


def _killers(line: Line) -> str:
    """Return each requirement once for each tier, with the time of its verdict; those that name it first."""
    found: dict[tuple[str, Tier], Kill] = {}
    for kill in line.kills:
        found.setdefault((kill.requirement, kill.tier), kill)
    ordered = sorted(found, key=lambda key: key[0] not in line.mutant.expected)
    return ", ".join(f"{id_} ({tier}, {_when(found[id_, tier])})" for id_, tier in ordered)


def _when(kill: Kill) -> str:
    if kill.after_live is None:
        return f"{kill.seconds:.2g} s"
    return f"{kill.after_live:.1f} s after its stage had propagated"


def _peers(line: Line, peers: Sequence[Peer]) -> list[str]:
    return [_said(peer, line.mutant.name) for peer in peers if not peer.why_not]


def _said(peer: Peer, name: str) -> str:
    return (peer.said[name] or "-") if name in peer.said else "not its business"
