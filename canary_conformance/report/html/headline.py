"""The first sentence of the page: may this go out? Of a run that moves the mesh: may it be moved?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from canary_conformance.exit_codes import ExitStatus
from canary_conformance.report.exit_decision import NO_VERDICT


@dataclass(frozen=True, slots=True)
class Headline:
    """The answer, what it rests on, whether it is good, bad or none (its colour), and the question."""

    answer: str
    because: str
    tone: str  # "good", "bad" or "open"
    question: str = "May this canary release go out?"


def headline_of(report: Mapping[str, Any]) -> Headline:
    """Return the answer of a run. What is not a complete verdict is never shown as a good one."""
    if report["upgrade"]:
        return _of_a_move(report)
    return _of_a_release(report)


def _of_a_move(report: Mapping[str, Any]) -> Headline:
    """Return the same of a run that moved the mesh, of which the stages after its own are no part."""
    asked, code = report["upgrade"]["asked"], report["run"]["exit_code"]
    question = f"May the mesh be moved from {asked['source']} to {asked['target']}?"
    holds = report["run"]["requirements"].get("holds", 0)
    if code == ExitStatus.HOLDS:
        figures = [move["figures"] for move in report["upgrade"]["moves"]]
        sent, failed = (sum(one[f"requests_{name}"] for one in figures) for name in ("sent", "failed"))
        because = (
            f"{holds} requirements hold, judged before and after the move and after the way back. "
            f"{failed:,} of {sent:,} requests failed meanwhile."
        )
        return Headline("Yes. It may be moved.", because, "good", question)
    found = _of_a_release(report)
    answer = "No. It must not be moved as it is." if code == ExitStatus.FAILED else found.answer
    return replace(found, answer=answer, question=question)


def _of_a_release(report: Mapping[str, Any]) -> Headline:
    run = report["run"]
    code = run["exit_code"]
    if code == ExitStatus.HOLDS:
        return _holds(report)
    if code == ExitStatus.FAILED:
        return Headline("No. It must not go out as it is.", _failed(report), "bad")
    if code == ExitStatus.NOT_JUDGED:
        count = _many(len(run["not_judged"]), "requirement was", "requirements were")
        rest = run["requirements"].get("not selected", 0)
        left = f" {rest} more were not selected." if rest and not report["upgrade"] else ""
        return Headline("Not known yet.", f"Nothing failed, but {count} not judged.{left}", "open")
    why = {
        ExitStatus.INTERRUPTED: "The run was interrupted",
        ExitStatus.ENVIRONMENT: "The environment failed, not the manifests",
        ExitStatus.BAD_INPUT: "The input can't be judged",
    }.get(code, "The suite has a defect")
    failed = run["requirements"].get("FAILED", 0)
    rest = f" Before that, {_many(failed, 'requirement', 'requirements')} FAILED." if failed else ""
    said = run["reason"].removeprefix(NO_VERDICT).removeprefix("bad input: ")
    reason = f": {said}" if said else ""
    return Headline("No verdict.", f"{why}{reason.rstrip('.')}.{rest}", "bad" if failed else "open")


def _holds(report: Mapping[str, Any]) -> Headline:
    counts, total = report["run"]["requirements"], len(report["requirements"])
    holds = counts.get("holds", 0)
    static = report["run"]["tier"] == "static"
    # What only a cluster shows can't be judged there, whatever is selected.
    left = [
        one["id"]
        for one in report["requirements"]
        if one["standing"] != "holds" and not (static and one["needs_cluster"])
    ]
    if left:
        by = " by the manifests alone" if static else ""
        because = f"{holds} of {total} requirements were selected, and hold{by}. The others were not judged."
        return Headline("Not known: only a part was judged.", because, "open")
    if static:
        return Headline(
            "Nothing in the manifests speaks against it.",
            f"{holds} of {total} requirements hold by the manifests alone. "
            "Images, the cluster or the mesh may still fail what holds here.",
            "open",
        )
    return Headline("Yes. It may go out.", f"All {total} requirements hold.", "good")


def _failed(report: Mapping[str, Any]) -> str:
    failed = [one for one in report["findings"] if one["outcome"] == "failed"]
    ids = {one["requirement"] for one in failed if one["requirement"]}
    causes = {one["cause"] for one in failed}
    if not failed:
        return "Something that was required was not judged."
    count = _many(len(ids), "requirement", "requirements") if ids else "A test"
    rest = len(report["run"]["not_judged"])
    left = f" {_many(rest, 'requirement was', 'requirements were')} not judged." if rest else ""
    return f"{count} FAILED, because of {_many(len(causes), 'cause', 'causes')}.{left}"


def _many(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"
