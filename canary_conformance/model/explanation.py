"""An answer in a few lines that a person can follow to the manifests."""

from __future__ import annotations

from canary_conformance.model.objects.questions import Answer, Ending, Outcome

# More rules than these are passed over only where somebody generates them.
_MOST_PASSED_OVER = 6


def explain(answer: Answer) -> str:
    """Return who answers, over what, by which rules, and why the rules before them don't match.

    Rules are "file:line: sentence", one a line; indented are those that an outcome follows from.
    """
    lines = [f"does not match: {rule}" for rule in answer.passed_over[:_MOST_PASSED_OVER]]
    left = len(answer.passed_over) - _MOST_PASSED_OVER
    if left > 0:
        lines.append(f"and {left} more rules that do not match")
    for outcome in answer.outcomes:
        lines.append(_outcome(outcome))
        # What a reason says is not said again.
        lines += [f"  by {rule}" for rule in outcome.rules if rule.sentence not in outcome.reason]
        lines += [f"  does not count: {outcome.suspect}"] if outcome.suspect else []
    return "\n".join(lines)


def _outcome(outcome: Outcome) -> str:
    share = f"{float(100 * outcome.probability):.4g} %: " if outcome.probability != 1 else ""
    pods = ", ".join(f"{name} ({outcome.pods.count(name)})" for name in dict.fromkeys(outcome.pods))
    if outcome.ending is Ending.SERVED:
        return f"{share}served by {pods} at port {outcome.port} over {outcome.wire}"
    told = f"{share}{outcome.ending}"
    told += f": {outcome.reason}" if outcome.reason else ""
    return f"{told} by {pods}" if pods else told
